"""Text to tokens."""

import functools
import re
import sys
import unicodedata
from collections.abc import Callable

from textcnn.support.errors import UserError

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

    The text is normalised (NFKC) and case-folded; of more than 30 marks on one letter the rest is
    dropped, which no language writes. Scripts written without spaces (Chinese,
    Japanese, Thai, Lao, Khmer, Burmese) give one token a character, marks attached. NUL, which no
    checkpoint can hold, is dropped.
    """
    return _unicode_pattern().findall(_normalised(text))


def _normalised(text: str) -> str:
    if text.isascii():
        return text.casefold()
    # Normalising sorts the marks of a letter, in a time that grows with the square of their number:
    # 31 s for 400 kB of them. 30 is the limit of Unicode's own "Stream-Safe Text Format" (UAX 15).
    return unicodedata.normalize("NFKC", _long_runs().sub(r"\1", text)).casefold()


@functools.cache
def _long_runs() -> re.Pattern[str]:
    # The last two are letters that normalising makes marks of.
    marks = f"[{_marks()}\uff9e\uff9f]"
    return re.compile(f"({marks}{{30}}){marks}+")


# Blocks of scripts that put no space between words: Thai and Lao, Burmese, Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)


@functools.cache
def _marks() -> str:
    return "".join(
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character).startswith("M")
    )


@functools.cache
def _unicode_pattern() -> re.Pattern[str]:
    # Built on first use, since it goes through every code point. `re` has no class for marks
    # (vowel signs, accents), and its \w leaves them out.
    marks = _marks()
    single = rf"[{_UNSPACED}][{marks}]*"
    letter = rf"(?:(?![{_UNSPACED}])\w[{marks}]*)"
    return re.compile(rf"{single}|{letter}+(?:['’]{letter}+)*|[^\w\s\0]")


def characters(text: str) -> list[str]:
    """Every character a token, marks attached, white space left out: for any script.

    Normalised and case-folded as :func:`unicode` does.
    """
    return _character_pattern().findall(_normalised(text))


@functools.cache
def _character_pattern() -> re.Pattern[str]:
    return re.compile(rf"[^\s\0{_marks()}][{_marks()}]*")


TOKENIZERS: dict[str, Tokenizer] = {"kim": kim, "unicode": unicode, "characters": characters}
"""The tokenizers by the name that options and checkpoints use. None makes a token across white
space."""

AUTO = "auto"
"""The name of the tokenizer that is chosen by the sentences."""

CUSTOM = "custom"
"""The name of a function that Python code gave. A checkpoint cannot hold it: loading one would
mean running what a file says."""


def find_tokenizer(name: str, custom: Tokenizer | None = None) -> Tokenizer:
    """The tokenizer of this name.

    Args:
        name: of :data:`TOKENIZERS`, or :data:`CUSTOM`.
        custom: the function that the latter stands for, or None.

    Raises:
        UserError: that function is needed and not given.
    """
    if name != CUSTOM:
        return TOKENIZERS[name]
    if custom is None:
        raise UserError(
            "the tokenizer is a Python function, which no checkpoint can hold; give it to "
            "TextCNNClassifier(tokenizer=...) or TextCNNClassifier.load(path, tokenizer=...)"
        )
    return custom
