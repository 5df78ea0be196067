"""The n-grams that push most towards each class, as the filters have learnt them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from textcnn.core.vocabulary import Vocabulary
from textcnn.insight.explanations.wording import ngram_words
from textcnn.insight.learnt.scan import BEYOND, windows_at
from textcnn.insight.learnt.training_part import TrainingPart
from textcnn.recipe.ngrams.expert import NgramExpert
from textcnn.support.text import printable
from textcnn.training.checkpoint import Checkpoint

MOST_LABELS = 30
"""Labels that are looked at; of more, those with the most training sentences."""


def shown_labels(checkpoint: Checkpoint) -> list[int]:
    """The numbers of the S labels whose words and n-grams are looked for, ascending."""
    counts = checkpoint.label_counts
    return np.sort(np.argsort(-counts, kind="stable")[:MOST_LABELS]).tolist()


def shown_labels_words(checkpoint: Checkpoint) -> str:
    """Which labels are looked at, in words, where these are not all; else nothing."""
    if len(checkpoint.labels) <= MOST_LABELS:
        return ""
    return (
        f"the {MOST_LABELS} labels with the most training sentences, "
        f"of {len(checkpoint.labels):,} labels"
    )


@dataclass(frozen=True)
class Item:
    """A word, with its parts, or an n-gram.

    Attributes:
        text: its words.
        pushes: (S,) what it adds to each label that is looked at, in a sentence of
            :data:`USUAL_LENGTH` words; with one label a sentence, less the mean over all labels.
    """

    text: str
    pushes: np.ndarray


def ngram_items(checkpoint: Checkpoint, top: int) -> dict[str, list[list[Item]]]:
    """By kind, for each of the shown labels the ``top`` items that push most towards it."""
    expert = checkpoint.ngrams
    if expert is None:
        return {}
    kinds = {"words": 1, **{f"{order}-grams": order for order in expert.orders}}
    return {kind: list(_by_class(checkpoint, expert, order, top)) for kind, order in kinds.items()}


def _by_class(
    checkpoint: Checkpoint, expert: NgramExpert, order: int, top: int
) -> Iterator[list[Item]]:
    weight, labels = float(checkpoint.fusion.weights[1]), shown_labels(checkpoint)
    for index, label in enumerate(labels):
        best, pushes = expert.strongest(order, label, top)
        pushes = weight * pushes
        if not checkpoint.config.multilabel:
            pushes = pushes - pushes.mean(axis=1, keepdims=True)
        yield [
            Item(" ".join(map(printable, words)), row)
            for words, row in zip(best, pushes[:, labels], strict=True)
            if row[index] > 0
        ]


DOUBT = 5
"""Sentences without any push that an n-gram's mean is ranked with. Means alone put long n-grams of
one sentence first, which say more of that sentence than of the network, and sums alone the ones
that stand everywhere."""

MOST_CELLS = 1 << 18
"""Sentences times feature maps looked at at once: a bound on memory."""


@dataclass(frozen=True)
class Ngram:
    """An n-gram of the training sentences.

    Attributes:
        text: its words, with a mark where the window reaches beyond the sentence.
        height: places in the window.
        sentences: how many a filter chose it in.
        pushes: (S,) what it adds to each label that is looked at in one of them, a mean over
            these; with one label a sentence, less the mean over all labels.
    """

    text: str
    height: int
    sentences: int
    pushes: np.ndarray


def learnt_ngrams(checkpoint: Checkpoint, part: TrainingPart, top: int) -> list[list[Ngram]]:
    """For each of the shown labels the ``top`` n-grams that push most towards it.

    What is ranked is explained at :data:`DOUBT`.

    Args:
        checkpoint: the model.
        part: the training sentences.
        top: n-grams of each label.
    """
    found: list[list[tuple[float, Ngram]]] = [[] for _ in shown_labels(checkpoint)]
    for index in range(len(checkpoint.config.filter_sizes)):
        # One height at a time: there are more n-grams than there is room to keep.
        table = _of_height(checkpoint, part, index)
        for number, candidates in enumerate(found):
            candidates += _best(checkpoint.vocabulary, table, number, top)
        del table
    return [
        [ngram for _, ngram in sorted(candidates, key=lambda it: -it[0])[:top]]
        for candidates in found
    ]


def _best(
    vocabulary: Vocabulary, table: tuple[np.ndarray, np.ndarray, np.ndarray], number: int, top: int
) -> Iterator[tuple[float, Ngram]]:
    """Rank and n-gram of those in a table of :func:`_of_height` that push most to one class."""
    windows, counts, sums = table
    ranks = sums[:, number] / (counts + DOUBT)
    for row in np.argsort(-ranks, kind="stable")[:top].tolist():
        if ranks[row] > 0:
            text, count = window_words(windows[row], vocabulary), int(counts[row])
            yield float(ranks[row]), Ngram(text, windows.shape[1], count, sums[row] / count)


def window_words(window: np.ndarray, vocabulary: Vocabulary) -> str:
    """A window of token ids as it is read."""
    inside = np.flatnonzero(window != BEYOND)
    if not len(inside):
        return "[no words]"
    words = [vocabulary.words[token_id] for token_id in window[inside].tolist()]
    return ngram_words(words, int(inside[0]), int(len(window) - 1 - inside[-1]))


def _of_height(
    checkpoint: Checkpoint, part: TrainingPart, index: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different n-grams of one height: (A, height) words, (A,) sentences, (A, S) pushes."""
    bank, height = checkpoint.architecture.bank, checkpoint.config.filter_sizes[index]
    maps = slice(index * bank.num_filters, (index + 1) * bank.num_filters)
    sentences = part.train
    counts = np.maximum(sentences.lengths + height - 1, 1)
    firsts = np.cumsum(counts) - counts + (height - 1)
    labels = shown_labels(checkpoint)
    sums = np.zeros((int(counts.sum()), len(labels)))
    used = np.zeros(len(sums), bool)
    networks = checkpoint.networks
    for found, parameters in zip(part.scans, networks, strict=True):
        pushes = parameters["dense/weights"]
        if not checkpoint.config.multilabel:
            pushes = pushes - pushes.mean(axis=0)
        for block in _blocks(maps, len(sentences)):
            places = (firsts[:, None] + found.starts[:, block]).ravel()
            features = found.features[:, block]
            used[places[features.ravel() > 0]] = True
            for number, weights in enumerate(pushes[labels, block]):
                sums[:, number] += np.bincount(places, (features * weights).ravel(), len(sums))
    sums *= float(checkpoint.fusion.weights[0]) / len(networks)
    chosen = np.flatnonzero(used)
    rows = np.repeat(np.arange(len(sentences), dtype=np.int32), counts)[chosen]
    windows = windows_at(sentences, rows, chosen - firsts[rows], height)
    different, which, times = np.unique(windows, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    columns = [np.bincount(which, column, len(different)) for column in sums[chosen].T]
    return different, times, np.stack(columns, axis=1)


def _blocks(maps: slice, sentences: int) -> Iterator[slice]:
    """The feature maps in slices small enough to hold one number a sentence and map."""
    width = max(MOST_CELLS // max(sentences, 1), 1)
    for begin in range(maps.start, maps.stop, width):
        yield slice(begin, min(begin + width, maps.stop))
