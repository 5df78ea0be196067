"""Unequal labels: ``--class-weight``, ``--best-by macro-f1``, weights of single sentences."""

import dataclasses
import json

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from tests.support.processes import textcnn
from tests.support.small_run import labelled_sentences, options_text, run, small_config, state_bytes
from tests.support.unequal_labels import unequal
from textcnn.core.progress import Evaluation, Progress
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.class_weights import balanced_weights, example_weights, with_mean_one
from textcnn.support.errors import UserError
from textcnn.training.experiment import new_experiment


def test_balanced_weights_are_scikit_learns():
    classes = np.random.default_rng(0).choice(4, 50, p=[0.7, 0.2, 0.06, 0.04])
    expected = compute_class_weight("balanced", classes=np.unique(classes), y=classes)
    np.testing.assert_allclose(balanced_weights(classes, 4)[np.unique(classes)], expected)
    assert balanced_weights(np.array([0, 0, 2]), 3).tolist() == [0.75, 0, 1.5]


def test_balanced_weights_of_several_labels_weigh_absence_and_presence():
    members = np.array([[True, False], [True, False], [True, False], [False, False]])
    np.testing.assert_allclose(balanced_weights(members, 2), [[2, 2 / 3], [0.5, 0]])
    found = example_weights(members, balanced_weights(members, 2), np.array([1, 1, 1, 2]))
    assert found is not None
    np.testing.assert_allclose(found, [[2 / 3, 0.5]] * 3 + [[4, 1]])


def test_without_weights_there_are_none():
    assert example_weights(np.array([0, 1]), None, None) is None


@pytest.mark.parametrize("bad", [[-1.0, 2], [np.nan, 1], [0, 0]])
def test_impossible_weights_are_refused(bad):
    with pytest.raises(UserError, match="sample_weight"):
        with_mean_one(np.array(bad), np.arange(2))


def test_only_the_proportions_of_weights_matter():
    def trained(weights: np.ndarray) -> dict[str, bytes]:
        config = small_config(epochs=1)
        data = TokenizedData.prepare(labelled_sentences(), config, weights=weights)
        experiment = new_experiment(config, data, lambda line: None)
        run(experiment)
        return state_bytes(experiment)

    weights = np.random.default_rng(0).integers(1, 4, 120).astype(float)
    assert trained(weights) == trained(4 * weights)
    assert trained(weights) != trained(np.ones(120))


def test_a_sentence_without_weight_is_as_if_it_had_another_label():
    """Its label reaches nothing but its own loss here, as nothing is counted."""
    corpus = labelled_sentences()
    config = small_config(ngrams=0)
    first = int(TokenizedData.prepare(corpus, config).split.train[0])
    other = LabelledTexts(corpus.texts, list(corpus.labels), corpus.source)
    other.labels[first] = {"bad": "good", "good": "bad"}[corpus.labels[first]]
    weights = np.ones(120)
    weights[first] = 0
    states = []
    for labels in (corpus, other):
        data = TokenizedData.prepare(corpus, config, weights=weights)
        data = dataclasses.replace(data, labels=labels.labels)
        experiment = new_experiment(config, data, lambda line: None)
        run(experiment)
        states.append(experiment.trainer.network.parameters)
    for name, array in states[0].items():
        np.testing.assert_array_equal(array, states[1][name])


def test_the_best_evaluation_by_macro_f1():
    progress = Progress()
    logits = np.zeros((1, 2), np.float32)
    looks = [(0.9, 0.5, 0.3), (0.8, 0.6, 0.4), (0.95, 0.6, 0.5)]
    best = [
        progress.add(Evaluation(step, step, 1.0, 0.5, loss, accuracy, f1), logits, "macro-f1")
        for step, (accuracy, f1, loss) in enumerate(looks, start=1)
    ]
    assert best == [True, True, False]
    assert progress.best_step == 2


@pytest.mark.slow
def test_balanced_weights_find_more_of_the_rare_label(tmp_path):
    """Left out, the network predicts the frequent label nearly always."""
    rows = unequal(1200, seed=0)
    data = tmp_path / "alarms.csv"
    lines = (f"{text},{label}\n" for text, label in zip(rows.texts, rows.labels, strict=True))
    data.write_text("text,label\n" + "".join(lines))
    found = {}
    for name, options in (
        ("without", []),
        ("with", ["--class-weight", "balanced", "--best-by", "macro-f1"]),
    ):
        small = options_text(epochs=8, test_share=0.4, learning_rate=0.003)
        done = textcnn("train", "--data", data, "--out", tmp_path / name, *options, *small)
        assert done.returncode == 0, done.stderr.decode()
        found[name] = json.loads((tmp_path / name / "test.json").read_text())
    recall = {name: scores["classes"][0]["recall"] for name, scores in found.items()}
    assert recall["with"] > recall["without"] + 0.2
    assert found["with"]["macro_f1"] > found["without"]["macro_f1"] + 0.05
