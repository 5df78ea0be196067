"""The moving average: the lazy form against one that visits everything at every step."""

import numpy as np
import pytest

from textcnn.core.gradients import RowGradient
from textcnn.recipe.averaging import MovingAverage, copied


def walk(steps: int, look_at: set[int] = frozenset(), decay: float = 0.8):
    """Random changes of a dense parameter and of a few rows; the average and the plain one's."""
    rng = np.random.default_rng(4)
    parameters = {
        "dense/bias": rng.normal(size=3),
        "embedding/tuned": rng.normal(size=(6, 2)),
        "embedding/static": rng.normal(size=(6, 2)),
    }
    trained = {name: array for name, array in parameters.items() if name != "embedding/static"}
    average = MovingAverage(decay, copied(trained))
    plain = {name: array.copy() for name, array in trained.items()}
    for step in range(steps):
        rows = np.sort(rng.choice(6, 2, replace=False))
        gradients = {
            "dense/bias": rng.normal(size=3),
            "embedding/tuned": RowGradient(rows, rng.normal(size=(2, 2))),
        }
        average.before_update(parameters, gradients, step)
        parameters["dense/bias"] -= gradients["dense/bias"]
        parameters["embedding/tuned"][rows] -= gradients["embedding/tuned"].values
        for name in plain:
            plain[name] = decay * plain[name] + (1 - decay) * parameters[name]
        if step + 1 in look_at:
            average.catch_up(parameters, step + 1)
    return average, parameters, plain


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 30])
def test_the_lazy_average_is_the_plain_one(steps, monkeypatch):
    monkeypatch.setattr("textcnn.recipe.averaging.ROWS_AT_ONCE", 4)
    average, parameters, plain = walk(steps)
    averaged = average.of(parameters, steps)
    for name, expected in plain.items():
        np.testing.assert_allclose(averaged[name], expected, atol=1e-12)
    assert averaged["embedding/static"] is parameters["embedding/static"]


def test_looking_changes_nothing_and_catching_up_only_the_bookkeeping():
    average, parameters, plain = walk(9)
    before = {name: array.copy() for name, array in average.arrays.items()}
    assert average.is_behind(9)
    average.of(parameters, 9)
    for name, array in before.items():
        np.testing.assert_array_equal(average.arrays[name], array)
    average.catch_up(parameters, 9)
    assert not average.is_behind(9)
    for name, expected in plain.items():
        np.testing.assert_allclose(average.arrays[name], expected, atol=1e-12)
    caught_up, _, plain = walk(9, look_at={3, 6})
    for name, array in caught_up.of(parameters, 9).items():
        if name in plain:
            np.testing.assert_allclose(array, plain[name], atol=1e-12)


def test_without_decay_it_is_the_parameters():
    average, parameters, _ = walk(5, decay=0.0)
    for name, array in average.of(parameters, 5).items():
        np.testing.assert_allclose(array, parameters[name], atol=1e-15)
