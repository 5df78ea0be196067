"""Scores, and what is needed to judge them."""

import dataclasses
import json

import numpy as np
import pytest
from sklearn import metrics

from tests.support.small_run import labelled_sentences
from textcnn.commands.screen.score_tables import scores_text
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.fingerprints import are_known, sentence_hashes
from textcnn.evaluation import scoring
from textcnn.evaluation.scores import Scores, score, wilson_interval
from textcnn.evaluation.scoring import Sample, held_out, read_as_before, score_sample
from textcnn.inference.classifier import Classifier
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.read_back import unseal
from textcnn.training.checkpoint import load_checkpoint


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)
    mirrored = wilson_interval(trials - successes, trials)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


def three_classes() -> Scores:
    """Classes a, b, c of 2, 1, 1 sentences; right, wrong, right, wrong."""
    probabilities = np.array(
        [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.25, 0.5, 0.25], [0.6, 0.2, 0.2]], np.float32
    )
    targets, counts = np.array([0, 0, 1, 2]), np.array([3, 9, 1])
    scores = score(probabilities, targets, ["a", "b", "c"], counts)
    return dataclasses.replace(scores, seen=2, rows_given=10, no_token=1, tokenizer="kim")


def test_scores_by_hand():
    scores = three_classes()
    assert (scores.count, scores.accuracy) == (4, 0.5)
    assert scores.interval == wilson_interval(2, 4)
    assert scores.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert (scores.baseline_label, scores.baseline) == ("b", 0.25)
    assert scores.log_loss == pytest.approx(-np.log([0.8, 0.2, 0.5, 0.2]).mean(), abs=1e-6)
    rows = [(row.label, row.precision, row.recall, row.count) for row in scores.classes]
    assert rows == [("a", 0.5, 0.5, 2), ("b", 0.5, 1.0, 1), ("c", 0.0, 0.0, 1)]
    assert [row.f1 for row in scores.classes] == pytest.approx([0.5, 2 / 3, 0])
    assert scores.seen == 2


def test_the_log_loss_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(5, 0.1), 60).astype(np.float32)
    probabilities[:3] = np.eye(5, dtype=np.float32)[0]
    targets, names = rng.integers(0, 5, 60), list("abcde")
    found = score(probabilities, targets, names, np.ones(5))
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    expected = metrics.log_loss(targets, exact, labels=np.arange(5))
    assert found.log_loss == pytest.approx(expected, rel=1e-12)


def test_the_log_loss_of_what_is_sure_and_right_is_zero_without_a_sign():
    found = score(np.eye(2, dtype=np.float32), np.array([0, 1]), list("ab"), np.ones(2))
    assert f"{found.log_loss:.4f}" == "0.0000"


def test_scores_of_several_labels_are_those_of_scikit_learn():
    rng, labels = np.random.default_rng(0), list("abcd")
    targets, shares = rng.random((60, 4)) < [0.2, 0.5, 0.3, 0.1], rng.random((60, 4))
    thresholds, counts = np.array([0.3, 0.5, 0.6, 0.8]), np.array([3, 9, 4, 1])
    found = score(shares.astype(np.float32), targets, labels, counts, thresholds)
    predictions, always = shares >= thresholds, np.tile(np.arange(4) == 1, (60, 1))
    assert found.accuracy == metrics.accuracy_score(targets, predictions)
    assert found.micro_f1 == pytest.approx(metrics.f1_score(targets, predictions, average="micro"))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(targets, predictions, average="macro"))
    assert found.baseline_label == "b"
    assert found.baseline == pytest.approx(metrics.f1_score(targets, always, average="micro"))
    losses = [metrics.log_loss(*column) for column in zip(targets.T, shares.T, strict=True)]
    assert found.log_loss == pytest.approx(np.mean(losses), rel=1e-6)


def test_of_very_many_labels_no_confusion_matrix_is_made(monkeypatch):
    monkeypatch.setattr("textcnn.evaluation.scores.MOST_CONFUSED", 2)
    scores = three_classes()
    assert scores.confusion is None
    assert scores.as_dict()["confusion"]["rows_are_true_labels"] is None
    assert scores_text(scores).count("\n\n") == 1


