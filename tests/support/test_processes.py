"""Tasks run in processes of this machine; `tests/evaluation/test_cv.py` kills and stops them."""

import os
import random
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import active_children

import pytest

from tests.support import worker_tasks
from textcnn.support.errors import RunError, UserError
from textcnn.support.workers.processes import Processes

FINE = [{"number": number, "wrong": -1} for number in range(6)]


def test_the_same_processes_run_all_tasks_with_one_thread_for_products():
    tasks = [{"number": number} for number in range(6)]
    before = active_children()
    with Processes(2) as runner:
        results = [
            result for _ in range(2) for result in runner.run(worker_tasks.at_once, tasks, {})
        ]
        begun = {child.pid for child in active_children() if child not in before}
    assert len(results) == 12
    assert all(threads and set(threads) == {1} for _, _, threads in results)
    assert len(begun) == 2
    assert os.getpid() not in begun
    assert active_children() == before


def test_one_at_a_time_runs_in_this_process():
    before = active_children()
    with Processes(1) as runner:
        assert list(runner.run(os.getppid, [{}, {}], {})) == [os.getppid()] * 2
    with Processes(8) as runner:
        assert list(runner.run(worker_tasks.fail_at, FINE[:1], {})) == [0]
        assert active_children() == before


def test_a_fault_ends_the_others_and_another_run_begins_anew():
    before = active_children()
    with Processes(2) as runner:
        wrong = [{**task, "wrong": 0} for task in FINE]
        with pytest.raises(UserError, match="number 0 is no good"):
            list(runner.run(worker_tasks.fail_at, wrong, {}))
        assert active_children() == before
        assert sorted(runner.run(worker_tasks.fail_at, FINE, {})) == list(range(6))


def test_who_takes_no_more_results_leaves_none_at_work():
    before = active_children()
    with Processes(2) as runner, closing(runner.run(worker_tasks.fail_at, FINE, {})) as results:
        next(results)
    assert active_children() == before


def test_a_process_that_dies_is_one_line():
    with Processes(2, "that") as runner, pytest.raises(RunError, match="go on with that and fewer"):
        list(runner.run(worker_tasks.deadly, [{}, {}], {}))


def test_ctrl_c_while_tasks_are_handed_out_is_not_lost(monkeypatch):
    """The processes ignore it, which they once inherited from this one at each task's beginning."""
    before, submit = active_children(), ProcessPoolExecutor.submit

    def interrupted(pool, function, *arguments):
        if function is not os.getpid:
            os.kill(os.getpid(), signal.SIGINT)
        return submit(pool, function, *arguments)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", interrupted)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Processes(2) as runner, pytest.raises(KeyboardInterrupt):
            list(runner.run(os.getppid, [{}, {}], {}))
    finally:
        signal.signal(signal.SIGINT, handler)
    assert active_children() == before


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
def test_a_signal_at_any_moment_ends_it():
    """What a handler raised while the state of all tasks was asked for left their locks held."""
    before, choose = active_children(), random.Random(0)

    def stop(*_: object) -> None:
        raise InterruptedError

    def run_and_stop(seconds: float) -> None:
        with Processes(2) as runner, closing(runner.run(os.getpid, [{}] * 2000, {})) as results:
            next(results)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            list(results)
            signal.pause()  # All were done before.

    handler = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(12):
            with pytest.raises(InterruptedError):
                run_and_stop(choose.uniform(1e-5, 0.02))
            assert active_children() == before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
