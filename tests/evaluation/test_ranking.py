"""Precision and recall of the most probable labels."""

import json

import numpy as np
import pytest

from textcnn.evaluation.ranking import ranking_at

SHARES = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])


@pytest.mark.parametrize(
    ("k", "precision", "recall"), [(1, 1 / 3, 1 / 3), (2, 1 / 3, 2 / 3), (9, 1 / 3, 1)]
)
def test_one_label_by_hand(k, precision, recall):
    found = ranking_at(SHARES, np.array([0, 1, 2]), k)
    assert (found.precision, found.recall) == pytest.approx((precision, recall))
    assert found.k == min(k, 3)


def test_several_labels_by_hand():
    targets = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1]], bool)
    found = ranking_at(SHARES, targets, 2)
    # First two of each: {0, 1}, {2, 1} and {1, 0}; there are three right labels.
    assert (found.precision, found.recall) == pytest.approx((2 / 6, 2 / 3))
    assert ranking_at(SHARES, targets & False, 2).recall == 0


def test_eval_gives_them(call, trained_run):
    code, out, _ = call("eval", trained_run, "--top-k", 1, "--json")
    assert code == 0
    scores = json.loads(out)
    assert scores["top_k"] == {
        "k": 1, "precision": scores["accuracy"], "recall": scores["accuracy"]
    }  # fmt: skip
    _, out, _ = call("eval", trained_run, "--top-k", 2)
    assert "top 2     precision 50.0 %, recall 100.0 %" in out
