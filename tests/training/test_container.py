"""The file of a checkpoint: read as it was written, or refused with one line that helps."""

import errno
import os
import random
import re
import shutil
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.support.hostile_containers import (
    forged,
    hostile_indices,
    index_of,
    make_all,
    read_within_limits,
)
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replace_text
from textcnn.training.checkpoint.container import (
    TYPES,
    Container,
    read_container,
    write_container,
)

FACTS: dict[str, Any] = {
    "config": {"epochs": 3, "learning_rate": 0.1, "mode": None, "sizes": [3, 4, 5], "on": True},
    "random state": {"state": 2**127 + 1},
    "source": "reviews.csv, плохо \U0001f44d",
}
TEXTS = {
    "labels": ["плохо", "良い 👍", "", "a\n\0"],
    "vocabulary": ["<unknown>", "film"],
    "none": [],
}


def some_arrays() -> dict[str, np.ndarray]:
    choose = np.random.default_rng(0)
    arrays = {f"kinds/{kind[1:]}": choose.integers(0, 100, (3, 5)).astype(kind) for kind in TYPES}
    return arrays | {
        "embedding/tuned": choose.standard_normal((20, 8)).astype(np.float32),
        "embedding/none": np.zeros((0, 8), np.float32),
        "one": np.array(3, np.int64),
        "columns first": np.asfortranarray(choose.standard_normal((3, 4))),
        "every other": np.arange(20.0)[::2],
        "big end first": np.arange(4, dtype=">i4"),
    }


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("container") / "original.h5"
    write_container(path, FACTS, some_arrays(), TEXTS)
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    """A copy to be spoilt."""
    return Path(shutil.copy(original, tmp_path / "spoilt.h5"))


