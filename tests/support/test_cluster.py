"""Folds, trials and files on a Dask cluster: the same results, whatever becomes of its workers."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cv_runs import rows_of, without_seconds, words_for
from tests.support.processes import PATIENCE, Started, textcnn
from tests.support.small_run import labelled_sentences, options_text

pytest.importorskip("distributed", reason="needs the extra dask")

from tests.support import worker_tasks
from tests.support.dask_cluster import DaskCluster, wait_until
from textcnn.support.errors import RunError, UserError
from textcnn.support.workers import cluster as cluster_module
from textcnn.support.workers.cluster import Cluster, Task, cluster, run_task
from textcnn.support.workers.processes import SentFile

LONG = ("--folds", "4", "--epochs", "10", "--patience", "0", "--baselines")


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler, and such workers as tests left."""
    # Dask's clearing away of copies, every two seconds, could come between two steps of a test.
    settings = {"DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__START": "False"}
    with DaskCluster(tmp_path_factory.mktemp("dask"), **settings) as made:
        yield made


@pytest.fixture
def two(machines: DaskCluster) -> DaskCluster:
    """A cluster of two workers with a thread each."""
    machines.ensure(2)
    return machines


@pytest.fixture
def other(tmp_path: Path) -> Iterator[DaskCluster]:
    """A cluster of its own, without workers, that blames a task for the first one it loses."""
    folder = tmp_path / "dask"
    folder.mkdir()
    with DaskCluster(folder, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as made:
        yield made


def connected(to: DaskCluster) -> contextlib.AbstractContextManager[Cluster]:
    return cluster(to.address, print)


def started(*words: str | Path, cwd: Path) -> Started:
    return Started(*words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def folds_in(folder: Path) -> list[Path]:
    return list(folder.glob("folds/*.json"))


# Commands


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, noisy: Path) -> Path:
    """The folder of a cross-validation on this machine."""
    folder = tmp_path_factory.mktemp("alone") / "cv"
    run = textcnn(*words_for(noisy, folder, *LONG, "--jobs", "1"))
    assert run.returncode == 0, run.stderr
    return folder


@pytest.mark.slow
def test_folds_of_a_killed_worker_are_run_by_another_and_end_in_the_same_bytes(
    tmp_path, noisy, alone, two
):
    folder = tmp_path / "cv"
    words = words_for(noisy, folder, *LONG, "--scheduler", two.address)
    with started(*words, cwd=tmp_path) as process:
        wait_until(lambda: folds_in(folder), process)
        two.workers[0].kill()
        assert len(folds_in(folder)) < 4
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert without_seconds(folder) == without_seconds(alone)


@pytest.mark.slow
def test_a_signal_cancels_what_waits_and_leaves_a_folder_to_go_on_with(tmp_path, noisy, alone, two):
    words = words_for(noisy, "out", *LONG, "--scheduler", two.address)
    with started(*words, cwd=tmp_path) as process:
        wait_until(lambda: folds_in(tmp_path / "out"), process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    last = err.decode().splitlines()[-1]
    assert last == "stopped; go on with: python -m textcnn cv --resume out"
    assert len(folds_in(tmp_path / "out")) < 4
    with connected(two) as free:  # The workers are, as soon as the folds in hand are done.
        assert list(free.run(worker_tasks.fail_at, [{"number": 1, "wrong": 2}], {})) == [1]
    run = textcnn("cv", "--resume", "out", "--scheduler", two.address, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert without_seconds(tmp_path / "out") == without_seconds(alone)


def test_vectors_are_sent_to_workers_that_do_not_see_this_disk(call, tmp_path, noisy, two):
    words = sorted({word for row in rows_of(noisy) for word in row["text"].split()})
    lines = [f"{word} {number % 7} {number % 5} {number % 3}" for number, word in enumerate(words)]
    (tmp_path / "vectors.txt").write_text("\n".join(lines) + "\n")
    options = ("--vectors", "vectors.txt", "--embedding-dim", "3", "--folds", "2")
    for name, where in (("here", ("--jobs", "1")), ("there", ("--scheduler", two.address))):
        assert call(*words_for(noisy, name, *options, *where))[0] == 0
    assert without_seconds(tmp_path / "there") == without_seconds(tmp_path / "here")


def test_a_search_on_a_cluster_tries_and_finds_the_same(call, tmp_path, reviews, two):
    pytest.importorskip("optuna", reason="needs the extra search")
    words = ["search", "--data", str(reviews), *options_text(epochs=1), "--trials", "2"]
    words += ["--vary", "dropout=0.3:0.7", "--folds", "2", "--nested", "2"]
    said = []
    for name, where in (("here", ("--jobs", "1")), ("there", ("--scheduler", two.address))):
        code, out, err = call(*words, "--out", name, *where)
        assert code == 0, err
        said.append(out.replace(name, ""))
    assert said[0] == said[1]
    for name in ("trials.csv", "best.toml"):
        here, there = ((tmp_path / where / name).read_bytes() for where in ("here", "there"))
        assert here == there


def test_files_are_answered_by_a_cluster_as_they_are_here(call, tmp_path, trained_run, two):
    sentences = labelled_sentences().texts
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text("\n".join(sentences[number * 20 :]) + "\n")
    words = ("classify", "--checkpoint", trained_run, "?.txt", "--proba", "--output")
    for name, where in (("here", ("--jobs", "1")), ("there", ("--scheduler", two.address))):
        assert call(*words, name, *where)[:2] == (0, "")
    here, there = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("here", "there")
    )
    assert here == there
    assert set(here) == {"0.tsv", "1.tsv", "2.tsv", "3.tsv", "model.json"}


# The runner


def test_what_is_common_comes_to_a_worker_once(two):
    with connected(two) as found:
        common = {"large": worker_tasks.Large()}
        tasks = [{"number": number} for number in range(10)]
        results = list(found.run(worker_tasks.arrivals, tasks, common))
        assert {pid for pid, _, _ in results} == {worker.pid for worker in two.workers}
        assert {count for _, count, _ in results} == {1}
        results = list(found.run(worker_tasks.arrivals, tasks, common))
    assert sorted(number for _, _, number in results) == list(range(10))
    assert worker_tasks.packed == 1


def test_a_file_is_sent_and_lies_where_the_worker_keeps_its_own(tmp_path, two):
    (tmp_path / "file.txt").write_text("hello")
    with connected(two) as found:
        files = {"file": SentFile(tmp_path / "file.txt")}
        ((path, text),) = found.run(worker_tasks.content, [{}], files)
        with pytest.raises(UserError, match=r"cannot read .*none.txt: No such file"):
            list(found.run(worker_tasks.content, [{}], {"file": SentFile(tmp_path / "none.txt")}))
    assert text == "hello"
    assert path.endswith("-file.txt")
    assert Path(path).parent != tmp_path


def test_what_the_function_raises_comes_back_and_ends_it(two):
    tasks = [{"number": number, "wrong": 3} for number in range(100)]
    with connected(two) as found, pytest.raises(UserError, match=r"^number 3 is no good$"):
        list(found.run(worker_tasks.fail_at, tasks, {}))


def test_a_worker_of_several_threads_runs_one_task_at_a_time_with_one_thread(other, capsys):
    other.worker(threads=4)
    with connected(other) as found:
        results = list(found.run(worker_tasks.at_once, [{"number": n} for n in range(12)], {}))
    assert {seen for seen, _, _ in results} == {1}
    assert len({thread for _, thread, _ in results}) > 1
    assert {count for _, _, counts in results for count in counts} <= {1}
    assert "1 workers have several threads" in capsys.readouterr().out


def test_what_waits_for_its_turn_in_a_worker_is_cancelled_too(other, tmp_path):
    other.worker(threads=4)
    notes = tmp_path / "notes"
    notes.mkdir()
    with connected(other) as found:
        tasks = [{"folder": notes, "number": number, "seconds": 0.7} for number in range(4)]
        results = found.run(worker_tasks.noted, tasks, {})
        next(results)
        results.close()
        list(found.run(worker_tasks.fail_at, [{"number": 1, "wrong": 2}], {}))
    assert len(list(notes.iterdir())) < 4


def test_workers_that_keep_dying_are_one_line(other):
    other.worker()
    with connected(other) as found, pytest.raises(RunError) as error:
        list(found.run(worker_tasks.deadly, [{}], {}))
    assert re.fullmatch(
        r"1 workers were lost while they ran the same task, the last at tcp://\S+, most likely "
        "for want of memory; go on with --resume once they have more",
        str(error.value),
    )


def test_a_scheduler_that_goes_away_is_one_line(other, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 1)
    other.worker()
    notes = tmp_path / "notes"
    notes.mkdir()
    tasks = [{"folder": notes, "number": number, "seconds": 0.1} for number in range(1000)]
    with connected(other) as found:
        results = found.run(worker_tasks.noted, tasks, {})
        next(results)
        other.scheduler.kill()
        began = time.monotonic()
        for rest in (results, found.run(worker_tasks.noted, tasks, {"seconds": 0.1})):
            with pytest.raises(RunError, match="the connection was lost; go on with --resume"):
                list(rest)
    assert time.monotonic() - began < 60


def test_a_client_that_never_ends_to_give_up_is_not_waited_for(other, tmp_path, monkeypatch):
    other.worker()
    tasks = [
        {"folder": tmp_path, "number": n, "seconds": seconds} for n, seconds in ((0, 0), (1, 90))
    ]
    with connected(other) as found:
        results = found.run(worker_tasks.noted, tasks, {})
        next(results)
        monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.2)
        monkeypatch.setattr(found._client, "status", "closing")
        with pytest.raises(RunError, match="the connection was lost"):
            list(results)
        monkeypatch.undo()


def test_a_cluster_without_workers_is_waited_for(other, tmp_path, trained_run):
    (tmp_path / "a.txt").write_text("a dull film\n")
    words = ("classify", "--checkpoint", trained_run, "a.txt", "--output", "out")
    with started(*words, "--scheduler", other.address, cwd=tmp_path) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"1 files to out\n"
        said = process.stderr.readline().decode()
        assert said.startswith(f"no workers at {other.address}, waiting for some")
        other.worker()
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "out" / "a.tsv").read_text().startswith("bad\t")


