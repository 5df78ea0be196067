"""The file that a checkpoint is kept in: facts, arrays and texts by name, under one digest.

It is an HDF5 file, which ``h5ls -r`` lists and any HDF5 program reads, with 512 bytes before it::

    textcnn checkpoint 4
    sha256 <of all bytes of the file, these 64 digits being zeros>
    index <offset> <length>

The index, the data set ``/index``, is one JSON object::

    {"facts": {...}, "arrays": {"<name>": ["<type>", [<shape>], <offset>]}, "texts": ["<name>"]}

An array is contiguous at its offset. Texts are two arrays: ``<name>/bytes``, all of them in UTF-8
one after the other, and ``<name>/lengths``.

The HDF5 library lays a file out but is never given one to read: it was not made for files from
strangers (cyclic structures hang it, and faults in its heap are known). This module reads the
index and takes each array from where the index says. What HDF5 shows others in a file that was
forged may differ from what is read here; in one written here it is the same.

Limits, whatever the file holds: memory of twice its size and 64 MiB, and 5 seconds besides one
pass over its bytes. The digest tells damage. It is no signature: who forges a file can compute it.
"""

import hashlib
import io
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textcnn.support.errors import RunError, UserError
from textcnn.support.files import open_regular, replacing
from textcnn.support.program import how_to_train
from textcnn.support.read_back import parse_json
from textcnn.support.text import printable

if TYPE_CHECKING:
    import h5py

FORMAT_VERSION = 4

HEADER_SIZE = 512
"""Bytes before the HDF5 file, the fewest that it allows."""

TYPES = ("<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8")
"""Types of arrays, as NumPy writes them."""

LONGEST_INDEX = 2**20
"""Bytes of the index, since parsing JSON takes up to 25 times its length."""

MOST_AXES = 8
"""Axes of an array, at most."""

TEXTS_MEMORY = 2**25
"""Bytes of memory that texts may take besides as many as the file has."""

TEXT_MEMORY = 100
"""Bytes of memory that a text takes besides four for each of its own."""

LONGEST_REASON = 300
"""Letters of a reason that are shown; it may quote the file."""

MARK = b"textcnn checkpoint "
"""What a file begins with, whatever its version."""

_HEADER = b"textcnn checkpoint %d\nsha256 %s\nindex %016d %016d\n"
_NO_DIGEST = b"0" * 64
_THIS_HEADER = re.compile(
    rb"textcnn checkpoint %d\nsha256 ([0-9a-f]{64})\nindex ([0-9]{16}) ([0-9]{16})\n\0*"
    % FORMAT_VERSION
)
_ANY_HEADER = re.compile(rb"textcnn checkpoint ([0-9]{1,9})\n")
_HDF5_MARK = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Container:
    """The contents of a file.

    Attributes:
        facts: what is small, as JSON has it.
        arrays: finite numbers of one of :data:`TYPES`.
        texts: lists of texts.
    """

    facts: dict[str, Any]
    arrays: dict[str, np.ndarray]
    texts: dict[str, list[str]]

    def array(self, name: str, kind: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """The array called ``name``.

        Args:
            name: of the array.
            kind: of its type, as ``dtype.kind`` has it.
            shape: that it must have; None where any size will do.

        Raises:
            ValueError: it is missing, or of another type or shape.
        """
        if name not in self.arrays:
            raise ValueError(f"{name} is missing")
        array = self.arrays[name]
        fits = len(array.shape) == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, array.shape, strict=True)
        )
        if array.dtype.kind != kind or not fits:
            raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}")
        return array

    def strings(self, name: str) -> list[str]:
        """The texts called ``name``.

        Raises:
            ValueError: they are missing.
        """
        if name not in self.texts:
            raise ValueError(f"{name} is missing")
        return self.texts[name]


