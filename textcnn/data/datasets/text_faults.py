"""What may have gone wrong with text before it came here, and what a tokenizer drops of it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# The bytes 80 to BF, which continue a character in UTF-8, as cp1252 or Latin-1 shows them.
_CONTINUATION = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"

# Accented letters and signs; typographic signs; emoji. Then, only where two or more follow each
# other, since "CAFÉ…" and the like are sound: Greek, Cyrillic, Hebrew, Arabic; other scripts.
_MOJIBAKE = re.compile(
    rf"[ÂÃ]{_CONTINUATION}|â[€\x80]{_CONTINUATION}|ð[Ÿ\x9f]{_CONTINUATION}{{2}}"
    rf"|(?:[Î-ÒרÙ]{_CONTINUATION}){{2,}}|(?:[à-ï]{_CONTINUATION}{{2}}){{2,}}"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|&(?:[a-zA-Z]{2,8}|#[0-9]{1,6});")
_REPLACEMENT = re.compile("\ufffd")

_LETTERS = re.compile(r"[^\W\d_]+")
_NO_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalpha())
# Emoji, too, say something.
_LETTER_BEYOND_ASCII = re.compile(r"[^\W\d_a-zA-Z]|[\u2600-\u27bf\U0001f300-\U0001faff]")

SHOWN = 5


@dataclass(frozen=True)
class Fault:
    """One kind of odd characters.

    Attributes:
        rows: where it stands, counted from 1.
        seen: the most frequent examples, as they stand there.
    """

    rows: tuple[int, ...]
    seen: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True)
class TextFaults:
    """Signs of text that was read in the wrong encoding, here or before, or is no plain text.

    Attributes:
        replaced: U+FFFD, which stands where a character was lost.
        mojibake: UTF-8 that was taken for cp1252 or Latin-1, such as Ã© for é.
        control: control characters other than tabs and line ends.
        markup: HTML's tags and entities, such as <br/> and &nbsp;.
    """

    replaced: Fault
    mojibake: Fault
    control: Fault
    markup: Fault


def text_faults(texts: Sequence[str]) -> TextFaults:
    """Look through N texts."""
    every = list(enumerate(texts, start=1))
    # Only ASCII is free of the first two, and most texts are ASCII.
    beyond_ascii = [(row, text) for row, text in every if not text.isascii()]
    return TextFaults(
        replaced=_fault(_REPLACEMENT, beyond_ascii),
        mojibake=_fault(_MOJIBAKE, beyond_ascii),
        control=_fault(_CONTROL, every),
        markup=_fault(_MARKUP, every),
    )


def _fault(pattern: re.Pattern[str], texts: Sequence[tuple[int, str]]) -> Fault:
    rows: list[int] = []
    seen: Counter[str] = Counter()
    for row, text in texts:
        found = pattern.findall(text)
        if found:
            rows.append(row)
            seen.update(found)
    return Fault(tuple(rows), tuple(example for example, _ in seen.most_common(SHOWN)))


@dataclass(frozen=True)
class DroppedShares:
    """How much of texts a tokenizer leaves out.

    Attributes:
        letters: share of all letters that are dropped.
        words: share of the words, as white space parts them, that lose a letter.
    """

    letters: float
    words: float


def dropped_letters(texts: Sequence[str], tokenizer: str) -> DroppedShares:
    """What ``tokenizer`` drops of N texts: ``kim`` all letters but a to z, the others none."""
    if tokenizer != "kim":
        return DroppedShares(0.0, 0.0)
    letters = letters_dropped = words = words_damaged = 0
    for text in texts:
        parts = text.split()
        words += len(parts)
        if text.isascii():  # Most texts: no letter of theirs is dropped.
            letters += len(text.encode().translate(None, _NO_LETTERS))
            continue
        found = "".join(_LETTERS.findall(text))
        letters += len(found)
        letters_dropped += len(found) - len(found.encode("ascii", errors="ignore"))
        words_damaged += sum(_LETTER_BEYOND_ASCII.search(part) is not None for part in parts)
    return DroppedShares(letters_dropped / max(letters, 1), words_damaged / max(words, 1))
