"""A checkpoint's scores: on its own test sentences, or on any others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.data.datasets.corpus import Corpora
from textcnn.data.fingerprints import count_seen, sentence_hashes
from textcnn.data.label_sets import label_names, members, split_labels
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scores import MultilabelScores, Scores, score
from textcnn.inference.classifier import Classifier
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Scored:
    """Scores and the predictions behind them.

    Attributes:
        scores: the summary.
        probabilities: (N, C).
        targets: (N,) true classes, or (N, C) booleans where a sentence may have several labels.
    """

    scores: Scores | MultilabelScores
    probabilities: np.ndarray
    targets: np.ndarray


def held_out(checkpoint: Checkpoint, corpora: Corpora) -> tuple[list[str], list[str]]:
    """The sentences that the run kept for its test, and their labels.

    Args:
        checkpoint: of the run.
        corpora: what its options name.

    Raises:
        UserError: the data is not what the run was given, or it kept none.
    """
    before = checkpoint.seen_before
    data = TokenizedData.prepare(corpora, checkpoint.config, known=before if len(before) else None)
    if data.fingerprint != checkpoint.fingerprint:
        raise UserError(
            f"the data now read ({data.source}) is not what the run was given "
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
    _check_labels(labels, classifier)
    targets = _targets(labels, classifier)
    tokens = map(classifier.tokenize, texts)
    longest = checkpoint.config.max_tokens or None
    hashes = sentence_hashes(sentence[:longest] for sentence in tokens)
    probabilities = classifier.predict_proba(texts)
    scores = score(
        probabilities,
        targets,
        classifier.labels,
        checkpoint.label_counts,
        count_seen(hashes, checkpoint.seen),
        checkpoint.thresholds,
    )
    return Scored(scores, probabilities, targets)


def _check_labels(labels: Sequence[str], classifier: Classifier) -> None:
    multilabel = classifier.checkpoint.config.multilabel
    unknown = sorted(set(label_names(labels, multilabel)) - set(classifier.labels))
    if unknown:
        count = sum(
            unknown[0] in (split_labels(label) if multilabel else [label]) for label in labels
        )
        raise UserError(
            f"--data: label {unknown[0]!r} ({count} sentences) is not one of the checkpoint's: "
            f"{', '.join(classifier.labels)}"
        )


def _targets(labels: Sequence[str], classifier: Classifier) -> np.ndarray:
    if classifier.checkpoint.config.multilabel:
        return members(labels, classifier.labels)
    number = {label: index for index, label in enumerate(classifier.labels)}
    return np.array([number[label] for label in labels], dtype=np.int64)
