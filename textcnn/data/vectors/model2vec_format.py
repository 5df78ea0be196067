"""A folder of model2vec: static vectors of word pieces, distilled from a sentence transformer.

It holds ``model.safetensors`` (the vectors) and ``tokenizer.json`` (which piece has which row). A
word that is no piece itself has the mean of its pieces' vectors, as model2vec takes the mean over
a text's pieces. Both formats are documented: safetensors is the length of a JSON header, the
header, and the bytes of the arrays.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.data.vectors.files import MAX_DIM
from textcnn.data.vectors.word_vectors import WordVectors, no_vectors
from textcnn.support.errors import UserError
from textcnn.support.files import open_regular
from textcnn.support.read_back import parse_json

VECTORS, TOKENIZER = "model.safetensors", "tokenizer.json"

LONGEST_HEADER = 1 << 20
"""Bytes; that of a model of one array has a hundred."""

LONGEST_TOKENIZER = 1 << 26
"""Bytes; half a million pieces take some thirty million."""

TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "|i1", "I32": "<i4", "I64": "<i8"}
"""NumPy's types by their names in safetensors."""


def is_model2vec(folder: Path) -> bool:
    """Whether a folder has both files."""
    return (folder / VECTORS).is_file() and (folder / TOKENIZER).is_file()


def read_model2vec(folder: Path, words: Sequence[str]) -> WordVectors:
    """Read the vectors of V words.

    Raises:
        UserError: a file cannot be read, or is not what it is to be.
    """
    try:
        pieces, prefix = _pieces(folder / TOKENIZER)
        arrays = _arrays(folder / VECTORS)
        rows = arrays["embeddings"].astype(np.float32)
        if rows.ndim != 2 or not 0 < rows.shape[1] <= MAX_DIM or not np.isfinite(rows).all():
            raise ValueError(f"{VECTORS}: embeddings are no table of vectors")
        if "mapping" in arrays:  # Pieces that share a row, as models made smaller have.
            rows = rows[arrays["mapping"]]
        if "weights" in arrays:
            rows = rows * arrays["weights"].astype(np.float32)[:, None]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{folder}: no model2vec model, or damaged ({error})") from error
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror or error}") from error
    vectors = no_vectors(len(words), rows.shape[1])
    for number, word in enumerate(words):
        own = [row for row in _split(word, pieces, prefix) if row < len(rows)]
        if own:
            vectors.matrix[number] = rows[own].mean(axis=0)
            vectors.found[number] = True
    return WordVectors(vectors.matrix, vectors.found, str(folder))


def _split(word: str, pieces: Mapping[str, int], prefix: str | None) -> list[int]:
    """The rows of a word's pieces, the longest first piece first (WordPiece); none if one lacks."""
    for whole in (word, f"\u2581{word}"):  # The second as SentencePiece marks a word's beginning.
        if whole in pieces:
            return [pieces[whole]]
    if prefix is None:
        return []
    rows, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = (prefix if start else "") + word[start:end]
            if piece in pieces:
                rows.append(pieces[piece])
                break
        else:
            return []
        start = end
    return rows


def _pieces(path: Path) -> tuple[dict[str, int], str | None]:
    """The row of each piece, and how a piece within a word begins, where words are split so."""
    with open_regular(path) as stream:
        text = stream.read(LONGEST_TOKENIZER + 1)
    if len(text) > LONGEST_TOKENIZER:
        raise ValueError(f"{TOKENIZER}: longer than {LONGEST_TOKENIZER:,} bytes")
    model: dict[str, Any] = parse_json(text)["model"]
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):
        return {str(piece): row for row, (piece, _) in enumerate(vocabulary)}, None
    pieces = {str(piece): int(row) for piece, row in vocabulary.items()}
    if min(pieces.values(), default=0) < 0:
        raise ValueError(f"{TOKENIZER}: a piece has a row below 0")
    word_piece = model.get("type") == "WordPiece"
    return pieces, str(model.get("continuing_subword_prefix", "##")) if word_piece else None


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file."""
    with open_regular(path) as stream:
        content = stream.read()
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= min(LONGEST_HEADER, len(content) - 8):
        raise ValueError(f"{VECTORS}: no safetensors file")
    header, data, arrays = parse_json(content[8 : 8 + length]), content[8 + length :], {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        kind, shape = np.dtype(TYPES[entry["dtype"]]), tuple(map(int, entry["shape"]))
        begin, end = map(int, entry["data_offsets"])
        size = kind.itemsize * math.prod(shape)
        if not 0 <= begin <= end <= len(data) or min(shape, default=0) < 0 or end - begin != size:
            raise ValueError(f"{VECTORS}: {name} does not fit its place")
        arrays[name] = np.frombuffer(data[begin:end], kind).reshape(shape)
    return arrays