def test_the_summary_says_all_of_it():
    text = scores_text(three_classes())
    assert [line.split() for line in text.splitlines() if line.startswith("mean")] == [
        ["mean", "38.9", "%"]
    ]
    assert "accuracy  50.0 %  (95 % interval 15.0 % to 85.0 %, 4 of 10 rows)" in text
    assert "baseline  25.0 %  (always predicting b" in text
    assert "seen      2 of these 4 sentences were in the training part" in text
    rows = [line.split() for line in text.splitlines()[-3:]]
    assert rows == [["a", "1", "1", "0"], ["b", "0", "1", "0"], ["c", "1", "0", "0"]]


def test_the_scores_are_plain_values_for_json():
    values = json.loads(json.dumps(three_classes().as_dict()))
    assert values["seen_in_training"] == 2
    assert values["confusion"]["rows_are_true_labels"] == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert values["baseline"] == {"label": "b", "accuracy": 0.25}


def test_a_class_that_is_not_among_the_scored_sentences_is_no_error():
    probabilities = np.array([[1, 0, 0], [0.5, 0.5, 0]], np.float32)
    scores = score(probabilities, np.array([0, 1]), list("abc"), np.ones(3))
    assert np.isfinite(scores.log_loss)
    assert scores.classes[2].count == 0
    assert (scores.classes[2].recall, scores.classes[2].f1) == (None, None)
    # The mean of a's 2/3 and b's 0: nothing was to be found of c.
    assert scores.macro_f1 == pytest.approx(1 / 3)
    text = scores_text(dataclasses.replace(scores, rows_given=200))
    assert "2 of 200 rows" in text
    assert ["mean", "of", "2", "labels", "33.3", "%"] in [
        line.split() for line in text.splitlines()
    ]
    assert json.loads(json.dumps(scores.as_dict()))["classes"][2]["recall"] is None
    assert scores.seen == 0


def test_hashes_tell_apart_what_the_network_can():
    hashes = sentence_hashes([["a", "b"], ["a b"], ["a", "b"], [], ["é"]])
    assert hashes.dtype == np.uint64
    assert hashes[0] == hashes[2]
    assert len(set(hashes.tolist())) == 4
    assert sentence_hashes([]).shape == (0,)
    assert are_known(hashes, hashes[:1]).sum() == 2
    assert not are_known(hashes, hashes[:0]).any()
    assert are_known(hashes, hashes).tolist() == [True, True, True, False, True]


@pytest.fixture(scope="module")
def classifier(trained_run) -> Classifier:
    return Classifier.load(trained_run / "checkpoints" / "best.h5")


def read_back(reviews, **options) -> LabelledTexts:
    from textcnn.data.datasets.readers import read_labelled
    from textcnn.recipe.config import Config

    return read_labelled([str(reviews)], Config(**options))


def test_a_run_is_scored_on_sentences_it_was_not_trained_on(classifier, reviews, trained_run):
    sample = held_out(classifier.checkpoint, read_back(reviews))
    assert len(sample.texts) == 12
    scores = score_sample(classifier, sample).scores
    assert scores.seen == 0
    assert scores.as_dict() == unseal(json.loads((trained_run / "test.json").read_text()))
    rows = json.loads((trained_run / "split.json").read_text())["test"]
    assert sample.texts == [labelled_sentences().texts[row] for row in rows]
    assert (sample.rows - 1).tolist() == rows
    assert sample.rows_given == len(labelled_sentences())


def test_sentences_of_the_training_are_counted_however_they_are_spelt(classifier, trained_run):
    corpus = labelled_sentences()
    rows = json.loads((trained_run / "split.json").read_text())["train"][:5]
    texts = [f"  {corpus.texts[row].upper()} ... " for row in rows] + ["something quite new"]
    labels = [corpus.labels[row] for row in rows] + ["good"]
    scores = score_sample(classifier, Sample.whole(LabelledTexts(texts, labels, ""))).scores
    assert scores.seen == 5


