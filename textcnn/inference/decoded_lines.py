"""Bytes as they come in, turned into lines of text: one for each line, whatever it holds."""

import codecs
from collections.abc import Callable, Iterator

from textcnn.support.errors import UserError

CHUNK_BYTES = 1 << 20
"""Most that is read at once. A slow pipe gives less, and is classified at once."""

LONGEST_LINE = 1 << 20
"""Characters after which a line that has not ended is no sentence: a bound on memory."""


def put_back(head: bytes, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """``read``, which gives ``head``, that was read of it already, once more."""
    waiting = [head]
    return lambda size: waiting.pop() if waiting else read(size)


class DecodedLines:
    r"""Lists of lines from a stream: as many as have come in, never waiting to fill a list.

    Lines end at ``\n`` or ``\r\n`` or, where what comes first has ``\r`` inside and no ``\n``, at
    ``\r``, as training reads such a file; and at nothing else. What cannot be decoded becomes
    U+FFFD, so that there is a prediction for every line. To be iterated over once.

    Args:
        read: gives up to so many bytes, none at the end.
        encoding: of the bytes.
        name: of the stream, for messages.

    Attributes:
        undecodable: number of the first line with such a character; 0 if there is none so far.

    Raises:
        UserError: the encoding cannot be read piece by piece, or a line does not end.
    """

    def __init__(self, read: Callable[[int], bytes], encoding: str, name: str):
        self._read = read
        self._encoding = encoding
        self._name = name
        try:
            self._decoder = codecs.getincrementaldecoder(encoding)()
        except LookupError as error:  # Such as punycode, which needs the whole text.
            raise UserError(
                f"--encoding {encoding}: cannot be read line by line; try utf-8"
            ) from error
        self._number = 0
        self._end = "\n"
        self.undecodable = 0

    def __iter__(self) -> Iterator[list[str]]:
        rest: list[str] = []  # Pieces of a line whose end has not come yet.
        ended = False
        while not ended:
            data = self._read(CHUNK_BYTES)
            ended = not data
            text = self._decode(data, ended)
            if self._number == 0 and not rest and "\n" not in text and "\r" in text[:-1]:
                self._end = "\r"
            first, *others = text.split(self._end)
            rest.append(first)
            if others:
                lines = ["".join(rest), *others[:-1]]
                rest = [others[-1]]
                yield self._clean(lines)
            self._check_length(rest)
        last = "".join(rest)
        if last:
            yield self._clean([last])

    @property
    def complaint(self) -> str:
        """What to say of lines that could not be decoded; empty where all could."""
        if not self.undecodable:
            return ""
        return (
            f"{self._name}, line {self.undecodable}: not {self._encoding}; every line was "
            "classified, but what could not be read was taken as \ufffd; give --encoding, such as "
            "cp1252"
        )

    def _decode(self, data: bytes, ended: bool) -> str:
        state = self._decoder.getstate()
        try:
            try:
                return self._decoder.decode(data, final=ended)
            except UnicodeDecodeError:  # The same once more, and from now on, with U+FFFD for it.
                self._decoder.setstate(state)
                self._decoder.errors = "replace"
                text = self._decoder.decode(data, final=ended)
        except UnicodeError as error:  # A few encodings stop at what they cannot read.
            raise UserError(f"--encoding {self._encoding}: {error}; try utf-8") from error
        self.undecodable = self._number + 1 + text[: text.find("\ufffd")].count(self._end)
        return text

    def _check_length(self, rest: list[str]) -> None:
        if sum(map(len, rest)) > LONGEST_LINE:
            raise UserError(
                f"{self._name}, line {self._number + 1}: more than {LONGEST_LINE:,} characters "
                "without an end of line; give a file with a sentence a line"
            )

    def _clean(self, lines: list[str]) -> list[str]:
        if self._number == 0:
            lines[0] = lines[0].removeprefix("\ufeff")
        self._number += len(lines)
        return [line.removesuffix("\r") for line in lines]
