"""JSON and TOML that are read back: nothing in them exhausts the memory or means two things.

The readers are stricter than Python's: no NaN and no infinity, neither by name nor by size, no name
twice in an object, and limits on length, nesting and digits. Whatever is wrong raises ValueError,
or OSError where a file cannot be read; the caller makes one line of it.

An object can be sealed with a digest of what it holds and of what it belongs to. That tells damage,
and another's file in its place; it keeps nobody out who computes a digest.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from textcnn.support.files import open_regular

LONGEST_FILE = 2**20
"""Bytes, where a caller does not say. Parsing takes up to 25 times the length in memory."""

DEEPEST = 32
"""Levels of lists and objects inside each other."""

LONGEST_NUMBER = 64
"""Digits of a whole number; the state of NumPy's generators has 39."""

LARGEST_WHOLE = 2**63 - 1
"""What a whole number may be at most where it is to count something."""

SEAL = "sha256"
"""The name of an object's digest in it."""


def read_bytes(path: Path, longest: int = LONGEST_FILE) -> bytes:
    """What a file of at most ``longest`` bytes holds.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: it is longer.
    """
    with open_regular(path) as stream:
        content = stream.read(longest + 1)
    if len(content) > longest:
        raise ValueError(f"longer than {longest:,} bytes")
    return content


def read_json(path: Path, longest: int = LONGEST_FILE) -> Any:
    """The value in a file of at most ``longest`` bytes.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: it is longer, or :func:`parse_json` refuses it.
    """
    return parse_json(read_bytes(path, longest))


def read_toml(path: Path, longest: int = LONGEST_FILE) -> dict[str, Any]:
    """The values in a TOML file of at most ``longest`` bytes.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: it is longer, is no TOML, or holds what :func:`parse_json` would refuse.
    """
    import tomllib  # Loaded here: one sentence is classified without.

    text = read_bytes(path, longest).decode("utf-8")
    try:
        values = tomllib.loads(text, parse_float=_finite_number)
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} levels inside each other") from None
    _check_depth(values)
    return values


def seal(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    """The object with its digest.

    Args:
        values: what JSON can hold.
        before: what it belongs to, such as the seal of an object that comes before it.
    """
    digest = hashlib.sha256((before + json.dumps(values)).encode()).hexdigest()
    return {**values, SEAL: digest}


def unseal(values: Any, before: str = "") -> dict[str, Any]:
    """The object that :func:`seal` was given.

    Raises:
        ValueError: it is none, or has not the digest that it should have.
    """
    if not isinstance(values, dict):
        raise ValueError("not an object")
    bare = {name: value for name, value in values.items() if name != SEAL}
    if values.get(SEAL) != seal(bare, before)[SEAL]:
        raise ValueError(f"{SEAL} is not that of what it holds and belongs to")
    return bare


def seal_each(objects: Iterable[dict[str, Any]], before: str = "") -> list[dict[str, Any]]:
    """Objects that follow each other, each sealed with the one before; the first with ``before``"""
    sealed: list[dict[str, Any]] = []
    for values in objects:
        sealed.append(seal(values, sealed[-1][SEAL] if sealed else before))
    return sealed


def parse_sealed(lines: bytes, before: str = "", finite: bool = True) -> list[dict[str, Any]]:
    """The objects of :func:`seal_each`, with their seals, that lines of JSON hold.

    Raises:
        ValueError: one is not what it was, or not where it was.
    """
    objects = []
    for line in lines.splitlines():
        if len(line) > LONGEST_FILE:
            raise ValueError(f"a line longer than {LONGEST_FILE:,} bytes")
        values = parse_json(line, finite)
        unseal(values, before)
        before = values[SEAL]
        objects.append(values)
    return objects


def number(value: Any) -> float:
    """A number that was read, as a float.

    Raises:
        ValueError: it is something else, or no float can be so large.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{str(value)[:40]!r} is not a number")
    return _finite_number(str(value))


def share(value: Any) -> float:
    """A number that was read, from 0 to 1.

    Raises:
        ValueError: it is something else.
    """
    if not 0 <= number(value) <= 1:
        raise ValueError(f"{value} is not a share")
    return number(value)


def whole_number(value: Any, least: int = 0, most: int = LARGEST_WHOLE) -> int:
    """A whole number that was read.

    Raises:
        ValueError: it is something else, or too small or large.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{str(value)[:40]!r} is not a whole number from {least} to {most}")
    return value


def parse_json(text: str | bytes, finite: bool = True) -> Any:
    """The value that ``text`` stands for.

    Args:
        text: whose length is the caller's to limit.
        finite: refuse NaN and infinity, too.

    Raises:
        ValueError: it is not JSON in UTF-8, or breaks one of these rules.
    """
    try:
        value = json.loads(
            text if isinstance(text, str) else text.decode("utf-8"),
            parse_int=_whole_number,
            parse_float=_finite_number,
            parse_constant=_no_number if finite else float,
            object_pairs_hook=each_key_once,
        )
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} levels inside each other") from None
    _check_depth(value)
    try:  # Escapes can spell what is no letter, and then cannot be written anywhere.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character (a lone surrogate)") from None
    return value


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, as the parser gives its keys and values.

    Raises:
        ValueError: a key stands twice.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice[:40]!r} stands twice in an object")
    return members


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _finite_number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is too large for a number")
    return number


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            part
            for node in level
            if isinstance(node, list | dict)
            for part in (node.values() if isinstance(node, dict) else node)
            if isinstance(part, list | dict)
        ]
        if not level:
            return
    raise ValueError(f"more than {DEEPEST} levels inside each other")
