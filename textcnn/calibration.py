"""Whether probabilities mean what they say, and one number that makes them.

After Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017).
"""

import math
from dataclasses import dataclass

import numpy as np

from textcnn.layers.softmax import log_softmax

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.1, 10.0
"""Where a temperature is looked for: networks that were trained well are far inside."""


@dataclass(frozen=True)
class Bin:
    """The sentences whose most probable class has a probability in ``(low, high]``.

    Attributes:
        low, high: its bounds.
        count: sentences, at least one.
        confidence: the mean of those probabilities.
        accuracy: the share of these sentences whose most probable class is the true one.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def fit_temperature(logits: np.ndarray, classes: np.ndarray) -> float:
    """The temperature that makes ``softmax(logits / T)`` likeliest (section 4.2 of the paper).

    It changes no prediction, only how sure each is. Logits that already predict every sentence
    right would have it fall to 0, and ones that are no better than chance rise without end; it
    stays within :data:`LOWEST_TEMPERATURE` and :data:`HIGHEST_TEMPERATURE`. Where no temperature
    does better than 1, as without any sentences, it is 1.

    Args:
        logits: (N, C) of sentences the network was not trained on, finite.
        classes: (N,) their true classes.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.optimize import minimize_scalar

    if not len(classes):
        return 1.0
    exact, picked = logits.astype(np.float64), (np.arange(len(classes)), classes)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(exact * math.exp(-log_temperature))[picked].mean())

    # The loss is convex in 1/T, so it has one valley in log T too, and the search finds it.
    bounds = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    found = minimize_scalar(loss, bounds=bounds, method="bounded")
    return math.exp(found.x) if found.fun < loss(0.0) else 1.0


def reliability(probabilities: np.ndarray, classes: np.ndarray, bins: int = 15) -> list[Bin]:
    """Confidence beside accuracy, in equally wide bins of confidence (section 2 of the paper).

    Args:
        probabilities: (N, C).
        classes: (N,) true classes.
        bins: how many there are between 0 and 1.

    Returns:
        Those that hold a sentence, in ascending order.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == classes
    edges = np.linspace(0, 1, bins + 1)
    # Each bin has its upper edge in it. What rounding puts above 1 stays in the last.
    bin_of = np.searchsorted(edges[1:-1], confidence, side="left")
    return [
        Bin(
            float(edges[number]),
            float(edges[number + 1]),
            int((bin_of == number).sum()),
            float(confidence[bin_of == number].mean()),
            float(right[bin_of == number].mean()),
        )
        for number in np.unique(bin_of)
    ]


def expected_calibration_error(
    probabilities: np.ndarray, classes: np.ndarray, bins: int = 15
) -> float:
    """The distance of accuracy from confidence, a mean over sentences (equation 3 of the paper).

    Args:
        probabilities: (N, C), N at least 1.
        classes: (N,) true classes.
        bins: as in :func:`reliability`.
    """
    parts = reliability(probabilities, classes, bins)
    return sum(part.count * abs(part.accuracy - part.confidence) for part in parts) / len(classes)
