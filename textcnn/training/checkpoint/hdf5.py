"""Reading parts of an HDF5 file from outside, each checked before its bytes are.

Every failed check raises ValueError.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from textcnn.training.checkpoint.quantised import restore

TEXTS_AT_ONCE = 64
"""Texts read together; see :meth:`CheckedFile._texts`."""


class CheckedFile:
    """An HDF5 file that nothing is taken on trust from.

    Args:
        path: where it is.
        file: the same, open.
    """

    def __init__(self, path: Path, file: h5py.File):
        self._path = path
        self._file = file

    def names(self, path: str) -> list[str]:
        """What is in the group at ``path``."""
        return list(self.node(path, h5py.Group))

    def string(self, path: str) -> str:
        """The one text at ``path``."""
        (text,) = self.strings(path)
        return text

    def strings(self, path: str) -> list[str]:
        """The text, or texts, at ``path``."""
        node = self.dataset(path)
        if h5py.check_string_dtype(node.dtype) is None or len(node.shape) > 1:
            raise ValueError(f"{path} is not text")
        return [text.decode("utf-8") for text in self._texts(node)]

    def _texts(self, node: h5py.Dataset) -> list[bytes]:
        """Read a few texts at a time: many could claim the same long one, and fill the memory."""
        if node.shape == ():
            return [node[()]]
        texts: list[bytes] = []
        length, limit = 0, self._path.stat().st_size
        for start in range(0, len(node), TEXTS_AT_ONCE):
            part = node[start : start + TEXTS_AT_ONCE].tolist()
            length += sum(map(len, part))
            if length > limit:
                raise ValueError(f"{node.name} claims more text than the file holds")
            texts += part
        return texts

    def array(self, path: str, kind: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """The array at ``path``.

        Args:
            path: where it is.
            kind: of its type, as ``dtype.kind`` has it.
            shape: that it must have; None where any size will do.
        """
        node = self.dataset(path)
        fits = len(node.shape) == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, node.shape, strict=True)
        )
        if node.dtype.kind != kind or not fits:
            raise ValueError(f"{path} has shape {node.shape} and type {node.dtype}")
        return node[()]

    def floats(self, path: str, shape: tuple[int, ...]) -> np.ndarray:
        """Finite float32 numbers, perhaps kept in fewer bits (:mod:`quantised`)."""
        node, scales = self.dataset(path), None
        kept = self.array(path, "i" if node.dtype == np.int8 else "f", shape)
        if kept.dtype == np.int8:
            sizes = self.dataset(f"scales/{path}").shape
            scales = self.array(f"scales/{path}", "f", sizes)
            fits = len(sizes) == len(shape) and all(
                size in (1, whole) for size, whole in zip(sizes, shape, strict=True)
            )
            if not fits:
                raise ValueError(f"scales/{path} has shape {sizes}")
        floats = restore(kept, scales)
        if not np.isfinite(floats).all():
            raise ValueError(f"{path} holds a number that is not finite")
        return floats

    def dataset(self, path: str) -> h5py.Dataset:
        """The data set at ``path``, all of whose bytes are in this file."""
        node = self.node(path, h5py.Dataset)
        # A small file can claim a huge data set: by filters, by bytes kept in other files, or by
        # none written at all. Ours are plain, so all their bytes must be in this file.
        present = node.id.get_storage_size() >= node.size * node.dtype.itemsize
        if node.chunks or node.external or node.is_virtual or not present:
            raise ValueError(f"{path} does not hold its own bytes")
        return node

    def exists(self, path: str) -> bool:
        """Whether there is something at ``path``, looking step by step so as to follow no link."""
        parent, _, name = path.rpartition("/")
        if parent and not self.exists(parent):
            return False
        return name in (self.node(parent, h5py.Group) if parent else self._file)

    def node(self, path: str, kind: type) -> Any:
        """The group or data set at ``path``, reached by no link."""
        parent: Any = self._file
        for part in path.strip("/").split("/"):
            link = parent.get(part, getlink=True) if isinstance(parent, h5py.Group) else None
            if link is None:
                raise ValueError(f"{path} is missing")
            # Soft and external links could lead to any file on this machine.
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{path} is a link")
            parent = parent[part]
        if not isinstance(parent, kind):
            raise ValueError(f"{path} is not a {kind.__name__.lower()}")
        return parent

    def whole_numbers(self, path: str, shape: tuple[int, ...]) -> np.ndarray:
        """int64 numbers, none below 0."""
        numbers = self.array(path, "i", shape).astype(np.int64)
        if numbers.size and numbers.min() < 0:
            raise ValueError(f"{path} holds a number below 0")
        return numbers
