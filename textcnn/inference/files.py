"""Files of sentences, each with a file of predictions: what can be done in any order, anywhere.

What the folder of predictions holds besides them is ``model.json``, by which those of another
model, with other options or for other files are never taken for these.
"""

import contextlib
import dataclasses
import functools
import glob
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from textcnn.data.datasets.cells import Table
from textcnn.data.datasets.formats import format_of_suffix
from textcnn.data.datasets.text_files import GZIP_MAGIC
from textcnn.data.tokenizer_choice import WithoutToken
from textcnn.inference.classified_tables import (
    FORM_OF,
    classified_table,
    complaint_of,
    open_sentences,
    remarks_on,
)
from textcnn.inference.classifier import FEW_TEXTS, Classifier
from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import DEFAULT_CHOICE, EXTENSIONS, PredictionWriter
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import (
    check_not_read,
    make_folder,
    open_regular,
    remove_unfinished,
    replace_text,
    replacing,
)
from textcnn.support.read_back import read_json

MANIFEST = "model.json"
LONGEST_MANIFEST = 2**26
"""Bytes: some 400,000 files."""

AUTO = "auto"
LEVEL = 6
"""How hard gzip tries: gzip's own default, a tenth larger and twice as fast as the best."""


@dataclass(frozen=True)
class Shard:
    """A file of sentences and where its predictions go, compressed where its name ends in .gz.

    Attributes:
        source: a sentence a line.
        output: in the folder of predictions.
    """

    source: Path
    output: Path


@dataclass(frozen=True)
class ShardOptions:
    """The options that predictions depend on, besides the model.

    Attributes:
        format: one of :data:`.prediction_lines.PREDICTION_FORMATS`; "auto" for tsv or, for a table,
            its own.
        proba: give the probabilities of all classes.
        encoding: of the files.
        choice: which labels are given.
    """

    format: str = AUTO
    proba: bool = False
    encoding: str = "utf-8"
    choice: Choice = DEFAULT_CHOICE


@dataclass(frozen=True)
class Outcome:
    """The outcome of a shard.

    Attributes:
        shard: which.
        lines: that were classified.
        said: a line for each thing that was found out.
        complaint: about lines that could not be decoded, or rows without a prediction; or empty.
        error: why there are no predictions; else None.
    """

    shard: Shard
    lines: int = 0
    said: Sequence[str] = ()
    complaint: str = ""
    error: UserError | RunError | None = None


def find_shards(patterns: Sequence[str], folder: Path, format: str) -> list[Shard]:
    """The files that are meant, each with a file of its own in ``folder``.

    Args:
        patterns: paths of files, or patterns such as ``shards/*.txt.gz``.
        folder: where the predictions go.
        format: of the predictions.

    Raises:
        UserError: a pattern without a file, or two files whose predictions would be one.
    """
    sources = {Path(os.path.abspath(path)): path for it in patterns for path in _matches(it)}  # noqa: PTH100
    folder = Path(os.path.abspath(folder))  # noqa: PTH100
    shards = [Shard(path, folder / output_name(path.name, format)) for path in sources]
    taken: dict[Path, Path] = {path: path for path in sources}
    for shard in shards:
        other = taken.setdefault(shard.output, shard.source)
        if other != shard.source:
            raise UserError(
                f"--output {folder}: {sources[shard.source]} and {sources[other]} cannot both be "
                f"{shard.output.name} there; give one of them another name or folder"
            )
    check_not_read([shard.output for shard in shards], "--output", *sources)
    return shards


def output_name(name: str, format: str) -> str:
    """``a.tsv.gz`` for ``a.txt.gz``, ``a.tsv`` for ``a.txt``, and ``a.csv`` for ``a.csv``."""
    compressed = ".gz" if name.endswith(".gz") else ""
    stem = name.removesuffix(compressed).removesuffix(".txt")
    if format_of_suffix(Path(stem)) is not None:
        stem = Path(stem).stem
    return stem + EXTENSIONS[form_of(name, format)] + compressed


def form_of(name: str, format: str) -> str:
    """The format of the predictions for a file of this name, so that theirs says it."""
    own = format_of_suffix(Path(name))
    if format != AUTO:
        return format
    return "tsv" if own is None else FORM_OF.get(own, "csv")


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_dir():
        raise UserError(f"{pattern} is a folder; name its files, such as '{path / '*.txt'}'")
    if path.is_file():
        return [path]
    found = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207
    files = [path for path in found if path.is_file()]
    if not files:
        raise UserError(f"no file is called, or matches, {pattern}")
    return files


