"""``TextCNNClassifier``: the command line's network, with scikit-learn's manners."""

import copy
import dataclasses
import doctest
import inspect
import itertools
import json
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.utils.class_weight import compute_sample_weight

import textcnn
from tests.support.changed_checkpoints import change
from tests.support.small_run import (
    SMALL,
    labelled_sentences,
    options_text,
    parameter_bytes,
    small_config,
    write_csv,
)
from textcnn import TextCNNClassifier
from textcnn.core.progress import Evaluation
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.splits import Split
from textcnn.data.labels import kind_of, values_of
from textcnn.data.tokenized_data import TokenizedData
from textcnn.estimator import classifier as estimator
from textcnn.estimator.checking import in_python
from textcnn.estimator.options import OF_FILES
from textcnn.inference.classifier import Classifier
from textcnn.recipe.config import Config
from textcnn.support.errors import RunError, UserError
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.experiment import new_experiment

CORPUS = labelled_sentences()
TEXTS, LABELS = CORPUS.texts, CORPUS.labels
OTHERS = labelled_sentences(60, seed=1)
BEST = ("checkpoints", "best.h5")


def small(**parameters: Any) -> TextCNNClassifier:
    """An estimator of a network small enough for a test."""
    return TextCNNClassifier(**{**SMALL, **parameters})


@pytest.fixture(scope="module")
def fitted() -> TextCNNClassifier:
    """Trained on strings; not to be changed."""
    return small().fit(TEXTS, LABELS)


def state(classifier: TextCNNClassifier) -> dict[str, bytes]:
    """What it has learnt, as bytes."""
    return parameter_bytes(classifier.checkpoint_.networks[0])


def as_labels(values: tuple[Any, Any]) -> list[Any]:
    """The sentences' labels in other words."""
    return [values[label == "good"] for label in LABELS]


def indicators(columns: int) -> np.ndarray:
    """(N, C): a column for each label, one that the length decides, and empty ones."""
    y = np.zeros((len(TEXTS), columns), np.int64)
    y[:, 0] = np.array(LABELS) == "bad"
    y[:, 1] = np.array(LABELS) == "good"
    y[:, 2] = [len(text) > 35 for text in TEXTS]
    return y


# The parameters


def test_parameters_are_the_options_of_training_with_their_defaults():
    options = {field.name: field.default for field in dataclasses.fields(Config)}
    signature = inspect.signature(TextCNNClassifier).parameters
    parameters = {name: parameter.default for name, parameter in signature.items()}
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in signature.values())
    assert parameters.pop("warm_start") is False
    assert parameters.pop("verbose") == 0
    assert parameters.pop("random_state") == options.pop("seed")
    assert parameters.pop("class_weight") is None
    assert options.pop("class_weight") == "none"
    assert parameters == {name: value for name, value in options.items() if name not in OF_FILES}
    order = [name for name in options if name in parameters]
    assert list(parameters) == order


def test_the_package_has_no_other_name():
    assert textcnn.TextCNNClassifier.__name__ == "TextCNNClassifier"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = textcnn.nothing


def test_the_examples_in_the_documentation_hold():
    failed, tried = doctest.testmod(estimator)
    assert (failed, tried) == (0, 5)


def test_numbers_of_numpy_and_paths_are_as_good_as_pythons(tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("fine 1 2 3\ndull -1 -2 -3\n")
    plain = small(dropout=0.25, filter_sizes=[2, 3], vectors=str(vectors), batch_size=10)
    numpys = small(
        dropout=np.float32(0.25),
        filter_sizes=np.array([2, 3]),
        vectors=vectors,
        batch_size=np.int64(10),
        random_state=np.int32(0),
    )
    assert state(plain.fit(TEXTS, LABELS)) == state(numpys.fit(TEXTS, LABELS))
    assert plain.checkpoint_.config.embedding_dim == 3


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"dropout": 1}, r"^TextCNNClassifier: dropout 1.0: must be below 1$"),
        ({"batch_size": "many"}, "batch_size must be a whole number, not 'many'"),
        ({"num_filters": 4.5}, "num_filters must be a whole number"),
        ({"num_filters": None}, "num_filters must be a whole number, not None"),
        ({"filter_sizes": ()}, "filter_sizes needs at least one value"),
        ({"filter_sizes": (3, 3)}, "filter_sizes: each height once"),
        ({"tokenizer": "words"}, "tokenizer words: choose from auto, kim"),
        ({"tokenizer": "custom"}, r"give it to TextCNNClassifier\(tokenizer=\.\.\.\)"),
        ({"mode": "static"}, "mode static needs vectors"),
        ({"vectors": "./none.txt"}, "no such file"),
        ({"vectors_text": "text.txt"}, "vectors_text is for vectors train"),
        ({"random_state": -1}, "random_state -1: must be at least 0"),
        ({"random_state": "x"}, "cannot be used to seed"),
        ({"network_seed": -1}, "network_seed -1"),
        ({"class_weight": "none"}, "class_weight 'none': choose from None, 'balanced' or a dict"),
        ({"class_weight": {"bad": "much"}}, "class_weight: 'bad' counts 'much'; give a number"),
        ({"class_weight": {"bad": -1}}, "give a number from 0 up"),
        ({"class_weight": {"bad": 0, "good": 0}}, "class_weight: every class counts 0"),
        (
            {"tokenizer": str.split, "vectors": "train", "vectors_text": "text.txt"},
            "vectors_text can be read with tokenizers given by their name only",
        ),
    ],
)
def test_a_parameter_that_cannot_be_is_named_as_it_is_written_in_python(parameters, words):
    with pytest.raises(ValueError, match=words) as error:
        small(**parameters).fit(TEXTS, LABELS)
    assert "--" not in str(error.value)


def test_complaints_are_errors_of_both_worlds():
    with pytest.raises(UserError, match="dropout"):
        small(dropout=2).fit(TEXTS, LABELS)