def write_container(
    path: Path,
    facts: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    texts: Mapping[str, Sequence[str]],
) -> None:
    """Write a file atomically, after checking that it will be read back as it is given.

    Args:
        path: the file.
        facts: what JSON keeps as it is: no tuples, no numbers of NumPy's.
        arrays: of one of :data:`TYPES`, all numbers finite; "/" in a name makes an HDF5 group.
        texts: lists of texts.

    Raises:
        UserError: the folder cannot be written to.
        RunError: something would not be read back, or writing failed, for instance because the
            disk is full; a file that was there before is left as it was.
    """
    try:
        every_array = {name: _little_endian(name, array) for name, array in arrays.items()}
        for name, strings in texts.items():
            every_array |= _joined(name, strings)
        header, parts = _lay_out(dict(facts), every_array, list(texts))
    except ValueError as error:
        raise RunError(f"{path} is not written, for it could not be read: {error}") from error
    digest = hashlib.sha256(header)
    with replacing(path) as aside, aside.open("wb") as stream:
        stream.write(header)
        for part in parts:
            digest.update(part)
            stream.write(part)
        stream.seek(0)
        stream.write(header.replace(_NO_DIGEST, digest.hexdigest().encode()))


def read_container(path: Path, is_wanted: Callable[[str], bool] = lambda name: True) -> Container:
    """Read a file.

    Args:
        path: the file.
        is_wanted: by its name, whether an array or list of texts is to be read; facts always are.

    Raises:
        UserError: there is no such file, or it is not one of these, or not whole.
    """
    try:
        with open_regular(path) as stream:
            place = _check_digest(path, stream)
            return _read(stream, place, is_wanted)
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint; {how_to_train()}") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise refusal(path, str(error)) from error


def refusal(path: Path, reason: str) -> UserError:
    """The one line for a file that is not what it should be, naming one beside it that is."""
    shown = printable(reason[:LONGEST_REASON])
    return UserError(f"{path}: not a textcnn checkpoint, or damaged ({shown}); {_instead(path)}")


def _instead(path: Path) -> str:
    """What to do without the file: the newest whole checkpoint beside it, where there is one."""
    # They are none for a table, say.
    beside = path.parent.glob("*.h5") if path.suffix == ".h5" else ()
    others = [other for other in beside if other != path and other.is_file()]
    for other in sorted(others, key=lambda other: other.stat().st_mtime_ns, reverse=True):
        try:
            with open_regular(other) as stream:
                _check_digest(other, stream)
        except (UserError, OSError, ValueError):
            continue
        return f"{other} is whole: use that one"
    return "use another one, or train again"


