"""Whoever reads what an example prints may go: it ends without a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
@pytest.mark.parametrize("words", [["examples/step_by_step.py"], ["-m", "examples.exercises"]])
def test_an_example_ends_with_its_reader(words):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-u", *words],
        cwd=CLONE,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.returncode == -signal.SIGPIPE
    assert not done.stderr