def test_flags_become_parameters():
    assert in_python("--batch-size 0 and --seed 1, well-known") == (
        "batch_size 0 and random_state 1, well-known"
    )


def test_training_that_diverges_is_no_fault_of_the_input():
    with pytest.raises(RunError, match=r"try a lower learning_rate or clip_norm$"):
        small(learning_rate=1e30).fit(TEXTS, LABELS)


# What is given


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ("a fine film", "Iterable over raw text documents expected, string object received"),
        ([], r"Found array with 0 sample\(s\)"),
        (None, "Expected a sequence of texts, got NoneType"),
        ({"a": 1}, "Expected a sequence of texts, got dict"),
        ([1.5, "a"], r"X\[0\] is 1.5, of type float, not a str"),
        (["a", None], r"X\[1\] is None"),
        (["a", float("nan")], r"X\[1\] is nan"),
        ([b"a"], r"X\[0\] is b'a', of type bytes"),
        (np.ma.array(["a", "b"], mask=[0, 1]), "X has masked entries"),
        (np.array([["a"], ["b"]]), "Expected a 1D array of texts, got an array of shape"),
        (np.array([1 + 2j]), r"X\[0\] is \(1\+2j\)"),
        (csr_array(np.eye(3)), "Expected a 1D array of texts"),
    ],
)
def test_what_is_no_sequence_of_text_is_refused_everywhere(fitted, X, words):
    with pytest.raises(ValueError, match=words):
        small().fit(X, ["good", "bad"])
    for method in (fitted.predict, fitted.predict_proba, fitted.decision_function):
        with pytest.raises(ValueError, match=words):
            method(X)
    with pytest.raises(ValueError, match=words):
        fitted.transform(X)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (LABELS[:-1], "inconsistent numbers of samples"),
        (["good"] * 120, "needs samples of at least 2 classes .* only one class: 'good'"),
        ([0.5] * 60 + [1.5] * 60, "Unknown label type: continuous"),
        ([1.0, float("nan")] * 60, "Input y contains NaN"),
        ([1, None] * 60, r"y\[1\] is None"),
        (["a", None] * 60, r"y\[1\] is None"),
        (["a", 1] * 60, r"y\[1\] is 1"),
        ([["good"], ["good", "bad"]] * 60, "MultiLabelBinarizer"),
        ([{"good"}, {"good", "bad"}] * 60, "MultiLabelBinarizer"),
        ([[1, 2], [2, 3]] * 60, "multiclass-multioutput.*MultiLabelBinarizer"),
        (["a", "b\tc"] * 60, r"the label 'b\\tc' holds a control character"),
        (["a", "b\0c"] * 60, "holds a control character"),
        (["a", "\ud800"] * 60, "holds a control character"),
        (["a"] * 119 + ["b"], "label b has 1 different sentence"),
        (dict(zip(TEXTS, LABELS, strict=True)), "Expected a sequence of labels as y, got dict"),
        ({*LABELS}, "Expected a sequence of labels as y, got set"),
        (np.ma.array(LABELS, mask=[1] + [0] * 119), "y has masked entries"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(y, words):
    with pytest.raises(ValueError, match=words):
        small().fit(TEXTS, y)


def test_labels_in_a_column_are_taken_with_scikit_learns_warning():
    with pytest.warns(DataConversionWarning):
        classifier = small().fit(TEXTS, np.array(LABELS)[:, None])
    assert classifier.predict(TEXTS[:3]).shape == (3,)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.ones(119), r"sample_weight.shape == \(119,\), expected \(120,\)!"),
        (np.ones((120, 2)), "Sample weights must be 1D array or scalar, got 2D array"),
        (np.zeros(120), "Sample weights must contain at least one non-zero number"),
        (-np.ones(120), "sample_weight must be finite numbers, none below 0"),
        (np.full(120, np.nan), "sample_weight must be finite numbers"),
        (np.ma.array(np.ones(120), mask=[1] + [0] * 119), "sample_weight has masked entries"),
    ],
)
def test_weights_that_weigh_nothing_are_refused(weights, words):
    for method in (small().fit, lambda *given: small().partial_fit(*given[:2], LABELS, given[2])):
        with pytest.raises(ValueError, match=words):
            method(TEXTS, LABELS, weights)


def test_sequences_of_all_kinds_give_the_same_network(fitted):
    pandas = pytest.importorskip("pandas")
    index = np.arange(len(TEXTS)) + 5
    readonly = np.array(TEXTS)
    readonly.flags.writeable = False
    for X, y in [
        (tuple(TEXTS), tuple(LABELS)),
        (readonly, np.array(LABELS)),
        (np.array(TEXTS, dtype=object), np.array(LABELS, dtype=object)),
        (pandas.Series(TEXTS, index=index), pandas.Series(LABELS, index=index)),
        (pandas.Series(TEXTS), pandas.Series(LABELS).astype("category")),
    ]:
        given = copy.deepcopy((X, y))
        again = small().fit(X, y)
        assert state(again) == state(fitted)
        assert again.predict(X).tolist() == fitted.predict(TEXTS).tolist()
        assert np.array_equal(X, given[0])
        assert np.array_equal(y, given[1])
    with pytest.raises(ValueError, match=r"X\[1\] is nan"):
        fitted.predict(pandas.Series(["a", None]))


