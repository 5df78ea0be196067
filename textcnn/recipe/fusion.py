"""Several experts' logits put together: a weight for each, a bias for each class, a few numbers.

The experts are trained apart and err in different ways, so their sum is better than either. How far
each is trusted, and how sure the sum is, is fitted on sentences that none was trained on. With one
expert this is the temperature of Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural
Networks" (ICML 2017), and a bias for each class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.objective import objective_of
from textcnn.support.threads import one_thread

TRUST_DEVIATION = 0.3
"""Standard deviation of the log of a weight about its expected value.

A few dozen dev sentences, all predicted right, then make the sum surer but never certain; a
thousand outweigh what was expected.
"""

BIAS_DEVIATION = 0.2
"""Standard deviation of a class's bias about 0: small, for most classes have few dev sentences."""

MOST_CELLS = 1_000_000
"""Sentences times classes that a fusion is fitted on; of more sentences, every so many-th."""

LEAST_SHARE = 0.02
"""Least share of an expert, as a part of the best one's; not 0, since dev may be small."""


@dataclass(frozen=True)
class Fusion:
    """The sum of E experts' logits: a weight for each expert, a bias for each class.

    Attributes:
        weights: (E,) float32, above 0, what each expert's logits are multiplied by.
        bias: (C,) float32, added to their sum.
    """

    weights: np.ndarray
    bias: np.ndarray

    @classmethod
    def fit(
        cls, logits: Sequence[np.ndarray], targets: np.ndarray, weights: np.ndarray | None = None
    ) -> "Fusion":
        """The weights w and biases b with the largest posterior, given the targets.

        A weight is log-normal about its expected value and a bias normal about 0, so they minimise,
        over N sentences::

            N * mean_loss(sum_e w[e] * logits[e] + b)
                + sum_e (log(w[e] / expected[e]) / TRUST_DEVIATION)**2 / 2
                + sum_c (b[c] / BIAS_DEVIATION)**2 / 2

            expected[e] = share[e] * size[0] / size[e]

        The size of an expert is the root mean square of its logits, so all count as if they were as
        large as the first one's. The shares add up to 1: one expert is expected to have temperature
        1, and several count by the square of what each alone tells of the targets, in nats, so that
        one which has learnt nothing spoils nothing. Classes that no target has are left out: their
        bias is 0. Of more than :data:`MOST_CELLS` logits, those of every so many-th sentence are
        used.

        Args:
            logits: of E experts, (N, C) each, of sentences that none was trained on, finite. The
                first must have been trained by likelihood, so that its scale means something.
            targets: (N,) classes, or (N, C) booleans.
            weights: shaped as ``targets``, what each counts; None for 1 each.
        """
        every = -(-logits[0].size // MOST_CELLS) or 1
        targets, weights = targets[::every], None if weights is None else weights[::every]
        experts = np.stack([expert[::every] for expert in logits]).astype(np.float64)
        several = targets.ndim == 2
        count, _, classes = experts.shape
        sizes = np.array([_size(expert, several) for expert in experts])
        scales, bias = sizes[0] / sizes, np.zeros(classes)
        if not len(targets):
            return cls((scales / count).astype(np.float32), bias.astype(np.float32))
        present = np.arange(classes)
        if not several:
            present, targets = np.unique(targets, return_inverse=True)
        posterior = _Posterior(experts[:, :, present], targets, weights)
        found, bias[present] = posterior.maximum(posterior.shares(scales) * scales)
        return cls(found.astype(np.float32), bias.astype(np.float32))

    def combine(self, logits: Sequence[np.ndarray]) -> np.ndarray:
        """(N, C) float32 fused logits of the same experts' (N, C); each row by itself."""
        fused = self.weights[0] * logits[0]
        for weight, expert in zip(self.weights[1:], logits[1:], strict=True):
            fused += weight * expert
        fused += self.bias
        return fused


@dataclass(frozen=True)
class _Posterior:
    """The probability of weights and biases, given (E, N, C) logits of experts and true classes."""

    experts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None

    def maximum(self, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The most probable weights (E,) and biases (C,), where (E,) weights are expected."""
        # Imported here: SciPy takes longer to load than a sentence to classify.
        from scipy.optimize import minimize

        count, size, classes = self.experts.shape

        def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
            logs, bias = free[:count], free[count:]  # log(weight / expected), and the biases
            weights = expected * np.exp(logs)
            mean, backward = self._loss(np.tensordot(weights, self.experts, 1) + bias)
            dlogits = backward(float(size))
            gradient = np.append(
                weights * np.tensordot(self.experts, dlogits, 2) + logs / TRUST_DEVIATION**2,
                dlogits.sum(axis=0) + bias / BIAS_DEVIATION**2,
            )
            squares = (logs / TRUST_DEVIATION) ** 2, (bias / BIAS_DEVIATION) ** 2
            return mean * size + (squares[0].sum() + squares[1].sum()) / 2, gradient

        with one_thread():  # A second one is waited for: with 50 classes it took 3 times as long.
            found = minimize(loss, np.zeros(count + classes), jac=True, method="L-BFGS-B").x
        return expected * np.exp(found[:count]), found[count:]

    def shares(self, scales: np.ndarray) -> np.ndarray:
        """(E,) expected share of each expert; ``scales`` make their logits equally large."""
        if len(scales) == 1:
            return np.ones(1)
        uninformed, gains = self._loss(self._frequency_logits())[0], []
        for expert, scale in zip(self.experts, scales, strict=True):
            alone = _Posterior(expert[None], self.targets, self.weights)
            (weight,), bias = alone.maximum(scale[None])
            gains.append(max(uninformed - self._loss(weight * expert + bias)[0], 0.0))
        squares = np.maximum(np.square(gains), LEAST_SHARE * np.square(max(gains)))
        return squares / squares.sum() if squares.any() else np.full(len(gains), 1 / len(gains))

    def _frequency_logits(self) -> np.ndarray:
        """(N, C) logits that know nothing but how frequent each class is."""
        shape = self.experts.shape[1:]
        if self.targets.ndim == 1:
            frequent = np.log(np.bincount(self.targets, minlength=shape[1]))
        else:
            there = self.targets.sum(axis=0) + 0.5
            frequent = np.log(there / (shape[0] + 1 - there))
        return np.broadcast_to(frequent, shape)

    def _loss(self, logits: np.ndarray) -> tuple[float, Callable[[float], np.ndarray]]:
        return objective_of(self.targets.ndim == 2).loss(logits, self.targets, self.weights)


def _size(logits: np.ndarray, multilabel: bool) -> float:
    """The root mean square of logits; where only their differences count, of those."""
    centred = logits if multilabel or not logits.size else logits - logits.mean(1, keepdims=True)
    size = float(np.sqrt(np.mean(centred**2))) if logits.size else 0.0
    return size or 1.0
