"""The average of the parameters over the last steps, which predicts better than the last ones.

Steps of a constant size wander around a minimum; their average lies nearer to it (Polyak and
Juditsky 1992). An exponential average also forgets the first, bad parameters.
"""

from collections.abc import Mapping

import numpy as np

from textcnn.core.architecture import Parameters, trained_by_row
from textcnn.core.gradients import Gradient, RowGradient

ROWS_AT_ONCE = 2048
"""Rows of a table that are brought up to date together."""


class MovingAverage:
    """Follows parameters while an optimizer changes them, exactly lazy on rows of embeddings.

    After each step ``average = decay * average + (1 - decay) * parameter``. While a parameter keeps
    its value for n steps that comes to ``parameter + decay ** n * (average - parameter)``, so a row
    need only be visited just before it changes, and an unused word costs nothing.

    Args:
        decay: share of the average kept at each step, 0 <= decay < 1.
        arrays: the averages so far, by the parameters' names, which are changed in place: at first
            copies of those that are trained.

    Attributes:
        arrays: the averages, by the parameters' names; up to date after :meth:`catch_up`.
        steps: updates taken into each array: one number, or one a row where
            :func:`trained_by_row`.
    """

    def __init__(self, decay: float, arrays: Parameters):
        self.decay = decay
        self.arrays = arrays
        self.steps = {
            name: np.zeros(len(array) if trained_by_row(name) else (), np.int64)
            for name, array in arrays.items()
        }

    def before_update(
        self,
        parameters: Mapping[str, np.ndarray],
        gradients: Mapping[str, Gradient],
        step: int,
    ) -> None:
        """Take in the values that are about to change.

        Args:
            parameters: after ``step`` updates.
            gradients: what will change next.
            step: updates made so far.
        """
        for name, gradient in gradients.items():
            if isinstance(gradient, RowGradient):
                self._advance_rows(name, parameters[name], gradient.rows, step)
            else:
                self._advance(name, parameters[name], step)

    def catch_up(self, parameters: Mapping[str, np.ndarray], step: int) -> None:
        """Take in everything up to ``step`` updates."""
        for name, steps in self.steps.items():
            if steps.ndim:
                # In pieces, as each takes memory of its own size.
                for start in range(0, len(steps), ROWS_AT_ONCE):
                    rows = slice(start, start + ROWS_AT_ONCE)
                    self._advance_rows(name, parameters[name], rows, step)
            else:
                self._advance(name, parameters[name], step)

    def is_behind(self, step: int) -> bool:
        """Whether some array has not taken in all of ``step`` updates."""
        return any((steps != step).any() for steps in self.steps.values())

    def of(self, parameters: Mapping[str, np.ndarray], step: int) -> Parameters:
        """All parameters as averaged after ``step`` updates; those never trained as they are.

        Nothing is changed: catching up at other steps than another run would round differently, and
        a run that was stopped in between is to end in the same bits.
        """
        if not self.is_behind(step):
            return {**parameters, **self.arrays}
        ahead = MovingAverage(self.decay, copied(self.arrays))
        ahead.steps = {name: steps.copy() for name, steps in self.steps.items()}
        ahead.catch_up(parameters, step)
        return {**parameters, **ahead.arrays}

    def _advance(self, name: str, parameter: np.ndarray, step: int) -> None:
        average, steps = self.arrays[name], self.steps[name]
        kept = self.decay ** float(step - steps)
        steps[()] = step
        average -= parameter
        average *= average.dtype.type(kept)
        average += parameter

    def _advance_rows(
        self, name: str, parameter: np.ndarray, rows: np.ndarray | slice, step: int
    ) -> None:
        average, steps = self.arrays[name], self.steps[name]
        kept = self.decay ** (step - steps[rows]).astype(np.float64)
        steps[rows] = step
        values = parameter[rows]
        difference = average[rows] - values
        difference *= kept.astype(average.dtype)[:, None]
        difference += values
        average[rows] = difference


def copied(arrays: Mapping[str, np.ndarray]) -> Parameters:
    """The same in memory of their own."""
    return {name: array.copy() for name, array in arrays.items()}
