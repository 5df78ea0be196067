"""``textcnn classify`` on many sentences in one stream: the same bytes from several processes."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.processes import PATIENCE, command_line, environment, textcnn
from textcnn.inference import stream_processes as stream
from textcnn.inference import streams
from textcnn.inference.line_classifier import LineClassifier
from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import PredictionWriter
from textcnn.inference.stream_processes import (
    CHUNKS_AHEAD,
    PIECE_SENTENCES,
    PIECES_UNWRITTEN,
    classified_together,
)
from textcnn.inference.streams import classified
from textcnn.support.errors import RunError, UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint
from textcnn.training.run_folder import find_checkpoint


@pytest.fixture(scope="module")
def model(trained_run: Path) -> Checkpoint:
    return load_checkpoint(find_checkpoint(trained_run))


ODD = ["", "\0", "\r", "a\tb\\c", "\x85\u2028", "half \ud83d of a character", "\udcff", "很好 👍"]
TEXTS = [f"{'a dull film' if number % 3 else 'witty'} {number}" for number in range(1500)]
CHUNKS = [TEXTS[:700], [*ODD, *TEXTS[700:900]], TEXTS[900:901], TEXTS[901:]]


# The same bytes, in order


@pytest.mark.parametrize(
    "words", [("tsv",), ("json", True), ("csv", False, Choice(1, 0.9))], ids=["tsv", "json", "csv"]
)
def test_several_processes_write_what_one_does(model, words, monkeypatch):
    """Forked, or, where other threads are about, started anew and sent the model."""
    given_away: list[int] = []
    submit = ProcessPoolExecutor.submit

    def noted(self, function, *texts):
        given_away.extend(map(len, texts))
        return submit(self, function, *texts)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", noted)
    monkeypatch.setattr(stream, "PIECE_SENTENCES", 100)
    alone = list(classified(CHUNKS, LineClassifier(model, *words)))
    assert not given_away
    together = list(classified(CHUNKS, LineClassifier(model, *words), jobs=2, enough=1))
    assert sum(given_away) >= len(TEXTS) - 100
    assert b"".join(together) == b"".join(alone)


def lines(count: int) -> bytes:
    """What is too much for one process, with a line that is not UTF-8 late in it."""
    texts = [b"a film number %d\r" % number for number in range(count)]
    texts[count - 100] = b"invalid \xff"
    return b"\n".join(texts)


def test_the_command_says_and_writes_the_same_whatever_jobs_is(trained_run):
    runs = [
        textcnn("classify", "--checkpoint", trained_run, "-", *jobs, input=lines(30_000))
        for jobs in (("--jobs", "1"), ("--jobs", "3"))
    ]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.count(b"\n") == 30_000
    for run in runs:
        assert run.returncode == 2
        (line,) = run.stderr.decode().splitlines()
        assert "standard input, line 29901: not utf-8; every line was classified" in line


# Sharing out, seen without other processes


class Numbers:
    """An answerer for tests: writes down how many sentences it is given, and each of them."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def __call__(self, texts: Sequence[str], /) -> bytes:
        self.given.append(len(texts))
        return "".join(f"{text}\n" for text in texts).encode()

    def project_all(self, most: int) -> bool:
        return True


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of this process instead of processes."""

    def started(classify: Numbers, jobs: int) -> ThreadPoolExecutor:
        monkeypatch.setattr(stream, "_here", classify, raising=False)
        return ThreadPoolExecutor(jobs)

    monkeypatch.setattr(stream, "_started", started)


@pytest.mark.usefixtures("threads")
def test_what_comes_in_small_chunks_is_classified_in_larger_pieces_and_never_in_huge_ones():
    texts = [str(number) for number in range(3 * PIECE_SENTENCES)]
    chunks = [texts[:5], texts[5:9], texts[9 : 2 * PIECE_SENTENCES], texts[2 * PIECE_SENTENCES :]]
    classify = Numbers()
    out = b"".join(classified_together(iter(chunks), classify, 1))
    assert out.decode().split() == texts
    assert max(classify.given) <= PIECE_SENTENCES
    long = ["x" * 400_000] * 4
    classify = Numbers()
    assert len(b"".join(classified_together(iter([long[:2], long[2:]]), classify, 1))) == 1_600_004
    assert max(classify.given) <= 2


@pytest.mark.usefixtures("threads")
def test_what_is_not_taken_is_not_read():
    read = []

    def source() -> Iterator[list[str]]:
        for number in range(1000):
            read.append(number)
            yield [str(number)] * PIECE_SENTENCES

    with contextlib.closing(classified_together(source(), Numbers(), 1)) as lines:
        assert next(lines).startswith(b"0\n")
        time.sleep(0.05)
    # What was taken, what waits, and what is in the hands of those who read and share out.
    assert len(read) <= 1 + CHUNKS_AHEAD + PIECES_UNWRITTEN + 2


@pytest.mark.usefixtures("threads")
def test_all_before_a_fault_is_classified():
    def source() -> Iterator[list[str]]:
        yield ["a", "b"]
        yield ["c"]
        raise UserError("a line does not end")

    out = []
    with pytest.raises(UserError, match="does not end"):
        out.extend(classified_together(source(), Numbers(), 1))
    assert b"".join(out) == b"a\nb\nc\n"


def test_a_slow_stream_starts_no_processes(monkeypatch):
    def source() -> Iterator[list[str]]:
        for number in range(10):
            time.sleep(0.002)
            yield [str(number)]

    monkeypatch.setattr(stream, "classified_together", lambda *_: pytest.fail("started"))
    assert len(list(classified(source(), Numbers(), jobs=2, enough=3))) == 10  # type: ignore[arg-type]


def test_neither_do_a_few_lines(monkeypatch, model):
    monkeypatch.setattr(stream, "classified_together", lambda *_: pytest.fail("started"))
    chunks = [["a film"] * (streams.ENOUGH_LINES - 1)]
    assert len(list(classified(chunks, LineClassifier(model, "tsv"), jobs=2))) == 1


def test_a_table_that_would_be_too_large_is_left_as_it_is(model):
    classify = LineClassifier(model, "tsv")
    assert not classify.project_all(100)
    assert classify.project_all(1 << 20)


# Whoever goes, and however


def helpers_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextlib.contextmanager
def at_work(trained_run: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A command that has classified all that it was given, and waits for more; and its helpers."""
    command = command_line("classify", "--checkpoint", trained_run, "-", "--jobs", "3")
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def exchange(size: int) -> None:
            process.stdin.write(b"a dull film\n" * size)
            process.stdin.flush()
            for _ in range(size):
                assert process.stdout.readline().endswith(b"\ta dull film\n")

        # Helpers come once lines are waited for less than they are worked on: on a busy machine
        # not with the first that are enough.
        deadline = time.monotonic() + PATIENCE
        while len(helpers := helpers_of(process.pid)) < 3:
            assert time.monotonic() < deadline
            exchange(1000)
        exchange(1000)
        exchange(1)
        yield process, helpers
        with contextlib.suppress(BrokenPipeError):  # What nobody reads any more.
            process.stdin.close()
        deadline = time.monotonic() + PATIENCE
        while any(map(is_there, helpers)):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("what", ["end", "interrupt", "kill", "helper", "reader"])