# Training


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"ensemble": 2, "optimizer": "adadelta", "seed": 3, "max_tokens": 5}, []),
        ({"refit": False, "class_weight": "balanced", "averaging": 0}, ["--no-refit"]),
        ({"vectors": "train", "mode": "multichannel", "ngrams": 0, "tokenizer": "unicode"}, []),
    ],
)
def test_the_same_options_give_the_command_lines_network(call, capsys, reviews, options, words):
    given = {name: value for name, value in options.items() if name != "refit"}
    words = ["--test-share", 0, "--out", "run", *options_text(**given), *words]
    code, _, errors = call("train", "--data", reviews, *words)
    assert code == 0, errors
    renamed = {"random_state" if name == "seed" else name: options[name] for name in options}
    here, there = small(verbose=1, **renamed).fit(TEXTS, LABELS), Classifier.load("run")
    assert here.predict_proba(TEXTS).tobytes() == there.predict_proba(TEXTS).tobytes()
    assert state(here) == parameter_bytes(there.checkpoint.networks[0])
    assert here.checkpoint_.fingerprint == there.checkpoint.fingerprint
    assert here.predict(OTHERS.texts).tolist() == there.predict(OTHERS.texts)
    # And say the same while they are trained.
    out, err = capsys.readouterr()
    evaluations = [line for line in errors.splitlines() if "train loss" in line]
    assert [line for line in out.splitlines() if "train loss" in line] == evaluations
    assert len(evaluations) == len(here.history_)
    assert err == ""


@pytest.mark.parametrize(("zero", "one"), [(-1, 1), (0, 2), (0, 255)])
def test_a_matrix_of_other_numbers_than_0_and_1_is_refused(zero, one):
    with pytest.raises(ValueError, match="y holds other numbers than 0 and 1"):
        small().fit(TEXTS, np.where(indicators(3), one, zero))


def test_so_do_several_labels_a_sentence(call, tmp_path):
    y = indicators(3)
    names = ["|".join(str(column) for column in np.flatnonzero(row)) for row in y]
    path = write_csv(tmp_path / "several.csv", LabelledTexts(TEXTS, names, ""))
    words = ["--multilabel", "--test-share", 0, "--out", "run"]
    code, _, errors = call("train", "--data", path, *words, *options_text())
    assert code == 0, errors
    here, there = small().fit(TEXTS, y), Classifier.load("run")
    assert here.predict_proba(TEXTS).tobytes() == there.predict_proba(TEXTS).tobytes()
    assert np.array_equal(here.checkpoint_.thresholds, there.checkpoint.thresholds)


def test_a_second_fit_goes_on_as_init_from_does(call, reviews, tmp_path):
    classifier = small(warm_start=True).fit(TEXTS, LABELS)
    classifier.save(tmp_path / "first.h5")
    labels = ["fair" if number % 3 == 0 else label for number, label in enumerate(OTHERS.labels)]
    path = write_csv(tmp_path / "more.csv", LabelledTexts(OTHERS.texts, labels, ""))
    # Options that the network has decided may be left out there.
    words = ["--batch-size", 16, "--epochs", 3, "--test-share", 0, "--out", "run"]
    code, _, errors = call("train", "--data", path, "--init-from", tmp_path / "first.h5", *words)
    assert code == 0, errors
    classifier.fit(OTHERS.texts, labels)
    there = Classifier.load("run")
    assert classifier.predict_proba(TEXTS).tobytes() == there.predict_proba(TEXTS).tobytes()
    assert classifier.classes_.tolist() == ["bad", "fair", "good"]
    assert len(classifier.checkpoint_.train_hashes) == len({*TEXTS, *OTHERS.texts})


def test_going_on_needs_something_new_and_a_network_of_the_same_kind(tmp_path):
    classifier = small(warm_start=True).fit(TEXTS, LABELS)
    before = state(classifier)
    with pytest.raises(
        ValueError, match="trained on all of these sentences; add new ones, or call"
    ):
        classifier.fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="num_filters 5: the network to go on from has 4"):
        classifier.set_params(num_filters=5).fit(OTHERS.texts, OTHERS.labels)
    classifier.set_params(num_filters=4)
    with pytest.raises(ValueError, match="labels of type int, the network's are str"):
        classifier.fit(TEXTS, as_labels((0, 1)))
    with pytest.raises(ValueError, match="cannot go on with several"):
        classifier.fit(TEXTS, indicators(3))
    assert state(classifier) == before
    classifier.set_params(warm_start=False).fit(TEXTS, as_labels((0, 1)))
    assert classifier.classes_.tolist() == [0, 1]
    ensemble = small(ensemble=2, warm_start=True).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="an ensemble cannot be trained on"):
        ensemble.fit(OTHERS.texts, OTHERS.labels)
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("fine 1 2 3\n")
    with pytest.raises(
        ValueError, match="vectors have 3 dimensions, the network to go on from has 8"
    ):
        classifier.set_params(warm_start=True, vectors=vectors).fit(OTHERS.texts, [0, 1] * 30)


def test_vectors_that_were_trained_first_are_not_trained_again():
    classifier = small(vectors="train", mode="static", warm_start=True).fit(TEXTS, LABELS)
    known = classifier.checkpoint_.networks[0]["embedding/static"]
    classifier.fit(OTHERS.texts, OTHERS.labels)
    assert np.array_equal(
        classifier.checkpoint_.networks[0]["embedding/static"][: len(known)], known
    )
    assert classifier.partial_fit(["words never met"], ["good"]).predict(["never"]).shape == (1,)


def test_the_random_state_decides_everything(fitted):
    np.random.seed(5)
    before = np.random.get_state()[1].tobytes()
    assert state(small().fit(TEXTS, LABELS)) == state(fitted)
    assert state(small(random_state=np.random.RandomState(1)).fit(TEXTS, LABELS)) == state(
        small(random_state=np.random.RandomState(1)).fit(TEXTS, LABELS)
    )
    assert np.random.get_state()[1].tobytes() == before
    assert state(small(random_state=1).fit(TEXTS, LABELS)) != state(fitted)
    # None is NumPy's own generator, as everywhere in scikit-learn.
    np.random.seed(5)
    first, second = (small(random_state=None).fit(TEXTS, LABELS) for _ in range(2))
    assert state(first) != state(second)
    np.random.seed(5)
    assert state(small(random_state=None).fit(TEXTS, LABELS)) == state(first)


