"""Pretrained vectors: every format, from gensim itself or by hand, and every way they go wrong."""

import bz2
import copy
import gzip
import io
import json
import lzma
import os
import pickle
import shutil
import struct
import sys
import tarfile
import threading
import time
import tracemalloc
import urllib.error
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gensim.downloader
import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors
from gensim.models.fasttext import load_facebook_vectors, save_facebook_model

from textcnn.data.vectors import (
    WordVectors,
    fill_unknown,
    load_vectors,
    named,
    train_vectors,
)
from textcnn.data.vectors import training as vector_training
from textcnn.support.errors import RunError, UserError

WORDS = ["good", "bad", "café", "film"]
MATRIX = np.array(
    [[0.25, -1.5, 3.0], [1e-3, 2.0, -0.125], [7.0, 8.0, 9.5], [-4.0, 0.0, 1.0]], dtype=np.float32
)
WANTED = ["film", "missing", "good", "café"]
SENTENCES = [["a", "good", "film"], ["a", "bad", "film"], ["good", "good", "bad"]] * 20


def keyed_vectors(words: list[str] = WORDS, matrix: Any = MATRIX) -> KeyedVectors:
    keyed = KeyedVectors(matrix.shape[1])
    keyed.add_vectors(words, matrix)
    return keyed


def compress(path: Path) -> Path:
    zipped = path.with_name(path.name + ".gz")
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    return zipped


def error_of(path: Path, content: bytes | None = None) -> str:
    """Load a faulty file; return the message, which must be one line that names the file."""
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_vectors(str(path), WANTED)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def assert_wanted(vectors: WordVectors) -> None:
    """What is to come out of every file that holds MATRIX."""
    assert vectors.found.tolist() == [True, False, True, True]
    assert vectors.matrix.dtype == np.float32
    np.testing.assert_allclose(vectors.matrix, [MATRIX[3], [0, 0, 0], MATRIX[0], MATRIX[2]])


# Each writer puts MATRIX into a file in one format; the names of the files say nothing about it.


def write_word2vec_text(path: Path) -> None:
    keyed_vectors().save_word2vec_format(str(path))


def write_word2vec_binary(path: Path) -> None:
    keyed_vectors().save_word2vec_format(str(path), binary=True)


def write_word2vec_c_binary(path: Path) -> None:
    """As the original tool does, with a line end after each row."""
    rows = [w.encode() + b" " + row.tobytes() + b"\n" for w, row in zip(WORDS, MATRIX, strict=True)]
    path.write_bytes(b"4 3\n" + b"".join(rows))


def write_fasttext_vec(path: Path) -> None:
    """As the fastText tool does, with a space before each line end."""
    rows = [f"{w} {a} {b} {c} \n" for w, (a, b, c) in zip(WORDS, MATRIX, strict=True)]
    path.write_text("4 3\n" + "".join(rows), encoding="utf-8")


def write_glove(path: Path) -> None:
    keyed_vectors().save_word2vec_format(str(path), write_header=False)


def write_tabs_and_crlf(path: Path) -> None:
    rows = [f"{w}\t{a}\t{b}\t{c}\r\n" for w, (a, b, c) in zip(WORDS, MATRIX, strict=True)]
    path.write_text("".join(rows), encoding="utf-8", newline="")


