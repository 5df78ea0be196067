"""Files that are made to harm who reads them, and a process that reads them within limits.

``python -m tests.support.hostile_containers FOLDER`` makes them; ``... --read FILE ...`` reads
files, each within :data:`SECONDS` and twice its size and 64 MiB of memory, and prints a line for
each: how it ended. With ``--classify`` it also asks each for predictions; with ``--load`` it only
makes a model of it, which may take 4 bytes besides for each number that a shrunk file has. With
``--npz`` the files are arrays that were exported.
"""

import contextlib
import functools
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np

from textcnn.inference.classifier import Classifier
from textcnn.inference.export import numpy_classifier
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.checkpoint.container import read_container

SECONDS = 5
MEBIBYTE = 2**20
NO_DIGEST = b"0" * 64

TEXTS = ["a witty film", "", "unheard-of words , \N{GRINNING FACE}", "dull " * 300]
"""Asked of a file that could be read."""


def forged(content: bytes, index: Any, before: bytes = b"") -> bytes:
    """A file with a true digest, whose index says anything; ``content`` stands at byte 512."""
    text = index if isinstance(index, bytes) else json.dumps(index).encode()
    header = b"textcnn checkpoint 4\nsha256 %s\nindex %016d %016d\n" % (
        NO_DIGEST,
        512 + len(content),
        len(text),
    )
    return signed(header.ljust(512, b"\0") + content + text)


def signed(file: bytes) -> bytes:
    """The file with the digest that it should have."""
    start = file.index(b"sha256 ") + len(b"sha256 ")
    zeros = file[:start] + NO_DIGEST + file[start + 64 :]
    return zeros.replace(NO_DIGEST, hashlib.sha256(zeros).hexdigest().encode(), 1)


def index_of(arrays: Any = None, texts: Any = None, facts: Any = None) -> dict[str, Any]:
    """An index."""
    return {
        "facts": {} if facts is None else facts,
        "arrays": {} if arrays is None else arrays,
        "texts": [] if texts is None else texts,
    }


def words(count: int, length: int) -> dict[str, Any]:
    """Places of ``count`` texts in ``length`` bytes, from byte 512 on."""
    return {
        "words/bytes": ["|u1", [length], 512],
        "words/lengths": ["<u4", [count], 512 + length],
    }


