"""What numeric libraries may take of the processors."""

import sys
from types import ModuleType

from threadpoolctl import threadpool_info, threadpool_limits

from textcnn.support.threads import one_thread


def counts() -> set[int]:
    return {library["num_threads"] for library in threadpool_info()}


def test_there_is_one_thread_and_then_as_many_as_before():
    with threadpool_limits(2):
        assert counts() == {2}
        for _ in range(2):
            with one_thread():
                assert counts() == {1}
            assert counts() == {2}


def test_libraries_are_looked_for_again_after_an_import(monkeypatch):
    controllers = []
    for name in ("never imported before", "never imported before", "nor this"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        with one_thread() as limits:
            controllers.append(limits._controller)
    assert controllers[0] is controllers[1]
    assert controllers[1] is not controllers[2]
