"""What Python's tokenizers know of characters, for JavaScript, whose own tables differ.

``\\w`` and ``\\s`` are others there, there is no case-folding, and a browser's Unicode may be older
or newer than Python's. Only the normal form (NFKC) is the browser's own.
"""

import sys
import unicodedata
from collections.abc import Callable


def character_tables() -> dict[str, object]:
    """The classes as ranges for a pattern of JavaScript's, and how each character folds."""
    everything = list(map(chr, range(sys.maxunicode + 1)))
    return {
        "marks": _ranges(lambda character: unicodedata.category(character)[0] == "M", everything),
        "letters": _ranges(lambda character: character.isalnum() or character == "_", everything),
        "spaces": _ranges(str.isspace, everything),
        "folds": {
            character: character.casefold()
            for character in everything
            if character.casefold() != character
        },
    }


def _ranges(holds: Callable[[str], bool], everything: list[str]) -> str:
    r"""The characters of a class, as ``\u{41}-\u{5a}``."""
    ranges: list[list[int]] = []
    for character in everything:
        if not holds(character):
            continue
        code = ord(character)
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(rf"\u{{{first:x}}}-\u{{{last:x}}}" for first, last in ranges)
