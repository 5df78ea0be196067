"""Whether probabilities mean what they say, and one number that makes them.

After Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017).
"""

import math
from dataclasses import dataclass

import numpy as np

from textcnn.core.objective import objective_of
from textcnn.core.thresholds import fit_thresholds

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


def fit_temperature(
    logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """The temperature that makes ``softmax(logits / T)`` likeliest (section 4.2 of the paper).

    Where a sentence may have several classes, ``sigmoid(logits / T)``.

    It changes no prediction, only how sure each is. Logits that already predict every sentence
    right would have it fall to 0, and ones that are no better than chance rise without end; it
    stays within :data:`LOWEST_TEMPERATURE` and :data:`HIGHEST_TEMPERATURE`. Where no temperature
    does better than 1, as without any sentences, it is 1.

    Args:
        logits: (N, C) of sentences the network was not trained on, finite.
        targets: (N,) their true classes, or (N, C) booleans.
        weights: shaped as ``targets``, what each counts; None for 1 each.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.optimize import minimize_scalar

    if not len(targets):
        return 1.0
    exact, objective = logits.astype(np.float64), objective_of(targets.ndim == 2)

    def loss(log_temperature: float) -> float:
        return objective.loss(exact * math.exp(-log_temperature), targets, weights)[0]

    # The loss is convex in 1/T, so it has one valley in log T too, and the search finds it.
    bounds = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    found = minimize_scalar(loss, bounds=bounds, method="bounded")
    return math.exp(found.x) if found.fun < loss(0.0) else 1.0


def calibrate(
    dev_logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
) -> tuple[float, np.ndarray | None]:
    """The temperature and, where a sentence may have several classes, the thresholds.

    Args:
        dev_logits: (N, C); none before the first evaluation, when they are 1 and 0.5.
        targets: of the N dev sentences.
        weights: as in :func:`fit_temperature`.
    """
    several, known = targets.ndim == 2, len(dev_logits) > 0
    temperature = fit_temperature(dev_logits, targets, weights) if known else 1.0
    if not several:
        return temperature, None
    logits = dev_logits if known else np.zeros((0, targets.shape[1]), np.float32)
    probabilities = objective_of(several).probabilities(logits / np.float32(temperature))
    return temperature, fit_thresholds(probabilities, targets[: len(logits)])


def one_answer_each(
    probabilities: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Answers with one true class each: several labels as so many yes-or-no questions.

    Args:
        probabilities: (N, C).
        targets: (N,) true classes, or (N, C) booleans.

    Returns:
        The same for one class a sentence; else (N * C, 2) probabilities of no and of yes, and
        (N * C,) which is true.
    """
    if targets.ndim == 1:
        return probabilities, targets
    yes = probabilities.ravel()
    return np.stack([1 - yes, yes], axis=1), targets.ravel().astype(np.int64)


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
