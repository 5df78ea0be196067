"""Leaving unsure sentences unlabelled, and what it gains."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.evaluation.abstaining import coverage_curve, coverage_point


def test_a_limit_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]])
    point = coverage_point(probabilities, np.array([0, 1, 1, 0]), 0.6)
    assert (point.coverage, point.accuracy) == (0.75, pytest.approx(2 / 3))
    nothing = coverage_point(probabilities, np.array([0, 1, 1, 0]), 0.95)
    assert nothing.coverage == 0
    assert nothing.as_dict()["accuracy"] is None


@given(st.lists(st.sampled_from([0.5, 0.6, 0.6000001, 0.9]), min_size=1, max_size=30))
def test_the_curve_predicts_as_many_as_it_says_or_more(confidences):
    probabilities = np.array([[share, 1 - share] for share in confidences], np.float32)
    classes = np.arange(len(confidences)) % 2
    coverages = (1.0, 0.9, 0.5)
    curve = coverage_curve(probabilities, classes, coverages)
    for asked, point in zip(coverages, curve, strict=True):
        assert point.coverage >= asked - 1e-9
        assert point == coverage_point(probabilities, classes, point.threshold)
    assert curve[0].coverage == 1
    assert curve[0].accuracy == (classes == 0).mean()


def test_where_all_are_differently_sure_the_curve_predicts_the_surest_and_no_more():
    sure = np.array([0.7, 0.95, 0.55, 0.8, 0.6, 0.9, 0.65, 0.85, 0.75, 0.51])
    probabilities = np.stack([sure, 1 - sure], axis=1)
    right = np.array([0, 0, 1, 0, 1, 0, 1, 0, 1, 1])
    curve = coverage_curve(probabilities, right, (1.0, 0.95, 0.8, 0.5, 0.01))
    assert [point.coverage for point in curve] == [1, 1, 0.8, 0.5, 0.1]
    assert [point.threshold for point in curve] == [0, 0, 0.6, 0.75, 0.95]
    assert [point.accuracy for point in curve] == [0.5, 0.5, 5 / 8, 4 / 5, 1]


def test_eval_shows_the_curve(call, trained_run):
    code, out, _ = call("eval", trained_run, "--threshold", 0.7)
    assert code == 0
    table = out[out.index("classified  accuracy  with --threshold") :].splitlines()
    assert table[1].split() == ["100.0", "%", *table[1].split()[2:4], "0.0000"]
    assert table[-1].endswith("0.7000")
    code, out, _ = call("eval", trained_run, "--json")
    points = json.loads(out)["coverage"]
    assert points[0]["threshold"] == 0
    assert [point["coverage"] for point in points] == sorted(
        (point["coverage"] for point in points), reverse=True
    )


UNSURE = "zzz"


@pytest.fixture
def limit(call, trained_run) -> float:
    """Between how sure the network is of a word never seen and of a clear sentence."""
    _, out, _ = call("classify", "--checkpoint", trained_run, "--format", "json",
                     "a lovely film", UNSURE)  # fmt: skip
    sure, unsure = (json.loads(line)["probability"] for line in out.splitlines())
    assert sure > unsure
    return (sure + unsure) / 2


@pytest.mark.parametrize(
    ("form", "empty"), [("tsv", "\t"), ("csv", ","), ("json", '{"label": null, ')]
)
def test_an_unsure_sentence_gets_no_label(call, trained_run, limit, form, empty):
    code, out, _ = call("classify", "--checkpoint", trained_run, "--threshold", limit,
                        "--format", form, "a lovely film", UNSURE)  # fmt: skip
    assert code == 0
    sure, unsure = out.splitlines()[-2:]
    assert "good" in sure
    assert unsure.startswith(empty)
    assert UNSURE in unsure


def test_files_classified_with_another_limit_are_not_taken_for_these(call, trained_run, tmp_path):
    (tmp_path / "a.txt").write_text("a lovely film\n")
    words = ("classify", "--checkpoint", trained_run, "a.txt", "--output", "out", "--jobs", 1)
    assert call(*words)[0] == 0
    code, _, err = call(*words, "--threshold", 0.9)
    assert code == 2
    assert "threshold" in err or "options" in err