TEXT_AND_BINARY = {
    "word2vec text": write_word2vec_text,
    "word2vec binary": write_word2vec_binary,
    "word2vec binary of the C tool": write_word2vec_c_binary,
    "fastText .vec": write_fasttext_vec,
    "GloVe text": write_glove,
    "GloVe text with tabs and CRLF": write_tabs_and_crlf,
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("format_name", TEXT_AND_BINARY)
def test_text_and_binary_formats(tmp_path: Path, format_name: str, zipped: bool) -> None:
    path = tmp_path / "vectors"
    TEXT_AND_BINARY[format_name](path)
    vectors = load_vectors(str(compress(path) if zipped else path), WANTED)
    assert_wanted(vectors)
    assert vectors.coverage == "3 of 4 words (75.0 %)"


@pytest.fixture(scope="module")
def fasttext() -> FastText:
    return FastText(SENTENCES, vector_size=8, min_count=1, workers=1, bucket=100)


def save_facebook(model: FastText, path: Path) -> None:
    save_facebook_model(model, str(path))


def save_facebook_gzip(model: FastText, path: Path) -> None:
    save_facebook_model(model, str(path))
    path.write_bytes(gzip.compress(path.read_bytes()))


@pytest.mark.parametrize("save", [save_facebook, save_facebook_gzip])
def test_fasttext_models_build_missing_words_from_subwords(
    tmp_path: Path, fasttext: FastText, save: Callable[[FastText, Path], None]
) -> None:
    path = tmp_path / "model"
    save(fasttext, path)
    words = ["film", "filmgoers", "a", "banana"]  # banana has the n-gram "ana" twice
    vectors = load_vectors(str(path), words)
    assert vectors.found.all()
    expected = np.stack([fasttext.wv[word] for word in words])
    np.testing.assert_allclose(vectors.matrix, expected, rtol=1e-5, atol=1e-7)
    assert "2 words not in its list built from sub-words" in vectors.source


def test_fasttext_agrees_with_gensims_reader(tmp_path: Path, fasttext: FastText) -> None:
    path = tmp_path / "model"
    save_facebook(fasttext, path)
    theirs = load_facebook_vectors(str(path))
    ours = load_vectors(str(path), ["good", "goodness"])
    expected = [theirs["good"], theirs["goodness"]]
    np.testing.assert_allclose(ours.matrix, expected, rtol=1e-5, atol=1e-7)


def test_fasttext_without_ngrams_has_only_its_own_words(tmp_path: Path) -> None:
    model = FastText(SENTENCES, vector_size=8, min_count=1, workers=1, bucket=0, min_n=1, max_n=0)
    save_facebook(model, tmp_path / "model")
    vectors = load_vectors(str(tmp_path / "model"), ["film", "filmgoers"])
    assert vectors.found.tolist() == [True, False]
    np.testing.assert_allclose(vectors.matrix[0], model.wv["film"])


# Text and binary: what may be odd and what must be refused.


def test_first_of_two_rows_counts(tmp_path: Path) -> None:
    path = tmp_path / "v"
    rows = [b"film " + struct.pack("<2f", *numbers) for numbers in ((1, 2), (3, 4))]
    for content in (b"film 1 2\nfilm 3 4\n", b"2 2\n" + b"".join(rows)):
        path.write_bytes(content)
        said: list[str] = []
        assert load_vectors(str(path), ["film"], said.append).matrix.tolist() == [[1, 2]]
        assert said[1:] == [
            f"{path}: 1 row is of words that stood before; of each word the first row counts"
        ]


def test_words_with_spaces_as_in_glove_840b(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_text("film 1 2\nat name@domain.com 3 4\n. . . 5 6\n")
    vectors = load_vectors(str(path), ["at name@domain.com", ". . .", "film"])
    assert vectors.matrix.tolist() == [[3, 4], [5, 6], [1, 2]]


def test_words_that_end_in_a_number(tmp_path: Path) -> None:
    path = tmp_path / "v"
    rows = "windows 10 .1 .2\nfilm .3 .4\nweb 2.0 .55 .6\n"
    for header in ("", "3 2\n"):
        path.write_text(header + rows)
        vectors = load_vectors(str(path), ["windows 10", "film", "web 2.0", "windows", "web"])
        assert vectors.found.tolist() == [True, True, True, False, False]
        np.testing.assert_allclose(vectors.matrix[:3], [[0.1, 0.2], [0.3, 0.4], [0.55, 0.6]])
    # Written as the vector's own numbers are, it is one too many of them.
    path.write_text("2 2\nfilm .1 .2\ngood 0.3 .1 .25\n")
    assert "line 3: expected a word and 2 numbers, found more" in error_of(path)


def test_a_word_of_no_characters(tmp_path: Path) -> None:
    path = tmp_path / "v"
    for rows in (
        " .1 .2\nfilm .3 .4\n",
        "2 2\n\t.1 .2\nfilm .3 .4\n",
        "2 2\n  .1 .2\nfilm .3 .4\n",
    ):
        path.write_text(rows)
        np.testing.assert_allclose(load_vectors(str(path), ["film"]).matrix, [[0.3, 0.4]])


def test_a_byte_order_mark_is_no_part_of_a_word(tmp_path: Path) -> None:
    path = tmp_path / "v"
    for rows in ("film 1 2\nother 3 4\n", "2 2\nfilm 1 2\nother 3 4\n"):
        path.write_text(rows, encoding="utf-8-sig")
        assert load_vectors(str(path), ["film"]).matrix.tolist() == [[1, 2]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_named(tmp_path: Path, encoding: str) -> None:
    assert "text in UTF-16" in error_of(tmp_path / "v", "film 1 2\nother 3 4\n".encode(encoding))


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("dim", [5, 50])
def test_phrases_in_the_binary_format(tmp_path: Path, end: bytes, dim: int) -> None:
    """What gensim writes of them, and does not read back itself."""
    words = [
        "the",
        "new york",
        "film",
        "class 1984",
        "a 984",
        "US USAA",
        "in the city of ß",
        "",
        "x",
    ]
    matrix = np.random.default_rng(0).normal(size=(len(words), dim)).astype("<f4")
    rows = [binary_row(word.encode(), *row) + end for word, row in zip(words, matrix, strict=True)]
    path = tmp_path / "v"
    path.write_bytes(f"{len(words)} {dim}\n".encode() + b"".join(rows))
    vectors = load_vectors(str(path), [*words, "new", "class", "in"])
    assert vectors.found.tolist() == [True] * len(words) + [False] * 3
    np.testing.assert_array_equal(vectors.matrix[: len(words)], matrix)


def test_odd_numbers_are_no_phrase(tmp_path: Path) -> None:
    path = tmp_path / "v"
    values = struct.unpack("<2f", b"york\x01 \x02\x03")
    path.write_bytes(b"2 2\n" + binary_row(b"film", *values) + binary_row(b"other", 1, 2))
    assert load_vectors(str(path), ["film", "other"]).found.all()


@pytest.mark.parametrize(
    "rows", ["film 0,1 0,2 0,3\nfine 0,3 0,2 0,1\n", "film 0:.1 2:.2\nfine 1:.3\n"]
)
def test_text_that_holds_no_numbers_is_not_taken_for_binary(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "v.vec"
    path.write_text("2 3\n" + rows)
    with pytest.raises(UserError, match=r"v\.vec, line 2: "):
        load_vectors(str(path), ["film", "fine"])


def test_archives_and_compression_are_named(tmp_path: Path) -> None:
    text, packed = b"film 1 2\nother 3 4\n", io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("v.txt"))
    path = tmp_path / "v"
    assert "compressed with bzip2: unpack it" in error_of(path, bz2.compress(text))
    assert "compressed with xz: unpack it" in error_of(path, lzma.compress(text))
    assert "a tar archive: unpack it" in error_of(path, packed.getvalue())
    with zipfile.ZipFile(path, "w") as archive:  # Not compressed, so it reads as text.
        archive.writestr("v.txt", text)
    assert "a zip archive: unpack it" in error_of(path)


def test_words_that_are_not_utf8_match_nothing(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"caf\xe9 1 2\nfilm 3 4\nna\x85ve 5 6\n")
    vectors = load_vectors(str(path), ["café", "film", "lone \ud800 surrogate"])
    assert vectors.found.tolist() == [False, True, False]


def test_matching_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_text("Film 1 2\nthe 3 4\n")
    assert load_vectors(str(path), ["film", "THE", "the"]).found.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("2 3\nfilm 1 2 3\ngood 1 2\n", "line 3: expected a word and 3 numbers, found 2"),
        ("2 3\nfilm 1 2 3\ngood 1 2 3 4\n", "line 3: expected a word and 3 numbers, found more"),
        ("film 1 2 3\nother 1 2\n", "line 2: expected a word and 3 numbers, found 2"),
        ("film 1 2 3\nother 1 2 3 4\n", "line 2: expected a word and 3 numbers, found more"),
        ("film 1 2 3\ngood\n", "line 2: expected a word and 3 numbers, found 0"),
        ("film 1 2 3\n\nother 1 x 3\n", "line 3: 'x' is not a number"),
        ("film 1 2 3\ngood 1 - 3\n", "line 2: '-' is not a number"),
        ("film 1 2 3\nother 1 nan 3\n", "line 2: not all numbers are finite"),
        ("film 1 2 3\nother 1 inf 3\n", "line 2: not all numbers are finite"),
        ("film 1 2 3\ngood 1 1e39 3\n", "line 2: not all numbers are finite"),
        ("3 3\nfilm 1 2 3\ngood 1 2 3\n", "promises 3 words, but the file holds 2"),
        ("1 3\nfilm 1 2 3\ngood 1 2 3\n", "promises 1 words, but the file holds 2"),
        ("2 3\n", "promises 2 words, but the file holds 0"),
        ("0 3\n", "says that it holds no words"),
        ("1 99999999\nfilm 1 2 3\n", "vectors of 99999999 dimensions cannot be read"),
        ("film 1 2 3\n" + "x" * (1 << 20), "line 2: too long"),
        ("", "the file is empty"),
        ("a perfectly normal sentence\n", "none of the known formats"),
        ("chapter 1\nof a book\n", "none of the known formats"),
        ("PK\x03\x04....", "a zip archive: unpack it"),
    ],
)
def test_faulty_text(tmp_path: Path, content: str, fault: str) -> None:
    assert fault in error_of(tmp_path / "v", content.encode())


def binary_row(word: bytes, *values: float) -> bytes:
    return word + b" " + struct.pack(f"<{len(values)}f", *values)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"2 2\n" + binary_row(b"a", 1, 2), "ends within row 2 of 2"),
        (b"2 2\n" + binary_row(b"a", 1, 2) + binary_row(b"b", 1), "ends within row 2 of 2"),
        (
            b"1 2\n" + binary_row(b"a", 1, 2) + binary_row(b"b", 1, 2),
            "promises 1 words, but the file goes on after them",
        ),
        (b"1 2\na " + np.array([0.25, -0.131], ">f4").tobytes(), "its numbers are big-endian"),
        (b"1 2\n" + binary_row(b"other", 1, float("nan")), "row 1 of 1: not all numbers"),
        (b"1 2\n" + binary_row(b"other", float("inf"), 0), "row 1 of 1: not all numbers"),
        (b"9 2\n" + b"x" * 20_000, "row 1 of 9 starts with no word"),
        (b"9 2\n" + bytes(20_000), "row 1 of 9 starts with no word"),
        (bytes(range(129, 256)) * 9, "known formats"),
    ],
)
def test_faulty_binary(tmp_path: Path, content: bytes, fault: str) -> None:
    assert fault in error_of(tmp_path / "v", content)


