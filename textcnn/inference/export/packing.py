"""A model in few bytes: numbers rounded to steps, deflated, and written as text.

A page's size is that of its word vectors, so they decide: every number becomes a whole number of
steps, and the step is the finest for which the text is short enough. Vectors that began at random
are drawn again, and only what training changed is sent
(:mod:`textcnn.inference.export.random_start`).

Tried, and of no use for the same size: finer steps for frequent words and coarser ones for rare
words, and steps in the directions that singular values call important.

Parts of words, which speak for words never seen, take 0.6 MB of a page for movie reviews. Those of
a single training word are half of that, and stay: without them 3 of 1,066 predictions change, and a
probability is off by 0.015.

Integers are written in byte planes (all low bytes, then all bytes above), their signs folded in, so
that Huffman's code finds short codes for what is frequent and the upper planes shrink to nothing.

The packed form is::

    4 bytes             length of the header, little-endian
    header              JSON, deflated; "parts" lists what follows
    one part an array   deflated
"""

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from textcnn.inference.export.model import Arrays, Model
from textcnn.inference.export.random_start import Start

FINEST = 1 / 32
"""Step of the word vectors, as a share of their standard deviation. The probabilities of movie
reviews are then off by 0.003 at most, in a page of 4.4 MB; a quarter of the step takes 6.0 MB."""

COARSEST = 1 / 8
"""Beyond this predictions differ too much; rather than that, the text becomes longer. The
probabilities of movie reviews are then off by 0.01 at most."""

STEPS = 9
"""Tried from the finest on: from one to the next a number takes a quarter of a bit less."""

FINER_FILTERS = 0.4
"""Steps of the filters, beside those of the vectors. Filters are few, and every word meets all."""

NGRAM_STEP = 1 / 1024
"""Of what n-grams add to logits. Rare ones have the same few values, whose errors add up."""


@dataclass(frozen=True)
class PackedModel:
    """A packed model.

    Attributes:
        data: the bytes.
        step: of the word vectors, as for :data:`FINEST`.
        arrays: as the browser has them.
    """

    data: bytes
    step: float
    arrays: Arrays = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Characters of :attr:`text`."""
        return -(-len(self.data) // 4) * 5

    @property
    def text(self) -> str:
        """The bytes in base 85, in characters that mean nothing in HTML or in a JavaScript string.

        Base64 would take a fifteenth more room.
        """
        padded = self.data + bytes(-len(self.data) % 4)
        return base64.b85encode(padded).translate(bytes.maketrans(b"<&", b",.")).decode("ascii")


def pack(model: Model, room: int) -> PackedModel:
    """Pack ``model`` with the smallest steps whose text has no more than ``room`` characters.

    Where even :data:`COARSEST` steps do not bring it there, the text is longer.
    """
    relative = not model.header["multilabel"]
    networks = {
        name: _RoundedArray.of(array, model.starts.get(name), name.endswith("/filters"))
        for name, array in model.arrays.items()
        if name.startswith("networks/") and name.endswith(("/words", "/filters"))
    }
    others = {
        name: _part(name, array, relative)
        for name, array in model.arrays.items()
        if name not in networks
    }

    def packed(step: float) -> PackedModel:
        parts = others | {name: array.part(step) for name, array in networks.items()}
        arrays = {name: array for name, (_, _, array) in parts.items()}
        return PackedModel(_joined(model.header, parts), step, arrays)

    for step in np.geomspace(FINEST, COARSEST, STEPS).tolist():
        found = packed(step)
        if found.size <= room:
            break
    return found


Part = tuple[dict[str, Any], bytes, np.ndarray]
"""An array packed: what the header says of it, its bytes, and what becomes of it."""


def _joined(header: dict[str, Any], parts: dict[str, Part]) -> bytes:
    parts = dict(sorted(parts.items()))  # The same bytes in every process.
    described = [
        {"name": name, "bytes": len(data), **said} for name, (said, data, _) in parts.items()
    ]
    first = _deflated(json.dumps(header | {"parts": described}, separators=(",", ":")).encode())
    return b"".join(
        [len(first).to_bytes(4, "little"), first, *(data for _, data, _ in parts.values())]
    )


def _part(name: str, array: np.ndarray, relative: bool) -> Part:
    if array.dtype.kind == "i":
        # Ascending, so differences are small.
        data = _deflated(_planes(np.diff(array, prepend=0)))
        return {"kind": "keys", "count": len(array)}, data, array
    if name.startswith("ngrams/"):
        if relative and array.ndim == 2:
            # Softmax sees differences only. So the last label has zeros, which take no room.
            array = array - array[:, -1:]
        described, data, values = _steps_part(array, NGRAM_STEP)
        return described, data, values.astype(np.float32)
    array = array.astype("<f4")
    return {"kind": "floats", "shape": array.shape}, _deflated(array.tobytes()), array


@dataclass(frozen=True)
class _RoundedArray:
    """An array to be tried with several steps.

    Attributes:
        changes: the array, or what training changed of it.
        unit: what steps are a share of.
        start: from where the rest is drawn.
    """

    changes: np.ndarray
    unit: float
    start: Start | None

    @classmethod
    def of(cls, array: np.ndarray, start: Start | None, is_filters: bool) -> "_RoundedArray":
        unit = (float(array.std()) or 1.0) * (FINER_FILTERS if is_filters else 1.0)
        return cls(array if start is None else array - start.vectors(array.shape), unit, start)

    def part(self, step: float) -> Part:
        # Nearly noise but for runs of zeros: a search for other repetitions finds none.
        described, data, values = _steps_part(self.changes, step * self.unit, zlib.Z_RLE)
        if self.start is not None:
            # In hexadecimal digits, since numbers are inexact in JavaScript.
            start = {name: f"{number:032x}" for name, number in vars(self.start).items()}
            described["start"] = start
            values = values + self.start.vectors(values.shape)
        return described, data, values.astype(np.float32)


def _steps_part(array: np.ndarray, step: float, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> Part:
    whole = np.rint(array / step).astype(np.int64)
    described = {"kind": "steps", "shape": array.shape, "step": step}
    # Signed to unsigned, small to small: 0, -1, 1, -2, 2 to 0, 1, 2, 3, 4.
    return described, _deflated(_planes((whole << 1) ^ (whole >> 63)), strategy), whole * step


def _planes(whole: np.ndarray) -> bytes:
    """All lowest bytes, then all second bytes, and so on as far as there is one that is not 0."""
    rows = np.ascontiguousarray(whole, "<u8").reshape(-1).view(np.uint8).reshape(-1, 8).T
    used = max(np.flatnonzero(rows.any(axis=1)).tolist(), default=0) + 1
    return rows[:used].tobytes()


def _deflated(data: bytes, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    return packer.compress(data) + packer.flush()