def waiting_shards(
    shards: Sequence[Shard], folder: Path, digest: str, options: ShardOptions
) -> list[Shard]:
    """Those that are not classified yet; the folder is made, and from then on is this model's.

    Args:
        shards: all of them.
        folder: where the predictions go.
        digest: SHA-256 of the checkpoint.
        options: the options.

    Raises:
        UserError: the folder cannot be written in, or holds predictions that are not these.
    """
    make_folder(folder, "--output")
    remove_unfinished(folder)
    path, mine = folder / MANIFEST, {"checkpoint": digest, "options": dataclasses.asdict(options)}
    files = _files_of_same(path, mine) if path.exists() else {}
    waiting = {}
    for shard in shards:
        now = _state(shard.source)
        if not shard.output.exists():
            waiting[shard] = now
        elif shard.output.name not in files:
            raise UserError(
                f"{shard.output} is there already, but no {path} to say by what model, and "
                "of what file; choose another --output"
            )
        elif files[shard.output.name] != now:
            before, *_ = files[shard.output.name]
            if before != now[0]:
                raise UserError(
                    f"{shard.output} holds the predictions for {before}, not for {shard.source}; "
                    "choose another --output"
                )
            raise UserError(
                f"{shard.source} has changed since {shard.output} classified it; remove that to "
                "have it classified again, or choose another --output"
            )
    if waiting:
        files |= {shard.output.name: now for shard, now in waiting.items()}
        replace_text(path, json.dumps({**mine, "files": files}, indent=2) + "\n")
    return [*waiting]


State = list[str | int]
"""Of a file: its path, its size in bytes and when it was changed, in nanoseconds since 1970."""


def _state(path: Path) -> State:
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    return [str(path), found.st_size, found.st_mtime_ns]


def _files_of_same(path: Path, mine: dict[str, Any]) -> dict[str, State]:
    """The file that each file of predictions is for, by its name, if all are of this model."""
    try:
        kept = read_json(path, LONGEST_MANIFEST)
        checkpoint, options = kept["checkpoint"], dict(kept["options"])
        files = {str(name): list(state) for name, state in kept["files"].items()}
        if any(len(state) != 3 for state in files.values()):
            raise ValueError("a file has no path, size and time")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: damaged ({error}); choose another --output") from error
    if checkpoint != mine["checkpoint"]:
        raise UserError(
            f"{path.parent} holds predictions of another model; choose another --output"
        )
    for name, value in mine["options"].items():
        if options.get(name) != value:
            raise UserError(
                f"{path.parent} holds predictions with {name} {options.get(name)}, not {value}; "
                "choose another --output"
            )
    return files


def digest_of(checkpoint: Path) -> str:
    """SHA-256 of a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with open_regular(checkpoint) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{checkpoint}: {error.strerror}") from error


def classify_shard(shard: Shard, options: ShardOptions, digest: str, model: Path) -> Outcome:
    """Classify a shard, whole or not at all.

    Args:
        shard: the files.
        options: the options.
        digest: SHA-256 that the checkpoint must have.
        model: the checkpoint.

    Returns:
        What came of it, faults of this shard included.
    """
    try:
        return _classified(shard, options, _classifier(model, digest))
    except (UserError, RunError) as error:
        return Outcome(shard, error=error)
    except MemoryError:
        return Outcome(shard, error=RunError(f"{shard.source}: out of memory"))


@functools.lru_cache(maxsize=1)
def _classifier(model: Path, digest: str) -> Classifier:
    # A run that is still going on replaces its best.h5; two models must not be mixed.
    if digest_of(model) != digest:
        raise UserError(f"{model} has changed; choose another --output")
    return Classifier.load(model)


def _classified(shard: Shard, options: ShardOptions, classifier: Classifier) -> Outcome:
    count, said = 0, list[str]()
    model = classifier.checkpoint
    form = form_of(shard.source.name, options.format)
    encoding = options.encoding
    given = {} if encoding == ShardOptions.encoding else {"encoding": encoding}
    with _reading(shard.source) as read, _writing(shard.output) as stream:
        found = open_sentences(shard.source, read, model.config, given, said.append)
        if isinstance(found, Table):
            rows = list(found.rows)
            said += remarks_on(found, rows, classifier)
            for data in classified_table(
                found, rows, classifier, form, options.proba, options.choice
            ):
                stream.write(data)
            return Outcome(shard, len(rows), said, complaint_of(rows))
        write = PredictionWriter(form, model, options.proba, options.choice)
        no_token = WithoutToken(model.config.tokenizer)
        for chunk in no_token.passing(found):
            # Not all at once, which would be done by several threads: here, processes share the
            # processors.
            for start in range(0, len(chunk), FEW_TEXTS):
                texts = chunk[start : start + FEW_TEXTS]
                stream.write(write(texts, classifier.predict_proba(texts)))
            count += len(chunk)
    said += [str(no_token)] if str(no_token) else []
    return Outcome(shard, count, said, found.complaint)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Callable[[int], bytes]]:
    """A function that gives the next bytes, decompressed, and a UserError where it cannot."""

    def checked(reads: Callable[[], Any]) -> Any:
        try:
            return reads()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserError(f"{path}: damaged or cut short ({error})") from error
        except OSError as error:
            raise UserError(f"{path}: {error.strerror or error}") from error

    def opened() -> BinaryIO:
        with path.open("rb") as stream:
            compressed = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        if path.suffix == ".gz" and not compressed:
            raise gzip.BadGzipFile("empty, or not compressed")
        return gzip.open(path, "rb") if compressed else path.open("rb")  # type: ignore[return-value]

    with checked(opened) as stream:
        yield lambda size: checked(functools.partial(stream.read, size))


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    """A stream that becomes ``path`` once it is whole; the same bytes for the same content."""
    with replacing(path) as aside, aside.open("wb") as stream:
        if path.suffix != ".gz":
            yield stream
            return
        with gzip.GzipFile("", "wb", LEVEL, stream, mtime=0) as compressed:
            yield compressed  # type: ignore[misc]