# The index


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an array is, and what it is."""

    type: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * np.dtype(self.type).itemsize


def _parse_index(
    text: bytes, file_size: int
) -> tuple[dict[str, Any], dict[str, _Place], list[str]]:
    """Facts, places of arrays and names of texts, every place inside the file and by itself.

    Raises:
        ValueError: it is not such an index.
    """
    index = parse_json(text)
    if not isinstance(index, dict) or set(index) != {"facts", "arrays", "texts"}:
        raise ValueError("index has other parts")
    facts, arrays, texts = index["facts"], index["arrays"], index["texts"]
    if not isinstance(facts, dict) or not isinstance(arrays, dict) or not isinstance(texts, list):
        raise ValueError("index has parts of other kinds")
    places = {name: _parse_place(name, entry, file_size) for name, entry in arrays.items()}
    end = HEADER_SIZE
    for name, place in sorted(places.items(), key=lambda item: item[1].offset):
        if place.size and place.offset < end:
            raise ValueError(f"{name} overlaps another array")
        end = max(end, place.offset + place.size)
    if not all(isinstance(name, str) for name in texts) or len(set(texts)) < len(texts):
        raise ValueError("index names texts twice, or by what is no name")
    memory = sum(_memory_of_texts(name, places) for name in texts)
    if memory > file_size + TEXTS_MEMORY:
        raise ValueError("index names more text than such a file can hold")
    return facts, places, texts


def _parse_place(name: str, entry: Any, file_size: int) -> _Place:
    if not (isinstance(entry, list) and len(entry) == 3 and isinstance(entry[1], list)):
        raise ValueError(f"index has no place for {name}")
    kind, shape, offset = entry
    numbers = [*shape, offset]
    # A bool is an int, to isinstance.
    if kind not in TYPES or any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError(f"index has no place for {name}")
    place = _Place(kind, tuple(shape), offset)
    if len(shape) > MOST_AXES or max(numbers) > file_size or offset + place.size > file_size:
        raise ValueError(f"{name} reaches beyond the end of the file")
    return place


def _memory_of_texts(name: str, places: dict[str, _Place]) -> int:
    """Bytes that texts take at most; a letter may need four where any of its text does."""
    joined, lengths = (places.get(part) for part in (_bytes(name), _lengths(name)))
    if joined is None or lengths is None:
        raise ValueError(f"index has no place for {name}")
    kinds = joined.type, lengths.type, len(joined.shape), len(lengths.shape)
    if kinds != ("|u1", "<u4", 1, 1):
        raise ValueError(f"{name} are no texts")
    return TEXT_MEMORY * lengths.shape[0] + 4 * joined.shape[0]


def _bytes(name: str) -> str:
    return f"{name}/bytes"


def _lengths(name: str) -> str:
    return f"{name}/lengths"


# Reading


def _check_digest(path: Path, stream: io.BufferedReader) -> tuple[int, int]:
    """Where the index is, and its length, in a file that is as it was written.

    Raises:
        UserError: it is of another version.
        ValueError: it is damaged, or no such file at all.
    """
    header = stream.read(HEADER_SIZE)
    if header.startswith(_HDF5_MARK):
        raise ValueError("an HDF5 file, perhaps of an older textcnn, whose checkpoints have no use")
    version = _ANY_HEADER.match(header)
    if version and int(version[1]) > FORMAT_VERSION:
        raise UserError(
            f"{path}: written in format {int(version[1])} by a newer textcnn; this one reads "
            f"{FORMAT_VERSION}: upgrade it"
        )
    parts = _THIS_HEADER.fullmatch(header)
    if parts is None or len(header) < HEADER_SIZE:
        raise ValueError("it does not begin as one")
    file_size = os.fstat(stream.fileno()).st_size
    if file_size > _memory():  # A hole in a file makes it as long as one likes.
        raise ValueError(f"its {file_size:,} bytes are more than this machine has memory")
    begun = hashlib.sha256(header.replace(parts[1], _NO_DIGEST, 1))
    if hashlib.file_digest(stream, lambda: begun).hexdigest().encode() != parts[1]:
        raise ValueError("its bytes are not those that were written")
    offset, length = int(parts[2]), int(parts[3])
    if offset + length > file_size or length > LONGEST_INDEX:
        raise ValueError(f"an index of {length:,} bytes at byte {offset:,}")
    return offset, length


def _memory() -> float:
    """Bytes that this machine has, where the system tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return math.inf


def _read(
    stream: io.BufferedReader, place_of_index: tuple[int, int], is_wanted: Callable[[str], bool]
) -> Container:
    file_size = os.fstat(stream.fileno()).st_size
    offset, length = place_of_index
    stream.seek(offset)
    facts, places, names = _parse_index(stream.read(length), file_size)
    of_texts = {part for name in names for part in (_bytes(name), _lengths(name))}
    arrays = {
        name: _read_array(stream, name, place)
        for name, place in places.items()
        if name not in of_texts and is_wanted(name)
    }
    texts = {}
    for name in filter(is_wanted, names):
        parts = (_bytes(name), _lengths(name))
        texts[name] = _split(name, *(_read_array(stream, part, places[part]) for part in parts))
    return Container(facts, arrays, texts)


def _read_array(stream: io.BufferedReader, name: str, place: _Place) -> np.ndarray:
    array = np.empty(place.shape, place.type)
    stream.seek(place.offset)
    stream.readinto(array.reshape(-1).view(np.uint8).data)
    _check_numbers(name, array)
    return array


