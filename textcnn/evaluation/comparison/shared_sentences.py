"""What ``textcnn compare`` compares on: two models, and sentences that are fair to both."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.rows import READING_OPTIONS
from textcnn.data.fingerprints import are_known
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.evaluation.scoring import (
    NO_TEST_PART,
    check_labels,
    data_of_run,
    hashes_of,
    read_as_before,
)
from textcnn.inference.classifier import Classifier
from textcnn.recipe.config import Config, Value, flag
from textcnn.support.errors import UserError
from textcnn.support.result_folder import WHERE_DATA_IS
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.run_folder import find_checkpoint


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        path: of the checkpoint.
        classifier: made from it.
    """

    path: Path
    classifier: Classifier

    @classmethod
    def load(cls, given: Path) -> "Side":
        """Read a checkpoint file, or the best one in a run's folder."""
        path = find_checkpoint(given)
        return cls(path, Classifier.load(path))

    @property
    def checkpoint(self) -> Checkpoint:
        """What it was made from."""
        return self.classifier.checkpoint

    @property
    def config(self) -> Config:
        """The options of its run."""
        return self.checkpoint.config


@dataclass(frozen=True)
class Sentences:
    """What both are compared on.

    Attributes:
        texts, labels: N of each.
        about: a line about where they are from.
        seen: how many of them A was trained on, B, and either.
    """

    texts: list[str]
    labels: list[str]
    about: str
    seen: tuple[int, int, int] = (0, 0, 0)


def shared_sentences(sides: Sequence[Side], given: dict[str, Any], report: Report) -> Sentences:
    """Those of ``--data``, or what is left of both runs' test parts.

    Args:
        sides: the two models.
        given: the options of data that were given.
        report: told in one line of each attempt to reach a source.
    """
    if "data" in given:
        return _given_sentences(sides, given, report)
    if given:
        raise UserError(f"{flag(next(iter(given)))} describes --data; give that too")
    a, b = _divided(sides, report)
    parts = [data.part(data.split.test) for data in (a, b)]
    texts, labels = _either(sides[0], *parts)
    fresh = ~(_met(sides[0], a, texts) | _met(sides[1], b, texts))
    kept = np.flatnonzero(fresh)
    if not len(kept):
        raise UserError(
            "the two kept no test sentence that neither was trained on; name new ones with --data"
        )
    texts, labels = [texts[row] for row in kept], [labels[row] for row in kept]
    if parts[0] == parts[1] and fresh.all():
        about = f"the {len(kept):,} test sentences that both kept, from {a.source}"
    else:
        about = (
            f"the two kept different test sentences ({len(parts[0][0]):,} and "
            f"{len(parts[1][0]):,}): here are the {len(kept):,} of either that the other was not "
            "trained on"
        )
    return _with_shared_labels(sides, texts, labels, about)


def _given_sentences(sides: Sequence[Side], given: dict[str, Any], report: Report) -> Sentences:
    known = sorted({label for side in sides for label in side.classifier.labels})
    corpus = read_as_before(sides[0].config, known, given, report)
    check_labels(corpus.labels, known, multilabel=False)
    found = _with_shared_labels(sides, corpus.texts, corpus.labels, f"data: {corpus.source}")
    a, b = (are_known(hashes_of(it.classifier, found.texts), it.checkpoint.seen) for it in sides)
    seen = (int(a.sum()), int(b.sum()), int((a | b).sum()))
    new = "" if seen[2] else "; neither was trained on any of it"
    return dataclasses.replace(found, about=f"{found.about}{new}", seen=seen)


def _with_shared_labels(
    sides: Sequence[Side], texts: list[str], labels: list[str], about: str
) -> Sentences:
    """Those whose label both know."""
    ours, theirs = (set(side.classifier.labels) for side in sides)
    kept = [row for row, label in enumerate(labels) if label in ours and label in theirs]
    if not kept:
        raise UserError("no sentence has a label that both A and B know; name others with --data")
    if ours != theirs:
        only = sorted(ours ^ theirs)
        more = f" and {len(only) - 3} more" if len(only) > 3 else ""
        about += (
            f"\nonly one of the two knows {', '.join(only[:3])}{more}: {len(labels) - len(kept):,} "
            "sentences with such a label are left out, and such an answer is wrong"
        )
    return Sentences([texts[row] for row in kept], [labels[row] for row in kept], about)


def _divided(sides: Sequence[Side], report: Report) -> list[TokenizedData]:
    """What each run was given, divided as it was there."""
    corpora: dict[tuple[Value, ...], Corpora] = {}
    divided = []
    for side in sides:
        what_is_read = tuple(getattr(side.config, it) for it in (*WHERE_DATA_IS, *READING_OPTIONS))
        if what_is_read not in corpora:
            corpora[what_is_read] = Corpora.read(side.config, report)
        try:
            divided.append(data_of_run(side.checkpoint, corpora[what_is_read], NO_TEST_PART))
        except UserError as error:
            raise UserError(f"{side.path}: {error}") from error
    return divided


Part = tuple[list[str], list[str]]


def _either(side: Side, ours: Part, theirs: Part) -> Part:
    """The sentences of either part, with their labels: ours first, then those only theirs."""
    (texts, labels), (other_texts, other_labels) = ours, theirs
    new = np.flatnonzero(
        ~np.isin(hashes_of(side.classifier, other_texts), hashes_of(side.classifier, texts))
    )
    return (
        texts + [other_texts[row] for row in new],
        labels + [other_labels[row] for row in new],
    )


def _met(side: Side, data: TokenizedData, texts: Sequence[str]) -> np.ndarray:
    """(N,) booleans: which sentences the run was trained on, or chose its best epoch by."""
    known = data.hashes[data.everything_but_test]
    return are_known(
        hashes_of(side.classifier, texts), np.concatenate([known, side.checkpoint.seen])
    )