def refused(path: Path, words: str = "not a textcnn checkpoint, or damaged") -> str:
    with pytest.raises(UserError) as error:
        read_container(path)
    line = str(error.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert words in line
    return line


def same(mine: np.ndarray, theirs: np.ndarray) -> bool:
    return (
        mine.dtype == theirs.dtype.newbyteorder("<")
        and mine.shape == theirs.shape
        and np.array_equal(mine, theirs)
    )


def test_everything_comes_back(original):
    read = read_container(original)
    assert read.facts == FACTS
    assert read.texts == TEXTS
    arrays = some_arrays()
    assert set(read.arrays) == set(arrays)
    assert all(same(read.arrays[name], array) for name, array in arrays.items())
    assert all(array.flags.writeable for array in read.arrays.values())


def test_only_what_is_wanted_is_read(original):
    read = read_container(original, lambda name: name in ("labels", "embedding/tuned"))
    assert read.facts == FACTS
    assert set(read.texts) == {"labels"}
    assert set(read.arrays) == {"embedding/tuned"}


def test_an_array_or_texts_of_another_kind_than_asked_for_are_named(original):
    read = read_container(original)
    assert read.array("embedding/tuned", "f", (None, 8)).shape == (20, 8)
    assert read.strings("vocabulary") == TEXTS["vocabulary"]
    for name, kind, shape in (
        ("missing", "f", (1,)),
        ("embedding/tuned", "i", (20, 8)),
        ("embedding/tuned", "f", (20, 9)),
        ("embedding/tuned", "f", (20,)),
    ):
        with pytest.raises(ValueError, match=name):
            read.array(name, kind, shape)
    with pytest.raises(ValueError, match="missing"):
        read.strings("missing")


def test_the_same_contents_are_the_same_bytes(original, tmp_path):
    time.sleep(1.1)  # HDF5 could note the second at which it is written.
    write_container(tmp_path / "again.h5", FACTS, some_arrays(), TEXTS)
    assert (tmp_path / "again.h5").read_bytes() == original.read_bytes()


def test_hdf5_reads_the_same(original):
    """So that the file can be opened wherever HDF5 is read, without this program."""
    read = read_container(original)
    with h5py.File(original, "r") as file:
        names: list[str] = []
        file.visititems(lambda name, node: names.append(name) if "shape" in dir(node) else None)
        parts = {f"{name}/{part}" for name in TEXTS for part in ("bytes", "lengths")}
        assert set(names) == set(read.arrays) | parts | {"index"}
        for name, array in read.arrays.items():
            assert same(file[name][()], array)
            assert file[name].chunks is None
            assert not file[name].attrs
        joined = file["labels/bytes"][()].tobytes()
        assert joined.decode() == "".join(TEXTS["labels"])


def test_many_arrays_and_none(tmp_path):
    arrays = {f"{number % 50}/{number}": np.full(3, number, np.int32) for number in range(2000)}
    write_container(tmp_path / "many.h5", {}, arrays, {})
    read = read_container(tmp_path / "many.h5")
    assert all(same(read.arrays[name], array) for name, array in arrays.items())
    write_container(tmp_path / "none.h5", {}, {}, {})
    assert read_container(tmp_path / "none.h5") == Container({}, {}, {})


# Damage


def flipped(data: bytes, count: int, choose: random.Random) -> list[bytes]:
    spoilt = []
    for _ in range(count):
        at, bit = choose.randrange(len(data)), choose.randrange(8)
        spoilt.append(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
    return spoilt


def overwritten(data: bytes, count: int, choose: random.Random) -> list[bytes]:
    """With other bytes in a stretch: zeros as a lost block has, noise, or another of its own."""
    spoilt = []
    while len(spoilt) < count:
        length = choose.randrange(1, 4096)
        at, source = (choose.randrange(len(data)) for _ in range(2))
        length = min(length, len(data) - at)
        new = choose.choice(
            (bytes(length), choose.randbytes(length), (data[source:] + data)[:length])
        )
        if data[at : at + length] != new:
            spoilt.append(data[:at] + new + data[at + length :])
    return spoilt


def cut(data: bytes, count: int, choose: random.Random) -> list[bytes]:
    ends = {0, 1, 511, 512, 513, len(data) - 1, *choose.sample(range(len(data)), count)}
    return [data[:end] for end in sorted(ends)] + [data + b"\0", data + data]


def all_refused(path: Path, every_spoilt: list[bytes]) -> None:
    for spoilt in every_spoilt:
        path.write_bytes(spoilt)
        line = refused(path, "")
        assert "damaged" in line or "by a newer textcnn" in line


@pytest.mark.parametrize("spoil", [flipped, overwritten, cut])
def test_a_damaged_file_is_never_read(original, path, spoil):
    all_refused(path, spoil(original.read_bytes(), 200, random.Random(0)))


def test_every_byte_of_the_header_matters(original, path):
    data = original.read_bytes()
    all_refused(
        path, [data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :] for at in range(160)]
    )


@pytest.mark.torture
@pytest.mark.parametrize(("spoil", "count"), [(flipped, 8000), (overwritten, 800), (cut, 2000)])
def test_damaged_files_are_never_read(original, path, spoil, count):
    all_refused(path, spoil(original.read_bytes(), count, random.Random(1)))


def test_the_line_names_a_whole_neighbour(original, path):
    assert "use another one, or train again" in refused_when_spoilt(path)
    (path.parent / "broken.h5").write_bytes(original.read_bytes()[:-1])
    (path.parent / "other.h5").write_text("hello")
    (path.parent / "folder.h5").mkdir()
    assert "use another one, or train again" in refused_when_spoilt(path)
    whole = Path(shutil.copy(original, path.parent / "last.h5"))
    assert f"{whole} is whole: use that one" in refused_when_spoilt(path)
    (path.parent / "table.csv").write_text("text,label\n")
    assert "use another one, or train again" in refused(path.parent / "table.csv")


def refused_when_spoilt(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    return refused(path)


def test_a_line_shows_nothing_that_steers_a_terminal(path):
    path.write_bytes(forged(b"", index_of({"\x1b[2Jx\n" * 1000: 7})))
    line = refused(path)
    assert line.isprintable()
    assert len(line) < 1000


# Hostile files


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs limits on memory")
def test_hostile_files_are_refused_within_the_limits(tmp_path):
    paths = make_all(tmp_path)
    big = tmp_path / "big.h5"
    rows = np.ones((2**22, 4), np.float16)
    write_container(big, {}, {"half": rows}, {"words": [f"word {i}" for i in range(10**5)]})
    endings = read_within_limits([*paths, big])
    harmless = {"empty arrays without number", "a word of a million letters", "big"}
    assert len(endings) > 70
    for path in paths:
        name, ending = path.stem, endings[str(path)]
        assert ending.startswith("read" if name in harmless else f"refused: {path}: "), ending
    assert endings[str(big)] == "read"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("a newer version", "written in format 5 by a newer textcnn; this one reads 4: upgrade it"),
        ("one array a thousand times", "a1 overlaps another array"),
        ("an array beyond the end", "a reaches beyond the end of the file"),
        ("numbers that are none", "a holds a number that is not finite"),
        ("many words of two letters", "index names more text than such a file can hold"),
        ("lengths of more than there is", "words have other lengths than their bytes"),
        ("an index that says things twice", "the key 'facts' stands twice in an object"),
        ("no number", "NaN is not a number"),
    ],
)
def test_the_line_says_what_is_wrong(path, case, words):
    path.write_bytes(hostile_indices()[case])
    refused(path, words)


