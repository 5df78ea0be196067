"""``textcnn classify``."""

import codecs
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import click
import numpy as np

from textcnn.classifier import Classifier
from textcnn.commands.csv_line import csv_line
from textcnn.datasets.text_files import check_encoding
from textcnn.errors import RunError, UserError
from textcnn.run_folder import find_checkpoint

CHUNK_BYTES = 1 << 20
"""Most that is read and classified at once. A slow pipe gives less, and is answered at once."""

FORMATS = ("tsv", "json", "csv")


@click.command("classify")
@click.argument("sentences", nargs=-1)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="A checkpoint file or a run's folder. [default: the newest run's best]",
)
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file with a sentence a line; - for standard input.",
)
@click.option("--encoding", default="utf-8", show_default=True, help="Of the input's lines.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="tsv",
    show_default=True,
    help="tsv: label, probability, text. json: an object a line. csv: with a header.",
)
@click.option(
    "--fast",
    is_flag=True,
    help="Add up in 16-bit integers: for large inputs; probabilities change by about 0.0001.",
)
@click.option("--proba", is_flag=True, help="Give the probabilities of all labels.")
def command(
    sentences: tuple[str, ...],
    checkpoint: Path | None,
    input_file: Path | None,
    encoding: str,
    form: str,
    fast: bool,
    proba: bool,
) -> None:
    """Label SENTENCES, the lines of --input FILE, or with - those of standard input.

    One line out for each line in, as it comes. In TSV a tab, newline or backslash inside a sentence
    is written \\t, \\n, \\r or \\\\.
    """
    if sentences == ("-",) and input_file is None:
        sentences, input_file = (), Path("-")
    if bool(sentences) == (input_file is not None):
        raise UserError('give sentences ("a fine film"), or --input FILE, or - for standard input')
    check_encoding(encoding)
    classifier = Classifier.load(find_checkpoint(checkpoint), fast)
    write = make_writer(form, classifier.labels, proba)
    try:
        if input_file is None:
            _answer(classifier, sentences, write)
            return
        with _opened(input_file) as stream:
            lines = DecodedLines(stream, encoding)
            for chunk in lines:
                _answer(classifier, chunk, write)
    except BrokenPipeError:
        # Whoever read us has gone, as `head` does. Keep Python from complaining when it
        # flushes standard output on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if lines.undecodable:
        raise UserError(
            f"{input_file}, line {lines.undecodable}: not {encoding}; every line was answered, "
            "but what could not be read was taken as \ufffd; give --encoding, such as cp1252"
        )


Writer = Callable[[Sequence[str], np.ndarray], str]


def _answer(classifier: Classifier, texts: Sequence[str], write: Writer) -> None:
    answer = write(texts, classifier.predict_proba(texts))
    # UTF-8 whatever the locale.
    try:
        # What was not UTF-8 on the command line is given back as it came.
        data = answer.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # Half a character, which a few encodings (UTF-7) can spell.
        data = answer.encode("utf-8", "replace")
    if sys.stdout is None:
        raise RunError("standard output is closed")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _opened(path: Path) -> BinaryIO:
    if str(path) == "-":
        if sys.stdin is None:
            raise UserError("standard input is closed; give sentences or --input FILE")
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except OSError as error:
        raise UserError(f"--input {path}: {error.strerror}") from error


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(encoding)(errors="textcnn-count")
    except LookupError as error:  # Such as punycode, which needs the whole text.
        raise UserError(f"--encoding {encoding}: cannot be read line by line; try utf-8") from error


class DecodedLines:
    r"""Lists of lines from a stream: as many as have come in, never waiting to fill a list.

    Lines end at ``\n`` or ``\r\n`` and at nothing else. What cannot be decoded becomes U+FFFD, so
    that there is an answer for every line.

    Attributes:
        undecodable: number of the first line with such a character; 0 if there is none so far.
    """

    def __init__(self, stream: BinaryIO, encoding: str):
        self._stream = stream
        codecs.register_error("textcnn-count", self._replace)
        self._errors = 0
        self._encoding = encoding
        self._decoder = _decoder(encoding)
        self._number = 0
        self.undecodable = 0

    def __iter__(self) -> Iterator[list[str]]:
        rest: list[str] = []  # Pieces of a line whose end has not come yet.
        ended = False
        while not ended:
            data = os.read(self._stream.fileno(), CHUNK_BYTES)
            ended = not data
            first, *others = self._decode(data, ended).split("\n")
            rest.append(first)
            if others:
                lines = ["".join(rest), *others[:-1]]
                rest = [others[-1]]
                yield self._clean(lines)
        last = "".join(rest)
        if last:
            yield self._clean([last])

    def _decode(self, data: bytes, ended: bool) -> str:
        before = self._errors
        try:
            text = self._decoder.decode(data, final=ended)
        except UnicodeError as error:  # A few encodings stop at what they cannot read.
            raise UserError(f"--encoding {self._encoding}: {error}; try utf-8") from error
        if self._errors > before and not self.undecodable:
            self.undecodable = self._number + 1 + text[: text.find("\ufffd")].count("\n")
        return text

    def _clean(self, lines: list[str]) -> list[str]:
        if self._number == 0:
            lines[0] = lines[0].removeprefix("\ufeff")
        self._number += len(lines)
        return [line.removesuffix("\r") for line in lines]

    def _replace(self, error: UnicodeError) -> tuple[str, int]:
        self._errors += 1
        return codecs.replace_errors(error)  # type: ignore[return-value]


def make_writer(form: str, labels: Sequence[str], proba: bool) -> Writer:
    """The function that turns texts and their (N, C) probabilities into lines of this format."""
    return {"tsv": _tsv_writer, "json": _json_writer, "csv": _csv_writer}[form](labels, proba)


def _tsv_writer(labels: Sequence[str], proba: bool) -> Writer:
    escapes = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"})
    names = [label.translate(escapes) for label in labels]

    def write(texts: Sequence[str], probabilities: np.ndarray) -> str:
        lines = []
        best = probabilities.argmax(axis=1).tolist()
        for text, index, row in zip(texts, best, probabilities.tolist(), strict=True):
            shares = (
                " ".join(f"{name}={share:.4f}" for name, share in zip(names, row, strict=True))
                if proba
                else f"{row[index]:.4f}"
            )
            lines.append(f"{names[index]}\t{shares}\t{text.translate(escapes)}\n")
        return "".join(lines)

    return write


def _json_writer(labels: Sequence[str], proba: bool) -> Writer:
    def write(texts: Sequence[str], probabilities: np.ndarray) -> str:
        lines = []
        for text, row in zip(texts, probabilities.tolist(), strict=True):
            best = max(range(len(row)), key=row.__getitem__)
            answer = {"label": labels[best], "probability": row[best], "text": text}
            if proba:
                answer["probabilities"] = dict(zip(labels, row, strict=True))
            lines.append(json.dumps(answer, ensure_ascii=False) + "\n")
        return "".join(lines)

    return write


def _csv_writer(labels: Sequence[str], proba: bool) -> Writer:
    header = ["label", "probability", "text", *(f"p({name})" for name in labels if proba)]
    pending = [csv_line(header)]

    def write(texts: Sequence[str], probabilities: np.ndarray) -> str:
        lines = [*pending]
        pending.clear()
        for text, row in zip(texts, probabilities.tolist(), strict=True):
            best = max(range(len(row)), key=row.__getitem__)
            shares = [f"{share:.6g}" for share in row] if proba else []
            lines.append(csv_line([labels[best], f"{row[best]:.6g}", text, *shares]))
        return "".join(lines)

    return write
