"""The tokenizer ``auto``: Kim's where the sentences are English, else the one for any language."""

import re
from collections.abc import Iterable, Iterator, Sequence

from textcnn.core.tokenizers import AUTO, find_tokenizer
from textcnn.data.datasets.text_faults import DroppedShares, dropped_letters

UNICODE = "--tokenizer unicode"

_LETTER = re.compile("[a-zA-Z]")

LEAST_DAMAGE = 0.01
"""Share of the letters or the words from which on losing letters is damage. Of English reviews,
names such as Émile among them, it is 0.001; German loses letters in a tenth of its words."""


def choose_tokenizer(name: str, texts: Sequence[str]) -> str:
    """``name`` itself or, where that is :data:`AUTO`, what these texts ask for.

    Args:
        name: the value of ``--tokenizer``.
        texts: those that training may see; labels are not looked at.
    """
    if name != AUTO:
        return name
    return "unicode" if is_damage(dropped_letters(texts, "kim")) else "kim"


def is_damage(shares: DroppedShares) -> bool:
    """Whether a tokenizer leaves out so much that another one is worth a try."""
    return max(shares.letters, shares.words) > LEAST_DAMAGE


class WithoutToken:
    """Counts the sentences that pass by and those of which a tokenizer leaves nothing.

    Args:
        tokenizer: a key of :data:`textcnn.core.tokenizers.TOKENIZERS`.
    """

    def __init__(self, tokenizer: str):
        self._tokenizer, self._tokenize = tokenizer, find_tokenizer(tokenizer)
        self._count = self._of = self._blank = 0

    def passing(self, chunks: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        """The same sentences, counted."""
        for chunk in chunks:
            self._of += len(chunk)
            # Every tokenizer keeps the letters a to z: only what has none of them is looked at.
            odd = [text for text in chunk if _LETTER.search(text) is None]
            without = [text for text in odd if not self._tokenize(text)]
            self._count += len(without)
            self._blank += count_blank(without)
            yield chunk

    def __str__(self) -> str:
        """What there is to say; empty where all have a token."""
        if not self._count:
            return ""
        return without_token(self._count, self._of, self._tokenizer, self._blank)


def count_blank(texts: Iterable[str]) -> int:
    """How many of these hold nothing but white space."""
    return sum(not text.strip() for text in texts)


def without_token(count: int, of: int, tokenizer: str, blank: int = 0) -> str:
    """The line about sentences of which a tokenizer leaves nothing, so many known to be blank."""
    advice = f"; consider {UNICODE}" if tokenizer == "kim" and count > blank else ""
    empty = f" ({blank:,} empty)" if blank else ""
    return (
        f"no token: {count:,} of {of:,} sentences{empty} have none by --tokenizer {tokenizer}, and "
        f"nothing of them can be read{advice}"
    )
