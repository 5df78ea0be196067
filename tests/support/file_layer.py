"""A layer between the program and its files: it counts the calls that write, fails one, or keeps
all of them, so that the states can be made that a power cut would leave.

What is written through Python's own calls is seen; in this program that is everything.
"""

import builtins
import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMED = ("replace", "rename", "link")
"""Calls that give a file a name, as their second argument."""

REMOVING = ("unlink", "remove")

OTHERS = ("mkdir", "rmdir", "chmod")


@dataclass
class Written:
    """A call that wrote.

    Attributes:
        call: its name.
        path: what it was about, relative to the folder.
        file: number of the file that had this name then; -1 for none.
        target: the second path, of :data:`NAMED`.
        offset: of the bytes.
        data: the bytes.
    """

    call: str
    path: str
    file: int = -1
    target: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class FileLayer:
    """While :meth:`watching`, sees every call that writes in a folder.

    Attributes:
        folder: what lies elsewhere is none of its business.
        fails: the number of the call that fails, counted from 1; 0 for none.
        fault: the number of the error that it raises.
        calls: so many there were.
        failed: name of the call that failed, and what it was about.
        kept: the calls, in order.
    """

    folder: Path
    fails: int = 0
    fault: int = errno.ENOSPC
    calls: int = 0
    failed: str = ""
    kept: list[Written] = field(default_factory=list)
    _files: dict[int, int] = field(default_factory=dict)
    _count: int = 0

    @contextlib.contextmanager
    def watching(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with monkeypatch.context() as patch:
            self._open = io.open
            patch.setattr(os, "fsync", self._fsync(os.fsync))
            patch.setattr(os, "open", self._os_open(os.open))
            for name in (*NAMED, *REMOVING, *OTHERS):
                patch.setattr(os, name, self._about_paths(name, getattr(os, name)))
            patch.setattr(io, "open", self._file)
            patch.setattr(builtins, "open", self._file)
            yield

    def _relative(self, path: Any) -> str | None:
        """Where it lies below the folder, or None."""
        if isinstance(path, int):
            return None
        whole = Path(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 (a link stays one)
        return str(whole.relative_to(self.folder)) if whole.is_relative_to(self.folder) else None

    def _number(self, descriptor: int) -> int:
        return self._files.get(os.fstat(descriptor).st_ino, -1)

    def _new(self, inode: int) -> int:
        self._count += 1
        self._files[inode] = self._count
        return self._count

    def seen(self, written: Written) -> None:
        """A call is about to be made; it may be the one that fails."""
        self.calls += 1
        if self.calls == self.fails:
            self.failed = f"{written.call} {written.path}"
            raise OSError(self.fault, os.strerror(self.fault), written.path)
        self.kept.append(written)

    def _fsync(self, call: Callable[[int], None]) -> Callable[[int], None]:
        def fsync(descriptor: int) -> None:
            path = self._relative(Path(f"/proc/self/fd/{descriptor}").readlink())
            if path is not None:
                self.seen(Written("fsync", path, self._number(descriptor)))
            call(descriptor)

        return fsync

    def _os_open(self, call: Callable[..., int]) -> Callable[..., int]:
        def opened(path: Any, flags: int, *more: Any, **options: Any) -> int:
            here = self._relative(path) if flags & os.O_CREAT else None
            written = Written("create", here or "")
            if here is not None:
                self.seen(written)
            descriptor = call(path, flags, *more, **options)
            if here is not None:
                written.file = self._new(os.fstat(descriptor).st_ino)
            return descriptor

        return opened

    def _about_paths(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(path: Any, *more: Any, **options: Any) -> Any:
            here = self._relative(path)
            if here is not None:
                target = self._relative(more[0]) if name in NAMED else ""
                self.seen(Written(name, here, target=target or ""))
            return call(path, *more, **options)

        return made

    def _file(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        here = self._relative(file)
        if here is None or not set(mode) & set("wax+") or opener is not None:
            return self._open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        plain = mode.replace("b", "").replace("t", "")
        raw = _Raw(self, here, file, plain)
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        text = io.TextIOWrapper(buffered, encoding, errors, newline)
        text.mode = mode
        return text


class _Raw(io.FileIO):
    """A file whose writes are seen; one that fails has written half of its bytes before.

    It does so as systems do: they say how many bytes they took, and that there is no room the next
    time; and there is none when it is closed either.
    """

    def __init__(self, layer: FileLayer, here: str, path: Any, mode: str):
        self._layer, self._here, self._appends = layer, here, "a" in mode
        self._full: OSError | None = None
        there = Path(path).exists()
        written = Written("truncate" if there else "create", here)
        if not there or "w" in mode:
            layer.seen(written)
        super().__init__(path, mode)
        inode = os.fstat(self.fileno()).st_ino
        self._number = layer._files[inode] if inode in layer._files else layer._new(inode)
        written.file = self._number

    def write(self, data: Any) -> int:
        if self._full is not None:
            raise self._full
        content = bytes(data)
        offset = os.fstat(self.fileno()).st_size if self._appends else self.tell()
        try:
            self._layer.seen(Written("write", self._here, self._number, "", offset, content))
        except OSError as error:
            self._full = error
            return super().write(content[: len(content) // 2])
        return super().write(content)


@dataclass
class Disk:
    """What is on the disk after some of the calls: what is known to be, and what may be.

    Attributes:
        names: files by path, as the running system sees them.
        content: bytes of each file, likewise.
        kept_names: as they were when their folders were synced.
        kept_content: as it was when each file was synced.
        folders: that were made.
    """

    names: dict[str, int] = field(default_factory=dict)
    content: dict[int, bytearray] = field(default_factory=dict)
    kept_names: dict[str, int] = field(default_factory=dict)
    kept_content: dict[int, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def apply(self, written: Written) -> None:
        """One more call was made."""
        call, path = written.call, written.path
        if call == "create":
            self.names[path] = written.file
            self.content[written.file] = bytearray()
        elif call == "truncate":
            self.content[written.file] = bytearray()
        elif call == "write":
            content, end = self.content[written.file], written.offset + len(written.data)
            content.extend(bytes(max(end - len(content), 0)))
            content[written.offset : end] = written.data
        elif call == "link":
            self.names[written.target] = self.names[path]
        elif call in NAMED:
            self.names[written.target] = self.names.pop(path)
        elif call in REMOVING:
            self.names.pop(path, None)
        elif call == "mkdir":
            self.folders.add(path)
        elif call == "fsync" and written.file in self.content:
            self.kept_content[written.file] = bytes(self.content[written.file])
        elif call == "fsync":
            self._sync_folder(path)

    def _sync_folder(self, folder: str) -> None:
        for names in (self.names, self.kept_names):
            inside = {path for path in names if str(Path(path).parent) == folder}
            for path in inside:
                if path in self.names:
                    self.kept_names[path] = self.names[path]
                else:
                    self.kept_names.pop(path, None)

    def states(self) -> Iterator[dict[str, bytes]]:
        """What may be found: as after a kill; with what was not synced lost; with names lost too.

        The last two as file systems may do it that write names before contents, or after.
        """
        yield {path: bytes(self.content[file]) for path, file in self.names.items()}
        for names in (self.names, self.kept_names):
            yield {path: self.kept_content.get(file, b"") for path, file in names.items()}

    def write(self, state: dict[str, bytes], folder: Path) -> None:
        """Make a state."""
        for path in sorted(self.folders):
            (folder / path).mkdir(parents=True, exist_ok=True)
        for path, content in state.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
