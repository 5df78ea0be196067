"""The tokenizer ``auto``: Kim's where the sentences are English, else the one for any language."""

from collections.abc import Sequence

from textcnn.core.tokenizers import AUTO
from textcnn.data.datasets.text_faults import Dropped, dropped_letters

UNICODE = "--tokenizer unicode"

DAMAGE = 0.01
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


def is_damage(dropped: Dropped) -> bool:
    """Whether a tokenizer leaves out so much that another one is worth a try."""
    return max(dropped.letters, dropped.words) > DAMAGE


def without_token(count: int, of: int, tokenizer: str) -> str:
    """The line about sentences of which a tokenizer leaves nothing."""
    advice = f"; consider {UNICODE}" if tokenizer == "kim" else ""
    return (
        f"no token: {count:,} of {of:,} sentences have none by --tokenizer {tokenizer}, and "
        f"nothing of them can be read{advice}"
    )