@functools.cache
def hostile_indices() -> dict[str, bytes]:
    """Files with true digests and hostile indices."""
    rows = np.ones(10**5, np.float32).tobytes()
    empty = b'{"facts": {}, "arrays": {}, "texts": []}'
    files = {
        "no index": forged(b"", b""),
        "an index that is no text": forged(b"", b"\xff\xfe" * 20),
        "an index that is a number": forged(b"", 3),
        "an index with nothing in it": forged(b"", {}),
        "an index with more in it": forged(b"", index_of() | {"code": "print()"}),
        "an index that says things twice": forged(b"", empty[:-1] + b', "facts": {}}'),
        "lists in lists": forged(b"", b"[" * 900_000),
        "lists in lists, closed": forged(b"", b"[" * 500_000 + b"]" * 500_000),
        "objects in objects": forged(b"", b'{"a":' * 200_000),
        "levels below the limit of Python": forged(
            b"", empty.replace(b"{}", b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}", 1)
        ),
        "a long whole number": forged(b"", empty.replace(b"{}", b'{"a": %s}' % (b"9" * 4000), 1)),
        "a very long whole number": forged(
            b"", empty.replace(b"{}", b'{"a": %s}' % (b"9" * 900_000), 1)
        ),
        "a large number": forged(b"", empty.replace(b"{}", b'{"a": 1e999}', 1)),
        "no number": forged(b"", empty.replace(b"{}", b'{"a": NaN}', 1)),
        "half a letter": forged(b"", empty.replace(b"{}", rb'{"a": "\ud800"}', 1)),
        "an index of blanks": forged(b"", empty + b" " * 2_000_000),
        "an index of empty objects": forged(b"", b"[" + b"{}," * 340_000 + b"{}]"),
        "an index of short lists": forged(b"", index_of({}, [[]] * 250_000)),
        "facts that are a list": forged(b"", index_of(facts=[1])),
        "arrays that are a list": forged(b"", index_of(arrays=[1])),
        "texts that are an object": forged(b"", index_of(texts={"a": 1})),
        "numbers that are none": forged(
            np.full(9, np.nan, np.float32).tobytes(), index_of({"a": ["<f4", [9], 512]})
        ),
        "infinite numbers": forged(
            np.full(9, np.inf, np.float16).tobytes(), index_of({"a": ["<f2", [3, 3], 512]})
        ),
        "one array a thousand times": forged(
            rows, index_of({f"a{i}": ["<f4", [10**5], 512] for i in range(1000)})
        ),
        "arrays that share a byte": forged(
            rows, index_of({"a": ["<f4", [9], 512], "b": ["<f4", [9], 547]})
        ),
        "an array in the header": forged(rows, index_of({"a": ["<f4", [9], 0]})),
        "empty arrays without number": forged(
            b"", index_of({f"{i}": ["<f4", [0], 0] for i in range(40_000)})
        ),
        "arrays of one number without number": forged(
            rows, index_of({f"{i}": ["|u1", [], 512 + i] for i in range(40_000)})
        ),
        "many words of nothing": forged(bytes(4 * 10**6), index_of(words(10**6, 0), ["words"])),
        "many words of two letters": forged(
            b"ab" * 10**6 + np.full(10**6, 2, "<u4").tobytes(),
            index_of(words(10**6, 2 * 10**6), ["words"]),
        ),
        "a long text with one wide letter": forged(
            b"a" * (2 * 10**7)
            + "\N{GRINNING FACE}".encode()
            + np.array([2 * 10**7 + 4], "<u4").tobytes(),
            index_of(words(1, 2 * 10**7 + 4), ["words"]),
        ),
        "a word of a million letters": forged(
            b"a" * 10**6 + np.array([10**6], "<u4").tobytes(),
            index_of(words(1, 10**6), ["words"]),
        ),
        "lengths of more than there is": forged(
            b"abcd" + np.full(10**5, 2**32 - 1, "<u4").tobytes(),
            index_of(words(10**5, 4), ["words"]),
        ),
        "letters that are none": forged(
            b"\xff" * 4 + np.array([4], "<u4").tobytes(), index_of(words(1, 4), ["words"])
        ),
        "a text that is missing": forged(b"", index_of({}, ["words"])),
        "a text named without number": forged(bytes(8), index_of(words(0, 0), ["words"] * 100_000)),
        "texts of floats": forged(
            bytes(80),
            index_of({"w/bytes": ["<f4", [2], 512], "w/lengths": ["<f4", [1], 520]}, ["w"]),
        ),
    }
    for name, place in {
        "beyond the end": ["<f4", [10**6], 600],
        "far beyond the end": ["<f4", [2**62], 512],
        "of more axes than there are": ["<f4", [1] * 100_000, 512],
        "of a size that overflows": ["<f4", [2**33, 2**33], 512],
        "of a size that overflows to nothing": ["<f4", [2**32, 2**32, 0], 512],
        "of a size below nothing": ["<f4", [-1], 512],
        "of two sizes below nothing": ["<f4", [-2, -2], 512],
        "at a place below nothing": ["<f4", [1], -1],
        "of a size that is true": ["<f4", [True], 512],
        "of a size that is no whole number": ["<f4", [1.0], 512],
        "of objects": ["|O", [1], 512],
        "of texts": ["|S4", [1], 512],
        "of a record": ["<f4,<f4", [1], 512],
        "of a type that is a list": [["<f4"], [1], 512],
        "of a type that is code": ["__import__('os')", [1], 512],
        "of no shape": ["<f4", None, 512],
        "of too few parts": ["<f4", [1]],
        "that is no place": 7,
    }.items():
        files[f"an array {name}"] = forged(rows[:400], index_of({"a": place}))
    good = forged(rows, index_of({"a": ["<f4", [10], 512]}))
    files["an index far outside"] = signed(good.replace(b"index 0000", b"index 9999", 1))
    files["an older version"] = signed(good.replace(b"checkpoint 4", b"checkpoint 3", 1))
    files["a newer version"] = signed(good.replace(b"checkpoint 4", b"checkpoint 5", 1))
    files["a version of many digits"] = signed(
        good.replace(b"checkpoint 4\n", b"checkpoint %s\n" % (b"9" * 400), 1)
    )
    files["another digest"] = good.replace(b"sha256 ", b"sha256 0", 1)
    return files


