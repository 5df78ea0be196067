"""Simple rivals on the same folds, made of scikit-learn's parts.

They are given the network's own tokens. Whatever they learn, vocabulary included, they learn from
the training and dev parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Tokens = Sequence[Sequence[str]]
Pipeline = Any  # scikit-learn's, which has no type hints.


@dataclass(frozen=True)
class Baseline:
    """A rival of the network.

    Attributes:
        description: what it is, for tables.
        make: an untrained pipeline from token lists to classes.
        penalty: the name of the pipeline's parameter C; empty for none.
        grid: values of C to choose from, the strongest regularisation first.
    """

    description: str
    make: Callable[[], Pipeline]
    penalty: str = ""
    grid: tuple[float, ...] = ()


def predict_baseline(
    name: str,
    train_tokens: Tokens,
    train_classes: np.ndarray,
    dev_tokens: Tokens,
    dev_classes: np.ndarray,
    test_tokens: Tokens,
) -> np.ndarray:
    """Train a baseline, its C chosen on dev, and predict.

    C is chosen with a vocabulary of the training part alone; then everything is learnt anew from
    train and dev together.

    Args:
        name: one of :data:`BASELINES`.
        train_tokens, dev_tokens, test_tokens: token lists of each part.
        train_classes, dev_classes: whole numbers, one a sentence.

    Returns:
        (N,) predicted classes of the test sentences.
    """
    baseline = BASELINES[name]
    pipeline = baseline.make()
    if baseline.grid:
        best = _best_penalty(baseline, train_tokens, train_classes, dev_tokens, dev_classes)
        pipeline.set_params(**{baseline.penalty: best})
    classes = np.concatenate([train_classes, dev_classes])
    pipeline.fit([*train_tokens, *dev_tokens], classes)
    return pipeline.predict(test_tokens)


def _best_penalty(
    baseline: Baseline,
    train_tokens: Tokens,
    train_classes: np.ndarray,
    dev_tokens: Tokens,
    dev_classes: np.ndarray,
) -> float:
    """The C with the best accuracy on dev; of equally good ones, the first."""
    pipeline = baseline.make()
    # The features do not depend on C: making them once saves most of the time.
    features, classifier = pipeline[:-1], pipeline[-1:]
    train, dev = features.fit_transform(train_tokens), features.transform(dev_tokens)
    accuracies = []
    for penalty in baseline.grid:
        classifier.set_params(**{baseline.penalty: penalty}).fit(train, train_classes)
        accuracies.append(classifier.score(dev, dev_classes))
    return baseline.grid[int(np.argmax(accuracies))]


def _majority() -> Pipeline:
    # Imported here, as in the functions below: scikit-learn takes longer to load than a sentence
    # to classify.
    from sklearn.dummy import DummyClassifier
    from sklearn.pipeline import Pipeline

    return Pipeline([("classifier", DummyClassifier(strategy="most_frequent"))])


def _tfidf_logistic() -> Pipeline:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import Pipeline

    features = TfidfVectorizer(sublinear_tf=True, **_token_ngrams())
    # One class against the rest, since the joint form takes minutes for TREC's 50 classes.
    logistic = LogisticRegression(solver="liblinear")
    return Pipeline([("features", features), ("classifier", OneVsRestClassifier(logistic))])


def _nbsvm() -> Pipeline:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import Pipeline

    from textcnn.evaluation.crossval.nbsvm import NBSVM

    features = CountVectorizer(binary=True, **_token_ngrams())
    return Pipeline([("features", features), ("classifier", OneVsRestClassifier(NBSVM()))])


def _token_ngrams() -> dict[str, Any]:
    """Settings of scikit-learn's vectorizers for words and pairs of words of token lists."""
    return {
        # Not `analyzer`: with one of its own, a vectorizer ignores `ngram_range`.
        "tokenizer": _unchanged,
        "preprocessor": _unchanged,
        "token_pattern": None,
        "ngram_range": (1, 2),
    }


def _unchanged(tokens: Sequence[str]) -> Sequence[str]:
    return tokens


EXPERTS = {
    "network": "the network alone, its answers not fused",
    "n-grams": "the n-gram expert alone, its answers not fused",
}
"""The experts that a model with n-grams is made of, by the name that tables use."""

BASELINES: dict[str, Baseline] = {
    "majority": Baseline("always the most frequent label", _majority),
    "tfidf": Baseline(
        "logistic regression on TF-IDF of words and word pairs",
        _tfidf_logistic,
        penalty="classifier__estimator__C",
        grid=(1.0, 3.0, 10.0, 30.0, 100.0),
    ),
    "nbsvm": Baseline(
        "NB-SVM on words and word pairs (Wang and Manning 2012)",
        _nbsvm,
        penalty="classifier__estimator__C",
        grid=(0.001, 0.01, 0.1, 1.0),
    ),
}
"""The baselines by the name that options and tables use."""
