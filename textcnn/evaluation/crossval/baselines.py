"""Simple rivals on the same folds, made of scikit-learn's parts.

They are given the network's own tokens. Whatever they learn, vocabulary included, they learn from
the training and dev parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Tokens = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Baseline:
    """A rival of the network.

    Attributes:
        description: what it is, for tables.
        make: what makes features of token lists, and an untrained classifier of these.
        grid: values of its penalty C to choose from, the strongest regularisation first.
    """

    description: str
    make: Callable[[], tuple[Any, Any]]
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

    C, of equally good ones the first, is chosen with a vocabulary of the training part alone; then
    everything is learnt anew from train and dev together.

    Args:
        name: one of :data:`BASELINES`.
        train_tokens, dev_tokens, test_tokens: token lists of each part.
        train_classes, dev_classes: whole numbers, one a sentence.

    Returns:
        (N,) predicted classes of the test sentences.
    """
    features, classifier = BASELINES[name].make()
    grid = BASELINES[name].grid
    if grid:
        train, dev = features.fit_transform(train_tokens), features.transform(dev_tokens)
        accuracies = []
        for penalty in grid:
            classifier.set_params(estimator__C=penalty).fit(train, train_classes)
            accuracies.append(classifier.score(dev, dev_classes))
        classifier.set_params(estimator__C=grid[int(np.argmax(accuracies))])
    together = features.fit_transform([*train_tokens, *dev_tokens])
    classifier.fit(together, np.concatenate([train_classes, dev_classes]))
    return classifier.predict(features.transform(test_tokens))


def _majority() -> tuple[Any, Any]:
    # Imported here, as in the functions below: scikit-learn takes longer to load than a sentence
    # to classify.
    from sklearn.dummy import DummyClassifier
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(), DummyClassifier(strategy="most_frequent")


def _tfidf_logistic() -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    # One class against the rest, since the joint form takes minutes for TREC's 50 classes.
    logistic = OneVsRestClassifier(LogisticRegression(solver="liblinear"))
    return TfidfVectorizer(sublinear_tf=True, **_token_ngrams()), logistic


def _nbsvm() -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.multiclass import OneVsRestClassifier

    from textcnn.evaluation.crossval.nbsvm import NBSVM

    return CountVectorizer(binary=True, **_token_ngrams()), OneVsRestClassifier(NBSVM())


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
    "network": "the network alone, its predictions not fused",
    "n-grams": "the n-gram expert alone, its predictions not fused",
}
"""The experts that a model with n-grams is made of, by the name that tables use."""

BASELINES: dict[str, Baseline] = {
    "majority": Baseline("always the most frequent label", _majority),
    "tfidf": Baseline(
        "logistic regression on TF-IDF of words and word pairs",
        _tfidf_logistic,
        grid=(1.0, 3.0, 10.0, 30.0, 100.0),
    ),
    "nbsvm": Baseline(
        "NB-SVM on words and word pairs (Wang and Manning 2012)",
        _nbsvm,
        grid=(0.001, 0.01, 0.1, 1.0),
    ),
}
"""The baselines by the name that options and tables use."""