def _check_numbers(name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds a number that is not finite")


def _split(name: str, data: np.ndarray, lengths: np.ndarray) -> list[str]:
    """The texts that :func:`_joined` joined."""
    if int(lengths.sum(dtype=np.uint64)) != len(data):
        raise ValueError(f"{name} have other lengths than their bytes")
    encoded, ends = data.tobytes(), np.cumsum(lengths).tolist()
    return [encoded[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]


# Writing


def _little_endian(name: str, array: np.ndarray) -> np.ndarray:
    """The array as it is to stand in the file."""
    stored = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    if stored.dtype.str not in TYPES:
        raise ValueError(f"{name} has type {array.dtype}")
    return stored


def _joined(name: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Two arrays that :func:`_split` makes texts of again."""
    encoded = [text.encode("utf-8") for text in texts]
    return {
        _bytes(name): np.frombuffer(b"".join(encoded), np.uint8),
        _lengths(name): np.array([len(text) for text in encoded], "<u4"),
    }


def _lay_out(
    facts: dict[str, Any], arrays: dict[str, np.ndarray], texts: list[str]
) -> tuple[bytes, list[Any]]:
    """The header without its digest, and the parts of the file that come after, in order.

    Raises:
        ValueError: it would not be read back.
    """
    import h5py  # Loaded here: reading does without it, and a sentence is classified sooner.

    sketch = _Sketch()
    with h5py.File(sketch, "w", userblock_size=HEADER_SIZE) as file:
        reserve = _reserver(file)
        places = {name: reserve(name, array) for name, array in arrays.items()}
        entries = {name: [place.type, place.shape, place.offset] for name, place in places.items()}
        index = json.dumps(
            {"facts": facts, "arrays": entries, "texts": texts}, allow_nan=False
        ).encode()
        if len(index) > LONGEST_INDEX:
            raise ValueError(f"an index of {len(index):,} bytes")
        place_of_index = reserve("index", np.array(index)).offset
    parts = sketch.parts | {
        place.offset: arrays[name].reshape(-1).view(np.uint8).data
        for name, place in places.items()
        if place.size
    }
    parts[place_of_index] = index
    if _parse_index(index, sketch.size)[0] != facts:
        raise ValueError("its facts would be others in JSON")
    for name, array in arrays.items():
        _check_numbers(name, array)
    header = _HEADER % (FORMAT_VERSION, _NO_DIGEST, place_of_index, len(index))
    return header.ljust(HEADER_SIZE, b"\0"), list(_in_order(parts))


def _reserver(file: "h5py.File") -> Callable[[str, np.ndarray], _Place]:
    """What has HDF5 choose a place for an array in a file, and writes none of it."""
    import h5py

    # Made once: they take longer than what they are for.
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    created.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    created.set_obj_track_times(False)  # The same contents are the same bytes at any time.
    linked = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    linked.set_create_intermediate_group(True)

    def reserve(name: str, array: np.ndarray) -> _Place:
        kind, space = h5py.h5t.py_create(array.dtype), h5py.h5s.create_simple(array.shape)
        node = h5py.h5d.create(file.id, name.encode(), kind, space, created, linked)
        return _Place(array.dtype.str, array.shape, node.get_offset() if array.size else 0)

    return reserve


def _in_order(parts: dict[int, Any]) -> Iterator[Any]:
    """The parts by their offsets, with zeros between them."""
    end = HEADER_SIZE
    for offset, part in sorted(parts.items()):
        if offset < end:
            raise RuntimeError("HDF5 gave one place to two parts")
        if offset > end:
            yield bytes(offset - end)
        yield part
        end = offset + len(part)


class _Sketch(io.RawIOBase):
    """What HDF5 writes of a file, by offset, while nobody writes its arrays.

    A file that HDF5 writes itself is a danger where writing fails: it goes on, and can end the
    process. It needs nothing back of what it writes here.
    """

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.size = 0
        self._at = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def write(self, data: Any) -> int:
        self.parts[self._at] = part = bytes(data)
        self._at += len(part)
        self.size = max(self.size, self._at)
        return len(part)

    def truncate(self, size: int | None = None) -> int:
        self.size = self._at if size is None else size
        return self.size
