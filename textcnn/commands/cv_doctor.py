"""``textcnn cv --doctor``: what a cross-validation says of the data's faults, printed and written.

========================  ===================================================================
``doctor.json``           all that was found
``label-errors.csv``      sentences that are probably labelled wrongly, the surest first
========================  ===================================================================
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from textcnn.evaluation.doctor.diagnosis import Diagnosis
from textcnn.evaluation.doctor.leaking_words import MIN_SENTENCES, MIN_SHARE
from textcnn.evaluation.doctor.near_duplicates import SIMILARITY
from textcnn.support.files import replace_csv, replace_text
from textcnn.support.tables import Table, table_text
from textcnn.support.text import cut

PRINTED = 20
"""Faults of each kind that are printed; the files hold all."""

WIDTH = 300
"""Characters of a text that are printed."""


def diagnosis_values(
    diagnosis: Diagnosis, texts: Sequence[str], labels: Sequence[str]
) -> dict[str, Any]:
    """All that was found as plain values, for JSON: rows counted from 1, with their texts."""

    def plain(value: Any, name: str = "") -> Any:
        if name in ("label", "suggested"):
            return labels[value]
        if isinstance(value, list):
            return [plain(one) for one in value]
        if not dataclasses.is_dataclass(value):
            return value
        values = {name: plain(part, name) for name, part in vars(value).items()}
        if "row" in values:
            values = {**values, "row": values["row"] + 1, "text": texts[values["row"]]}
        return values

    findings: dict[str, Any] = plain(diagnosis)
    return findings


def save_diagnosis(folder: Path, findings: dict[str, Any]) -> None:
    """Write the files, of what :func:`diagnosis_values` holds."""
    replace_text(folder / "doctor.json", json.dumps(findings, indent=2) + "\n")
    replace_csv(folder / "label-errors.csv", _label_error_rows(findings["label_errors"]))


def _label_error_rows(errors: Sequence[dict[str, Any]]) -> Iterator[list[str]]:
    """For a CSV file, a header first; rows are counted as in ``predictions.csv``."""
    heads = "row", "text", "label", "suggested", "probability_of_label", "probability_of_suggested"
    yield [*heads]
    for it in errors:
        cells = [it[head] for head in heads]
        yield [f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in cells]


def diagnosis_text(findings: dict[str, Any]) -> str:
    """The first of each kind, for people, of what :func:`diagnosis_values` holds."""
    parts = (_label_errors_text, _near_duplicates_text, _leaking_words_text)
    return "\n\n".join("\n".join(part(findings)) for part in parts)


def _label_errors_text(findings: dict[str, Any]) -> Iterator[str]:
    errors = findings["label_errors"]
    sentences, tested = findings["sentences"], findings["sentences_tested"]
    yield (
        f"probable label errors: {len(errors):,} of {tested:,} sentences "
        f"(confident learning){_first(len(errors))}"
    )
    if tested < sentences:
        yield (
            f"the other {sentences - tested:,} sentences were tested by no fold, so nothing is "
            "said of their labels"
        )
    rows = [
        [
            str(it["row"]),
            it["label"],
            f"{it['probability_of_label']:.4f}",
            it["suggested"],
            f"{it['probability_of_suggested']:.4f}",
            _short(it["text"]),
        ]
        for it in errors[:PRINTED]
    ]
    heads = ["row", "label", "probability", "suggested", "probability", "text"]
    yield from _table(heads, rows, right={0, 2, 4})


def _near_duplicates_text(findings: dict[str, Any]) -> Iterator[str]:
    pairs = findings["near_duplicates"]
    yield (
        f"nearly the same sentence under different labels ({100 * SIMILARITY:.0f} % of the words "
        f"or more in both): {len(pairs):,} pairs{_first(len(pairs))}"
    )
    rows = []
    for pair in pairs[:PRINTED]:
        similarity = f"{100 * pair['similarity']:.0f} %"
        for words, it in ((similarity, pair["first"]), ("", pair["second"])):
            text = _short(it["text"]) + (f" ({it['count']:,} times)" if it["count"] > 1 else "")
            rows.append([words, str(it["row"]), it["label"], text])
    yield from _table(["in both", "row", "label", "text"], rows, right={0, 1})


def _leaking_words_text(findings: dict[str, Any]) -> Iterator[str]:
    words = findings["leaking_words"]
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
    rows = [
        [
            it["words"],
            it["label"],
            f"{it['count']:,}",
            f"{100 * it['share']:.1f} %",
            f"{it['p_value']:.1g}",
        ]
        for it in words[:PRINTED]
    ]
    yield from _table(["words", "label", "sentences", "share", "p"], rows, right={2, 3})


def _first(count: int) -> str:
    return f"; the first {PRINTED}" if count > PRINTED else ""


def _table(header: list[str], rows: list[list[str]], right: set[int]) -> list[str]:
    """Nothing at all where there are no rows."""
    return [table_text(Table(header, rows, right))] if rows else []


def _short(text: str) -> str:
    """A text on one line, however long it is."""
    return cut(" ".join(text.split()), WIDTH)
