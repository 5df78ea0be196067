"""What accuracies of several folds say about a model, and about the difference between two.

Folds share training sentences, so their accuracies are not independent and their plain variance is
too small. Nadeau and Bengio, "Inference for the Generalization Error" (Machine Learning 52, 2003),
put ``(1/J + n_test/n_train) * s**2`` for the variance of a mean over J of them, where independence
would give ``s**2 / J``; ``s**2`` is the sample variance. Their corrected resampled t-test divides
by its root and has J - 1 degrees of freedom. Bouckaert and Frank (PAKDD 2004) recommend the same
for repeated cross-validation, J being folds times repeats.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


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


def mean_interval(values: Sequence[float], test_to_train: float = 0.0) -> Mean:
    """The mean of J values and its t interval.

    Args:
        values: one a fold.
        test_to_train: sentences tested for each one learnt from, such as 1/9 for ten folds; the
            correction above. 0, no correction, is right for independent values only, such as
            those of several seeds on one given test part, and then says nothing of other
            sentences.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.stats import t

    numbers = np.asarray(values, dtype=np.float64)
    mean, count = float(numbers.mean()), len(numbers)
    if count < 2:
        return Mean(mean, math.nan, math.nan, math.nan)
    error = math.sqrt((1 / count + test_to_train) * numbers.var(ddof=1))
    spread = float(t.ppf(0.975, count - 1)) * error
    return Mean(mean, error, mean - spread, mean + spread)


def paired_difference(a: Sequence[float], b: Sequence[float], test_to_train: float) -> Difference:
    """Compare two models on the same folds by the corrected resampled t-test.

    Args:
        a, b: accuracies of J folds each, in the same order.
        test_to_train: as in :func:`mean_interval`.

    Raises:
        ValueError: they are not equally many.
    """
    from scipy.stats import t

    differences = [one - other for one, other in zip(a, b, strict=True)]
    found = mean_interval(differences, test_to_train)
    if found.standard_error == 0:  # The same difference in every fold.
        p_value = 0.0 if found.mean else 1.0
    else:
        statistic = abs(found.mean) / found.standard_error
        p_value = 2 * float(t.sf(statistic, len(differences) - 1))
    return Difference(found.mean, found.low, found.high, p_value)
