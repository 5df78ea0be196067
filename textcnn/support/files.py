"""Files that are either the old one or the whole new one, never half of either."""

import contextlib
import datetime
import errno
import glob
import io
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from textcnn.support.errors import RunError, UserError
from textcnn.support.text import csv_line

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)

NOT_SUPPORTED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""How file systems say that folders cannot be synced there, or files locked."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to; on success it becomes ``path``, on any failure it is removed.

    The new file is written beside the old one (a rename is atomic only within one file system),
    synced before the rename (or a crash could leave a renamed but empty file), and the folder is
    synced after it (or a crash could undo the rename). What a killed process left of the same file
    is removed.

    What is no file is not replaced: the renaming would put a file in the place of ``/dev/null``.

    Raises:
        UserError: the folder does not exist or cannot be written to, or ``path`` is a folder, a
            link, a pipe or a device.
        RunError: writing failed, for instance because the disk is full.
    """
    path = Path(path)
    _refuse_all_but_files(path)
    _remove_abandoned(path)
    try:
        descriptor, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".part", dir=path.parent
        )
    except OSError as error:
        if error.errno in DISK_FULL:
            raise RunError(f"writing {path} failed: {error.strerror}") from error
        raise UserError(f"cannot write {path}: {error.strerror}; choose another folder") from error
    if not try_lock(descriptor):
        os.close(descriptor)  # Windows renames no open file.
        descriptor = -1
    aside = Path(name)
    try:
        yield aside
        aside.chmod(0o666 & ~_umask())
        _sync(aside)
        aside.replace(path)
        if aside.exists():  # Where both are names of one file already, renaming does nothing.
            aside.unlink()
    except BaseException as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise RunError(f"writing {path} failed: {reason}") from error
        raise
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    try:
        _sync_folder(path.parent)
    except OSError as error:
        raise RunError(
            f"writing {path} failed: {error.strerror}; it is there, but may not outlive a power cut"
        ) from error


def _refuse_all_but_files(path: Path) -> None:
    """Raise a UserError where something else than a file has this name."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # Nothing there; or what is wrong is said when the other file is made.
        return
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
        kind = kinds.get(stat.S_IFMT(mode), "pipe or device")
        raise UserError(f"cannot write {path}: it is a {kind}; choose the name of a file")


def try_lock(descriptor: int, shared: bool = False) -> bool | None:
    """Lock an open file or folder for as long as it is open.

    Returns:
        Whether it could be: False where another process has, None where the system cannot lock.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (AttributeError, OSError):  # AttributeError: Windows.
        return None
    return True


def _remove_abandoned(path: Path) -> None:
    """Remove what processes that are gone, and so hold no lock, left of writing ``path``."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):
            descriptor = os.open(part, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            try:
                if try_lock(descriptor):
                    part.unlink()
            finally:
                os.close(descriptor)


def check_not_read(targets: Iterable[Path | None], option: str, *read: str | Path) -> None:
    """Refuse to replace what is read; call it before that is.

    Args:
        targets: files to be written, None for one that is not.
        option: that names them.
        read: files and folders, by whatever path, or as LABEL=FILE.

    Raises:
        UserError: naming the option, where a target is one of them or in one of them.
    """
    names = {name for one in map(str, read) for name in (one, one.partition("=")[2] or one)}
    places = {_place(Path(name)) for name in names} - {None}
    for target in targets:
        if target is None or not target.exists():
            continue
        if places & set(map(_place, (target, *target.resolve().parents))):
            raise UserError(f"{option} {target}: would replace what is read; choose another")


def _place(path: Path) -> tuple[int, int] | None:
    """What tells a file or folder whatever path leads to it; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # Not there, or no path.
        return None
    return found.st_dev, found.st_ino


def replace_text(path: Path, text: str) -> None:
    """Make ``text`` the whole content of ``path``, in UTF-8, atomically (see :func:`replacing`)."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")


def replace_csv(path: Path, rows: Iterable[Iterable[str]]) -> None:
    """Make these rows the whole content of ``path``, as CSV, atomically (see :func:`replacing`)."""
    replace_text(path, "".join(map(csv_line, rows)))


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file to read it, unless it is a pipe or a device: those can make one wait for ever.

    So can files that the kernel makes up (``/proc/kmsg``), which are of no size: an empty file is
    not read at all.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    found = path.stat()
    mode = found.st_mode
    if not stat.S_ISREG(mode):
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        reason = os.strerror(number) if stat.S_ISDIR(mode) else "Not a regular file"
        raise OSError(number, reason, str(path))
    return path.open("rb") if found.st_size else io.BufferedReader(io.BytesIO())


def make_folder(path: Path, option: str) -> Path:
    """Create ``path`` and its parents and check that files can be written in it.

    Raises:
        UserError: naming ``option``, where that is not possible.
        RunError: likewise, because the disk is full.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        if error.errno in DISK_FULL:
            raise RunError(f"{option}: cannot write in {path}: {error.strerror}") from error
        raise UserError(f"{option}: cannot write in {path}: {error.strerror}") from error
    return path


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (AttributeError, PermissionError):
        # Windows cannot open a folder, nor can who may write in it and not read it.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
    finally:
        os.close(descriptor)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process left of files it was writing in ``folder``."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def fresh_path(folder: Path, prefix: str = "") -> Path:
    """A path in ``folder``, named after the time, where there is nothing yet."""
    name = prefix + datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    path, number = folder / name, 2
    while path.exists():
        path, number = folder / f"{name}-{number}", number + 1
    return path