def test_history_says_how_training_went(fitted):
    assert [row["epoch"] for row in fitted.history_] == [1, 2, 3]
    assert set(fitted.history_[0]) == {field.name for field in dataclasses.fields(Evaluation)}
    assert fitted.n_iter_ == 3
    stopped = small(epochs=50, patience=1, learning_rate=0.5).fit(TEXTS, LABELS)
    assert stopped.n_iter_ == len(stopped.history_) < 50
    both = small(ensemble=2, epochs=1).fit(TEXTS, LABELS)
    assert [row["network"] for row in both.history_] == [1, 2]


def test_nothing_is_said_unless_it_is_asked_for(capsys):
    small().fit(TEXTS, LABELS)
    assert capsys.readouterr() == ("", "")
    small(verbose=1).partial_fit(TEXTS, LABELS, classes=["bad", "good"])
    line = capsys.readouterr().out
    assert line.startswith("epoch  1.00  step      8  train loss")
    assert "dev" not in line


def test_an_explanation_adds_up_and_shows_itself(fitted):
    explanation = fitted.explain("a lovely <b>film</b>")
    total = explanation.bias + sum(term.values for term in explanation.terms)
    np.testing.assert_allclose(total, explanation.logits, atol=1e-5)
    (predicted,) = explanation.predicted
    assert explanation.labels[predicted] == fitted.predict(["a lovely <b>film</b>"])[0]
    assert "lovely" in str(explanation)
    shown = explanation._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!DOCTYPE html')
    assert "<b>" not in shown
    with pytest.raises(ValueError, match="not a str"):
        fitted.explain(["a film"])
    with pytest.raises(NotFittedError):
        small().explain("a film")


def test_an_explanation_is_of_the_prediction_whatever_the_parameters_are_by_now():
    classifier = small(tokenizer=str.split).fit(TEXTS, LABELS)
    before = classifier.explain("a lovely-film , witty")
    for tokenizer in ("kim", list):
        after = classifier.set_params(tokenizer=tokenizer).explain("a lovely-film , witty")
        assert after.tokens == before.tokens
        np.testing.assert_array_equal(after.logits, before.logits)


# Weights


def test_only_the_proportions_of_weights_matter(fitted):
    ones = small().fit(TEXTS, LABELS, np.ones(120))
    assert state(ones) == state(fitted)
    weights = np.where(np.array(LABELS) == "good", 3.0, 1.0)
    weighted = small().fit(TEXTS, LABELS, sample_weight=weights)
    assert state(weighted) != state(fitted)
    assert state(small().fit(TEXTS, LABELS, list(4 * weights))) == state(weighted)
    as_good = weighted.predict_proba(["a plot"])[0, 1]
    assert as_good > fitted.predict_proba(["a plot"])[0, 1]


def test_class_weights_are_sample_weights():
    y = as_labels(("rare", "usual"))
    y[:90] = ["usual"] * 90
    of_class = {"rare": 4.0, "usual": 0.5}
    by_class = small(class_weight=of_class).fit(TEXTS, y)
    by_sentence = small().fit(TEXTS, y, compute_sample_weight(of_class, y))
    assert state(by_class) == state(by_sentence)
    # One that is left out counts 1; those of sentences come on top.
    part = small(class_weight={"rare": 4.0}).fit(TEXTS, y, np.full(120, 2.0))
    assert state(part) == state(small(class_weight={"rare": 8.0, "usual": 2.0}).fit(TEXTS, y))
    balanced = small(class_weight="balanced").fit(TEXTS, y)
    assert balanced.checkpoint_.config.class_weight == "balanced"
    assert state(balanced) != state(small().fit(TEXTS, y))
    with pytest.raises(ValueError, match="a dict is for one label a sentence"):
        small(class_weight={0: 2}).fit(TEXTS, indicators(3))


# Predictions


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("bad", "good"), "str"),
        ((2, 10), "int"),
        ((-1, 1), "int"),
        ((False, True), "bool"),
        ((0.0, 1.0), "float"),
    ],
)
def test_classes_keep_their_type_and_order(tmp_path, values, kind):
    y = as_labels(values)
    classifier = small().fit(TEXTS, y)
    assert classifier.classes_.tolist() == sorted(values)
    assert type(classifier.classes_.tolist()[0]) is type(values[0])
    assert classifier.predict(TEXTS).tolist() == y
    assert classifier.predict(TEXTS).dtype == classifier.classes_.dtype
    classifier.save(tmp_path / "checkpoint.h5")
    assert load_checkpoint(tmp_path / "checkpoint.h5").label_kind == kind
    for again in (
        TextCNNClassifier.load(tmp_path / "checkpoint.h5"),
        pickle.loads(pickle.dumps(classifier)),  # noqa: S301
    ):
        assert again.classes_.dtype == classifier.classes_.dtype
        assert again.classes_.tolist() == classifier.classes_.tolist()
        assert again.predict(TEXTS).tolist() == y
        assert again.predict_proba(TEXTS).tobytes() == classifier.predict_proba(TEXTS).tobytes()
        assert state(again.partial_fit(TEXTS, y)) == state(
            copy.deepcopy(classifier).partial_fit(TEXTS, y)
        )


def test_probabilities_decisions_and_predictions_agree():
    classifier = small().fit(TEXTS, LABELS)
    probabilities, decisions = classifier.predict_proba(TEXTS), classifier.decision_function(TEXTS)
    assert probabilities.shape == (120, 2)
    assert decisions.shape == (120,)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.allclose(probabilities[:, 1], 1 / (1 + np.exp(-decisions)), atol=1e-6)
    predictions = classifier.predict(TEXTS)
    assert np.array_equal(predictions, classifier.classes_[(decisions > 0).astype(int)])
    assert classifier.score(TEXTS, LABELS) == np.mean(predictions == np.array(LABELS))
    three = small().fit(TEXTS, [number % 3 for number in range(120)])
    assert three.decision_function(TEXTS).shape == (120, 3)
    assert np.array_equal(three.decision_function(TEXTS).argmax(axis=1), three.predict(TEXTS))


