"""What ``classify`` writes where a sentence may have several labels."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import numpy as np

from textcnn.inference.answer_lines import AnswerWriter

SHARES = np.array([[0.9, 0.4, 0.1], [0.1, 0.2, 0.3], [0.2, 0.1, 0.8]], np.float32)
TEXTS = ["two", "none", "one"]


def written(form: str, proba: bool = False, thresholds: Any = (0.5, 0.3, 0.5)) -> str:
    """Three answers by a network with these thresholds; None for one label a sentence."""
    several = thresholds is not None
    checkpoint: Any = SimpleNamespace(
        labels=["sad", "fun\tny", "long"],
        thresholds=np.array(thresholds) if several else None,
        config=SimpleNamespace(multilabel=several, label_separator="|"),
    )
    return AnswerWriter(form, checkpoint, proba)(TEXTS, SHARES).decode()


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
    out = AnswerWriter("spreadsheet", checkpoint, True)(texts, shares).decode()
    head, *rows = csv.reader(io.StringIO(out, newline=""))
    assert head == ["label", "probability", "text", "p(=1+1)", "p(good)"]
    assert [row[0] for row in rows] == ["'=1+1"] * len(texts)
    assert [row[2] for row in rows] == [*(f"'{text}" for text in texts[:6]), "a = b", ""]
    plain = AnswerWriter("csv", checkpoint, True)(texts, shares).decode()
    assert [row[2] for row in csv.reader(io.StringIO(plain, newline=""))][1:] == texts
