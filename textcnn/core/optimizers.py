"""Optimizers: ``step(parameters, gradients)`` changes the parameters in place.

The gradient of an embedding comes as a :class:`RowGradient`, so that a step visits only the rows of
the batch's words. What that means for a row that is *not* visited differs, and is said in each
class. A slot is an array an optimizer keeps for a parameter; ``slots`` holds them all under
``slot/parameter``, which is also their place in a checkpoint.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from textcnn.core.gradients import Gradient, RowGradient

Rows = slice | np.ndarray
EVERY_ROW = slice(None)


class Optimizer(ABC):
    """An optimizer, but for its update: the step count, the slots, the walk over gradients.

    Attributes:
        learning_rate: factor of every update.
        steps: updates made so far.
        slots: ``{"slot/parameter": array}``.
    """

    slot_names: tuple[str, ...] = ()

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate
        self.steps = 0
        self.slots: dict[str, np.ndarray] = {}

    def step(self, parameters: Mapping[str, np.ndarray], gradients: Mapping[str, Gradient]) -> None:
        """Update every parameter that has a gradient, in place.

        Args:
            parameters: arrays by name.
            gradients: arrays of the same shapes, or :class:`RowGradient`.
        """
        self.steps += 1
        for name, gradient in gradients.items():
            parameter = parameters[name]
            if isinstance(gradient, RowGradient):
                slots = self._slots_of(name, parameter, by_row=True)
                self._update(parameter, gradient.rows, gradient.values, slots)
            else:
                slots = self._slots_of(name, parameter, by_row=False)
                self._update(parameter, EVERY_ROW, gradient, slots)

    def _slots_of(self, name: str, parameter: np.ndarray, by_row: bool) -> dict[str, np.ndarray]:
        for slot in self.slot_names:
            if f"{slot}/{name}" not in self.slots:
                self.slots[f"{slot}/{name}"] = np.zeros_like(parameter)
        return {slot: self.slots[f"{slot}/{name}"] for slot in self.slot_names}

    @abstractmethod
    def _update(
        self,
        parameter: np.ndarray,
        rows: Rows,
        gradient: np.ndarray,
        slots: Mapping[str, np.ndarray],
    ) -> None:
        """Change ``parameter[rows]`` by its gradient, which is shaped as ``parameter[rows]``."""


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Polyak 1964): ``v = m v + g; p -= rate v``.

    A row without gradient waits: its velocity neither decays nor moves it until it is next used.
    """

    slot_names = ("velocity",)

    def __init__(self, learning_rate: float, momentum: float = 0.9):
        super().__init__(learning_rate)
        self.momentum = momentum

    def _update(
        self,
        parameter: np.ndarray,
        rows: Rows,
        gradient: np.ndarray,
        slots: Mapping[str, np.ndarray],
    ) -> None:
        velocity = self.momentum * slots["velocity"][rows] + gradient
        slots["velocity"][rows] = velocity
        parameter[rows] -= self.learning_rate * velocity


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1), lazy on the rows of embeddings.

    At step t, with all operations on each number by itself::

        mean     = beta1 * mean + (1 - beta1) * g
        variance = beta2 * variance + (1 - beta2) * g**2
        p       -= rate * mean / (1 - beta1**t) / (sqrt(variance / (1 - beta2**t)) + epsilon)

    A row without gradient keeps its two moments as they are and does not move; the correction of
    the bias follows the global step count, as in other lazy Adams.
    """

    slot_names = ("mean", "variance")

    def __init__(
        self,
        learning_rate: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ):
        super().__init__(learning_rate)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def _update(
        self,
        parameter: np.ndarray,
        rows: Rows,
        gradient: np.ndarray,
        slots: Mapping[str, np.ndarray],
    ) -> None:
        # An index array gives copies of the slots, a slice the slots themselves; either way they
        # are changed in place, with one scratch array in the place of a new one an operation:
        # allocating those took longer than the arithmetic.
        mean, variance = slots["mean"][rows], slots["variance"][rows]
        scratch = (1 - self.beta1) * gradient
        mean *= self.beta1
        mean += scratch
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1 - self.beta2
        variance *= self.beta2
        variance += scratch
        if not isinstance(rows, slice):
            slots["mean"][rows], slots["variance"][rows] = mean, variance
        # The two corrections of the bias as scalars, "just before section 2.1" of the paper:
        # no pass over the arrays is spent on them.
        correction = float(np.sqrt(1 - self.beta2**self.steps))
        np.sqrt(variance, out=scratch)
        scratch += self.epsilon * correction
        np.divide(mean, scratch, out=scratch)
        scratch *= self.learning_rate * correction / (1 - self.beta1**self.steps)
        parameter[rows] -= scratch


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012, algorithm 1), exactly lazy on the rows of embeddings.

    With all operations on each number by itself::

        gradient_square = rho * gradient_square + (1 - rho) * g**2
        update          = sqrt((update_square + epsilon) / (gradient_square + epsilon)) * g
        update_square   = rho * update_square + (1 - rho) * update**2
        p              -= rate * update

    A row without gradient only has both its averages multiplied by rho at each step. Its last step
    is noted instead, and ``rho ** (steps missed)`` is applied when it is next used: the same
    numbers, to rounding, as visiting every row at every step.
    """

    slot_names = ("gradient_square", "update_square")

    def __init__(self, learning_rate: float = 1.0, rho: float = 0.95, epsilon: float = 1e-6):
        super().__init__(learning_rate)
        self.rho = rho
        self.epsilon = epsilon

    def _slots_of(self, name: str, parameter: np.ndarray, by_row: bool) -> dict[str, np.ndarray]:
        slots = super()._slots_of(name, parameter, by_row)
        if by_row:
            if f"last_step/{name}" not in self.slots:
                self.slots[f"last_step/{name}"] = np.zeros(len(parameter), np.int64)
            slots["last_step"] = self.slots[f"last_step/{name}"]
        return slots

    def _update(
        self,
        parameter: np.ndarray,
        rows: Rows,
        gradient: np.ndarray,
        slots: Mapping[str, np.ndarray],
    ) -> None:
        rho = self._decay(rows, gradient, slots)
        gradient_square = rho * slots["gradient_square"][rows]
        gradient_square += (1 - self.rho) * (gradient * gradient)
        # The update divides by the new average of gradients but multiplies by the average of
        # updates as it stood before this step, in which the missed steps have already decayed.
        update_square = slots["update_square"][rows] * (rho / self.rho)
        update = np.sqrt((update_square + self.epsilon) / (gradient_square + self.epsilon))
        update *= gradient
        slots["gradient_square"][rows] = gradient_square
        slots["update_square"][rows] = self.rho * update_square + (1 - self.rho) * update * update
        parameter[rows] -= self.learning_rate * update

    def _decay(
        self, rows: Rows, gradient: np.ndarray, slots: Mapping[str, np.ndarray]
    ) -> float | np.ndarray:
        """What the averages are multiplied by: rho for this step and each one missed."""
        if isinstance(rows, slice):
            return self.rho
        elapsed = self.steps - slots["last_step"][rows]
        slots["last_step"][rows] = self.steps
        return (self.rho ** elapsed.astype(np.float64)).astype(gradient.dtype)[:, None]


def clip_by_global_norm(gradients: dict[str, Gradient], limit: float) -> float:
    """Scale all gradients, in place, so that their joint norm is at most ``limit``.

    Pascanu et al. (2013), algorithm 1.

    Returns:
        The norm before clipping.
    """
    arrays = {
        name: gradient.values if isinstance(gradient, RowGradient) else gradient
        for name, gradient in gradients.items()
    }
    norm = float(np.sqrt(sum(float(np.vdot(array, array)) for array in arrays.values())))
    if norm > limit:
        for array in arrays.values():
            array *= limit / norm
    return norm
