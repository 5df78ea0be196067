"""Means over folds, and differences between models on the same folds, against hand arithmetic."""

import math

import numpy as np
import pytest

from textcnn.evaluation.crossval.summary import SHARES, mean_interval, paired_difference

# The 97.5 % points of the t distribution in any textbook's table, by degrees of freedom.
T = {3: 3.182446, 4: 2.776445}


def test_an_interval_of_independent_values_by_hand():
    # Mean 3, sample variance 10 / 4.
    found = mean_interval([1, 2, 3, 4, 5])
    error = math.sqrt(2.5 / 5)
    assert (found.mean, found.standard_error) == (3, pytest.approx(error))
    assert (found.low, found.high) == pytest.approx((3 - T[4] * error, 3 + T[4] * error), abs=1e-5)


def test_the_corrected_interval_by_hand():
    # Five folds: a quarter as many tested as learnt from, so 2.5 * (1/5 + 1/4).
    found = mean_interval([1, 2, 3, 4, 5], test_to_train=1 / 4)
    error = math.sqrt(2.5 * 0.45)
    assert found.standard_error == pytest.approx(error)
    assert (found.low, found.high) == pytest.approx((3 - T[4] * error, 3 + T[4] * error), abs=1e-5)


def test_without_the_correction_an_interval_is_narrower_and_shrinks_with_repeats():
    values = np.random.default_rng(0).normal(0.8, 0.01, 10).tolist()

    def width(values: list[float], ratio: float) -> float:
        found = mean_interval(values, ratio)
        return found.high - found.low

    assert width(values, 0) < width(values, 1 / 9)
    # A hundred repeats of the same folds teach nothing, and the correction knows.
    assert width(values * 100, 0) < 0.1 * width(values, 0)
    assert width(values * 100, 1 / 9) > 0.5 * width(values, 1 / 9)


def test_the_paired_test_by_hand():
    # Differences 0.1, 0.2, 0.3, 0.2: mean 0.2, sample variance 0.02/3; 4 folds, so that times
    # 1/4 + 1/3.
    found = paired_difference([0.5, 0.5, 0.5, 0.5], [0.4, 0.3, 0.2, 0.3], test_to_train=1 / 3)
    error = math.sqrt(0.02 / 3 * 7 / 12)
    assert found.mean == pytest.approx(0.2)
    interval = (0.2 - T[3] * error, 0.2 + T[3] * error)
    assert (found.low, found.high) == pytest.approx(interval, abs=1e-5)
    # With three degrees of freedom the t distribution has this closed form.
    t = 0.2 / error / math.sqrt(3)
    assert found.p_value == pytest.approx(1 - 2 / math.pi * (t / (1 + t * t) + math.atan(t)))


def test_zero_is_outside_the_interval_just_where_the_difference_is_significant():
    rng = np.random.default_rng(1)
    significant = 0
    for _ in range(50):
        a, b = rng.normal(0.5, 1, 10), rng.normal(0, 1, 10)
        found = paired_difference(a.tolist(), b.tolist(), 1 / 9)
        assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
        significant += found.p_value < 0.05
    assert 0 < significant < 50


def test_swapping_the_models_turns_the_difference_round():
    a, b = [0.8, 0.82, 0.79], [0.78, 0.8, 0.8]
    one, other = paired_difference(a, b, 0.5), paired_difference(b, a, 0.5)
    assert (one.mean, one.low, one.high) == (-other.mean, -other.high, -other.low)
    assert one.p_value == other.p_value


def test_pairs_take_out_what_makes_folds_harder_for_both():
    hard = np.linspace(0, 0.2, 10)
    wobble = 0.001 * np.array([1, -1] * 5)
    found = paired_difference((0.8 - hard).tolist(), (0.79 - hard + wobble).tolist(), 1 / 9)
    assert found.p_value < 1e-6
    assert found.high - found.low < 0.01


def test_models_that_never_differ():
    same = paired_difference([0.5, 0.75], [0.5, 0.75], 1)
    assert (same.mean, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    always = paired_difference([0.75, 1.0], [0.5, 0.75], 1)
    assert (always.mean, always.low, always.high, always.p_value) == (0.25, 0.25, 0.25, 0)


def test_one_fold_has_a_mean_and_no_interval():
    found = mean_interval([0.9])
    assert found.mean == 0.9
    assert all(map(math.isnan, (found.standard_error, found.low, found.high)))
    difference = paired_difference([0.9], [0.8], 0.1)
    assert difference.mean == pytest.approx(0.1)
    assert all(map(math.isnan, (difference.low, difference.high, difference.p_value)))


def test_folds_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        paired_difference([0.5, 0.6], [0.5], 1)


def test_no_interval_goes_beyond_what_can_be():
    assert mean_interval([0.5, 1.0], 1, SHARES).high == 1
    assert mean_interval([0.5, 0.0], 1, SHARES).low == 0
    found = paired_difference([1.0, 0.1], [0.0, 0.0], 1)
    assert (found.low, found.high) == (-1, 1)
