"""Whether probabilities mean what they say."""

import numpy as np
import pytest

from textcnn.core.layers.softmax import softmax
from textcnn.recipe.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    Bin,
    expected_calibration_error,
    fit_temperature,
    reliability,
)


def drawn(temperature: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three classes, and classes drawn with the probabilities at ``temperature``."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(count, 3))
    uniform = rng.random((count, 1))
    return logits, (softmax(logits / temperature).cumsum(axis=1) < uniform).sum(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_classes_is_found_again(temperature):
    logits, classes = drawn(temperature)
    assert fit_temperature(logits, classes) == pytest.approx(temperature, rel=0.1)


def test_at_the_temperature_found_the_loss_is_flat():
    logits, classes = drawn(2.5)
    found = fit_temperature(logits, classes)

    def loss(temperature: float) -> float:
        return -np.log(softmax(logits / temperature)[np.arange(len(classes)), classes]).mean()

    assert loss(found) < min(loss(0.99 * found), loss(1.01 * found), loss(1.0))


def test_two_classes_by_hand():
    # Three of four right with the same logits: the best probability is 3/4, so x / T = log 3.
    logits = np.array([[4, 0]] * 4, np.float32)
    assert fit_temperature(logits, np.array([0, 0, 0, 1])) == pytest.approx(4 / np.log(3), rel=1e-4)


def test_a_scaled_network_has_a_scaled_temperature():
    logits, classes = drawn(1.5, 500)
    assert fit_temperature(2 * logits, classes) == pytest.approx(
        2 * fit_temperature(logits, classes), rel=1e-4
    )


@pytest.mark.parametrize("count", [1, 50])
def test_sentences_all_right_or_all_wrong_end_at_a_bound(count):
    logits = np.tile([2.0, -1.0], (count, 1))
    right, wrong = np.zeros(count, np.int64), np.ones(count, np.int64)
    assert fit_temperature(logits, right) == pytest.approx(LOWEST_TEMPERATURE, rel=1e-3)
    assert fit_temperature(logits, wrong) == pytest.approx(HIGHEST_TEMPERATURE, rel=1e-3)


def test_where_nothing_can_be_learnt_the_temperature_is_1():
    assert fit_temperature(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)) == 1
    assert fit_temperature(np.ones((5, 3), np.float32), np.zeros(5, np.int64)) == 1


def test_huge_logits_do_not_overflow():
    logits, classes = drawn(1.0, 200)
    assert fit_temperature(1e6 * logits, classes) == pytest.approx(HIGHEST_TEMPERATURE, rel=1e-3)


def test_the_calibration_error_by_hand():
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7], [0.95, 0.05], [0.1, 0.9]])
    classes = np.array([0, 0, 0, 1])
    bins = reliability(probabilities, classes, bins=4)
    assert [(part.low, part.high, part.count) for part in bins] == [(0.5, 0.75, 2), (0.75, 1, 2)]
    assert [part.confidence for part in bins] == pytest.approx([0.65, 0.925])
    assert [part.accuracy for part in bins] == [0.5, 1]
    error = expected_calibration_error(probabilities, classes, bins=4)
    assert error == pytest.approx(0.5 * 0.15 + 0.5 * 0.075)


def test_an_edge_belongs_to_the_bin_below_and_certainty_to_the_last():
    probabilities = np.array([[0.5, 0.5], [0.75, 0.25], [1, 0]])
    bins = reliability(probabilities, np.zeros(3, np.int64), bins=4)
    assert bins == [Bin(0.25, 0.5, 1, 0.5, 1), Bin(0.5, 0.75, 1, 0.75, 1), Bin(0.75, 1, 1, 1, 1)]
    above_one = np.array([[np.nextafter(np.float32(1), np.float32(2)), 0]], np.float32)
    assert reliability(above_one, np.zeros(1, np.int64))[0].high == 1


def test_the_true_probabilities_are_calibrated_and_sharpened_ones_are_not():
    logits, classes = drawn(1.0)
    assert expected_calibration_error(softmax(logits), classes) < 0.03
    assert expected_calibration_error(softmax(3 * logits), classes) > 0.1
    assert sum(part.count for part in reliability(softmax(logits), classes)) == len(classes)


def test_the_temperature_calibrates():
    logits, classes = drawn(2.5)
    cooled = softmax(logits / fit_temperature(logits, classes))
    assert expected_calibration_error(cooled, classes) < 0.03
    assert expected_calibration_error(softmax(logits), classes) > 0.1
