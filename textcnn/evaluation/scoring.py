"""A checkpoint's scores: on its own test sentences, or on any others."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.core.decisions import decide, is_correct, predictions_of
from textcnn.data.datasets.corpus import Corpora, load_corpus, locate
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.rows import COLUMNS, READING_OPTIONS, plain_label
from textcnn.data.fingerprints import NO_TOKEN, are_known, sentence_hashes
from textcnn.data.labels import label_names, split_labels, targets_of
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scores import GroupAccuracy, Scores, score
from textcnn.inference.classifier import Classifier
from textcnn.recipe.config import Config, flag
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint

LOGITS_AT_ONCE = 1 << 22
"""Logits of one expert that are kept at once: with many labels they take more than the model."""


@dataclass(frozen=True)
class ScoredSample:
    """Scores and the predictions behind them.

    Attributes:
        scores: the summary.
        probabilities: (N, C).
        targets: (N,) true classes, or (N, C) booleans where a sentence may have several labels.
    """

    scores: Scores
    probabilities: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Sample:
    """Labelled sentences to be scored, and where they stand in the data.

    Attributes:
        texts, labels: N of each, as they were read.
        rows: (N,) their numbers among the rows that could be used, counted from 1.
        rows_given: rows of the data, those of other parts and unusable ones included.
    """

    texts: list[str]
    labels: list[str]
    rows: np.ndarray
    rows_given: int

    @classmethod
    def whole(cls, corpus: LabelledTexts) -> "Sample":
        """All sentences of the data."""
        rows, rows_given = np.arange(1, len(corpus) + 1), len(corpus) + len(corpus.bad_rows)
        return cls(corpus.texts, corpus.labels, rows, rows_given)

    @classmethod
    def test_part(cls, data: TokenizedData) -> "Sample":
        """The test part, its rows counted in ``--test-data`` where the data came with that."""
        test = data.split.test
        return cls(*data.part(test), test + 1 - data.first_test_row, data.rows_given)


def read_as_before(
    config: Config,
    labels: Sequence[str],
    options: Mapping[str, Any],
    report: Callable[[str], None],
) -> LabelledTexts | None:
    """The sentences that ``--data`` names, read as a run has read its own; None without it.

    Args:
        config: the run's options, which say how its data was written.
        labels: that it knows, which others are spelled as where ``merge_labels`` is on.
        options: those of data that were given now, which go before those.
        report: told in one line of each attempt to reach a source.

    Raises:
        UserError: they cannot be used, or other options describe what is not given.
    """
    if "data" not in options:
        for name in options:
            raise UserError(f"{flag(name)} describes --data; give that too")
        return None
    usual = {name: value for name, value in config.as_dict().items() if name in READING_OPTIONS}
    config = locate(Config.from_mapping({**usual, **options}, ""))
    found = load_corpus(config, report, or_usual=not COLUMNS & options.keys())
    return Corpora(found).merged(labels).learnt if config.merge_labels else found


NO_TEST_PART = ", so its test part is not known; name sentences with --data"
"""What it means for scores that the data is not the run's."""


def data_of_run(checkpoint: Checkpoint, corpora: Corpora, advice: str = "") -> TokenizedData:
    """A run's sentences, divided as they were there.

    Args:
        checkpoint: of the run.
        corpora: what its options name.
        advice: what else to say where they are not its sentences.

    Raises:
        UserError: the data is not what the run was given.
    """
    data = TokenizedData.prepare(corpora, checkpoint.config, inherited=checkpoint.inherited)
    if data.fingerprint != checkpoint.fingerprint:
        raise UserError(
            f"the data now read ({data.source}) is not what the run was given "
            f"({checkpoint.source}){advice}"
        )
    unknown = sorted(set(data.label_names) - set(checkpoint.labels))
    if unknown:
        raise UserError(f"{data.source}: label {unknown[0]!r} is not one of the checkpoint's")
    return data


def held_out(checkpoint: Checkpoint, corpora: Corpora) -> Sample:
    """What the run kept for its test.

    Args:
        checkpoint: of the run.
        corpora: what its options name.

    Raises:
        UserError: the data is not what the run was given, or it kept none.
    """
    data = data_of_run(checkpoint, corpora, NO_TEST_PART)
    if not len(data.split.test):
        raise UserError("the run kept no test sentences (--test-share 0); name some with --data")
    return Sample.test_part(data)


