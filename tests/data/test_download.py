"""Fetching is bounded in time and size and never leaks a password; copies are kept atomically."""

import base64
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.support.local_server import Answer, serving, silence, talking, trickle
from textcnn.data.datasets import download
from textcnn.data.datasets.download import (
    FetchError,
    Response,
    fetch,
    host_of,
    keep_copy,
    kept_copy,
    sha256,
)
from textcnn.support.errors import UserError


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def get(url: str, limit: int = 1000, seconds: float = 60.0, **options) -> Response:
    return fetch(url, limit=limit, deadline=time.monotonic() + seconds, **options)


def test_content_type_and_final_url_come_back():
    answers = {
        "/old": Answer(status=302, headers={"Location": "/new"}),
        "/new": Answer(b"hello", headers={"Content-Type": "Text/HTML; charset=utf-8"}),
    }
    with serving(answers) as server:
        assert get(f"{server.url}/old") == Response(f"{server.url}/new", "text/html", b"hello")


def test_file_url(tmp_path):
    (tmp_path / "a b.txt").write_bytes(b"hello")
    assert get((tmp_path / "a b.txt").as_uri()).body == b"hello"
    with pytest.raises(FetchError, match=r"^not there$"):
        get((tmp_path / "missing").as_uri())


def test_password_goes_to_its_own_host_only():
    with serving({"/end": Answer(b"end")}) as other:
        redirect = Answer(status=302, headers={"Location": f"{other.url}/end"})
        with serving({"/start": redirect}) as own:
            fetched = get(f"http://me:p%40ss@{own.host}/start")
    token = base64.b64encode(b"me:p@ss").decode()
    assert own.requests[0][1]["Authorization"] == f"Basic {token}"
    assert "Authorization" not in other.requests[0][1]
    assert fetched.url == f"{other.url}/end"


def test_more_than_the_limit_is_refused():
    with serving({"/": Answer(b"x" * 1001)}) as server:
        with pytest.raises(FetchError, match="more than the 1,000 bytes"):
            get(f"{server.url}/")
        assert len(get(f"{server.url}/", limit=1001).body) == 1001


@pytest.mark.parametrize(
    ("status", "reason"), [(404, r"^not there \(HTTP 404\)$"), (403, r"^refused \(HTTP 403\)$")]
)
def test_http_errors(status, reason):
    with (
        serving({"/": Answer(status=status)}) as server,
        pytest.raises(FetchError, match=reason),
    ):
        get(f"{server.url}/")


def test_unknown_name(monkeypatch):
    def not_known(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_known)
    with pytest.raises(FetchError, match=r"^unreachable \(name not known\)$"):
        get("http://nowhere.invalid/")


def test_refused_connection():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match=r"^unreachable \(connection refused\)$"):
        get(f"http://127.0.0.1:{port}/")


def test_a_server_that_never_answers_costs_one_wait(monkeypatch):
    monkeypatch.setattr(download, "PACKET_SECONDS", 0.2)
    began = time.monotonic()
    with talking(silence) as url, pytest.raises(FetchError, match=r"unreachable .*no answer"):
        get(url)
    assert time.monotonic() - began < 8


def test_headers_that_trickle_in_are_cut_off(monkeypatch):
    monkeypatch.setattr(download, "ANSWER_SECONDS", 0.3)
    began = time.monotonic()
    with talking(trickle) as url, pytest.raises(FetchError, match="no answer within"):
        get(url)
    assert time.monotonic() - began < 8


def test_content_that_trickles_in_is_cut_off():
    def slow_content(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        while not over.wait(0.02):
            connection.sendall(b"x")

    with talking(slow_content) as url, pytest.raises(FetchError, match="too slow"):
        get(url, seconds=1.0)


def test_a_source_out_of_time_is_not_asked_again():
    with serving({}) as server, pytest.raises(FetchError, match="time is used up"):
        get(f"{server.url}/", seconds=-1)
    assert server.paths == []


def test_an_answer_that_is_not_http():
    def babble(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(1000)
        connection.sendall(b"\x00\xff garbage\r\n\r\n")

    with talking(babble) as url, pytest.raises(FetchError, match="no sensible answer"):
        get(url)


@pytest.mark.parametrize(
    "url",
    ["http://me:sec/ret@host/", "http://[bad/", "http://host:port/", "ftp://host/", "/x", ""],
)
def test_malformed_urls_give_a_reason_without_the_password(url):
    with pytest.raises(FetchError, match=r"malformed|not a web address") as caught:
        get(url)
    assert "sec" not in str(caught.value)
    assert "sec" not in host_of(url)


@pytest.mark.parametrize("variable", download.CERTIFICATES)
def test_unreadable_certificates_are_named(tmp_path, monkeypatch, variable):
    for name in download.CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "ca.pem").write_text("not a certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        monkeypatch.setenv(variable, str(path))
        with pytest.raises(FetchError, match=f"certificates .*{path.name}"):
            get("https://127.0.0.1:1/")


def test_place_names_host_or_path_only():
    assert host_of("https://me:secret@Host.org:8080/simple") == "host.org:8080"
    assert host_of("https://host.org/simple/") == "host.org"
    assert host_of("file:///a%20b/simple") == "/a b/simple"


def test_kept_copy(tmp_path):
    path = tmp_path / "new" / "copy"
    assert kept_copy(path) is None
    keep_copy(path, b"hello")
    assert kept_copy(path) == b"hello"
    assert list(path.parent.iterdir()) == [path]


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cache"):
        keep_copy(Path(tmp_path / "file" / "copy"), b"hello")


def test_sha256_of_nothing():
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
