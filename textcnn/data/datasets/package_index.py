"""Getting one known file from the package index that pip is set up to use, running nothing of it.

The index is read through its Simple API: PEP 503 (HTML) and PEP 691 (JSON).
"""

import ast
import functools
import html
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from textcnn.data.datasets.download import FetchError, Response, fetch, host_of, output_of, sha256

DEFAULT_INDEX = "https://pypi.org/simple"

_PIP_SECONDS = 20
_PAGE_LIMIT = 8 * 2**20
_LINK = re.compile(r"""<a\s[^>]*?\bhref\s*=\s*(["'])(.*?)\1""", re.IGNORECASE | re.DOTALL)
_ACCEPT = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
    "text/html;q=0.1"
)


def configured_indexes() -> list[str]:
    """The indexes of pip's environment variables and configuration files, else PyPI.

    Roots of the Simple API in the order to try; they may hold ``user:password@``.
    """
    settings = _pip_settings() | _environment_settings()
    urls = [settings.get("index-url", DEFAULT_INDEX), *settings.get("extra-index-url", "").split()]
    return list(dict.fromkeys(urls))


def ask_indexes(
    project: str, filename: str, **wanted: Any
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The place of each index that pip is set up for, and what gets the file from there.

    Args:
        project, filename: as for :func:`fetch_file`.
        wanted: its digest, limit and deadline.
    """
    for index in configured_indexes():
        yield host_of(index), functools.partial(fetch_file, index, project, filename, **wanted)


def fetch_file(
    index: str, project: str, filename: str, *, digest: str, limit: int, deadline: float
) -> bytes:
    """Return the file ``filename`` of ``project`` from the Simple API root ``index``.

    Args:
        index: the root's URL; an http, https or file one.
        project: the project's name as PEP 503 normalises it.
        filename: the file wanted.
        digest: its SHA-256; nothing else is returned.
        limit: its largest size in bytes.
        deadline: the :func:`time.monotonic` moment at which to give up.

    Raises:
        FetchError: it cannot be had there.
    """
    page_url = f"{index.rstrip('/')}/{project}/"
    if page_url.startswith("file:"):
        page_url += "index.html"  # a folder served by nobody has no default page
    page = fetch(page_url, limit=_PAGE_LIMIT, deadline=deadline, accept=_ACCEPT)
    url = _with_credentials_of(index, _link(page, filename))
    try:
        file = fetch(url, limit=limit, deadline=deadline)
    except FetchError as error:
        raise FetchError(f"lists {filename}, but {host_of(url)} is {error}") from error
    if sha256(file.body) != digest:
        raise FetchError(f"sent a {filename} that is not the published one (its hash differs)")
    return file.body


def _link(page: Response, filename: str) -> str:
    """Return the absolute URL of ``filename`` on a project's page."""
    try:
        if page.content_type.endswith("json"):
            links = [file["url"] for file in json.loads(page.body)["files"]]
        else:
            text = page.body.decode("utf-8", errors="replace")
            links = [html.unescape(link) for _, link in _LINK.findall(text)]
        for link in links:
            if unquote(urlsplit(link).path).rpartition("/")[2].lower() == filename.lower():
                return urljoin(page.url, link)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FetchError("sent a page that is not a package index's") from error
    raise FetchError(f"does not offer {filename}")


def _with_credentials_of(index: str, url: str) -> str:
    """Give ``url`` the index's ``user:password@`` where it is on the same host, as pip does."""
    own, target = urlsplit(index), urlsplit(url)
    own_host = own.netloc.rpartition("@")[2]
    if (own.scheme, own_host) != (target.scheme, target.netloc):
        return url
    return urlunsplit(target._replace(netloc=own.netloc))


def _environment_settings() -> dict[str, str]:
    """Return pip's settings among the environment variables."""
    values = {
        setting: os.environ.get("PIP_" + setting.upper().replace("-", "_"), "").strip()
        for setting in ("index-url", "extra-index-url")
    }
    return {setting: value for setting, value in values.items() if value}


def _pip_settings() -> dict[str, str]:
    """Return what ``pip config list`` says: pip's files, global, the user's and this environment's.

    Asking pip is the only way that knows all its files on all systems; where there is no pip, there
    is nothing set up for it either.
    """
    listing = output_of([sys.executable, "-m", "pip", "config", "list"], _PIP_SECONDS)
    return _parsed_settings(listing.decode("utf-8", errors="replace"))


def _parsed_settings(listing: str) -> dict[str, str]:
    """Read lines such as ``global.index-url='https://...'``; [install] overrides [global]."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for line in listing.splitlines():
        key, equals, literal = line.strip().partition("=")
        section, _, name = key.rpartition(".")
        if not equals or section not in found:
            continue
        try:
            value = ast.literal_eval(literal)
        except (ValueError, SyntaxError):
            continue
        if isinstance(value, str) and value.strip():
            found[section][name] = value.strip()
    return found["global"] | found["install"]
