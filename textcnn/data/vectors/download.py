"""Fetching vectors by their gensim-downloader name, such as ``glove-wiki-gigaword-100``."""

import contextlib
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from textcnn.data.vectors.named import PACKAGED
from textcnn.data.vectors.quiet_gensim import quiet_gensim
from textcnn.support.errors import RunError, UserError

# All names on gensim's list are made of these; anything else can only be a path.
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LIST_SECONDS = 15.0
_STALL_SECONDS = 30.0


def fetch_named(name: str, report: Callable[[str], None]) -> Path:
    """Return the file of the vectors that gensim's downloader calls ``name``.

    gensim keeps what it has fetched (in ``~/gensim-data``, or where GENSIM_DATA_DIR says), and a
    file that is there already is used without a look at the network. Along with the vectors
    gensim stores a Python module that would load them; it is never imported, as only the path is
    asked for.

    Raises:
        UserError: ``name`` is not on gensim's list.
        RunError: the list or the file cannot be fetched.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"{name}: no such file")
    with quiet_gensim(), _no_endless_waiting():
        import gensim.downloader as downloader  # slow to import, so only when it is needed

        stored = Path(downloader.BASE_DIR, name, f"{name}.gz")
        if stored.exists():
            return stored
        entry = _list_entry(name, _fetch_list(name, downloader.info))
        size = f"{entry.get('file_size', 0) / 1e6:,.0f} MB"
        report(f"fetching {name} ({size}) with gensim into {downloader.BASE_DIR}")
        try:
            with _no_progress_bar():
                return Path(downloader.load(name, return_path=True))
        except Exception as error:  # gensim raises bare Exceptions, for a wrong checksum among them
            raise RunError(f"fetching {name} failed ({_one_line(error)}); try again") from error


def _fetch_list(name: str, fetch: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the models on gensim's list, or give up after some seconds.

    A thread, because no time-out of Python's reaches the look-up of a host name.
    """
    outcome: list[dict[str, Any]] = []

    def work() -> None:
        with contextlib.suppress(Exception):  # whatever no answer, or an unexpected one, leads to
            outcome.append(fetch()["models"])

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_LIST_SECONDS)
    if not outcome:
        raise RunError(
            f"{name}: no such file, and gensim's list of vectors cannot be fetched; check the name "
            f"and the network, or give a file or a name that needs no list ({', '.join(PACKAGED)})"
        )
    return outcome[0]


def _list_entry(name: str, models: dict[str, Any]) -> dict[str, Any]:
    if name not in models:
        known = ", ".join(sorted(model for model in models if not model.startswith("__")))
        raise UserError(
            f"{name}: neither a file nor {', '.join(PACKAGED)} or one of gensim's vectors ({known})"
        )
    entry: dict[str, Any] = models[name]
    return entry


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextlib.contextmanager
def _no_endless_waiting() -> Iterator[None]:
    # gensim opens its connections without a time-out of its own.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextlib.contextmanager
def _no_progress_bar() -> Iterator[None]:
    # gensim draws one on standard output, which may well be a pipe.
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
