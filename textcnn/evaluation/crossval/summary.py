"""The summary of a cross-validation: means over its folds, intervals, paired differences."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.folder import Plan
from textcnn.evaluation.reliability import expected_calibration_error, one_class_each
from textcnn.evaluation.scores import wilson_interval


@dataclass(frozen=True)
class Mean:
    """A mean over folds.

    Attributes:
        mean: of the values.
        standard_error: of the mean; not a number for a single value.
        low, high: its 95 % interval; not numbers for a single value.
    """

    mean: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """The mean of ``a - b`` over the same folds.

    Attributes:
        mean: of the differences.
        low, high: its 95 % interval; not numbers for a single fold.
        p_value: of the hypothesis that there is none, two-sided; not a number for a single fold.
    """

    mean: float
    low: float
    high: float
    p_value: float


SHARES, DIFFERENCES = (0.0, 1.0), (-1.0, 1.0)
"""What a mean of shares can be, and one of differences between shares."""


def mean_interval(
    values: Sequence[float],
    test_to_train: float = 0.0,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Mean:
    """The mean of J values and its t interval.

    Folds share training sentences, so their accuracies are not independent and their plain variance
    is too small. Nadeau and Bengio, "Inference for the Generalization Error" (Machine Learning 52,
    2003), put ``(1/J + n_test/n_train) * s**2`` for the variance of a mean over J of them, where
    independence would give ``s**2 / J``; ``s**2`` is the sample variance. Bouckaert and Frank
    (PAKDD 2004) recommend the same for repeated cross-validation, J being folds times repeats.

    Args:
        values: one a fold.
        test_to_train: sentences tested for each one learnt from, such as 1/9 for ten folds; the
            correction above. 0, no correction, is right for independent values only, such as
            those of several seeds on one given test part, and then says nothing of other
            sentences.
        bounds: what the mean can be. The interval is cut off there, and holds it no less often.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.stats import t

    numbers = np.asarray(values, dtype=np.float64)
    mean, count = float(numbers.mean()), len(numbers)
    if count < 2:
        return Mean(mean, math.nan, math.nan, math.nan)
    error = math.sqrt((1 / count + test_to_train) * numbers.var(ddof=1))
    spread = float(t.ppf(0.975, count - 1)) * error
    return Mean(mean, error, max(mean - spread, bounds[0]), min(mean + spread, bounds[1]))


def paired_difference(a: Sequence[float], b: Sequence[float], test_to_train: float) -> Difference:
    """Compare two models on the same folds by the corrected resampled t-test.

    It divides by the root of :func:`mean_interval`'s variance and has J - 1 degrees of freedom.

    Args:
        a, b: accuracies of J folds each, in the same order.
        test_to_train: as in :func:`mean_interval`.

    Raises:
        ValueError: they are not equally many.
    """
    from scipy.stats import t

    differences = [one - other for one, other in zip(a, b, strict=True)]
    found = mean_interval(differences, test_to_train, DIFFERENCES)
    if found.standard_error == 0:  # The same difference in every fold.
        p_value = 0.0 if found.mean else 1.0
    else:
        statistic = abs(found.mean) / found.standard_error
        p_value = 2 * float(t.sf(statistic, len(differences) - 1))
    return Difference(found.mean, found.low, found.high, p_value)


