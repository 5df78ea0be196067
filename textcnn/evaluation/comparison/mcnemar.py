"""Two models on the same sentences: is one better, and by how much?

What tells them apart are the discordant sentences, which one gets right and the other wrong.
McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages" (Psychometrika 12, 1947), tests whether they fall on either side like tosses of a coin.
"""

import math
from dataclasses import dataclass

import numpy as np

from textcnn.evaluation.scores import wilson_interval

FEW = 25
"""Discordant sentences below which the test counts tosses exactly."""


@dataclass(frozen=True)
class Paired:
    """N sentences by who was right.

    Attributes:
        both, only_a, only_b, neither: how many; they sum to N, at least 1.
    """

    both: int
    only_a: int
    only_b: int
    neither: int

    @classmethod
    def of(cls, right_a: np.ndarray, right_b: np.ndarray) -> "Paired":
        """Count.

        Args:
            right_a, right_b: (N,) booleans, the same sentences in the same order.

        Raises:
            ValueError: there are none, or not equally many.
        """
        if right_a.shape != right_b.shape or right_a.size == 0:
            raise ValueError("two models need the same sentences, at least one")
        return cls(
            both=int((right_a & right_b).sum()),
            only_a=int((right_a & ~right_b).sum()),
            only_b=int((~right_a & right_b).sum()),
            neither=int((~right_a & ~right_b).sum()),
        )

    @property
    def count(self) -> int:
        """N."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def right_a(self) -> int:
        """Sentences that A gets right."""
        return self.both + self.only_a

    @property
    def right_b(self) -> int:
        """Sentences that B gets right."""
        return self.both + self.only_b

    @property
    def difference(self) -> float:
        """A's accuracy minus B's."""
        return (self.only_a - self.only_b) / self.count


@dataclass(frozen=True)
class McNemar:
    """The test of the hypothesis that neither model is better.

    Attributes:
        p_value: two-sided.
        chi_square: the statistic, with one degree of freedom; None where the test is exact.
    """

    p_value: float
    chi_square: float | None


def mcnemar_test(paired: Paired) -> McNemar:
    """McNemar's test.

    With fewer than :data:`FEW` discordant sentences exact, by the binomial distribution; otherwise
    by chi-square with the continuity correction of Edwards, "Note on the 'correction for
    continuity' in testing the significance of the difference between correlated proportions"
    (Psychometrika 13, 1948): ``(|b - c| - 1)^2 / (b + c)``.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.stats import binomtest, chi2

    discordant = paired.only_a + paired.only_b
    if discordant == 0:
        return McNemar(1.0, None)
    if discordant < FEW:
        return McNemar(float(binomtest(paired.only_a, discordant, 0.5).pvalue), None)
    # Where both sides are equal the correction would go past no difference at all.
    apart = max(abs(paired.only_a - paired.only_b) - 1, 0)
    statistic = apart**2 / discordant
    return McNemar(float(chi2.sf(statistic, 1)), statistic)


def difference_interval(paired: Paired) -> tuple[float, float]:
    """95 % interval of A's accuracy minus B's, for paired proportions.

    Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data" (Statistics in Medicine 17, 1998), method 10: the Wilson intervals of both
    accuracies, put together by squares, less what their correlation explains.
    """
    low_a, high_a = wilson_interval(paired.right_a, paired.count)
    low_b, high_b = wilson_interval(paired.right_b, paired.count)
    share_a, share_b = paired.right_a / paired.count, paired.right_b / paired.count
    below_a, above_a = share_a - low_a, high_a - share_a
    below_b, above_b = share_b - low_b, high_b - share_b
    phi = _correlation(paired)
    below = math.sqrt(max(below_a**2 - 2 * phi * below_a * above_b + above_b**2, 0.0))
    above = math.sqrt(max(above_a**2 - 2 * phi * above_a * below_b + below_b**2, 0.0))
    return paired.difference - below, paired.difference + above


def _correlation(paired: Paired) -> float:
    """Phi of the table, corrected for continuity where positive; 0 where it is undefined."""
    wrong_a, wrong_b = paired.count - paired.right_a, paired.count - paired.right_b
    margins = paired.right_a * wrong_a * paired.right_b * wrong_b
    if margins == 0:
        return 0.0
    together = float(paired.both * paired.neither - paired.only_a * paired.only_b)
    if together > 0:
        together = max(together - paired.count / 2, 0)
    return together / math.sqrt(margins)