def test_gzip_cut_short_or_damaged(tmp_path: Path) -> None:
    # Numbers that do not compress, so that the cut is in the middle of the rows.
    numbers = np.random.default_rng(0).normal(size=(2000, 5))
    rows = "".join(f"w{i} " + " ".join(map(str, row)) + "\n" for i, row in enumerate(numbers))
    whole = gzip.compress(rows.encode())
    assert "damaged or cut short" in error_of(tmp_path / "v", whole[: len(whole) // 2])
    wrong_checksum = whole[:-8] + bytes(4) + whole[-4:]
    assert "damaged or cut short" in error_of(tmp_path / "v", wrong_checksum)


def test_folder_and_missing_file(tmp_path: Path) -> None:
    assert "not a file of vectors" in error_of(tmp_path)
    assert "no such file" in error_of(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(
    ("offset", "replacement", "fault"),
    [
        (4, struct.pack("<i", 99), "version 99 cannot be read"),
        (8, struct.pack("<i", -5), "vectors of -5 dimensions"),
        (40, struct.pack("<i", 7), "contradict each other"),  # fewer buckets than rows
        (48, struct.pack("<i", 2**30), "impossible n-gram lengths"),
        (64, struct.pack("<2i", 2**30, 2**30), "of its word list"),
        (72, struct.pack("<i", 1), "is a fastText classifier"),
        (84, struct.pack("<q", 5), "quantised"),
    ],
)
def test_faulty_fasttext_header(
    tmp_path: Path, fasttext: FastText, offset: int, replacement: bytes, fault: str
) -> None:
    path = tmp_path / "model"
    save_facebook(fasttext, path)
    content = bytearray(path.read_bytes())
    content[offset : offset + len(replacement)] = replacement
    assert fault in error_of(path, bytes(content))


def test_fasttext_model_cut_anywhere(tmp_path: Path, fasttext: FastText) -> None:
    path = tmp_path / "model"
    save_facebook(fasttext, path)
    whole = path.read_bytes()
    vectors_end = len(whole) - (16 + 1 + 4 * 8 * len(fasttext.wv))  # the output matrix is not read
    for length in [*range(5, 200), vectors_end - 1]:
        assert "ends within" in error_of(path, whole[:length])


# What gensim itself saves is a pickle: it is refused, and nothing in it is obeyed.


class Attack:
    """Unpickling an instance runs a shell command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_runs_nothing(tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "marker"
    content = pickle.dumps(Attack(f"touch {marker}"), protocol=protocol)
    error_of(tmp_path / "evil", content)
    error_of(tmp_path / "evil.gz", gzip.compress(content))
    assert not marker.exists()
    pickle.loads(content)  # noqa: S301 - this is the control
    assert marker.exists()


def test_the_advice_on_gensims_own_format_converts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keyed_vectors().save("v")
    eval(error_of(Path("v")).rpartition("convert it: ")[2])
    assert_wanted(load_vectors("vectors.bin", WANTED))


# Memory.


def test_fasttext_vectors_whose_sum_overflows(tmp_path: Path, fasttext: FastText) -> None:
    model = copy.deepcopy(fasttext)
    model.wv.vectors_vocab[:] = model.wv.vectors_ngrams[:] = 3e38
    save_facebook(model, tmp_path / "v")
    assert "too large to be added up" in error_of(tmp_path / "v")


def save_big(path: Path, save: str, words: list[str], matrix: Any) -> None:
    keyed_vectors(words, matrix).save_word2vec_format(str(path), binary=save == "binary")


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("save", ["text", "binary"])
def test_only_wanted_rows_are_kept_in_memory(tmp_path: Path, save: str, zipped: bool) -> None:
    path = tmp_path / "big"
    # Small whole numbers, for short text and quick compression; 8 MB as float32.
    matrix = np.random.default_rng(0).integers(0, 9, (10_000, 200)).astype(np.float32)
    save_big(path, save, [f"word{i}" for i in range(len(matrix))], matrix)
    if zipped:
        path.write_bytes(gzip.compress(path.read_bytes(), compresslevel=1))
    load_vectors(str(path), ["word0"])  # imports are not what is measured
    tracemalloc.start()
    vectors = load_vectors(str(path), ["word9999", "word5"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(vectors.matrix, matrix[[9999, 5]])
    assert peak < 4.5e6  # the biggest buffers hold a megabyte


# gensim's downloader.


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the releases of gensim-data, with one set of vectors."""
    folder = tmp_path / "releases" / "tiny-vectors-3"
    folder.mkdir(parents=True)
    write_glove(folder / "plain")
    content = gzip.compress((folder / "plain").read_bytes())
    (folder / "tiny-vectors-3.gz").write_bytes(content)
    (folder / "__init__.py").write_text("raise SystemExit('imported')")
    entry = {
        "checksum": gensim.downloader._calculate_md5_checksum(folder / "tiny-vectors-3.gz"),
        "file_name": "tiny-vectors-3.gz",
        "parts": 1,
        "file_size": len(content),
    }
    listing = tmp_path / "list.json"
    listing.write_text(json.dumps({"corpora": {}, "models": {"tiny-vectors-3": entry}}))
    monkeypatch.setattr(gensim.downloader, "BASE_DIR", str(tmp_path / "stored"))
    monkeypatch.setattr(gensim.downloader, "DOWNLOAD_BASE_URL", folder.parent.as_uri())
    monkeypatch.setattr(gensim.downloader, "urlopen", lambda url: listing.open("rb"))
    return folder


# gensim leaves the answer of urlopen to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_named_vectors_are_fetched_once(
    server: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    vectors = load_vectors("tiny-vectors-3", WANTED, told.append)
    assert_wanted(vectors)
    assert vectors.source == "GloVe text file tiny-vectors-3.gz, 3 d"
    assert told[0].startswith("fetching tiny-vectors-3 (0 MB) with gensim into ")
    assert "tiny-vectors-3" not in sys.modules

    def unreachable(url: str) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(gensim.downloader, "urlopen", unreachable)
    assert_wanted(load_vectors("tiny-vectors-3", WANTED))
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_unknown_name_tells_the_known_ones(server: Path) -> None:
    known = r"^glove-9: neither a file nor glove-6b-50d, glove-6b-100d or .*\(tiny-vectors-3\)$"
    with pytest.raises(UserError, match=known):
        load_vectors("glove-9", WANTED)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_fetching_fails(server: Path) -> None:
    (server / "tiny-vectors-3.gz").write_bytes(b"something else")
    with pytest.raises(RunError, match=r"^fetching tiny-vectors-3 failed \(Checksum .*; try again"):
        load_vectors("tiny-vectors-3", WANTED)
    shutil.rmtree(server)
    with pytest.raises(RunError, match=r"^fetching tiny-vectors-3 failed \(.*; try again"):
        load_vectors("tiny-vectors-3", WANTED)


def test_unreachable_network_is_one_line(
    server: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def unreachable(url: str) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(gensim.downloader, "urlopen", unreachable)
    with pytest.raises(
        RunError, match=r"^glove-9: no such file, and gensim's list .*glove-6b-100d\)$"
    ):
        load_vectors("glove-9", WANTED)
    assert capfd.readouterr() == ("", "")


def test_network_that_never_answers_is_given_up(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def hang(url: str) -> None:
        release.wait(60)
        raise urllib.error.URLError("too late")

    monkeypatch.setattr(gensim.downloader, "urlopen", hang)
    monkeypatch.setattr(named, "_LIST_SECONDS", 0.1)
    start = time.perf_counter()
    with pytest.raises(RunError, match="cannot be fetched"):
        load_vectors("glove-9", WANTED)
    assert time.perf_counter() - start < 30
    release.set()


def test_what_cannot_be_a_name_asks_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(url: str) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(gensim.downloader, "urlopen", asked)
    for source in ("nowhere/vectors.txt", "../vectors", "vectors.txt", "a b"):
        with pytest.raises(UserError, match="no such file"):
            load_vectors(source, WANTED)


# Training.


def test_trained_word2vec_has_the_words_of_the_sentences() -> None:
    words = ["film", "banana", "good"]
    vectors = train_vectors(SENTENCES, words, algorithm="word2vec", dim=8, seed=1, epochs=2)
    assert vectors.found.tolist() == [True, False, True]
    assert vectors.matrix.shape == (3, 8)
    assert not vectors.matrix[1].any()
    assert vectors.source == "word2vec vectors trained on 60 sentences, 8 d"


def test_trained_fasttext_has_other_words_too() -> None:
    words = ["film", "filmgoer", "\ud800"]
    vectors = train_vectors(SENTENCES, words, algorithm="fasttext", dim=8, seed=1, epochs=2)
    assert vectors.found.tolist() == [True, True, False]
    assert vectors.source == "fastText vectors trained on 60 sentences, 8 d"


def test_training_brings_together_words_of_the_same_context() -> None:
    rng = np.random.default_rng(0)
    sentences = [
        list(rng.permutation([f"{topic}{i}" for i in range(6)]))
        for topic in rng.choice(["x", "y"], size=600)
    ]
    words = ["x1", "x2", "y1"]
    x1, x2, y1 = train_vectors(
        sentences, words, algorithm="word2vec", dim=8, seed=1, epochs=40
    ).matrix

    def cosine(a: Any, b: Any) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert cosine(x1, x2) > 0.5 + cosine(x1, y1)


@pytest.mark.parametrize("algorithm", ["word2vec", "fasttext"])
def test_seed_decides(algorithm: str) -> None:
    def trained(seed: int) -> Any:
        return train_vectors(
            SENTENCES, ["film"], algorithm=algorithm, dim=8, seed=seed, epochs=1
        ).matrix

    np.testing.assert_array_equal(trained(5), trained(5))
    assert (trained(5) != trained(6)).any()


class Streamed:
    """Sentences read afresh each time, as from a file."""

    def __init__(self) -> None:
        self.passes = 0

    def __iter__(self) -> Iterator[list[str]]:
        self.passes += 1
        yield from SENTENCES


def test_sentences_may_be_streamed_or_come_once() -> None:
    def trained(sentences: Any) -> Any:
        return train_vectors(
            sentences, ["film"], algorithm="word2vec", dim=8, seed=1, epochs=3
        ).matrix

    streamed = Streamed()
    expected = trained(SENTENCES)
    np.testing.assert_array_equal(trained(streamed), expected)
    assert streamed.passes == 4
    np.testing.assert_array_equal(trained(iter(SENTENCES)), expected)


def test_long_sentences_are_not_cut() -> None:
    sentence = ["first"] * 12_000 + ["last"] * 12_000
    words = ["first", "last"]
    vectors = train_vectors([sentence], words, algorithm="word2vec", dim=4, seed=1, epochs=1)
    pieces = [len(piece) for piece in vector_training._Corpus([sentence])]
    assert pieces == [10_000, 10_000, 4_000]
    assert vectors.found.all()
    assert vectors.source == "word2vec vectors trained on 1 sentences, 4 d"


@pytest.mark.parametrize("sentences", [[], [[], []]])
def test_training_on_nothing(sentences: list[list[str]]) -> None:
    with pytest.raises(UserError, match="no words to train vectors on"):
        train_vectors(sentences, ["film"], algorithm="word2vec", dim=8, seed=1)


# Words without a vector.


def test_unknown_words_are_drawn_uniformly() -> None:
    found = np.zeros(1000, dtype=np.bool_)
    found[::2] = True
    matrix = np.where(found[:, None], np.float32(5), np.float32(0)).repeat(10, axis=1)
    vectors = WordVectors(matrix, found, "made up")
    filled = fill_unknown(vectors, np.random.default_rng(1))
    np.testing.assert_array_equal(filled[found], matrix[found])
    drawn = filled[~found]
    assert -0.25 <= drawn.min() < -0.24
    assert 0.24 < drawn.max() <= 0.25
    assert abs(drawn.std() - 0.25 / np.sqrt(3)) < 0.01
    assert not vectors.matrix[~found].any()  # a copy
    np.testing.assert_array_equal(filled, fill_unknown(vectors, np.random.default_rng(1)))
    assert np.abs(fill_unknown(vectors, np.random.default_rng(1), scale=0.1)[~found]).max() <= 0.1


def test_coverage_text() -> None:
    found = np.zeros(18_764, dtype=np.bool_)
    found[:17_380] = True
    vectors = WordVectors(np.zeros((len(found), 1), dtype=np.float32), found, "made up")
    assert vectors.coverage == "17,380 of 18,764 words (92.6 %)"
    assert (
        WordVectors(np.zeros((0, 1), np.float32), found[:0], "").coverage == "0 of 0 words (0.0 %)"
    )


def test_nothing_is_logged_or_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fasttext: FastText
) -> None:
    save_facebook(fasttext, tmp_path / "model")
    caplog.clear()
    with caplog.at_level("DEBUG"), warnings.catch_warnings(record=True) as caught:
        train_vectors(SENTENCES, ["film"], algorithm="fasttext", dim=4, seed=1, epochs=1)
        load_vectors(str(tmp_path / "model"), ["film", "x"])
    assert not caplog.records
    assert not caught
