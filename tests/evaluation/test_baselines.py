"""The simple rivals: what they learn, and what they must not see."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from textcnn.core.tokenizers import kim
from textcnn.evaluation.crossval.baselines import BASELINES, predict_baseline
from textcnn.evaluation.crossval.folds import make_folds
from textcnn.evaluation.crossval.nbsvm import NBSVM, log_count_ratio

Part = tuple[list[list[str]], np.ndarray]


def reviews(classes: int, count: int, seed: int) -> Part:
    """Sentences of noise and, in each, one word that tells its class."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % classes
    tokens = [
        [*(f"noise{number}" for number in rng.integers(30, size=6)), f"telling{truth[row]}"]
        for row in range(count)
    ]
    return tokens, truth


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", ["tfidf", "nbsvm"])
def test_a_baseline_learns_words_that_tell(name, classes):
    test, truth = reviews(classes, 60, 2)
    predicted = predict_baseline(name, *reviews(classes, 300, 0), *reviews(classes, 30, 1), test)
    assert (predicted == truth).mean() > 0.95


@pytest.mark.parametrize("name", ["tfidf", "nbsvm"])
def test_pairs_of_words_tell_what_words_do_not(name):
    good, bad = ["not", "bad", "but", "good"], ["not", "good", "but", "bad"]
    train = ([good if i % 2 else bad for i in range(40)], np.arange(40) % 2)
    assert predict_baseline(name, *train, *train, [good, bad]).tolist() == [1, 0]


def test_the_majority_is_that_of_train_and_dev_together():
    train, dev = ([["x"]] * 5, np.array([0, 0, 0, 1, 1])), ([["y"]] * 2, np.array([1, 1]))
    assert predict_baseline("majority", *train, *dev, [["x"], [], ["z"]]).tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", list(BASELINES))
def test_sentences_without_a_known_word_are_no_error(name):
    predicted = predict_baseline(name, *reviews(3, 30, 0), *reviews(3, 6, 1), [[], ["unheard"]])
    assert predicted.shape == (2,)
    assert set(predicted.tolist()) <= {0, 1, 2}


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_class_missing_from_the_training_part_is_no_error(name):
    train, dev = reviews(2, 20, 0), reviews(3, 6, 1)
    assert predict_baseline(name, *train, *dev, dev[0]).shape == (6,)


