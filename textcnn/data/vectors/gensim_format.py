"""Vectors that gensim 4 saved in its own format: a pickle, here read without unpickling it.

``KeyedVectors.save(path)`` pickles the object to ``path``; arrays of more than ten million numbers
go to ``path.<attribute>.npy`` beside it (``.npz`` where the path ends in ``.gz``). Of a whole
``Word2Vec`` or ``FastText`` model the vectors are the attribute ``wv``.
"""

import contextlib
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from textcnn.data.vectors.fasttext_format import SubwordModel, check_ngrams, compose
from textcnn.data.vectors.files import FLOAT_TYPES, StoredMatrix, check_dim, open_vectors
from textcnn.data.vectors.inert_pickle import Blob, Global, NotInertError, Record, read_inert
from textcnn.data.vectors.word_vectors import WordVectors, no_vectors
from textcnn.support.errors import UserError

_ATTRIBUTES = ("wv", "index_to_key", "vectors", "vectors_vocab", "vectors_ngrams")
_NGRAM_ATTRIBUTES = ("min_n", "max_n", "bucket", "compatible_hash")
_NUMPY_NAMES = ("numpy.core.multiarray", "numpy._core.multiarray", "_reconstruct", "numpy", "dtype")
_STRUCTURE = frozenset((*_ATTRIBUTES, *_NGRAM_ATTRIBUTES, *_NUMPY_NAMES, *FLOAT_TYPES, "<", ">"))


class _UnexpectedError(Exception):
    """The file is not laid out as gensim 4 does it."""


@dataclass(frozen=True)
class _Saved:
    """The attributes of a KeyedVectors object, and where its big arrays would be.

    Attributes:
        path: the pickle.
        attributes: by name.
        beside: start of the names of the arrays beside the pickle.
    """

    path: Path
    attributes: dict[str, Any]
    beside: str


def read_gensim(path: Path, words: Sequence[str]) -> WordVectors:
    """Read the rows of ``words``, importing nothing and running nothing the pickle asks for.

    Raises:
        UserError: the file is not vectors as gensim 4 saves them (the message says how to convert
            them), is cut short, or an array that belongs beside it is missing.
    """
    with open_vectors(path) as stream:
        try:
            size = path.stat().st_size
            root = read_inert(stream, _STRUCTURE.union(words), size)
        except NotInertError as error:
            raise _not_readable(path, str(error)) from error
    try:
        saved = _find_vectors(path, root)
        key_rows = _key_rows(saved, words)
        if "compatible_hash" in saved.attributes:
            return _read_subwords(saved, key_rows, words)
        return _read_plain(saved, key_rows, words)
    except _UnexpectedError as error:
        raise _not_readable(path, str(error)) from error


def _find_vectors(path: Path, root: object) -> _Saved:
    attributes, beside = _state(root), str(path)
    if "wv" in attributes:
        attributes, beside = _state(attributes["wv"]), f"{path}.wv"
    return _Saved(path, attributes, beside)


def _state(record: object) -> dict[str, Any]:
    if not isinstance(record, Record) or not isinstance(record.state, dict):
        raise _UnexpectedError("no vectors in it")
    return record.state


def _key_rows(saved: _Saved, words: Sequence[str]) -> dict[str, int]:
    """The row of each of ``words`` that the file has."""
    keys = saved.attributes.get("index_to_key")
    if not isinstance(keys, list):
        raise _UnexpectedError("no list of words in it")
    wanted = set(words)
    rows: dict[str, int] = {}
    for row, key in enumerate(keys):
        if isinstance(key, str) and key in wanted:
            rows.setdefault(key, row)
    return rows


def _read_plain(saved: _Saved, key_rows: dict[str, int], words: Sequence[str]) -> WordVectors:
    stored = _stored(saved, "vectors", len(saved.attributes["index_to_key"]))
    vectors = no_vectors(len(words), stored.shape[1])
    word_of = {number: word for word, number in key_rows.items()}
    position = {word: row for row, word in enumerate(words)}
    for number, values in stored.rows(list(word_of)):
        row = position[word_of[number]]
        vectors.matrix[row] = values
        vectors.found[row] = True
    return replace(vectors, source=f"gensim vectors {saved.path.name}, {stored.shape[1]} d")


