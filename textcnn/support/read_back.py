"""JSON that is read back: nothing in it can exhaust the memory or mean two things."""

import json
import math
from typing import Any, NoReturn

DEEPEST = 32
"""Levels of lists and objects inside each other."""

LONGEST_NUMBER = 64
"""Digits of a whole number; the state of NumPy's generators has 39."""


def parse_json(text: str | bytes) -> Any:
    """The value that ``text`` stands for.

    Stricter than the json module: no NaN and no infinity, neither by name nor by size, no name
    twice in an object, and limits on nesting and digits. Parsing takes up to 25 times the length
    of ``text`` in memory, so the caller limits that.

    Raises:
        ValueError: it is not JSON in UTF-8, or breaks one of these rules.
    """
    try:
        value = json.loads(
            text if isinstance(text, str) else text.decode("utf-8"),
            parse_int=_whole_number,
            parse_float=_finite_number,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} levels inside each other") from None
    _check_depth(value)
    # Escapes can spell what is no letter, and then cannot be written anywhere.
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object names something twice")
    return members


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST + 1:
            raise ValueError(f"more than {DEEPEST} levels inside each other")
        level = [
            part
            for node in level
            if isinstance(node, list | dict)
            for part in (node.values() if isinstance(node, dict) else node)
        ]
