"""Texts with their labels: what every reader of training data returns."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textcnn.data.datasets.rows import plain_label, tidy_label
from textcnn.data.labels import join_labels, split_labels
from textcnn.support.errors import UserError


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used.

    Attributes:
        where: file and line.
        kind: what is wrong with it, in words that other rows may share.
        fault: what is wrong with it in particular.
    """

    where: str
    kind: str
    fault: str


@dataclass(frozen=True)
class LabelledTexts:
    """Sentences and their labels, row by row, as read and before any cleaning.

    Attributes:
        texts: N sentences.
        labels: N label names, ``labels[i]`` belonging to ``texts[i]``.
        source: one line that says where they came from, for summaries.
        bad_rows: rows that were given and are not among the N.
        asked: the columns of text and label, where all tables call them so; else None.
    """

    texts: list[str]
    labels: list[str]
    source: str
    bad_rows: Sequence[BadRow] = ()
    asked: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def label_counts(self) -> Counter[str]:
        """How many rows have each label, rows with several counted under each."""
        counts: Counter[str] = Counter()
        for labels, count in Counter(self.labels).items():
            counts.update(dict.fromkeys(split_labels(labels), count))
        return counts

    def spelled(self, spellings: Mapping[str, str]) -> "LabelledTexts":
        """These with labels spelled so; those that are none of its keys stay."""
        spelled = {
            labels: join_labels(spellings.get(label, label) for label in split_labels(labels))
            for labels in set(self.labels)
        }
        return dataclasses.replace(self, labels=[spelled[labels] for labels in self.labels])

    def followed_by(self, others: "LabelledTexts") -> "LabelledTexts":
        """These, and those of the others that are not among them."""
        there = set(self.texts)
        new = [row for row, text in enumerate(others.texts) if text not in there]
        return LabelledTexts(
            self.texts + [others.texts[row] for row in new],
            self.labels + [others.labels[row] for row in new],
            f"{self.source}, {others.source}",
            [*self.bad_rows, *others.bad_rows],
        )

    def without_bad_rows(self, skip: bool) -> "LabelledTexts":
        """The rows that can be used.

        Args:
            skip: whether rows may have been left out.

        Raises:
            UserError: rows were left out that should not have been, or none are left.
        """
        if not self.bad_rows or (skip and self.texts):
            return self
        first, count = self.bad_rows[0], len(self.bad_rows)
        others = f" ({count:,} of {count + len(self):,} rows cannot be used)" if count > 1 else ""
        advice = "; --skip-bad-rows leaves such rows out" if self.texts else ""
        raise UserError(f"{first.where}: {first.fault}{others}{advice}")


def spellings(counts: Mapping[str, int], known: Sequence[str] = ()) -> dict[str, str]:
    """One spelling for all labels that look alike: a known one, else the commonest, made tidy.

    Args:
        counts: how many rows have each label.
        known: labels of a model, which are spelled as it spells them.
    """
    rows: Counter[str] = Counter()
    for label, count in counts.items():
        rows[tidy_label(label)] += count
    chosen = {plain_label(label): label for label in known}
    for label in sorted(rows, key=lambda label: (-rows[label], label)):
        chosen.setdefault(plain_label(label), label)
    return {label: chosen[plain_label(label)] for label in counts}
