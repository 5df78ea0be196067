"""One process at a time in a run's folder: the others are told, and spoil nothing."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.support.processes import environment
from tests.support.small_run import options_text
from textcnn.support import files, folder_lock
from textcnn.support.errors import UserError
from textcnn.support.folder_lock import is_locked, locked

pytestmark = pytest.mark.skipif(files.fcntl is None, reason="Windows cannot lock a folder")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody lets go of a lock in these tests while it is waited for."""
    monkeypatch.setattr(folder_lock, "PATIENCE", 0.0)


def test_a_second_one_is_refused_until_the_first_has_ended(tmp_path):
    with locked(tmp_path, "--out"):
        assert is_locked(tmp_path)
        with (
            pytest.raises(UserError, match=r"--resume .*: another process is at work there"),
            locked(tmp_path, "--resume"),
        ):
            pytest.fail("it was let in")
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    with locked(tmp_path, "--out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_look_keeps_nobody_out(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "PATIENCE", 5.0)
    code = (
        "import fcntl, os, sys, time\n"
        "folder = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(folder, fcntl.LOCK_SH)\n"
        "print(flush=True)\n"
        "time.sleep(0.1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as looks:
        looks.stdout.readline()
        with locked(tmp_path, "--out"):
            assert is_locked(tmp_path)


def test_a_killed_process_leaves_no_lock(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from textcnn.support.folder_lock import locked\n"
        "with locked(Path(sys.argv[1]), '--out'):\n"
        "    print(flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert is_locked(tmp_path)
        holder.kill()
        holder.wait()
    assert not is_locked(tmp_path)


def test_where_there_is_no_folder_nobody_is_kept_out(tmp_path):
    with locked(tmp_path / "none", "--resume"):
        assert not is_locked(tmp_path / "none")


def test_a_file_system_that_cannot_lock_keeps_nobody_out(tmp_path, monkeypatch):
    def refuse(descriptor: int, kind: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    with locked(tmp_path, "--out"):
        assert not is_locked(tmp_path)


@pytest.mark.parametrize("command", ["train", "cv", "search"])
def test_two_cannot_go_on_with_the_same(call, tmp_path, command):
    # Another one's file, which going on would take for what a killed process left.
    written = tmp_path / "run" / ".last.h5.abc.part"
    written.parent.mkdir()
    written.touch()
    with locked(written.parent, "--out"):
        code, out, err = call(command, "--resume", written.parent)
    assert (code, out) == (2, "")
    complaint = "another process is at work there; wait until it ends"
    assert err == f"textcnn: --resume {written.parent}: {complaint}\n"
    assert written.exists()


def test_two_cannot_predict_files_in_the_same_folder(call, tmp_path, trained_run):
    (tmp_path / "one.txt").write_text("a lovely film\n")
    (tmp_path / "out").mkdir()
    words = ("classify", "--checkpoint", trained_run, "one.txt", "--output", "out", "--jobs", "1")
    with locked(tmp_path / "out", "--output"):
        code, _, err = call(*words)
    assert code == 2
    assert "--output out: another process is at work there" in err
    assert call(*words)[0] == 0


def test_training_keeps_others_out(call, tmp_path, reviews, monkeypatch):
    from textcnn.commands import train

    seen = []

    def look(*args: object) -> None:
        seen.append(is_locked(tmp_path / "run"))

    monkeypatch.setattr(train, "_report", look)
    small = options_text(epochs=1)
    assert call("train", "--data", reviews, "--out", tmp_path / "run", *small)[0] == 0
    assert seen == [True]
    assert not is_locked(tmp_path / "run")


def test_the_list_of_runs_tells_who_is_running(call, tmp_path, trained_run):
    run = tmp_path / "runs" / "20260102-030405"
    shutil.copytree(trained_run, run, copy_function=shutil.copy2)
    (run / "test.json").unlink()
    rows = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(rows[:5]))
    assert "stopped past step 30" in call("runs")[1]
    with locked(run, "--out"):
        code, out, err = call("runs")
        assert "running, past step 30" in out
        assert "can go on" not in err
        (listed,) = json.loads(call("runs", "--json")[1])
        assert (listed["running"], listed["unfinished"]) == (True, False)
        code, _, err = call("report", run)
        assert code == 2
        assert "running, past step 30; wait until it ends" in err
