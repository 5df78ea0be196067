"""JSON: an object a line, or an array of objects."""

import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from textcnn.data.datasets.cells import Selection, Table, matching
from textcnn.data.datasets.rows import Row, RowError
from textcnn.data.datasets.text_files import Report, lines_of_text
from textcnn.support.errors import UserError
from textcnn.support.read_back import each_key_once

_Object = dict[str, object]
_Objects = Iterator[tuple[str, object]]
"""What should be objects, each with its place in the file; what is no JSON is a RowError."""

_DECODER = json.JSONDecoder(object_pairs_hook=each_key_once)


BY_COLUMNS = "; if pandas wrote the file, use to_json(orient='records', lines=True)"
"""What to do with JSON that is not a row an object."""


def json_rows(text: str, path: Path, taken: Selection) -> Table:
    """The rows; the columns are the keys of the first object."""
    found = (
        _array(text, path) if text.lstrip().startswith("[") else _lines(text, path, taken.report)
    )
    objects, again = itertools.tee(found)
    first = next((found for _, found in objects if isinstance(found, dict)), {})
    taken = dataclasses.replace(taken.in_columns(list(first)), by_columns=BY_COLUMNS)
    return Table(tuple(first), _rows(again, path, taken))


def _lines(text: str, path: Path, report: Report) -> _Objects:
    for number, line in lines_of_text(text, path, report):
        try:
            found = _DECODER.decode(line.strip().rstrip(","))
        except (ValueError, RecursionError) as error:
            hint = "; give a whole object a line, or an array of objects"
            yield f"line {number}", RowError("not valid JSON", f" ({error}){hint}")
        else:
            yield f"line {number}", found


def _array(text: str, path: Path) -> _Objects:
    try:
        members = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: not valid JSON ({error}); give an object a line, or a single array of objects"
        ) from error
    for number, found in enumerate(members, start=1):
        yield f"object {number}", found


def _rows(objects: _Objects, path: Path, taken: Selection) -> Iterator[Row]:
    names: list[str] = []
    keys: list[str] = []
    for place, found in objects:
        where = f"{path}, {place}"
        if not isinstance(found, dict):
            other = RowError("not a JSON object", "; give an object a line, or an array of objects")
            yield Row(where, fault=found if isinstance(found, RowError) else other)
            continue
        try:
            if not keys or names != list(found):  # Nearly all rows have those of the one before.
                keys = [_key(found, name, option) for option, name in taken.wanted(list(found))]
                names = list(found)
        except RowError as fault:
            yield Row(where, cells=found, fault=fault)
        else:
            yield taken.row(where, found, keys)


def _key(row: _Object, name: str, option: str) -> str:
    found = [name] if name in row else matching(name, list(row))
    if len(found) == 1:
        return found[0]
    hint = BY_COLUMNS if any(isinstance(it, dict | list) for it in row.values()) else ""
    names: Sequence[str] = [repr(key[:40]) for key in list(row)[:10]]
    raise RowError(
        f"has {'several keys' if found else 'no key'} {name!r}",
        f", its keys are {', '.join(names) or 'none'}: choose with {option}{hint}",
    )