def test_an_hdf5_file_of_another_kind(path):
    with h5py.File(path, "w") as file:
        file["parameters"] = np.zeros(3)
    refused(path, "an HDF5 file, perhaps of an older textcnn")


# Writing is all or nothing


@pytest.mark.parametrize(
    ("facts", "arrays", "texts", "words"),
    [
        ({}, {"a": np.array([1, np.nan])}, {}, "a holds a number that is not finite"),
        ({}, {"a": np.full((2, 2), np.inf, np.float16)}, {}, "a holds a number"),
        ({"a": float("nan")}, {}, {}, "not JSON compliant"),
        ({"a": (1, 2)}, {}, {}, "facts would be others"),
        ({1: 2}, {}, {}, "facts would be others"),
        ({"a": 10**100}, {}, {}, "a number of 101 digits"),
        ({"a": "x" * 2**20}, {}, {}, "an index of 1,0"),
        ({}, {"a": np.array(["x"])}, {}, "a has type <U1"),
        ({}, {"a": np.array([None])}, {}, "a has type object"),
        ({}, {"a": np.array([True])}, {}, "a has type bool"),
        ({}, {"a": np.zeros((1,) * 9)}, {}, "beyond the end"),
        ({}, {"index": np.zeros(1)}, {}, "name already exists"),
        ({}, {}, {"a": ["\ud800"]}, "surrogates not allowed"),
        ({}, {}, {"a": [""] * 10**6}, "more text than such a file can hold"),
    ],
)
def test_what_could_not_be_read_is_not_written(path, facts, arrays, texts, words):
    before = path.read_bytes()
    with pytest.raises(RunError, match=re.escape(f"{path} is not written, ")) as error:
        write_container(path, facts, arrays, texts)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, share):
    """Real failures, wherever in the file they come: a limit on file sizes acts as a full disk."""
    resource = pytest.importorskip("resource")
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * len(before)), limits[1]))
    try:
        with pytest.raises(
            RunError, match=rf"writing {re.escape(str(path))} failed: File too large"
        ):
            write_container(path, FACTS, some_arrays(), TEXTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    read_container(path)


@pytest.mark.parametrize("fails", ["os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(path, monkeypatch, fails):
    before = path.read_bytes()
    monkeypatch.setattr(fails, no_space)
    with pytest.raises(RunError, match=rf"writing {re.escape(str(path))} failed: No space left"):
        write_container(path, FACTS, {}, {})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(UserError, match=r"cannot write .*No such file or directory"):
        write_container(tmp_path / "none" / "c.h5", {}, {}, {})


def test_hdf5_is_given_no_file_to_read(original, monkeypatch):
    monkeypatch.setattr(h5py, "File", no_space)
    assert read_container(original).facts == FACTS


def test_a_replaced_file_can_be_read_by_those_who_could_read_any_other(tmp_path):
    write_container(tmp_path / "a.h5", {}, {}, {})
    replace_text(tmp_path / "b", "text\n")
    (tmp_path / "c").touch()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1
