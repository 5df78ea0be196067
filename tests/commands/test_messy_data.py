"""A stranger's table, as it is, from a first look to a trained run: nothing silent, no script."""

import csv
import json
from pathlib import Path

import pytest

from tests.support.small_run import labelled_sentences, options_text
from textcnn.recipe.config import read_toml

pytestmark = pytest.mark.pictures


@pytest.fixture
def tickets(tmp_path) -> Path:
    """Semicolons, a header of its own, line breaks, labels missing and written in several ways."""
    path = tmp_path / "tickets.csv"
    with path.open("w", newline="", encoding="utf-16") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Ticket", "Body", "Queue "])
        corpus = labelled_sentences()
        for number, (text, label) in enumerate(zip(corpus.texts, corpus.labels, strict=True)):
            written = (label, label.upper(), f"{label}\u200b")[number % 3]
            cell = "" if number % 20 == 7 else written
            writer.writerow([number, text.replace(" ", "\n", 1), cell])
    return path


ASKED = ["--text-column", "body", "--label-column", "queue"]


def test_a_first_look_says_what_to_do(call, tickets):
    code, out, err = call("data", tickets.name, *ASKED)
    assert code == 0
    assert "read as UTF-16" in err
    assert "parted by semicolons" in err
    assert "114 rows, 6 labels\nbad rows      6 of 120" in out
    advice = out[out.index("suggestions\n") :]
    assert "--skip-bad-rows: 6 of 120 rows" in advice
    assert "--merge-labels: labels look alike" in advice
    assert r"'bad\u200b'" in advice


def test_training_stops_at_bad_rows(call, tickets, tmp_path):
    code, out, err = call("train", "--data", tickets.name, *ASKED, "--out", "run")
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert "the label is missing (6 of 120 rows cannot be used); --skip-bad-rows leaves" in last
    assert not (tmp_path / "run").exists()


def test_training_says_what_it_leaves_out_and_doubts(call, tickets, tmp_path):
    words = ["train", "--data", tickets.name, *ASKED, "--skip-bad-rows"]
    small = ["--no-refit", *options_text(epochs=1)]
    code, _, err = call(*words, "--out", "run", *small)
    assert code == 0
    assert "left out 6 of 120 rows (6: the label is missing)" in err
    assert "labels look alike (with how many rows each has): 'BAD' (" in err
    code, _, err = call(*words, "--out", "merged", "--merge-labels", *small)
    assert code == 0
    assert "look alike" not in err
    assert "2 labels" in err
    options = read_toml(tmp_path / "merged" / "config.toml")
    assert (options["skip_bad_rows"], options["merge_labels"]) == (True, True)
    split = json.loads((tmp_path / "merged" / "split.json").read_text())
    assert sum(len(split[part]) for part in ("train", "dev", "test")) == 114
    rows = "body;queue\na dull film;Bad\na fine film;GOOD\n"
    (tmp_path / "new.csv").write_text(rows)
    code, out, _ = call("eval", "merged", "--data", "new.csv", "--encoding", "utf-8")
    assert code == 0
    assert "2 of 2 rows" in out
    code, _, err = call("eval", "merged")
    assert code == 0
    assert "left out 6 of 120 rows" in err
