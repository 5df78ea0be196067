"""A checkpoint's scores: on its own test sentences, or on any others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.checkpoint import Checkpoint
from textcnn.classifier import Classifier
from textcnn.datasets.labelled_texts import LabelledTexts
from textcnn.errors import UserError
from textcnn.evaluation import Scores, score
from textcnn.experiment import TokenizedData
from textcnn.seen import sentence_hashes
from textcnn.tokenizers import TOKENIZERS


@dataclass(frozen=True)
class Scored:
    """Scores and the predictions behind them.

    Attributes:
        scores: the summary.
        probabilities: (N, C).
        classes: (N,) true classes.
    """

    scores: Scores
    probabilities: np.ndarray
    classes: np.ndarray


def held_out(checkpoint: Checkpoint, corpus: LabelledTexts) -> tuple[list[str], list[str]]:
    """The sentences of ``corpus`` that the run kept for its test, and their labels.

    Raises:
        UserError: the data is not what the run was given, or it kept none.
    """
    data = TokenizedData.prepare(corpus, checkpoint.config)
    if data.fingerprint != checkpoint.fingerprint:
        raise UserError(
            f"the data now read ({corpus.source}) is not what the run was given "
            f"({checkpoint.source}), so its test part is not known; name sentences with --data"
        )
    if not len(data.split.test):
        raise UserError("the run kept no test sentences (--test-share 0); name some with --data")
    return data.part(data.split.test)


def score_texts(classifier: Classifier, texts: Sequence[str], labels: Sequence[str]) -> Scored:
    """Classify labelled sentences and score the answers.

    Raises:
        UserError: a label that the checkpoint does not know.
    """
    checkpoint = classifier.checkpoint
    number = {label: index for index, label in enumerate(classifier.labels)}
    unknown = sorted(set(labels) - set(number))
    if unknown:
        raise UserError(
            f"--data: label {unknown[0]!r} ({list(labels).count(unknown[0])} sentences) is not one "
            f"of the checkpoint's: {', '.join(classifier.labels)}"
        )
    classes = np.array([number[label] for label in labels], dtype=np.int64)
    tokenize = TOKENIZERS[checkpoint.config.tokenizer]
    probabilities = classifier.predict_proba(texts)
    scores = score(
        probabilities,
        classes,
        classifier.labels,
        checkpoint.label_counts,
        sentence_hashes(map(tokenize, texts)),
        checkpoint.seen,
    )
    return Scored(scores, probabilities, classes)
