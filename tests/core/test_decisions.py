"""Which labels are given: thresholds fitted for F1, and what is right of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from textcnn.core.decisions import DEFAULT_THRESHOLD, decide, fit_thresholds, is_correct, macro_f1


def f1(targets: np.ndarray, given: np.ndarray) -> float:
    """Of sentences of which at least one has the label; scikit-learn's takes a millisecond."""
    return 2 * (targets & given).sum() / (targets.sum() + given.sum())


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.sampled_from([0.1, 0.2, 0.45, 0.5, 0.7, 0.9]), min_size=1, max_size=12),
    seed=st.integers(0, 99),
)
def test_no_threshold_has_a_better_f1_than_the_fitted_one(values, seed):
    probabilities = np.array(values)[:, None]
    targets = np.random.default_rng(seed).random((len(values), 1)) < 0.4
    (threshold,) = fit_thresholds(probabilities, targets)
    assert 0 < threshold < 1
    if not targets.any():
        assert threshold == DEFAULT_THRESHOLD
        return
    found = f1(targets, probabilities >= threshold)
    others = [0.05, 0.15, 0.3, 0.47, 0.5, 0.6, 0.8]
    assert found >= max(f1(targets, probabilities >= other) for other in others)


def test_of_equally_good_thresholds_the_usual_one_is_taken():
    separate = np.array([[0.9], [0.8], [0.2]])
    assert fit_thresholds(separate, np.array([[True], [True], [False]])).tolist() == [
        DEFAULT_THRESHOLD
    ]
    assert fit_thresholds(separate, np.array([[True], [False], [False]])) == pytest.approx(0.85)


def test_of_equally_good_ones_that_all_leave_the_usual_out_the_nearest_is_taken():
    probabilities = np.array([[0.95], [0.93], [0.92], [0.9], [0.8]])
    targets = np.array([[True], [False], [False], [True], [False]])
    assert fit_thresholds(probabilities, targets) == pytest.approx(0.85)  # and not 0.94


def test_predictions_and_how_right_they_are():
    logits = np.array([[0.5, -1.0], [-2.0, -1.0]], np.float32)
    targets = np.array([[True, False], [False, True]])
    assert decide(logits, targets).tolist() == [[True, False], [False, False]]
    assert decide(logits, targets, fitted=True).tolist()[1] == [False, True]
    assert is_correct(decide(logits, targets), targets).tolist() == [True, False]
    assert macro_f1(decide(logits, targets), targets, 2) == 0.5


@pytest.mark.parametrize("several", [False, True])
def test_macro_f1_is_scikit_learns(several):
    rng = np.random.default_rng(2)
    one, other = (
        (rng.random((30, 4)) < 0.4 if several else rng.integers(0, 4, 30)) for _ in range(2)
    )
    expected = f1_score(other, one, average="macro", zero_division=0)
    assert macro_f1(one, other, 4) == pytest.approx(expected)