def test_a_sentence_is_classified_alike_alone_and_in_company():
    classifier = small(ensemble=2).fit(TEXTS, LABELS)
    order = np.random.default_rng(0).permutation(120)
    for method in ("predict_proba", "decision_function", "transform"):
        together = getattr(classifier, method)(TEXTS)
        alone = np.concatenate([getattr(classifier, method)([text]) for text in TEXTS])
        shuffled = getattr(classifier, method)([TEXTS[row] for row in order])
        many = getattr(classifier, method)(TEXTS * 20)
        assert alone.tobytes() == together.tobytes()
        assert shuffled.tobytes() == together[order].tobytes()
        assert many.tobytes() == np.concatenate([together] * 20).tobytes()


def test_features_are_what_the_dense_layer_reads():
    classifier = small(ngrams=0, filter_sizes=(2, 4)).fit(TEXTS, LABELS)
    features, parameters = classifier.transform([*TEXTS, ""]), classifier.checkpoint_.networks[0]
    assert features.shape == (121, 8)
    assert features.dtype == np.float32
    assert features.min() == 0
    logits = features @ parameters["dense/weights"].T + parameters["dense/bias"]
    fusion = classifier.checkpoint_.fusion
    logits = fusion.weights[0] * logits + fusion.bias
    decisions = classifier.decision_function([*TEXTS, ""])
    assert np.allclose(logits[:, 1] - logits[:, 0], decisions, atol=1e-4)
    names = classifier.get_feature_names_out()
    assert names[[0, 7]].tolist() == ["height2_filter0", "height4_filter3"]
    both = small(ngrams=0, filter_sizes=(2, 4), ensemble=2).fit(TEXTS, LABELS)
    assert both.transform(TEXTS).shape == (120, 16)
    assert both.get_feature_names_out()[8] == "network2_height2_filter0"


def test_several_labels_a_sentence():
    y = indicators(12)
    classifier = small(epochs=12, learning_rate=0.02).fit(TEXTS, y)
    assert classifier.classes_.tolist() == list(range(12))
    predictions, probabilities = classifier.predict(TEXTS), classifier.predict_proba(TEXTS)
    assert predictions.shape == probabilities.shape == y.shape
    assert predictions.dtype == y.dtype
    assert (predictions[:, :2] == y[:, :2]).mean() > 0.95
    # Columns are in the order of their numbers, not of their names, in which 10 goes before 2.
    assert not predictions[:, 3:].any()
    assert probabilities[:, 3:].max() < 0.5
    assert classifier.decision_function(TEXTS).shape == y.shape
    assert classifier.score(TEXTS, y) == (predictions == y).all(axis=1).mean()
    rows = [y, y.tolist(), csr_array(y), y.astype(float)]
    assert (
        len({small(epochs=1).fit(TEXTS, same).predict_proba(TEXTS).tobytes() for same in rows}) == 1
    )
    with pytest.raises(ValueError, match="y has 3 columns, but there are 12 classes"):
        classifier.partial_fit(TEXTS, indicators(3))


def test_threads_may_ask_at_once():
    classifier = pickle.loads(pickle.dumps(small().fit(TEXTS, LABELS)))  # noqa: S301
    parts = [TEXTS[start : start + 10] for start in range(0, 120, 10)] * 4
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(classifier.predict_proba, parts))
    assert np.concatenate(found[:12]).tobytes() == classifier.predict_proba(TEXTS).tobytes()


def test_nothing_is_classified_before_training(tmp_path):
    classifier = small()
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        with pytest.raises(
            NotFittedError, match="This TextCNNClassifier instance is not fitted yet"
        ):
            getattr(classifier, method)(TEXTS)
    with pytest.raises(NotFittedError):
        classifier.save(tmp_path / "nothing.h5")
    with pytest.raises(NotFittedError):
        classifier.get_feature_names_out()


# Bit by bit


def two_epochs(optimizer: str, y: list[str]) -> dict[str, bytes]:
    """The parameters after two epochs in one go."""
    config = small_config(optimizer=optimizer, averaging=0, test_share=0)
    data = TokenizedData.undivided(Corpora(LabelledTexts(TEXTS, y, "")), config)
    nothing = np.arange(0)
    data = dataclasses.replace(data, split=Split(np.arange(120), nothing, nothing))
    experiment = new_experiment(config, data, lambda line: None, epochs=2.0)
    experiment.train_to_end(lambda event: None)
    return parameter_bytes(experiment.checkpoint().networks[0])


@pytest.mark.parametrize("optimizer", ["adam", "adadelta", "sgd"])
def test_two_passes_are_two_epochs(optimizer):
    classifier = small(optimizer=optimizer, averaging=0)
    classifier.partial_fit(TEXTS, LABELS, classes=["good", "bad"])
    assert classifier.partial_fit(TEXTS, LABELS) is classifier
    assert state(classifier) == two_epochs(optimizer, LABELS)
    assert classifier.n_iter_ == 2
    assert [row["step"] for row in classifier.history_] == [8, 16]
    assert set(classifier.history_[0]) == {"step", "epoch", "train_loss", "train_accuracy"}


