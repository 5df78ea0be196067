"""``--multilabel``: a sentence may have several labels, or none."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tests.support.changed_checkpoints import change
from tests.support.processes import textcnn
from tests.support.small_run import options_text
from tests.support.topics import TOPICS, topical, write
from textcnn.data.labels import join_labels, label_names, members, split_labels, strata
from textcnn.inference.classifier import Classifier
from textcnn.inference.predicted_labels import predicted_labels
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import load_checkpoint


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on 400 such sentences."""
    folder = tmp_path_factory.mktemp("several")
    data = write(folder / "topics.csv", topical(400))
    small = options_text(epochs=12, patience=0, learning_rate=0.01)
    done = textcnn("train", "--data", data, "--multilabel", "--out", folder / "run", *small)
    assert done.returncode == 0, done.stderr.decode()
    return folder / "run"


def test_labels_as_one_text_and_back():
    assert split_labels(join_labels(["b", "a", "b"])) == ["a", "b"]
    assert split_labels(join_labels([])) == []
    assert label_names([join_labels(["b", "a"]), "", "c"], multilabel=True) == ["a", "b", "c"]
    assert members([join_labels(["c", "a"]), ""], ["a", "b", "c"]).tolist() == [
        [True, False, True],
        [False, False, False],
    ]


def test_a_sentence_is_drawn_by_its_rarest_label():
    """What is too rare to be divided goes together, then to the largest."""
    labels = ["a"] * 6 + ["b\ta"] * 3 + ["c"] + [""] * 2
    keys = list("0123456789xy")
    assert strata(keys, labels, 3) == ["a"] * 6 + ["b"] * 3 + ["\t"] * 3
    assert strata(keys[:7], ["a"] * 6 + ["c"], 3) == ["a"] * 7


def test_a_sentence_that_stands_often_counts_once_where_labels_are_drawn():
    """Three rows without labels looked like enough for three parts, and were one sentence."""
    keys, labels = list("0123") + ["x"] * 3, ["a"] * 4 + ["", "b", ""]
    assert strata(keys, labels, 3) == ["a"] * 7


def test_thresholds_decide_which_labels_are_given():
    logits = np.array([[2.0, -1.0], [-2.0, -1.0]], np.float32)
    assert predicted_labels(logits, ["a", "b"], np.array([0, -1.5])) == ["a\tb", "b"]


def test_several_labels_are_learnt_scored_and_classified(run, call, tmp_path):
    scores = json.loads((run / "test.json").read_text())
    assert scores["micro_f1"] > 0.9
    assert scores["micro_f1"] > scores["baseline"]["micro_f1"] + 0.3
    assert [row["label"] for row in scores["classes"]] == sorted(TOPICS)
    code, out, _ = call("eval", run, "--predictions", tmp_path / "p.csv")
    assert code == 0
    assert "of all predictions together (micro)" in out
    header, *rows = (tmp_path / "p.csv").read_text().splitlines()
    assert header == "row,text,label,predicted,p(law),p(money),p(rare),p(sport)"
    assert any("|" in row.split(",")[3] for row in rows)
    code, out, _ = call("classify", "--checkpoint", run, "the bank near the court", "it was a")
    labels = [line.split("\t")[0] for line in out.splitlines()]
    assert labels == ["law|money", ""]
    assert Classifier.load(run).predict(["the bank near the court"]) == ["law\tmoney"]


def test_a_resumed_run_of_several_labels_is_one_never_stopped(tmp_path):
    data = write(tmp_path / "topics.csv", topical(200))
    options = options_text(epochs=2, patience=0)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        done = textcnn("train", "--data", data, "--multilabel", "--out", folder, *options)
        assert done.returncode == 0, done.stderr.decode()
    # As if killed after the first half's last checkpoint but before the end.
    assert textcnn("train", "--resume", parts).returncode == 0
    first, second = (load_checkpoint(folder / "checkpoints/best.h5") for folder in (whole, parts))
    assert first.thresholds is not None
    np.testing.assert_array_equal(first.thresholds, second.thresholds)
    for name, array in first.networks[0].items():
        np.testing.assert_array_equal(array, second.networks[0][name])


@pytest.mark.slow
def test_several_labels_are_put_together_as_no_training_sentence_has_them(tmp_path):
    """What the option is for: left out, each combination is a class of its own."""
    seen = [(text, labels) for text, labels in topical(900) if labels in {"law", "money", "sport"}]
    fresh = [(text, labels) for text, labels in topical(300, seed=1) if labels.count("|") == 1]
    data, small = write(tmp_path / "topics.csv", seen), options_text(epochs=12, learning_rate=0.01)
    found = {}
    for name, option in (("with", ["--multilabel"]), ("without", [])):
        done = textcnn(
            "train", "--data", data, "--no-refit", "--out", tmp_path / name, *option, *small
        )
        assert done.returncode == 0, done.stderr.decode()
        given = Classifier.load(tmp_path / name).predict([text for text, _ in fresh])
        truth = [labels.replace("|", "\t") for _, labels in fresh]
        names = sorted(TOPICS)
        found[name] = f1_score(members(truth, names), members(given, names), average="micro")
    assert found["with"] > found["without"] + 0.1


def test_cross_validation_of_several_labels(call, tmp_path):
    data = write(tmp_path / "topics.csv", topical(200))
    options = options_text(epochs=6, learning_rate=0.01)
    code, out, err = call(
        "cv", "--data", data, "--multilabel", "--folds", 3, "--baselines", "--jobs", 1,
        "--out", "cv", *options,
    )  # fmt: skip
    assert code == 0, err
    assert "macro-F1" in out
    assert "nbsvm" in out
    values = json.loads(Path("cv/results.json").read_text())
    assert values["macro_f1"]["mean"] > 0.4
    code, again, _ = call("cv", "--resume", "cv")
    assert code == 0
    assert again.splitlines()[:4] == out.splitlines()[:4]
    code, _, err = call("cv", "--resume", "cv", "--doctor")
    assert code == 2
    assert "is for sentences of one label each" in err


def test_damaged_thresholds_are_refused(run, tmp_path):
    path = tmp_path / "damaged.h5"
    shutil.copyfile(run / "checkpoints/best.h5", path)
    change(path, lambda kept: kept.arrays["thresholds"].__setitem__(0, 2.0))
    with pytest.raises(UserError, match="thresholds are no probabilities"):
        load_checkpoint(path)