# What cannot be


def test_another_version_on_a_worker_is_one_line(other, tmp_path, call, noisy):
    old = tmp_path / "old"
    (old / "textcnn").mkdir(parents=True)
    (old / "textcnn" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    worker = other.worker(path=old)
    code, out, err = call(*words_for(noisy, "out", "--scheduler", other.address))
    assert (code, out) == (1, "")
    assert re.search(r"worker tcp://\S+ has textcnn 0.0.1 and this is \S+; install the same", err)
    assert err.count("\n") == 1
    worker.kill()
    # As where it is not installed, though here it may be.
    (old / "textcnn" / "__init__.py").write_text("raise ImportError('there is none here')\n")
    other.worker(path=old)
    code, _, err = call(*words_for(noisy, "out", "--scheduler", other.address))
    assert code == 1
    assert "has no textcnn; install" in err
    assert not (tmp_path / "out").exists()


def test_a_worker_of_another_version_that_comes_late_refuses():
    with pytest.raises(RunError, match=r"a worker has textcnn .* and 0\.0\.1 asks"):
        run_task(Task(len, {}, (), "0.0.1"))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.1)


def test_a_scheduler_that_cannot_be_reached_is_one_line_soon(call, tmp_path, noisy, hurried):
    with socket.socket() as silent, socket.socket() as closed:
        for listener in (silent, closed):
            listener.bind(("127.0.0.1", 0))
        silent.listen()
        for listener in (silent, closed):
            address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
            began = time.monotonic()
            code, out, err = call(*words_for(noisy, "out", "--scheduler", address))
            assert time.monotonic() - began < 25
            assert (code, out) == (1, "")
            assert err.startswith(f"textcnn: --scheduler {address}: no Dask scheduler answers (")
            assert err.count("\n") == 1
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["localhost", "http://localhost:8786", ""])
def test_what_is_no_address_is_one_line(call, noisy, address):
    code, out, err = call(*words_for(noisy, "out", "--scheduler", address))
    assert (code, out) == (2, "")
    assert err.startswith(f"textcnn: --scheduler {address}: ")
    assert "give an address such as tcp://" in err
    assert err.count("\n") == 1


def test_jobs_are_for_this_machine(call, noisy):
    code, _, err = call(*words_for(noisy, "out", "--scheduler", "x:1", "--jobs", "2"))
    assert code == 2
    assert "--jobs is for this machine" in err


def test_without_dask_the_line_says_how_to_install_it(call, noisy, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = call(*words_for(noisy, "out", "--scheduler", "x:1"))
    assert code == 2
    assert err == "textcnn: --scheduler needs Dask: pip install 'textcnn[dask]'\n"
