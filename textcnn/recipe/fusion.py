"""Several experts' logits put together: a weight for each, a bias for each class, a few numbers.

The experts are trained apart and err in different ways, so their sum is better than either. How far
each is trusted, and how sure the sum is, is fitted on sentences that none was trained on. With one
expert this is the temperature of Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural
Networks" (ICML 2017), and a bias for each class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.objective import objective_of

TRUST_DEVIATION = 0.3
"""How far, in logs, a weight is expected to be from the plain sum: one standard deviation.

A few dozen sentences, answered all right, make the sum surer, and never sure of everything; a
thousand decide alone.
"""

BIAS_DEVIATION = 0.2
"""How far a class's bias is expected to be from 0. Most classes have few dev sentences."""


@dataclass(frozen=True)
class Fusion:
    """What is done with the logits of E experts.

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
        """The likeliest weights and biases, given the targets and what is expected of them.

        Expected is the mean of the experts' standardised logits, as large as the first expert's
        are: for one expert, that is temperature 1. A weight is log-normal about that, and a bias
        normal about 0; what is found maximises their posterior.

        Args:
            logits: of E experts, (N, C) each, of sentences that none was trained on, finite. The
                first must have been trained by likelihood, so that its scale means something.
            targets: (N,) classes, or (N, C) booleans.
            weights: shaped as ``targets``, what each counts; None for 1 each.
        """
        # Imported here: SciPy takes longer to load than a sentence to classify.
        from scipy.optimize import minimize

        experts, objective = np.stack(logits).astype(np.float64), objective_of(targets.ndim == 2)
        count, (size, classes) = len(experts), experts.shape[1:]
        sizes = np.array([_size(expert, targets.ndim == 2) for expert in experts])
        expected = sizes[0] / (sizes * count)
        if not size:
            return cls(expected.astype(np.float32), np.zeros(classes, np.float32))

        def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
            trust, bias = expected * np.exp(free[:count]), free[count:]
            fused = np.tensordot(trust, experts, 1) + bias
            mean, backward = objective.loss(fused, targets, weights)
            upstream = backward(float(size))
            gradient = np.append(
                trust * np.tensordot(experts, upstream, 2) + free[:count] / TRUST_DEVIATION**2,
                upstream.sum(axis=0) + bias / BIAS_DEVIATION**2,
            )
            far = (free[:count] / TRUST_DEVIATION) ** 2, (bias / BIAS_DEVIATION) ** 2
            return mean * size + (far[0].sum() + far[1].sum()) / 2, gradient

        found = minimize(loss, np.zeros(count + classes), jac=True, method="L-BFGS-B").x
        trust = expected * np.exp(found[:count])
        return cls(trust.astype(np.float32), found[count:].astype(np.float32))

    def combine(self, logits: Sequence[np.ndarray]) -> np.ndarray:
        """(N, C) float32 fused logits of the same experts' (N, C); each row by itself."""
        fused = self.weights[0] * logits[0]
        for weight, expert in zip(self.weights[1:], logits[1:], strict=True):
            fused += weight * expert
        fused += self.bias
        return fused


def _size(logits: np.ndarray, multilabel: bool) -> float:
    """The root mean square of logits; where only their differences count, of those."""
    centred = logits if multilabel or not logits.size else logits - logits.mean(1, keepdims=True)
    size = float(np.sqrt(np.mean(centred**2))) if logits.size else 0.0
    return size or 1.0
