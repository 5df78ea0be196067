"""Files are replaced whole, and what killed processes left of them is swept away."""

import errno
import os
import stat
from pathlib import Path

import pytest

from textcnn.support.errors import RunError, UserError
from textcnn.support.files import open_regular, replace_text, replacing


def failing_sync(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let syncing a folder fail."""
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_folder_that_cannot_be_synced_is_said(tmp_path, monkeypatch):
    failing_sync(errno.EIO, monkeypatch)
    with pytest.raises(RunError, match="may not outlive a power cut"):
        replace_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_syncing_of_folders_is_no_fault(tmp_path, monkeypatch, number):
    failing_sync(number, monkeypatch)
    replace_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / "a[1].csv"
    left, other = tmp_path / ".a[1].csv.x1y2.part", tmp_path / ".b.csv.x1y2.part"
    for part in (left, other):
        part.write_text("half")
    replace_text(path, "whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, other])


def test_what_another_writer_is_writing_is_left_alone(tmp_path):
    pytest.importorskip("fcntl")
    path = tmp_path / "a.csv"
    with replacing(path) as aside:
        aside.write_text("slow")
        replace_text(path, "fast")
        assert path.read_text() == "fast"
        assert aside.exists()
    assert path.read_text() == "slow"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_with_such_a_name_does_not_make_it_wait(tmp_path):
    os.mkfifo(tmp_path / ".a.x.part")
    replace_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "pipe", "Not a regular file"),
        (Path("/dev/zero"), "Not a regular file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file"),
    ):
        with pytest.raises(OSError, match=reason):
            open_regular(path)
    (tmp_path / "a").write_bytes(b"content")
    with open_regular(tmp_path / "a") as stream:
        assert stream.read() == b"content"


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs /proc")
def test_what_the_kernel_makes_up_is_not_read():
    """Reading some of these files waits for ever; they have no size."""
    assert Path("/proc/version").read_bytes()
    with open_regular(Path("/proc/version")) as stream:
        assert stream.read() == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "dangling"])
def test_only_files_are_replaced(tmp_path, kind):
    """Not /dev/null, to which root may write."""
    path, other = tmp_path / "a", tmp_path / "b"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(other)
    if kind == "link":
        other.write_text("old")
    before = path.lstat()
    with pytest.raises(UserError, match=f"cannot write {path}: it is a"):
        replace_text(path, "new")
    assert path.lstat() == before
    assert not other.exists() or other.read_text() == "old"
    assert set(tmp_path.iterdir()) <= {path, other}
