"""What a report says of a run."""

from dataclasses import dataclass

import numpy as np

from textcnn.core.progress import Evaluation
from textcnn.data.labels import split_labels
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import Sample, Scored
from textcnn.insight.explanations.explaining import Explainer
from textcnn.insight.explanations.explanation import Explanation
from textcnn.insight.learnt.learnt_ngrams import Item, Ngram, learnt_ngrams, ngram_items
from textcnn.insight.learnt.scan import scan
from textcnn.insight.learnt.training_part import part_of
from textcnn.insight.run_list import best_evaluation, read_history
from textcnn.support.errors import UserError
from textcnn.support.freed_memory import return_freed_memory
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.run_folder import RunFolder


@dataclass(frozen=True)
class Mistake:
    """A test sentence answered wrongly.

    Attributes:
        explanation: why it was answered so.
        text: the sentence as it was given.
        row: its number in the data (see :class:`textcnn.evaluation.scoring.Sample`).
        label: the number of the label that is wrong: answered and not true or, where a sentence
            may have several, true and not answered.
        given: whether it was answered.
        sureness: the probability of what was answered: of the label, or of its absence.
        truth: the true labels.
    """

    explanation: Explanation
    text: str
    row: int
    label: int
    given: bool
    sureness: float
    truth: list[str]


@dataclass(frozen=True)
class Findings:
    """Everything in a report.

    Attributes:
        run: the run's folder.
        checkpoint: its best network, or networks.
        histories: the evaluations of each network.
        best_steps: of each, the step of the one that dev chose.
        absent: why the sentences are not at hand; empty where they are. Without them there are
            no scores, mistakes or n-grams.
        scored: the test sentences; None where there is no test part either.
        mistakes: the surest, the surest first.
        filter_ngrams: of each class, those that the filters push towards it with.
        ngram_items: likewise of the n-gram expert, of each kind.
    """

    run: str
    checkpoint: Checkpoint
    histories: list[list[Evaluation]]
    best_steps: list[int]
    absent: str
    scored: Scored | None
    mistakes: list[Mistake]
    filter_ngrams: list[list[Ngram]]
    ngram_items: dict[str, list[list[Item]]]


def gather(
    folder: RunFolder,
    checkpoint: Checkpoint,
    data: TokenizedData | None,
    scored: Scored | None,
    absent: str = "",
    top: int = 10,
    mistakes: int = 20,
) -> Findings:
    """Put together what there is to say.

    Args:
        folder: of a finished run.
        checkpoint: its best.
        data: its sentences; None where they are not at hand.
        scored: its test sentences, where there are any.
        absent: why the sentences are not at hand.
        top: n-grams and words of each class.
        mistakes: how many at most.

    Raises:
        UserError: a file of the run is missing or damaged.
    """
    histories = [_history(network) for network in folder.networks]
    best_by = checkpoint.config.best_by
    ngrams = _ngrams(checkpoint, data, top) if data else []
    # After training, free memory is kept at hand; this was much, and there is more to come.
    return_freed_memory()
    return Findings(
        run=str(folder.path),
        checkpoint=checkpoint,
        histories=histories,
        best_steps=[best_evaluation(history, best_by).step for history in histories],
        absent=absent,
        scored=scored,
        mistakes=_mistakes(checkpoint, data, scored, mistakes) if data and scored else [],
        filter_ngrams=ngrams,
        ngram_items=ngram_items(checkpoint, top),
    )


def _history(folder: RunFolder) -> list[Evaluation]:
    try:
        history = read_history(folder.metrics)
    except UserError as error:
        raise UserError(f"{folder.path}: {error}") from error
    if not history:
        raise UserError(f"{folder.metrics}: missing or empty, so there is nothing to report")
    return history


def _ngrams(checkpoint: Checkpoint, data: TokenizedData, top: int) -> list[list[Ngram]]:
    train = part_of(checkpoint, data).train
    networks = checkpoint.networks
    scans = [scan(parameters, checkpoint.architecture, train) for parameters in networks]
    return learnt_ngrams(checkpoint, scans, train, top)


def _mistakes(
    checkpoint: Checkpoint, data: TokenizedData, scored: Scored, count: int
) -> list[Mistake]:
    explainer = Explainer(checkpoint)
    sample = Sample.test_part(data)
    texts, labels = sample.texts, sample.labels
    several = checkpoint.config.multilabel
    return [
        Mistake(
            explainer.explain(texts[row]),
            texts[row],
            int(sample.rows[row]),
            label,
            given,
            sureness,
            split_labels(labels[row]) if several else [labels[row]],
        )
        for row, label, given, sureness in surest_mistakes(scored, checkpoint.thresholds, count)
    ]


def surest_mistakes(
    scored: Scored, thresholds: np.ndarray | None, count: int
) -> list[tuple[int, int, bool, float]]:
    """Which wrong answers had the most probability.

    Args:
        scored: N sentences.
        thresholds: (C,) where a sentence may have several labels; else None.
        count: how many at most.

    Returns:
        Of each: row, label, whether it was given, and the probability of that.
    """
    probabilities = scored.probabilities.astype(np.float64)
    if thresholds is None:
        given: np.ndarray = np.zeros(probabilities.shape, bool)
        given[np.arange(len(given)), probabilities.argmax(axis=1)] = True
        wrong = given & (np.arange(given.shape[1]) != scored.targets[:, None])
    else:
        given = probabilities >= thresholds
        wrong = given != scored.targets
    sureness = np.where(given, probabilities, 1 - probabilities)
    rows, labels = np.nonzero(wrong)
    order = np.argsort(-sureness[rows, labels], kind="stable")[:count]
    return [
        (row, label, bool(given[row, label]), float(sureness[row, label]))
        for row, label in zip(rows[order].tolist(), labels[order].tolist(), strict=True)
    ]
