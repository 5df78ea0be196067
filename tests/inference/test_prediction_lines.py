"""What ``classify`` writes where a sentence may have several labels."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import DEFAULT_CHOICE, PredictionWriter
from textcnn.support.errors import UserError

SHARES = np.array([[0.9, 0.4, 0.1], [0.1, 0.2, 0.3], [0.2, 0.1, 0.8]], np.float32)
TEXTS = ["two", "none", "one"]


def written(
    form: str,
    proba: bool = False,
    thresholds: Any = (0.5, 0.3, 0.5),
    choice: Choice = DEFAULT_CHOICE,
) -> str:
    """Three predictions by a network with these thresholds; None for one label a sentence."""
    several = thresholds is not None
    checkpoint: Any = SimpleNamespace(
        labels=["sad", "fun\tny", "long"],
        thresholds=np.array(thresholds) if several else None,
        config=SimpleNamespace(multilabel=several, label_separator="|"),
    )
    return PredictionWriter(form, checkpoint, proba, choice)(TEXTS, SHARES).decode()


def test_labels_above_their_thresholds_stand_in_one_cell():
    assert written("tsv") == (
        "sad|fun\\tny\t0.9000|0.4000\ttwo\n\t\tnone\nlong\t0.8000\tone\n"  # One has none.
    )
    rows = list(csv.DictReader(io.StringIO(written("csv"), newline="")))
    assert [(row["label"], row["probability"]) for row in rows] == [
        ("sad|fun\tny", "0.9|0.4"),
        ("", ""),
        ("long", "0.8"),
    ]


def test_in_json_they_are_lists():
    rows = [json.loads(line) for line in written("json").splitlines()]
    assert [row["label"] for row in rows] == [["sad", "fun\tny"], [], ["long"]]
    assert [len(row["probability"]) for row in rows] == [2, 0, 1]


def test_with_one_label_it_is_a_text():
    rows = [json.loads(line) for line in written("json", thresholds=None).splitlines()]
    assert [row["label"] for row in rows] == ["sad", "long", "long"]
    assert [round(row["probability"], 6) for row in rows] == [0.9, 0.3, 0.8]


def test_all_probabilities_are_those_of_all_labels():
    first = written("tsv", proba=True).splitlines()[0]
    assert first == "sad|fun\\tny\tsad=0.9000 fun\\tny=0.4000 long=0.1000\ttwo"
    row = json.loads(written("json", proba=True).splitlines()[1])
    assert list(row["probabilities"]) == ["sad", "fun\tny", "long"]


def test_a_spreadsheet_finds_no_formula_in_a_cell():
    checkpoint: Any = SimpleNamespace(
        labels=["=1+1", "good"], thresholds=None, config=SimpleNamespace(multilabel=False)
    )
    texts = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a = b", ""]
    shares = np.tile(np.array([0.9, 0.1], np.float32), (len(texts), 1))
    out = PredictionWriter("spreadsheet", checkpoint, True)(texts, shares).decode()
    head, *rows = csv.reader(io.StringIO(out, newline=""))
    assert head == ["label", "probability", "text", "p(=1+1)", "p(good)"]
    assert [row[0] for row in rows] == ["'=1+1"] * len(texts)
    assert [row[2] for row in rows] == [*(f"'{text}" for text in texts[:6]), "a = b", ""]
    plain = PredictionWriter("csv", checkpoint, True)(texts, shares).decode()
    assert [row[2] for row in csv.reader(io.StringIO(plain, newline=""))][1:] == texts


def labels_of(choice: Choice, thresholds: Any = None) -> list[Any]:
    """What three sentences are given, as JSON has it."""
    lines = written("json", thresholds=thresholds, choice=choice).splitlines()
    return [json.loads(line)["label"] for line in lines]


def test_the_most_probable_labels_come_first():
    assert written("tsv", thresholds=None, choice=Choice(2)).splitlines() == [
        "sad|fun\\tny\t0.9000|0.4000\ttwo",
        "long|fun\\tny\t0.3000|0.2000\tnone",
        "long|sad\t0.8000|0.2000\tone",
    ]
    three = [["sad", "fun\tny", "long"], ["long", "fun\tny", "sad"], ["long", "sad", "fun\tny"]]
    assert labels_of(Choice(3)) == labels_of(Choice(99)) == three
    assert labels_of(Choice(1)) == [["sad"], ["long"], ["long"]]  # A list, however many.


def test_a_threshold_holds_labels_back():
    assert labels_of(Choice(threshold=0.75)) == ["sad", None, "long"]
    assert labels_of(Choice(2, threshold=0.2)) == [["sad", "fun\tny"], ["long", "fun\tny"],
                                                  ["long", "sad"]]  # fmt: skip
    assert labels_of(Choice(thresholds={"long": 0.5})) == ["sad", None, "long"]
    assert labels_of(Choice(threshold=0.5, thresholds={"long": 0.1})) == ["sad", "long", "long"]


def test_a_threshold_goes_before_what_dev_chose():
    dev = (0.5, 0.3, 0.5)
    assert labels_of(DEFAULT_CHOICE, dev) == [["sad", "fun\tny"], [], ["long"]]
    assert labels_of(Choice(threshold=0.35), dev) == [["sad", "fun\tny"], [], ["long"]]
    assert labels_of(Choice(thresholds={"long": 0.3}), dev)[1] == ["long"]
    assert labels_of(Choice(1), dev) == [["sad"], [], ["long"]]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(thresholds={"lang": 0.5}), "'lang' is not a label of the model: sad, "),
        (Choice(threshold=1.5), "from 0 to 1"),
        (Choice(thresholds={"sad": float("nan")}), "from 0 to 1"),
    ],
)
def test_a_choice_that_a_model_cannot_make_is_refused(choice, said):
    with pytest.raises(UserError, match=said):
        written("tsv", thresholds=None, choice=choice)


def test_the_options_are_those_of_the_command(call, trained_run):
    words = ("classify", "--checkpoint", trained_run, "--format", "json")
    _, out, _ = call(*words, "--proba", "a lovely film")
    (best, first), (other, second) = sorted(
        json.loads(out)["probabilities"].items(), key=lambda pair: -pair[1]
    )
    _, out, _ = call(*words, "--top-k", 2, "a lovely film")
    found = json.loads(out)
    assert (found["label"], found["probability"]) == ([best, other], [first, second])
    _, out, _ = call(
        *words, "--top-k", 2, "--threshold", f"{other}={second + 0.01}", "a lovely film"
    )
    assert json.loads(out)["label"] == [best]
    for wrong in ("x", "good=", "1.01", "good=nan"):
        code, _, err = call(*words, "--threshold", wrong, "a lovely film")
        assert (code, err.count("\n")) == (2, 1)
        assert f"--threshold {wrong}" in err
    code, _, err = call(*words, "--threshold", "great=0.5", "a lovely film")
    assert code == 2
    assert "'great' is not a label of the model: bad, good" in err