def test_a_few_sentences_at_a_time_have_the_same_scores(classifier, monkeypatch):
    sample = Sample.whole(labelled_sentences())
    whole = score_sample(classifier, sample)
    alone = classifier.expert_logits(sample.texts)
    right = {name: (one.argmax(axis=1) == whole.targets).mean() for name, one in alone.items()}
    assert whole.scores.experts == pytest.approx(right)
    monkeypatch.setattr(scoring, "LOGITS_AT_ONCE", 14)  # 7 sentences of 2 labels.
    parts = score_sample(classifier, sample)
    np.testing.assert_array_equal(parts.probabilities, whole.probabilities)
    assert parts.scores.as_dict() == whole.scores.as_dict()


def test_sentences_that_cannot_be_read_are_counted_and_said(classifier):
    corpus = LabelledTexts(["a fine film", "好看", "难看"], ["good", "good", "bad"], "")
    scores = score_sample(classifier, Sample.whole(corpus)).scores
    assert scores.as_dict()["without_token"] == 2
    assert scores.seen == 0
    text = scores_text(scores)
    assert "no token: 2 of 3 sentences have none by --tokenizer kim" in text
    assert "--tokenizer unicode" in text


def test_other_data_is_read_as_the_runs_own(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_bytes("review,kind\nsch\xf6n,good\n".encode("latin-1"))
    config = Config(data=("x",), text_column="review", label_column="kind", encoding="latin-1")
    corpus = read_as_before(config, ["good"], {"data": (str(path),)}, lambda line: None)
    assert (corpus.texts, corpus.labels) == (["sch\xf6n"], ["good"])
    turned = {"data": (str(path),), "text_column": "kind", "label_column": "review"}
    assert read_as_before(config, ["good"], turned, lambda line: None).texts == ["good"]
    path.write_bytes(b"review,kind\nfine,GOOD\n")
    merging = dataclasses.replace(config, merge_labels=True)
    corpus = read_as_before(merging, ["Good"], {"data": (str(path),)}, lambda line: None)
    assert corpus.labels == ["Good"]


def test_data_that_changed_has_no_known_test_part(classifier, reviews):
    corpus = read_back(reviews)
    changed = LabelledTexts([*corpus.texts[:-1], "another"], corpus.labels, "elsewhere")
    with pytest.raises(UserError, match=r"elsewhere.*is not what the run was given.*--data"):
        held_out(classifier.checkpoint, changed)


def test_a_label_the_checkpoint_does_not_know_is_named(classifier):
    with pytest.raises(UserError, match=r"label 'awful' \(2 sentences\).*: bad, good"):
        score_sample(
            classifier,
            Sample.whole(LabelledTexts(["a", "b", "c"], ["awful", "good", "awful"], "")),
        )


@pytest.mark.parametrize(("cell", "shown"), [("good|bad", "bad, good"), ("", "none")])
def test_sentences_of_several_labels_are_refused_by_a_network_of_one(
    call, trained_run, tmp_path, cell, shown
):
    (tmp_path / "t.csv").write_text(f"text,label\na fine film,good\na film,{cell}\n")
    code, _, err = call("eval", trained_run, "--data", "t.csv", "--multilabel")
    assert code == 2
    assert f"1 of 2 sentences have several labels or none ({shown}), and the checkpoint" in err


def test_the_checkpoint_counts_the_labels_of_its_training_part(trained_run):
    checkpoint = load_checkpoint(trained_run / "checkpoints" / "best.h5")
    assert checkpoint.label_counts.tolist() == [54, 54]  # train and dev
    assert len(checkpoint.train_hashes) == 108


def test_of_many_labels_the_commonest_confusions_are_shown():
    labels = [f"label{number}" for number in range(14)]
    classes = np.array([0, 0, 0, 1, 5])
    probabilities = np.eye(14, dtype=np.float32)[[3, 3, 0, 2, 5]] * 0.5 + 0.5 / 14
    text = scores_text(score(probabilities, classes, labels, np.ones(14)))
    table = text[text.index("true ") :].splitlines()
    assert [line.split() for line in table[1:]] == [
        ["label0", "label3", "2"],
        ["label1", "label2", "1"],
    ]
