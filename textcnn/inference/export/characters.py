"""What Python's tokenizers know of characters, for JavaScript, whose own tables differ.

``\\w`` and ``\\s`` are others there, there is no case-folding, and a browser's Unicode may be older
or newer than Python's. Only the normal form (NFKC) is the browser's own.
"""

import functools
import re
import sys
from collections.abc import Iterable

from textcnn.core.tokenizers import mark_spans


@functools.cache
def character_tables() -> dict[str, object]:
    """The classes as ranges for a pattern of JavaScript's, and how each character folds."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    return {
        "marks": _ranges(mark_spans()),
        "letters": _ranges(row.span() for row in re.finditer(r"\w+", everything)),
        "spaces": _ranges(row.span() for row in re.finditer(r"\s+", everything)),
        "folds": {
            character: folded
            for character in everything
            if (folded := character.casefold()) != character
        },
    }


def _ranges(spans: Iterable[tuple[int, int]]) -> str:
    r"""The characters of a class, as ``\u{41}-\u{5a}``."""
    return "".join(rf"\u{{{first:x}}}-\u{{{end - 1:x}}}" for first, end in spans)
