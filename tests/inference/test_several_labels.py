"""``--multilabel``: a sentence may have several labels, or none."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from tests.support.changed_checkpoints import change
from tests.support.numeric import assert_close, numeric_gradient
from tests.support.small_run import options_text, textcnn
from tests.support.topics import TOPICS, topical, write
from textcnn.core.architecture import Architecture
from textcnn.core.decisions import USUAL, decided, fit_thresholds, macro_f1, right
from textcnn.core.sentences import Examples
from textcnn.core.step import kim_step
from textcnn.data.labels import join_labels, label_names, members, split_labels, strata
from textcnn.evaluation.selfcheck.material import packed, random_parameters, whole
from textcnn.inference.classifier import Classifier
from textcnn.inference.given_labels import given_labels
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
    assert strata(labels, 3) == ["a"] * 6 + ["b"] * 3 + ["\t"] * 3
    assert strata(["a"] * 6 + ["c"], 3) == ["a"] * 7


def test_the_gradients_of_a_network_of_several_labels():
    rng = np.random.default_rng(4)
    architecture = Architecture("rand", 7, 3, (1, 3), 4, 3, multilabel=True)
    parameters = random_parameters(architecture, rng)
    batch, targets = packed([[1, 2, 3, 3], [], [6], [5, 4, 0, 2, 1]]), rng.random((4, 3)) < 0.5
    weights = rng.random((4, 3))
    examples, step = Examples(batch, targets, weights), kim_step(architecture)

    def loss() -> np.ndarray:
        return np.array(step(parameters, examples, None)[0])

    _, _, gradients = step(parameters, examples, None)
    for name, gradient in gradients.items():
        assert_close(whole(gradient, 7), numeric_gradient(loss, parameters[name], 1.0))


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
        assert threshold == USUAL
        return
    found = f1_score(targets, probabilities >= threshold, zero_division=0)
    others = [0.05, 0.15, 0.3, 0.47, 0.5, 0.6, 0.8]
    assert found >= max(f1_score(targets, probabilities >= t, zero_division=0) for t in others)


def test_of_equally_good_thresholds_the_usual_one_is_taken():
    separate = np.array([[0.9], [0.8], [0.2]])
    assert fit_thresholds(separate, np.array([[True], [True], [False]])).tolist() == [USUAL]
    assert fit_thresholds(separate, np.array([[True], [False], [False]])) == pytest.approx(0.85)


def test_answers_and_how_right_they_are():
    logits = np.array([[2.0, -1.0], [-2.0, -1.0]], np.float32)
    targets = np.array([[True, False], [False, True]])
    assert decided(logits, targets).tolist() == [[True, False], [False, False]]
    assert decided(logits, targets, fitted=True).tolist()[1] == [False, True]
    assert right(decided(logits, targets), targets).tolist() == [True, False]
    assert macro_f1(decided(logits, targets), targets, 2) == 0.5
    assert given_labels(logits, ["a", "b"], np.array([0, -1.5])) == ["a\tb", "b"]


@pytest.mark.parametrize("several", [False, True])
def test_macro_f1_is_scikit_learns(several):
    rng = np.random.default_rng(2)
    one, other = (
        (rng.random((30, 4)) < 0.4 if several else rng.integers(0, 4, 30)) for _ in range(2)
    )
    expected = f1_score(other, one, average="macro", zero_division=0)
    assert macro_f1(one, other, 4) == pytest.approx(expected)


def test_several_labels_are_learnt_scored_and_answered(run, call, tmp_path):
    scores = json.loads((run / "test.json").read_text())
    assert scores["micro_f1"] > 0.9
    assert scores["micro_f1"] > scores["baseline"]["micro_f1"] + 0.3
    assert [row["label"] for row in scores["classes"]] == sorted(TOPICS)
    code, out, _ = call("eval", run, "--predictions", tmp_path / "p.csv")
    assert code == 0
    assert "of all answers together (micro)" in out
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


def test_several_labels_are_put_together_as_no_training_sentence_has_them(tmp_path):
    """What the option is for: left out, each combination is a class of its own."""
    seen = [(text, labels) for text, labels in topical(900) if labels in {"law", "money", "sport"}]
    fresh = [(text, labels) for text, labels in topical(300, seed=1) if labels.count("|") == 1]
    data, small = write(tmp_path / "topics.csv", seen), options_text(epochs=12, learning_rate=0.01)
    found = {}
    for name, option in (("with", ["--multilabel"]), ("without", [])):
        done = textcnn("train", "--data", data, "--out", tmp_path / name, *option, *small)
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
    for option in ("--doctor", "--mistakes=3"):
        code, _, err = call("cv", "--resume", "cv", option)
        assert code == 2
        assert "is for sentences of one label each" in err


def test_damaged_thresholds_are_refused(run, tmp_path):
    path = tmp_path / "damaged.h5"
    shutil.copyfile(run / "checkpoints/best.h5", path)
    change(path, lambda kept: kept.arrays["thresholds"].__setitem__(0, 2.0))
    with pytest.raises(UserError, match="thresholds are no probabilities"):
        load_checkpoint(path)
