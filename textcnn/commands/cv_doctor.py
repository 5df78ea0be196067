"""``textcnn cv --doctor``: what a cross-validation says of the data's faults, printed and written.

========================  ===================================================================
``doctor.json``           all that was found
``label-errors.csv``      sentences that are probably labelled wrongly, the surest first
========================  ===================================================================
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from textcnn.commands.screen.tables import Table, table_text
from textcnn.evaluation.doctor.diagnosis import Diagnosis, LabelError
from textcnn.evaluation.doctor.leaking_words import MIN_SENTENCES, MIN_SHARE
from textcnn.evaluation.doctor.near_duplicates import SIMILARITY, Sentence
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text
from textcnn.support.text import csv_line

PRINTED = 20
"""Of each kind; the files hold all."""

WIDTH = 300
"""Characters of a text that are printed."""


def refuse_several_labels(config: Config, option: str) -> None:
    """Raise UserError, naming the option, where a sentence may have several labels."""
    if config.multilabel:
        raise UserError(f"{option} is for sentences of one label each; leave it out")


def save_diagnosis(
    folder: Path, diagnosis: Diagnosis, texts: Sequence[str], labels: Sequence[str]
) -> None:
    """Write the files."""
    values = diagnosis_values(diagnosis, texts, labels)
    replace_text(folder / "doctor.json", json.dumps(values, indent=2) + "\n")
    rows = _label_error_rows(diagnosis.label_errors, texts, labels)
    replace_text(folder / "label-errors.csv", "".join(map(csv_line, rows)))


def diagnosis_values(
    diagnosis: Diagnosis, texts: Sequence[str], labels: Sequence[str]
) -> dict[str, Any]:
    """All that was found as plain values, for JSON; rows are counted from 1."""

    def sentence(it: Sentence) -> dict[str, Any]:
        return {
            "row": it.row + 1,
            "text": texts[it.row],
            "label": labels[it.label],
            "count": it.count,
        }

    return {
        "sentences": diagnosis.sentences,
        "sentences_tested": diagnosis.tested,
        "label_errors": [
            {
                "row": it.row + 1,
                "text": texts[it.row],
                "label": labels[it.label],
                "suggested": labels[it.suggested],
                "probability_of_label": it.label_probability,
                "probability_of_suggested": it.suggested_probability,
            }
            for it in diagnosis.label_errors
        ],
        "near_duplicates": [
            {
                "similarity": it.similarity,
                "first": sentence(it.first),
                "second": sentence(it.second),
            }
            for it in diagnosis.near_duplicates
        ],
        "leaking_words": [
            {**vars(it), "label": labels[it.label]} for it in diagnosis.leaking_words
        ],
    }


def _label_error_rows(
    errors: Sequence[LabelError], texts: Sequence[str], labels: Sequence[str]
) -> Iterator[list[str]]:
    """For a CSV file, a header first; rows are counted as in ``predictions.csv``."""
    yield ["row", "text", "label", "suggested", "probability_of_label", "probability_of_suggested"]
    for it in errors:
        yield [
            str(it.row + 1),
            texts[it.row],
            labels[it.label],
            labels[it.suggested],
            f"{it.label_probability:.4f}",
            f"{it.suggested_probability:.4f}",
        ]


def diagnosis_text(diagnosis: Diagnosis, texts: Sequence[str], labels: Sequence[str]) -> str:
    """The first of each kind, for people."""
    lines = [
        *_label_errors_text(diagnosis, texts, labels),
        "",
        *_near_duplicates_text(diagnosis, texts, labels),
        "",
        *_leaking_words_text(diagnosis, labels),
    ]
    return "\n".join(lines)


def _label_errors_text(
    diagnosis: Diagnosis, texts: Sequence[str], labels: Sequence[str]
) -> Iterator[str]:
    errors = diagnosis.label_errors
    yield (
        f"probable label errors: {len(errors):,} of {diagnosis.tested:,} sentences "
        f"(confident learning){_first(len(errors))}"
    )
    if diagnosis.tested < diagnosis.sentences:
        yield (
            f"the other {diagnosis.sentences - diagnosis.tested:,} sentences were tested by no "
            "fold, so nothing is said of their labels"
        )
    yield from _table(
        ["row", "label", "probability", "suggested", "probability", "text"],
        [
            [
                str(it.row + 1),
                labels[it.label],
                f"{it.label_probability:.4f}",
                labels[it.suggested],
                f"{it.suggested_probability:.4f}",
                _short(texts[it.row]),
            ]
            for it in errors[:PRINTED]
        ],
        right={0, 2, 4},
    )


def _near_duplicates_text(
    diagnosis: Diagnosis, texts: Sequence[str], labels: Sequence[str]
) -> Iterator[str]:
    pairs = diagnosis.near_duplicates
    yield (
        f"nearly the same sentence under different labels ({100 * SIMILARITY:.0f} % of the words "
        f"or more in both): {len(pairs):,} pairs{_first(len(pairs))}"
    )
    rows = []
    for pair in pairs[:PRINTED]:
        for similarity, it in ((f"{100 * pair.similarity:.0f} %", pair.first), ("", pair.second)):
            text = _short(texts[it.row]) + (f" ({it.count:,} times)" if it.count > 1 else "")
            rows.append([similarity, str(it.row + 1), labels[it.label], text])
    yield from _table(["in both", "row", "label", "text"], rows, right={0, 1})


def _leaking_words_text(diagnosis: Diagnosis, labels: Sequence[str]) -> Iterator[str]:
    words = diagnosis.leaking_words
    yield (
        f"words with one label in {100 * MIN_SHARE:.0f} % or more of {MIN_SENTENCES} sentences or "
        f"more, not by chance: {len(words):,}{_first(len(words))}"
    )
    if words:
        yield (
            "a word of the task itself is right here, as praise is in reviews; the name of a "
            "source, a date or markup\ngives the label away, and a network that goes by it will "
            "fail where it is missing"
        )
    yield from _table(
        ["words", "label", "sentences", "share", "p"],
        [
            [
                it.words,
                labels[it.label],
                f"{it.count:,}",
                f"{100 * it.share:.1f} %",
                f"{it.p_value:.1g}",
            ]
            for it in words[:PRINTED]
        ],
        right={2, 3},
    )


def _first(count: int) -> str:
    return f"; the first {PRINTED}" if count > PRINTED else ""


def _table(header: list[str], rows: list[list[str]], right: set[int]) -> list[str]:
    """Nothing at all where there are no rows."""
    return [table_text(Table(header, rows, right))] if rows else []


def _short(text: str) -> str:
    """A text on one line, however long it is."""
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."