@pytest.mark.parametrize("optimizer", ["adam", "adadelta", "sgd"])
def test_passes_go_on_with_new_words_where_they_stood(optimizer):
    classifier = small(optimizer=optimizer, word_dropout=0)
    classifier.partial_fit(TEXTS, LABELS, classes=["good", "bad"])
    before = classifier.checkpoint_
    classifier.partial_fit(["zebra yak", "xylophone"], ["bad", "good"])
    after = classifier.checkpoint_
    known = len(before.vocabulary)
    assert after.vocabulary.words[known:] == ["xylophone", "yak", "zebra"]
    assert before.training.steps + 1 == after.training.steps
    for name, old in before.training.slots.items():
        if "embedding" in name and "last_step" not in name:
            assert np.array_equal(after.training.slots[name][:known], old)
            assert after.training.slots[name][known:].any()
    old = before.training.parameters["embedding/tuned"]
    assert np.array_equal(after.training.parameters["embedding/tuned"][:known], old)
    assert set(after.ngrams.keys["2"]) > set(before.ngrams.with_words(["x", "y", "z"]).keys["2"])
    assert classifier.score(TEXTS, LABELS) > 0.9


def test_passes_learn_from_parts_and_from_a_class_that_comes_late():
    classifier = small(learning_rate=0.01)
    for _ in range(4):
        for start in range(0, 120, 40):
            part = slice(start, start + 40)
            classifier.partial_fit(TEXTS[part], LABELS[part], classes=["bad", "fair", "good"])
    assert classifier.score(TEXTS, LABELS) > 0.95
    assert classifier.n_iter_ == 12
    fair = [f"so so number {number}" for number in range(30)]
    for _ in range(8):
        classifier.partial_fit(fair, ["fair"] * 30)
    assert set(classifier.predict(fair)) == {"fair"}
    assert classifier.score(TEXTS, LABELS) > 0.9


def test_classes_are_told_once():
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        small().partial_fit(TEXTS, LABELS)
    classifier = small()
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        classifier.partial_fit(TEXTS, LABELS, classes=["bad", "fair"])
    with pytest.raises(NotFittedError):
        classifier.predict(TEXTS)
    with pytest.raises(ValueError, match="only one class"):
        classifier.partial_fit(TEXTS, ["bad"] * 120, classes=["bad"])
    classifier.partial_fit(TEXTS, LABELS, classes=["good", "bad", "bad"])
    classifier.partial_fit(TEXTS, LABELS, classes=["bad", "good"])
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        classifier.partial_fit(TEXTS, LABELS, classes=["bad", "fair"])
    with pytest.raises(ValueError, match="ensemble"):
        small(ensemble=2).partial_fit(TEXTS, LABELS, classes=["bad", "good"])
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        small(class_weight="balanced").partial_fit(TEXTS, LABELS, classes=["bad", "good"])


def test_passes_follow_a_fit_and_keep_its_fusion_and_thresholds():
    classifier = small(refit=False, epochs=6, learning_rate=0.05, patience=2).fit(TEXTS, LABELS)
    before, rows = classifier.checkpoint_, len(classifier.history_)
    classifier.partial_fit(OTHERS.texts, OTHERS.labels)
    assert np.array_equal(classifier.checkpoint_.fusion.weights, before.fusion.weights)
    assert classifier.checkpoint_.training.steps == before.training.steps + 4
    assert before.training.progress.step == before.training.progress.best_step
    assert len(classifier.history_) <= rows + 1
    several = small().fit(TEXTS, indicators(3))
    thresholds = several.checkpoint_.thresholds
    assert not np.array_equal(thresholds, [0.5] * 3)
    several.partial_fit(OTHERS.texts, [[1, 0, 0]] * 60)
    assert np.array_equal(several.checkpoint_.thresholds, thresholds)


def test_a_pass_that_fails_changes_nothing():
    classifier = small().fit(TEXTS, LABELS)
    before, training = state(classifier), pickle.dumps(classifier.checkpoint_.training.slots)
    with pytest.raises(RunError, match="learning_rate"):
        classifier.set_params(learning_rate=1e30).partial_fit(OTHERS.texts, OTHERS.labels)
    assert state(classifier) == before
    assert pickle.dumps(classifier.checkpoint_.training.slots) == training


def test_another_optimizer_starts_afresh():
    classifier = small().partial_fit(TEXTS, LABELS, classes=["bad", "good"])
    classifier.set_params(optimizer="sgd").partial_fit(TEXTS, LABELS)
    assert {name.partition("/")[0] for name in classifier.checkpoint_.training.slots} == {
        "velocity"
    }
    assert classifier.checkpoint_.training.steps == 8
    classifier.set_params(averaging=0).partial_fit(TEXTS, LABELS)
    assert classifier.score(TEXTS, LABELS) > 0.9


# Files


def test_what_is_saved_is_a_checkpoint_of_the_command_lines(call, tmp_path):
    classifier = small(epochs=12, learning_rate=0.01).fit(TEXTS, as_labels((2, 10)))
    path = tmp_path / "network.h5"
    classifier.save(str(path))
    code, out, _ = call("classify", "--checkpoint", path, "--format", "json", "--proba", TEXTS[0])
    assert code == 0
    prediction = json.loads(out)
    assert prediction["label"] == str(classifier.predict(TEXTS[:1])[0])
    code, out, err = call("eval", path)
    assert code == 2
    assert "(given in Python)" in err
    again = TextCNNClassifier.load(path)
    # Of "auto", what it has come to is kept.
    assert again.get_params() == classifier.get_params()
    assert again.history_ == classifier.history_
    assert state(again.fit(TEXTS, as_labels((2, 10)))) == state(classifier)
    again.save(path)  # In the place of the old one.
    assert [found.name for found in tmp_path.glob("*.h5")] == ["network.h5"]
    assert not list(tmp_path.glob(".*"))


