"""JSON Lines: an object a line."""

import json
from collections.abc import Iterator
from pathlib import Path

from textcnn.data.datasets.rows import ReadingOptions, Row
from textcnn.data.datasets.text_files import split_lines
from textcnn.support.errors import UserError


def json_rows(text: str, path: Path, options: ReadingOptions) -> Iterator[Row]:
    """The rows of a JSON Lines file; blank lines are left out."""
    if text.lstrip().startswith("["):
        raise UserError(
            f"{path}: a JSON array, but JSON Lines is needed, an object a line: convert it, for "
            f"instance with jq -c '.[]' {path} > lines.jsonl"
        )
    for number, line in enumerate(split_lines(text), start=1):
        if line.strip():
            yield _row(line, f"{path}, line {number}", options)


def _row(line: str, where: str, options: ReadingOptions) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(row, dict):
        raise UserError(f"{where}: not a JSON object; give one {{...}} a line")
    texts = [
        _text(_value(row, name, "--text-column", where), where) for name in options.text_names(row)
    ]
    label = _value(row, options.label_column, "--label-column", where)
    return Row(where, _labels(label, options, where), " ".join(texts))


def _value(row: dict[str, object], key: str, option: str, where: str) -> object:
    if key not in row:
        names = ", ".join(repr(name[:40]) for name in list(row)[:10]) or "none"
        raise UserError(f"{where}: has no key {key!r}, its keys are {names}: choose with {option}")
    return row[key]


def _labels(label: object, options: ReadingOptions, where: str) -> tuple[str, ...]:
    if isinstance(label, str):
        return options.labels_in(label)
    if not isinstance(label, list):
        hint = "; for none give an empty list" if options.multilabel else ""
        return (_label(label, hint, where),)
    if not options.multilabel:
        return (_label(label, "; for several labels give --multilabel", where),)
    return tuple(_label(part, "", where) for part in label)


def _label(label: object, hint: str, where: str) -> str:
    if isinstance(label, bool):  # before int, which bool is a kind of
        return "true" if label else "false"
    if isinstance(label, str | int):
        return str(label)
    if isinstance(label, float):
        hint = f'; if it is one, write "{label:g}"'
    raise UserError(
        f"{where}: the label must be a string, an integer or true/false, not {_kind(label)}{hint}"
    )


def _text(text: object, where: str) -> str:
    if isinstance(text, str):
        return text
    raise UserError(f"{where}: the text must be a string, not {_kind(text)}")


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", bool: "true/false", type(None): "null"}
    return kinds.get(type(value), "a number")
