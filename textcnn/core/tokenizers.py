"""Text to tokens."""

import functools
import re
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
    mark = _one_mark("\uff9e\uff9f")
    return re.compile(f"({mark}{{30}}){mark}+")


# Blocks of scripts that put no space between words: Thai and Lao, Burmese, Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)


@functools.cache
def mark_spans() -> list[tuple[int, int]]:
    """Where Unicode has marks (vowel signs, accents): the first number of each row and its end."""

    def kinds(first: int, end: int) -> str:
        return "".join([unicodedata.category(chr(code))[0] for code in range(first, end)])

    # Planes 2 and 3 are for ideographs, and of the others only 14 is neither private nor empty: to
    # go through all 17 took 0.4 s of every process.
    everything = kinds(0, 0x20000).ljust(0xE0000) + kinds(0xE0000, 0xF0000)
    return [row.span() for row in re.finditer("M+", everything)]


def _one_mark(more: str = "") -> str:
    """A pattern of one mark, or of one character of ``more``.

    `re` has no class for them. It looks a character up among those to U+FFFF, but compares it with
    one row after another of those above: so a letter is first asked whether it is above at all.
    """
    low, high = "", ""
    for first, end in mark_spans():
        row = f"{chr(first)}-{chr(end - 1)}"
        low, high = (low + row, high) if end <= 0x10000 else (low, high + row)
    return f"(?:[{low}{more}]|(?=[\U00010000-\U0010ffff])[{high}])"


@functools.cache
def _unicode_pattern() -> re.Pattern[str]:
    # Built on first use, since that takes a while. \w leaves marks out.
    single = rf"[{_UNSPACED}]{_one_mark()}*"
    letter = rf"(?:(?![{_UNSPACED}])\w{_one_mark()}*)"
    return re.compile(rf"{single}|{letter}+(?:['’]{letter}+)*|[^\w\s\0]")


def characters(text: str) -> list[str]:
    """Every character a token, marks attached, white space left out: for any script.

    Normalised and case-folded as :func:`unicode` does.
    """
    return _character_pattern().findall(_normalised(text))


@functools.cache
def _character_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?!{_one_mark()})[^\s\0]{_one_mark()}*")


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