def score_sample(classifier: Classifier, sample: Sample) -> ScoredSample:
    """Classify labelled sentences and score the predictions.

    Raises:
        UserError: a label that the checkpoint does not know.
    """
    checkpoint, texts, labels = classifier.checkpoint, sample.texts, sample.labels
    multilabel = checkpoint.config.multilabel
    check_labels(labels, classifier.labels, multilabel)
    targets = targets_of(labels, classifier.labels, multilabel)
    hashes = hashes_of(classifier, texts)
    probabilities, alone = _predicted(classifier, texts, targets)
    scores = dataclasses.replace(
        score(
            probabilities,
            targets,
            classifier.labels,
            checkpoint.label_counts,
            checkpoint.thresholds,
        ),
        seen=int(are_known(hashes, checkpoint.train_hashes).sum()),
        rows_given=sample.rows_given,
        no_token=int((hashes == NO_TOKEN).sum()),
        tokenizer=checkpoint.config.tokenizer,
        experts=alone,
        groups=_groups(checkpoint, targets, probabilities),
    )
    return ScoredSample(scores, probabilities, targets)


def _predicted(
    classifier: Classifier, texts: Sequence[str], targets: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """(N, C) probabilities, and the share that each of several experts predicts wholly right."""
    probabilities = np.empty((len(texts), len(classifier.labels)), np.float32)
    right: Counter[str] = Counter()
    size = max(LOGITS_AT_ONCE // len(classifier.labels), 1)
    for part in (slice(start, start + size) for start in range(0, len(texts), size)):
        logits = classifier.expert_logits(texts[part])
        probabilities[part] = classifier.fused_probabilities(logits)
        for name, one in logits.items():
            right[name] += int(is_correct(decide(one, targets[part]), targets[part]).sum())
    alone = {name: count / len(texts) for name, count in right.items()}
    return probabilities, alone if len(alone) > 1 else {}


def _groups(
    checkpoint: Checkpoint, targets: np.ndarray, probabilities: np.ndarray
) -> list[GroupAccuracy]:
    """The sentences with new labels apart from the others."""
    new = checkpoint.new_labels
    if not new:
        return []
    is_new = np.isin(checkpoint.labels, new)
    of_new = is_new[targets] if targets.ndim == 1 else (targets & is_new).any(axis=1)
    rightly = is_correct(predictions_of(probabilities, checkpoint.thresholds), targets)
    old = [label for label in checkpoint.labels if label not in new]
    return [
        GroupAccuracy(name, labels, float(rightly[rows].mean()), int(rows.sum()))
        for name, labels, rows in (("old", old, ~of_new), ("new", new, of_new))
        if rows.any()
    ]


def hashes_of(classifier: Classifier, texts: Sequence[str]) -> np.ndarray:
    """(N,) hashes of the sentences as this model sees them."""
    tokenize, longest = classifier.tokenize, classifier.checkpoint.config.max_tokens or None
    return sentence_hashes(tokenize(text)[:longest] for text in texts)


def check_labels(labels: Sequence[str], known: Sequence[str], multilabel: bool) -> None:
    """Raise UserError where one of the labels of N sentences is not among the known ones."""
    odd = [] if multilabel else [label for label in labels if len(split_labels(label)) != 1]
    if odd:
        raise UserError(
            f"--data: {len(odd):,} of {len(labels):,} sentences have several labels or none "
            f"({', '.join(split_labels(odd[0])) or 'none'}), and the checkpoint gives one label a "
            "sentence; give sentences of one label each"
        )
    unknown = sorted(set(label_names(labels, multilabel)) - set(known))
    if unknown:
        count = sum(
            unknown[0] in (split_labels(label) if multilabel else [label]) for label in labels
        )
        alike = plain_label(unknown[0]) in map(plain_label, known)
        advice = "; --merge-labels takes those that look alike for one" if alike else ""
        raise UserError(
            f"--data: label {unknown[0]!r} ({count} sentences) is not one of the checkpoint's: "
            f"{', '.join(known)}{advice}"
        )
