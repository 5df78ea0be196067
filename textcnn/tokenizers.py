"""Text to tokens."""

import functools
import re
import sys
import unicodedata
from collections.abc import Callable

Tokenizer = Callable[[str], list[str]]

# Every place where clean_str would put a space in front of a clitic. Case matters: clean_str
# lowers the text last, so "IT'S" stays one token there and here.
_CLITIC = r"(?:'s|'ve|n't|'re|'d|'ll)"
_KIM = re.compile(rf"[(),!?]|[A-Za-z0-9'`](?:(?!{_CLITIC})[A-Za-z0-9'`])*")


def kim(text: str) -> list[str]:
    """English tokens as Kim's ``clean_str`` makes them, in one pass instead of a dozen.

    Letters, digits and ``( ) , ! ? ' ``` are kept and the rest is dropped; punctuation stands
    alone; ``'s 've n't 're 'd 'll`` are split off; everything is lowered. The one difference from
    the published function: it writes brackets and question marks with a backslash.
    """
    return " ".join(_KIM.findall(text)).lower().split()


def unicode(text: str) -> list[str]:
    """Tokens in any language: words and their marks, or single signs of punctuation.

    The text is normalised (NFKC) and case-folded. Scripts written without spaces (Chinese,
    Japanese, Thai, Lao, Khmer, Burmese) give one token a character, marks attached. NUL, which no
    checkpoint can hold, is dropped.
    """
    return _unicode_pattern().findall(unicodedata.normalize("NFKC", text).casefold())


# Blocks of scripts that put no space between words: Thai and Lao, Burmese, Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)


@functools.cache
def _unicode_pattern() -> re.Pattern[str]:
    # Built on first use, since it goes through every code point. `re` has no class for marks
    # (vowel signs, accents), and its \w leaves them out.
    marks = "".join(
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character).startswith("M")
    )
    single = rf"[{_UNSPACED}][{marks}]*"
    letter = rf"(?:(?![{_UNSPACED}])\w[{marks}]*)"
    return re.compile(rf"{single}|{letter}+(?:['’]{letter}+)*|[^\w\s\0]")


TOKENIZERS: dict[str, Tokenizer] = {"kim": kim, "unicode": unicode}
"""The tokenizers by the name that options and checkpoints use."""
