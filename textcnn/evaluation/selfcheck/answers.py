"""A sentence's probabilities: the same bytes alone, in any batch and in any order."""

import random

import numpy as np

from textcnn.evaluation.selfcheck.material import any_texts, model
from textcnn.evaluation.selfcheck.result import Result
from textcnn.inference.classifier import PIECE, Classifier


def check() -> Result:
    """Compare bytes, with float32 tables and with those of ``--fast``."""
    texts, checkpoint = any_texts(), model()
    different: list[str] = []
    for fast in (False, True):
        expected = Classifier(checkpoint, fast).predict_proba(texts)
        for how, found in _otherwise(Classifier(checkpoint, fast), texts).items():
            rows = int((found != expected).any(axis=1).sum())
            if found.dtype != expected.dtype or rows:
                different.append(f"{rows} of {len(texts)} {how}{' with --fast' if fast else ''}")
    if different:
        return Result(False, f"other bytes: {'; '.join(different)}")
    return Result(True, f"{len(texts)} sentences, the same bytes")


def _otherwise(classifier: Classifier, texts: list[str]) -> dict[str, np.ndarray]:
    """The probabilities of the texts, in their order, got in other ways."""
    order = list(range(len(texts)))
    random.Random(1).shuffle(order)
    shuffled = classifier.predict_proba([texts[row] for row in order])
    batches = [texts[start : start + 7] for start in range(0, len(texts), 7)]
    many = texts * (PIECE // len(texts) + 1)  # More than one thread takes at a time.
    return {
        "alone": np.concatenate([classifier.predict_proba([text]) for text in texts]),
        "in another order": shuffled[np.argsort(order)],
        "in small batches": np.concatenate([classifier.predict_proba(part) for part in batches]),
        "in several threads": classifier.predict_proba(many)[-len(texts) :],
    }
