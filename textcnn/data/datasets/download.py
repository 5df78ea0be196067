"""Fetching a file over the network in bounded time and size, and keeping copies known by hash."""

import hashlib
import http.client
import os
import queue
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from textcnn import __version__
from textcnn.support.errors import UserError
from textcnn.support.files import make_folder, open_regular, replacing

# For one connection attempt and for each packet; for everything up to an answer's first line:
# name server, every address of the host, proxy, TLS, redirects.
PACKET_SECONDS = 5.0
ANSWER_SECONDS = 10.0


CACHE_VARIABLE = "TEXTCNN_CACHE"

CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name authorities to trust besides the system's: a PEM file or a folder of them.

Python's own, SSL_CERT_FILE and SSL_CERT_DIR, name the system's.
"""

CLONE_CACHE = Path(__file__).parents[3] / "data"
"""The folder for downloads of a clone; none is there where the package is installed alone."""


def download_cache() -> Path:
    """Where fetched files are kept.

    The folder that TEXTCNN_CACHE names, else ``data`` of the clone, else ``~/.cache/textcnn`` or
    what the system or the user has for caches.

    Raises:
        UserError: no variable names one, and the user has no home.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    if (CLONE_CACHE / "README.md").exists():
        return CLONE_CACHE
    caches = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    try:
        return Path(caches, "textcnn").expanduser()
    except RuntimeError as error:
        raise UserError(
            f"no home folder to keep downloads in; name one: {CACHE_VARIABLE}"
        ) from error


class FetchError(Exception):
    """A file could not be had. The message continues a line: "asking HOST … MESSAGE"."""


@dataclass(frozen=True)
class Response:
    """What a server sent.

    Attributes:
        url: where it came from in the end, after redirects, without user name and password.
        content_type: the media type, in lower case and without parameters.
        body: the content.
    """

    url: str
    content_type: str
    body: bytes


def fetch(url: str, *, limit: int, deadline: float, accept: str = "*/*") -> Response:
    """Return the content of an http, https or file URL.

    Proxies are those of the environment, as everywhere in :mod:`urllib`. ``user:password@`` in the
    URL is sent as Basic authentication to that host only, not to one it redirects to.

    Args:
        url: what to fetch.
        limit: the largest content to accept, in bytes.
        deadline: the :func:`time.monotonic` moment at which to give up.
        accept: the Accept header.

    Raises:
        FetchError: not reachable, not there, too slow, too big, or not a sensible answer.
    """
    try:
        request = _request(url, accept)
        handlers = [urllib.request.HTTPSHandler(context=_tls())]
        opener = urllib.request.build_opener(*handlers)
        seconds = min(ANSWER_SECONDS, deadline - time.monotonic())
        if seconds <= 0:
            raise FetchError("not asked: this source's time is used up")
        with within_seconds(
            seconds, lambda: opener.open(request, timeout=PACKET_SECONDS)
        ) as response:
            body = _read(response, limit, deadline)
            return Response(response.url, response.headers.get_content_type(), body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise FetchError(_reason(error)) from error


def host_of(url: str) -> str:
    """Return the host (or, of a file URL, the path) for messages: never a password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "a malformed URL"
    return f"{parts.hostname}{port}" if parts.hostname else unquote(parts.path)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def kept_copy(path: Path) -> bytes | None:
    """Return the content of ``path``, or None where there is none to be read."""
    try:
        with open_regular(path) as stream:
            return stream.read()
    except OSError:
        return None


def keep_copy(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically, creating its folder.

    Raises:
        UserError: the folder cannot be created or written to.
        RunError: writing failed, for instance because the disk is full.
    """
    make_folder(path.parent, CACHE_VARIABLE)
    with replacing(path) as aside:
        aside.write_bytes(data)


def output_of(command: list[str], seconds: float) -> bytes:
    """What a program writes on its standard output; nothing where it fails or cannot be run."""
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=seconds).stdout
    except (OSError, subprocess.SubprocessError):
        return b""


def _request(url: str, accept: str) -> urllib.request.Request:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file"):
        raise FetchError(f"not a web address ({parts.scheme or 'no'} scheme)")
    headers = {"Accept": accept, "User-Agent": f"textcnn/{__version__}"}
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    request = urllib.request.Request(bare, headers=headers)
    if parts.username is not None:
        user_and_password = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        token = b64encode(user_and_password.encode()).decode("ascii")
        # "Unredirected": urllib would pass an ordinary header on to whatever host comes next.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    named = next(filter(None, map(os.environ.get, CERTIFICATES)), None)
    if named is not None:
        kind = "capath" if Path(named).is_dir() else "cafile"
        try:
            context.load_verify_locations(**{kind: named})
        except OSError as error:  # ssl.SSLError, for a file that is no certificate, is one too
            raise FetchError(f"not asked: cannot read the certificates {named}") from error
    return context


def within_seconds(seconds: float, function: Callable[[], Any]) -> Any:
    """What the function returns, unless that takes longer.

    urllib bounds the wait for each packet, but neither a name server's silence nor the number of
    addresses to try nor headers that trickle in; so it works in a thread that can be left behind.

    Raises:
        FetchError: it has taken longer.
        Exception: what the function raised.
    """
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def work() -> None:
        try:
            outcome.put(function())
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise FetchError(f"unreachable (no answer within {seconds:.0f} s)") from None
    if isinstance(result, Exception):
        raise result
    return result


def _read(response: Any, limit: int, deadline: float) -> bytes:
    body = bytearray()
    while chunk := response.read1(65536):
        body += chunk
        if len(body) > limit:
            raise FetchError(f"sends more than the {limit:,} bytes expected")
        if time.monotonic() > deadline:
            raise FetchError("too slow, given up")
    return bytes(body)


def _reason(error: Exception) -> str:
    """Put a fault of urllib, http.client or a socket into a few words, without the URL."""
    if isinstance(error, urllib.error.HTTPError):
        return f"refused (HTTP {error.code})" if error.code != 404 else "not there (HTTP 404)"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"not trusted ({error.verify_message}); SSL_CERT_FILE or PIP_CERT can name "
            "your organisation's certificates"
        )
    if isinstance(error, socket.gaierror):
        return "unreachable (name not known)"
    if isinstance(error, TimeoutError):
        return "unreachable (no answer in time)"
    if isinstance(error, FileNotFoundError):
        return "not there"
    if isinstance(error, http.client.InvalidURL) or not isinstance(
        error, OSError | http.client.HTTPException
    ):
        return "not asked: its URL is malformed"  # the error's own text may quote a password
    if isinstance(error, http.client.HTTPException):
        return f"gave no sensible answer ({type(error).__name__})"
    assert isinstance(error, OSError)
    return f"unreachable ({(error.strerror or str(error)).lower()})"