def _read_subwords(saved: _Saved, key_rows: dict[str, int], words: Sequence[str]) -> WordVectors:
    get = saved.attributes.get
    if get("compatible_hash") is not True:
        raise _UnexpectedError("its n-grams are hashed as before gensim 3.8")
    min_n, max_n = check_ngrams(get("min_n"), get("max_n"), saved.path)
    buckets = get("bucket")
    if not isinstance(buckets, int) or buckets < 0:
        raise _UnexpectedError("no number of buckets in it")
    word_rows = _stored(saved, "vectors_vocab", len(saved.attributes["index_to_key"]))
    ngram_rows = _stored(saved, "vectors_ngrams", buckets) if buckets else None
    if ngram_rows and ngram_rows.shape[1] != word_rows.shape[1]:
        raise _UnexpectedError("its arrays differ in width")
    model = SubwordModel(key_rows, word_rows, ngram_rows, min_n, max_n)
    return compose(model, words, f"gensim fastText vectors {saved.path.name}")


def _stored(saved: _Saved, attribute: str, rows: int) -> StoredMatrix:
    """Find an array, in the pickle or beside it, and check that it has so many rows."""
    value = saved.attributes.get(attribute)
    inside = value is not None
    stored = _array_inside(saved.path, value) if inside else _array_beside(saved, attribute)
    if rows < 1 or stored.shape[0] != rows:
        raise _UnexpectedError(f"{stored.shape[0]:,} rows in {attribute} for {rows:,} words")
    check_dim(stored.shape[1], saved.path)
    return stored


def _array_inside(path: Path, value: object) -> StoredMatrix:
    """The array that ``numpy.ndarray.__reduce__`` describes."""
    match value:
        case Record(
            function=Global(
                module="numpy._core.multiarray" | "numpy.core.multiarray", name="_reconstruct"
            ),
            state=(1, (int() as rows, int() as dim), dtype_record, False, Blob() as blob),
        ):
            dtype = _float_dtype(dtype_record)
        case _:
            raise _UnexpectedError("an array of an unknown kind in it")
    if math.prod((rows, dim, dtype.itemsize)) != blob.length:
        raise _UnexpectedError("an array of the wrong length in it")
    return StoredMatrix(str(path), partial(open_vectors, path), blob.offset, dtype, (rows, dim))


def _float_dtype(value: object) -> np.dtype[Any]:
    match value:
        case Record(
            function=Global(module="numpy", name="dtype"),
            arguments=(str() as name, _, _),
            state=(3, "<" | ">" as order, None, None, None, *_),
        ) if name in FLOAT_TYPES:
            return np.dtype(order + name)
    raise _UnexpectedError("numbers of an unknown type in it")


def _array_beside(saved: _Saved, attribute: str) -> StoredMatrix:
    # gensim itself goes by the ending of the name here.
    zipped = saved.path.suffix == ".gz"
    path = Path(f"{saved.beside}.{attribute}.{'npz' if zipped else 'npy'}")
    if not path.exists():
        raise UserError(f"{path} is missing: keep it beside {saved.path.name}, which refers to it")
    opener = partial(_open_zipped_array if zipped else open_vectors, path)
    with opener() as stream:
        try:
            shape, column_order, dtype = _array_header(stream)
        except Exception as error:  # whatever a made-up header leads to
            raise UserError(f"{path}: not an array as NumPy saves it; fetch it again") from error
        offset = stream.tell()
    if column_order or len(shape) != 2 or dtype.str[1:] not in FLOAT_TYPES:
        raise UserError(f"{path}: not a matrix of vectors as gensim saves it; fetch it again")
    return StoredMatrix(str(path), opener, offset, dtype, (shape[0], shape[1]))


def _array_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    # np.load would do for a plain file, but reads all of a zipped one into memory.
    if np.lib.format.read_magic(stream) == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


@contextlib.contextmanager
def _open_zipped_array(path: Path) -> Iterator[BinaryIO]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("val.npy") as stream:
            yield cast(BinaryIO, stream)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise UserError(f"{path}: damaged or cut short; fetch it again") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def _not_readable(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path}: a pickle that is not read as vectors of gensim 4 ({reason}); if you trust it, "
        f"convert it: KeyedVectors.load({path.name!r}).save_word2vec_format('vectors.txt')"
    )
