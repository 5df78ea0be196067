"""Whether probabilities mean what they say."""

import numpy as np
import pytest

from textcnn.core.layers.softmax import softmax
from textcnn.evaluation.reliability import (
    Bin,
    expected_calibration_error,
    one_class_each,
    reliability,
)


def drawn(temperature: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three classes, and classes drawn with the probabilities at ``temperature``."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(count, 3))
    uniform = rng.random((count, 1))
    return logits, (softmax(logits / temperature).cumsum(axis=1) < uniform).sum(axis=1)


def test_the_calibration_error_by_hand():
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7], [0.95, 0.05], [0.1, 0.9]])
    classes = np.array([0, 0, 0, 1])
    bins = reliability(probabilities, classes, bins=4)
    assert [(part.low, part.high, part.count) for part in bins] == [(0.5, 0.75, 2), (0.75, 1, 2)]
    assert [part.confidence for part in bins] == pytest.approx([0.65, 0.925])
    assert [part.accuracy for part in bins] == [0.5, 1]
    error = expected_calibration_error(probabilities, classes, bins=4)
    assert error == pytest.approx(0.5 * 0.15 + 0.5 * 0.075)


def test_several_labels_are_as_many_questions_with_yes_or_no():
    probabilities, targets = np.array([[0.9, 0.2], [0.4, 0.5]]), np.array([[True, False]] * 2)
    predictions, classes = one_class_each(probabilities, targets)
    np.testing.assert_allclose(predictions, [[0.1, 0.9], [0.8, 0.2], [0.6, 0.4], [0.5, 0.5]])
    assert classes.tolist() == [1, 0, 1, 0]
    assert one_class_each(probabilities, np.array([0, 1]))[0] is probabilities


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