def test_runs_of_the_command_line_can_be_loaded(trained_run, tmp_path):
    classifier, there = TextCNNClassifier.load(trained_run), Classifier.load(trained_run)
    assert classifier.predict_proba(TEXTS).tobytes() == there.predict_proba(TEXTS).tobytes()
    assert classifier.classes_.tolist() == there.labels
    assert classifier.get_params()["learning_rate"] == 0.01
    assert classifier.get_params()["epsilon"] is classifier.get_params()["mode"] is None
    assert len(classifier.history_) == classifier.n_iter_ == 12
    assert (
        classifier.partial_fit(OTHERS.texts, OTHERS.labels).score(OTHERS.texts, OTHERS.labels) > 0.9
    )
    assert state(classifier) != parameter_bytes(there.checkpoint.networks[0])


def test_ensembles_come_back_whole(tmp_path):
    both = small(ensemble=2).fit(TEXTS, LABELS)
    both.save(tmp_path / "both.h5")
    again = TextCNNClassifier.load(tmp_path / "both.h5")
    assert again.predict_proba(TEXTS).tobytes() == both.predict_proba(TEXTS).tobytes()
    assert again.get_params()["ensemble"] == 2
    with pytest.raises(ValueError, match="leave ensemble at 1"):
        again.partial_fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="an ensemble cannot be trained on"):
        again.set_params(ensemble=1).partial_fit(TEXTS, LABELS)


def test_small_copies_predict_and_are_not_trained_on(call, fitted, reviews, tmp_path):
    fitted.save(tmp_path / "whole.h5")
    words = ["--data", reviews, "--out", tmp_path / "small.h5"]
    code, _, errors = call("shrink", tmp_path / "whole.h5", *words)
    assert code == 0, errors
    small_copy = TextCNNClassifier.load(tmp_path / "small.h5")
    assert small_copy.score(TEXTS, LABELS) > 0.9
    assert small_copy.history_ == fitted.history_
    with pytest.raises(ValueError, match="a small copy cannot be trained on"):
        small_copy.partial_fit(OTHERS.texts, OTHERS.labels)
    # With all bits it is trained on, though what resuming needs is not in it.
    code, _, errors = call("shrink", tmp_path / "whole.h5", *words, "--quantize", "float32")
    assert code == 0, errors
    whole = TextCNNClassifier.load(tmp_path / "small.h5")
    whole.partial_fit(OTHERS.texts, OTHERS.labels)
    assert whole.score(OTHERS.texts, OTHERS.labels) > 0.7
    assert len(whole.history_) == len(fitted.history_) + 1


def test_files_that_cannot_be_are_said_in_one_line(fitted, tmp_path):
    with pytest.raises(ValueError, match="no such checkpoint"):
        TextCNNClassifier.load(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no checkpoint")
    with pytest.raises(UserError, match="not a textcnn checkpoint"):
        TextCNNClassifier.load(tmp_path / "text.h5")
    with pytest.raises(ValueError, match="cannot write"):
        fitted.save(tmp_path / "no folder" / "network.h5")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("int", "a label is not how a int is written"),
        ("bool", "a label is not how a bool is written"),
        ("float", "a label is not how a float is written"),
        ("os.system", "labels/kind is none of str, int, float, bool"),
        (7, "labels/kind is none of str, int, float, bool"),
    ],
)
def test_a_kind_that_does_not_fit_the_labels_is_refused(fitted, tmp_path, kind, words):
    path = tmp_path / "spoilt.h5"
    fitted.save(path)
    change(path, lambda kept: kept.facts.update(label_kind=kind))
    with pytest.raises(UserError, match=f"damaged .{words}"):
        load_checkpoint(path)


def test_labels_are_read_as_they_are_written_only():
    assert kind_of([1, "1"]) == kind_of([2**63, 1]) == kind_of([(1, 2)]) == "str"
    assert values_of(["10", "-2"], "int").tolist() == [10, -2]
    assert values_of(["a", "b" * 2**26], "str").dtype == object
    for name in ("01", "+1", "1 ", "1_0", "9" * 5000, str(2**63), "١"):
        with pytest.raises(ValueError, match="not how a int is written"):
            textcnn.data.labels.check_kind([name, "2"], "int")


def test_a_damaged_random_state_is_found_when_it_is_needed(fitted, tmp_path):
    path = tmp_path / "spoilt.h5"
    fitted.save(path)
    state = {"bit_generator": "PCG64", "state": {"state": -1}}
    change(path, lambda kept: kept.facts["training"].update(random_state=state))
    classifier = TextCNNClassifier.load(path)
    with pytest.raises(ValueError, match="random state is damaged"):
        classifier.partial_fit(OTHERS.texts, OTHERS.labels)


# Tokenizers


def pairs(text: str) -> list[str]:
    """Tokens across white space."""
    words = text.split()
    return [*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))]


def test_a_tokenizer_may_be_any_function(tmp_path):
    classifier = small(tokenizer=pairs).fit(TEXTS, LABELS)
    assert any(" " in word for word in classifier.checkpoint_.vocabulary.words)
    assert classifier.score(TEXTS, LABELS) > 0.9
    alone = np.concatenate([classifier.predict_proba([text]) for text in TEXTS])
    assert alone.tobytes() == classifier.predict_proba(TEXTS).tobytes()
    again = pickle.loads(pickle.dumps(classifier))  # noqa: S301
    assert again.predict_proba(TEXTS).tobytes() == alone.tobytes()
    path = tmp_path / "custom.h5"
    classifier.save(path)
    loaded = TextCNNClassifier.load(path, tokenizer=pairs)
    assert loaded.predict_proba(TEXTS).tobytes() == alone.tobytes()
    assert loaded.tokenizer is pairs
    with pytest.raises(ValueError, match=r"TextCNNClassifier.load\(path, tokenizer=\.\.\.\)"):
        TextCNNClassifier.load(path)
    small().fit(TEXTS, LABELS).save(path)
    with pytest.raises(ValueError, match="has the tokenizer kim; give no other"):
        TextCNNClassifier.load(path, tokenizer=pairs)