def mean_predictions(results: Sequence[FoldResult]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The (N,) rows that were tested, ascending, and their classes; (N, C) probabilities.

    A sentence that several repeats tested has the mean of their probabilities.
    """
    rows, first, place = np.unique(
        np.concatenate([result.rows for result in results]), return_index=True, return_inverse=True
    )
    classes = np.concatenate([result.classes for result in results])[first]
    predictions = np.concatenate([result.probabilities for result in results]).astype(np.float64)
    sums = np.zeros((len(rows), predictions.shape[1]))
    np.add.at(sums, place, predictions)
    return rows, classes, sums / np.bincount(place)[:, None]


OURS = "textcnn"
"""What tables call the whole model."""


@dataclass(frozen=True)
class Summary:
    """The summary of a cross-validation.

    Attributes:
        results: the folds, in order.
        accuracies: in each of the folds, by the name of the model: the network first, as
            :data:`OURS`, then its rivals.
        means: of these.
        differences: of the network's from each rival's, by the rival's name.
        macro_f1: of the network over the folds, the mean of the F1 of those classes that the
            fold tests.
        log_loss: mean negative log-probability of the true label, in nats; where a sentence may
            have several, of the right yes or no for each.
        calibration_error: see :func:`expected_calibration_error`.
        tested: different rows that were tested.
        rows_given: rows of the data.
        test_interval: 95 % interval of the accuracy by the size of the test part (Wilson), where
            the data came with one and its spread over the folds says nothing of other sentences.
    """

    results: list[FoldResult]
    accuracies: dict[str, list[float]]
    means: dict[str, Mean]
    differences: dict[str, Difference]
    macro_f1: Mean
    log_loss: float
    calibration_error: float
    tested: int
    rows_given: int
    test_interval: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, repeats and folds counted from 1; what is no number is None.

        ``rows`` is the SHA-256 of the rows that a fold tested, by which two can be compared.
        """
        return {
            "rows_tested": self.tested,
            "rows_given": self.rows_given,
            "accuracy": _numbers(self.means[OURS]),
            "macro_f1": _numbers(self.macro_f1),
            "accuracy_95_by_test_size": self.test_interval,
            "log_loss": self.log_loss,
            "expected_calibration_error": self.calibration_error,
            "seconds": sum(result.seconds for result in self.results),
            "baselines": {
                name: {
                    "accuracy": _numbers(self.means[name]),
                    "network_minus_baseline": _numbers(difference),
                }
                for name, difference in self.differences.items()
            },
            "folds": [
                {
                    "repeat": result.repeat + 1,
                    "fold": result.number + 1,
                    "rows": hashlib.sha256(result.rows.astype("<i8").tobytes()).hexdigest(),
                    "accuracy": result.accuracy,
                    "macro_f1": result.macro_f1,
                    "epoch": result.epoch,
                    "dev_accuracy": result.dev_accuracy,
                    **result.rival_accuracies(),
                    "seconds": result.seconds,
                }
                for result in self.results
            ],
        }


def summarise(results: Sequence[FoldResult], plan: Plan, rows_given: int) -> Summary:
    """Put the folds together, of data of so many rows."""
    share = plan.test_to_train
    of_folds = [{OURS: result.accuracy, **result.rival_accuracies()} for result in results]
    accuracies = {name: [fold[name] for fold in of_folds] for name in of_folds[0]}
    means = {name: mean_interval(it, share, SHARES) for name, it in accuracies.items()}
    probabilities, classes = one_class_each(
        np.concatenate([result.probabilities for result in results]),
        np.concatenate([result.classes for result in results]),
    )
    smallest = np.finfo(np.float32).tiny
    true = np.maximum(probabilities[np.arange(len(classes)), classes], smallest)
    size = len(results[0].rows)
    right = round(means[OURS].mean * size)
    return Summary(
        results=list(results),
        accuracies=accuracies,
        means=means,
        differences={
            name: paired_difference(accuracies[OURS], theirs, share)
            for name, theirs in accuracies.items()
            if name != OURS
        },
        macro_f1=mean_interval([result.macro_f1 for result in results], share, SHARES),
        log_loss=float(-np.log(true.astype(np.float64)).mean()),
        calibration_error=expected_calibration_error(probabilities, classes),
        tested=len(np.unique(np.concatenate([result.rows for result in results]))),
        rows_given=rows_given,
        test_interval=wilson_interval(right, size) if plan.test_data else None,
    )


def _numbers(value: Mean | Difference) -> dict[str, float | None]:
    return {name: None if math.isnan(part) else part for name, part in vars(value).items()}