def make_hdf5(folder: Path) -> list[Path]:
    """HDF5 files that hang the library, fill the memory or name other files."""
    paths = []

    def new(name: str) -> h5py.File:
        paths.append(folder / f"{name}.h5")
        return h5py.File(paths[-1], "w")

    with contextlib.suppress(FileExistsError):
        os.mkfifo(folder / "pipe")
    with new("a virtual data set of a pipe") as file:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource(str(folder / "pipe"), "x", (4,))
        file.create_virtual_dataset("parameters", layout)
    with new("bytes kept in a device") as file:
        file.create_dataset("parameters", (9,), "u1", external=[("/dev/zero", 0, 9)])
    with new("a link to a pipe") as file:
        file["parameters"] = h5py.ExternalLink(str(folder / "pipe"), "/x")
    with new("a compressed bomb") as file:
        file.create_dataset("parameters", (2**33,), "u8", chunks=(2**20,), compression=9)
    with new("a group in itself") as file:
        file["parameters"] = file["/"]
    with new("an attribute of references") as file:
        file.attrs["format"] = np.full(4000, file["/"].ref, h5py.ref_dtype)
    with new("many names") as file:
        for number in range(3000):
            file.create_group(f"{number}")
    return paths


def make_all(folder: Path) -> list[Path]:
    """Every hostile file, and others that are no files at all."""
    paths = make_hdf5(folder)
    for path in list(paths):  # The same behind a header that is in order.
        disguised = folder / f"disguised {path.name}"
        disguised.write_bytes(forged(path.read_bytes(), index_of({"a": ["<f4", [9], 512]})))
        paths.append(disguised)
    for name, content in hostile_indices().items():
        path = folder / f"{name}.h5"
        path.write_bytes(content)
        paths.append(path)
    nothing = folder / "nothing.h5"
    nothing.touch()
    hole = folder / "a hole.h5"
    hole.touch()
    os.truncate(hole, 2**40)
    return [*paths, nothing, hole, folder, folder / "pipe", Path("/dev/zero"), folder / "missing"]


def read_within_limits(paths: list[Path], how: str = "--read") -> dict[str, str]:
    """How reading each ended: "refused: ...", "read", or by what it was stopped.

    With ``--classify`` "classified" in the place of "read", where these are probabilities.
    """
    finished = subprocess.run(
        [sys.executable, "-m", __name__, how, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS * len(paths) + 30,
    )
    endings = dict(json.loads(line) for line in finished.stdout.splitlines())
    for path in paths:
        endings.setdefault(str(path), f"ended the process: {finished.stderr[-500:]}")
    return endings


def _classify(path: Path) -> str:
    probabilities = Classifier.load(path).predict_proba(TEXTS)
    right = np.isfinite(probabilities).all() and np.allclose(probabilities.sum(axis=1), 1)
    return "classified" if right else f"predictions that are none: {probabilities.tolist()}"


def _load(path: Path) -> str:
    load_checkpoint(path)
    return "read"


def _read(path: Path) -> str:
    read_container(path)
    return "read"


def _classify_npz(path: Path) -> str:
    try:
        probabilities = numpy_classifier.load(path).probabilities(TEXTS)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {error}") from error
    return "classified" if np.isfinite(probabilities).all() else "predictions that are none"


def _stop(number: int, frame: object) -> NoReturn:
    raise TimeoutError


def _shrunk(path: Path) -> int:
    """Numbers that become float32 once they are read."""
    arrays = read_container(path).arrays
    names = [name for name in arrays if name.startswith("networks/")]
    return sum(arrays[name].size for name in names if arrays[name].itemsize < 4)


def _read_one(path: Path, read: Callable[[Path], str]) -> str:
    size = path.stat().st_size if path.is_file() else 0
    more = 4 * _shrunk(path) if read is _load else 0
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = min(used + 2 * size + more + 64 * MEBIBYTE, 2**50)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return read(path)
    except UserError as error:
        line = str(error)
        return f"refused: {line}" if "\n" not in line and len(line) < 2000 else f"lines: {line}"
    except MemoryError:
        return "took more memory than it may"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _main(arguments: list[str]) -> None:
    ways = {"--read": _read, "--load": _load, "--classify": _classify, "--npz": _classify_npz}
    if arguments[0] not in ways:
        folder = Path(arguments[0])
        folder.mkdir(parents=True, exist_ok=True)
        print("\n".join(map(str, make_all(folder))))
        return
    for path in arguments[1:]:
        print(json.dumps([path, _read_one(Path(path), ways[arguments[0]])]), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