@pytest.mark.parametrize("function", [str.lower, lambda text: [1, 2], lambda text: [None]])
def test_a_function_that_makes_no_tokens_is_found_out(function: Callable[[str], Any]):
    with pytest.raises(TypeError, match="tokenizer must return a list of str"):
        small(tokenizer=function).fit(TEXTS, LABELS)


def test_a_token_that_no_file_can_hold_is_said_on_saving(tmp_path):
    def with_half_a_letter(text: str) -> list[str]:
        return [*text.split(), "\ud800"]

    classifier = small(tokenizer=with_half_a_letter).fit(TEXTS, LABELS)
    with pytest.raises(RunError, match="surrogates not allowed"):
        classifier.save(Path(tmp_path) / "nul.h5")
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_may_yield_its_tokens():
    def one_by_one(text):
        yield from text.split()

    assert state(small(tokenizer=one_by_one).fit(TEXTS, LABELS)) == state(
        small(tokenizer=str.split).fit(TEXTS, LABELS)
    )
    with pytest.raises(TypeError, match="tokenizer must return a list of str, not None"):
        small(tokenizer=lambda text: None).fit(TEXTS, LABELS)


def test_white_space_around_labels_is_left_out_and_said():
    spaced = [f" {label}" if row % 2 else label for row, label in enumerate(LABELS)]
    with pytest.warns(UserWarning, match="y: white space around labels is left out, as of ' "):
        classifier = small().fit(TEXTS, spaced)
    assert state(classifier) == state(small().fit(TEXTS, LABELS))
    assert classifier.classes_.tolist() == ["bad", "good"]
    with pytest.raises(ValueError, match=r"y\[0\] is ' ': the label is missing"):
        small().fit(TEXTS, [" ", *LABELS[1:]])


def test_labels_that_look_alike_are_said():
    labels = ["Good" if label == "good" and row < 20 else label for row, label in enumerate(LABELS)]
    with pytest.warns(UserWarning, match="y: labels look alike .*'Good'"):
        small().fit(TEXTS, labels)


def test_a_loaded_model_predicts_columns_and_explains_itself(trained_run):
    class Column:
        """What a column of pandas is to us."""

        ndim = 1

        def __iter__(self):
            return iter(TEXTS)

    model = textcnn.Classifier.load(trained_run)
    assert model.predict(Column()) == model.predict(list(TEXTS))
    assert model.explain(TEXTS[0]).labels == model.labels
    with pytest.raises(TypeError, match="text must be a str, not list"):
        model.explain([TEXTS[0]])
    for wrong in ({TEXTS[0]}, {TEXTS[0]: 1}, None, TEXTS[0], np.array([TEXTS[:2]])):
        with pytest.raises(TypeError, match="texts must be a list of str"):
            model.predict(wrong)


def test_class_weight_may_name_a_class_without_a_sentence():
    with pytest.warns(UserWarning, match="class_weight: no sentence is of class 'rare'"):
        weighted = small(class_weight={"rare": 5}).fit(TEXTS, LABELS)
    assert weighted.classes_.tolist() == ["bad", "good"]


def test_the_tokenizer_is_chosen_by_the_first_sentences():
    assert small().fit(TEXTS, LABELS).checkpoint_.config.tokenizer == "kim"
    german = [f"{text} schön über" for text in TEXTS]
    classifier = small().fit(german, LABELS)
    assert classifier.checkpoint_.config.tokenizer == "unicode"
    assert classifier.partial_fit(TEXTS, LABELS).checkpoint_.config.tokenizer == "unicode"


def test_every_parameter_is_documented():
    lines = TextCNNClassifier.__doc__.splitlines()
    for name in TextCNNClassifier().get_params():
        assert any(line.startswith(f"        {name}: ") for line in lines), name
    assert "--" not in TextCNNClassifier.__doc__.replace("--init-from", "")


def test_a_classifier_refuses_what_is_no_list_of_texts(trained_run):
    classifier = Classifier.load(trained_run)
    for texts, words in (
        ("a fine film", "not the text 'a fine film'; for one text give"),
        (None, "not NoneType"),
        (["a", None], r"texts\[1\] is None, not a str"),
    ):
        for predict in (classifier.predict, classifier.predict_proba, classifier.features):
            with pytest.raises(TypeError, match=words):
                predict(texts)


def test_columns_of_arrow_are_sequences_of_text(fitted, trained_run):
    arrow = pytest.importorskip("pyarrow", reason="needs the extra tables")
    expected = fitted.predict(TEXTS[:3]).tolist()
    assert fitted.predict(arrow.array(TEXTS[:3])).tolist() == expected
    assert fitted.predict(arrow.chunked_array([TEXTS[:2], TEXTS[2:3]])).tolist() == expected
    loaded = Classifier.load(trained_run)
    assert loaded.predict(arrow.array(TEXTS[:3])) == loaded.predict(TEXTS[:3])
    assert state(small().fit(arrow.array(TEXTS), arrow.array(LABELS))) == state(fitted)


def test_labels_may_come_once(fitted):
    assert state(small().fit(iter(TEXTS), iter(LABELS))) == state(fitted)
    values = dict(enumerate(LABELS)).values()
    assert state(small().fit(np.ma.array(TEXTS), values)) == state(fitted)
    assert fitted.score(TEXTS, values) == fitted.score(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("y", "words"), [(None, "requires y to be passed"), ({*LABELS}, "got set")]
)
def test_a_score_needs_labels(fitted, y, words):
    with pytest.raises(ValueError, match=words):
        fitted.score(TEXTS, y)


def test_a_score_of_labels_that_no_prediction_has_says_so(fitted):
    with pytest.warns(UserWarning, match="y: no prediction can be '(GOOD|BAD)', which"):
        assert fitted.score(TEXTS, [label.upper() for label in LABELS]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fitted.score(TEXTS, np.array(LABELS)) > 0.4