@pytest.fixture
def vocabularies(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What the vectorizers learnt, in turn: on train to choose C, then on train and dev."""
    from sklearn.feature_extraction.text import CountVectorizer

    learnt, fit_transform = [], CountVectorizer.fit_transform

    def remember(self, documents, y=None):
        features = fit_transform(self, documents, y)
        learnt.append(set(self.vocabulary_))
        return features

    monkeypatch.setattr(CountVectorizer, "fit_transform", remember)
    return learnt


@pytest.mark.parametrize("name", ["tfidf", "nbsvm"])
def test_a_word_of_the_test_part_is_in_no_vocabulary(name, vocabularies):
    tokens, truth = reviews(2, 40, 0)
    folds = make_folds(["\0".join(part) for part in tokens], truth.astype(str), 4, 1, 0.2, 0)
    for fold in folds:
        marked = {part: getattr(fold.split, part) for part in ("train", "dev", "test")}
        parts = {
            part: [[*tokens[row], f"only-{part}"] for row in rows] for part, rows in marked.items()
        }
        train_truth, dev_truth = truth[fold.split.train], truth[fold.split.dev]
        vocabularies.clear()
        predict_baseline(name, parts["train"], train_truth, parts["dev"], dev_truth, parts["test"])
        choosing, final = vocabularies
        assert {word for word in choosing if word.startswith("only")} == {"only-train"}
        assert {word for word in final if word.startswith("only")} == {"only-train", "only-dev"}


def test_the_tokens_are_taken_as_they_are(vocabularies):
    train = ([["IT", "'s", "?"], ["a"]], np.array([0, 1]))
    predict_baseline("tfidf", *train, *train, [["a"]])
    assert vocabularies[0] == {"IT", "'s", "?", "IT 's", "'s ?", "a"}


@pytest.mark.parametrize("name", ["tfidf", "nbsvm"])
def test_c_is_the_first_of_the_best_on_dev(name, monkeypatch):
    baseline, rng, chosen = BASELINES[name], np.random.default_rng(0), set()
    for seed in range(6):
        # Labels by lot, so that which C is best is chance.
        train, dev = ((reviews(3, 60, seed + k)[0], rng.integers(3, size=60)) for k in (0, 50))
        scores = []
        for penalty in baseline.grid:
            pipeline = make_pipeline(*baseline.make())
            pipeline[-1].set_params(estimator__C=penalty)
            scores.append(pipeline.fit(*train).score(*dev))
        made = baseline.make()
        own = dataclasses.replace(baseline, make=lambda made=made: made)
        monkeypatch.setitem(BASELINES, name, own)
        predict_baseline(name, *train, *dev, dev[0])
        best = made[1].estimator.C
        assert best == baseline.grid[scores.index(max(scores))]
        chosen.add(best)
    assert len(chosen) > 1
    assert list(baseline.grid) == sorted(baseline.grid)  # The strongest regularisation first.


# NB-SVM


def counts() -> tuple[csr_matrix, np.ndarray]:
    """Three features of five sentences, the first two of them positive."""
    features = [[0, 1, 1], [0, 0, 1], [1, 0, 0], [1, 0, 1], [0, 1, 1]]
    return csr_matrix(np.array(features)), np.array([True, True, False, False, False])


def test_the_log_count_ratio_by_hand():
    # With alpha 1: p = 1, 2, 3 of 6 and q = 3, 2, 3 of 8.
    ratio = log_count_ratio(*counts(), alpha=1.0)
    expected = [(1 / 6) / (3 / 8), (2 / 6) / (2 / 8), (3 / 6) / (3 / 8)]
    assert np.exp(ratio) == pytest.approx(expected)


def test_beta_0_is_naive_bayes_and_1_the_svm_on_ratios():
    X, positive = counts()
    ratio = log_count_ratio(X, positive, 1.0)
    svm = LinearSVC(C=0.5, dual=True, random_state=0).fit(X.multiply(ratio).tocsr(), positive)
    assert svm.coef_.min() < 0 < svm.coef_.max()
    scale = np.abs(svm.coef_).mean()
    bayes = NBSVM(C=0.5, beta=0.0).fit(X, positive)
    assert bayes.coef_[0] == pytest.approx(scale * ratio)
    assert bayes.intercept_ == pytest.approx(scale * np.log(2 / 3))
    alone = NBSVM(C=0.5, beta=1.0).fit(X, positive)
    assert alone.coef_ == pytest.approx(ratio * svm.coef_)
    assert alone.intercept_ == pytest.approx(svm.intercept_)
    between = NBSVM(C=0.5, beta=0.25).fit(X, positive)
    assert between.coef_ == pytest.approx(0.75 * bayes.coef_ + 0.25 * alone.coef_)
    assert between.intercept_ == pytest.approx(0.75 * bayes.intercept_ + 0.25 * alone.intercept_)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=5, max_size=5).filter(lambda y: len(set(y)) == 2))
def test_swapping_the_classes_swaps_the_predictions(positive):
    X, y = counts()[0], np.array(positive)
    one, other = NBSVM().fit(X, y), NBSVM().fit(X, ~y)
    assert one.decision_function(X) == pytest.approx(-other.decision_function(X), abs=1e-3)


def test_nbsvm_is_for_two_classes():
    with pytest.raises(ValueError, match="two classes apart, not 3"):
        NBSVM().fit(csr_matrix(np.eye(3)), np.arange(3))


@pytest.mark.slow
def test_the_baselines_on_a_fold_of_half_of_the_movie_reviews(movie_reviews):
    texts, labels = movie_reviews.texts[::2], movie_reviews.labels[::2]
    tokens = [kim(text) for text in texts]
    classes = np.array([label == "positive" for label in labels]).astype(np.int64)
    keys = ["\0".join(sentence) for sentence in tokens]
    split = make_folds(keys, labels, 10, 1, 0.1, seed=0)[0].split
    (train, dev, test) = ([tokens[row] for row in rows] for rows in vars(split).values())
    for name, (low, high) in {"majority": (0.49, 0.51), "nbsvm": (0.74, 0.81)}.items():
        predicted = predict_baseline(
            name, train, classes[split.train], dev, classes[split.dev], test
        )
        assert low < (predicted == classes[split.test]).mean() < high