def test_no_process_outlives_the_others_and_nothing_is_said_twice(trained_run, what):
    with at_work(trained_run) as (process, helpers):
        assert len(helpers) == 3
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        if what == "end":
            process.stdin.close()
            code, said = 0, ""
        elif what == "interrupt":  # As a terminal does, to all of them.
            os.killpg(process.pid, signal.SIGINT)
            code, said = 130, "textcnn: interrupted"
        elif what == "kill":
            process.kill()
            code, said = -signal.SIGKILL, ""
        elif what == "helper":
            os.kill(helpers[0], signal.SIGKILL)
            with contextlib.suppress(BrokenPipeError):  # It is heard of with the next sentences.
                while process.poll() is None:
                    process.stdin.write(b"a dull film\n")
                    process.stdin.flush()
                    time.sleep(0.05)
            code, said = RunError.exit_code, "textcnn: a process was killed, most likely for want"
        else:
            process.stdout.close()
            process.stdin.write(b"a dull film\n")
            process.stdin.flush()
            code, said = 0, ""
        assert process.wait(PATIENCE) == code
        told = process.stderr.read().decode().strip()
        assert told.startswith(said)
        assert len(told.splitlines()) == bool(said)


# Lines of predictions written many at a time

SHARES = st.floats(0, 1, width=32)


@given(
    st.lists(st.tuples(st.text("ab \t\n\r\\\0é"), SHARES), min_size=2, max_size=20),
    st.sampled_from([0.0, 0.5, 0.7]),
)
def test_many_lines_at_once_are_the_lines_one_by_one(model, rows, limit):
    write = PredictionWriter("tsv", model, False, Choice(threshold=limit))
    texts = [text for text, _ in rows]
    shares = np.array([(share, np.float32(1) - np.float32(share)) for _, share in rows], np.float32)
    one_by_one = [write([text], row[None]) for text, row in zip(texts, shares, strict=True)]
    assert write(texts, shares) == b"".join(one_by_one)


def test_probabilities_half_way_between_two_roundings_are_written_as_python_does(model):
    shares = np.arange(2**12, dtype=np.float32)[:, None] / np.float32([2**12, -(2**12)])
    shares[:, 1] += 1
    written = (
        PredictionWriter("tsv", model, False)([""] * len(shares), shares).decode().splitlines()
    )
    expected = [f"{share:.4f}" for share in shares.max(axis=1).tolist()]
    assert [line.split("\t")[1] for line in written] == expected


def test_probabilities_that_are_none_are_still_written(model):
    shares = np.array([[np.nan, np.nan], [0.25, 0.75]], np.float32)
    assert b"\tnan\t" in PredictionWriter("tsv", model, False)(["a", "b"], shares)


def test_jobs_are_for_many_sentences(call, trained_run):
    code, _, err = call("classify", "--checkpoint", trained_run, "a film", "--jobs", "2")
    assert code == 2
    assert "--input FILE or -" in err
