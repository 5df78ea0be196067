"""TensorBoard's files, read back as TensorBoard reads them."""

import errno
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textcnn.core.gradients import RowGradient
from textcnn.core.progress import Evaluation, EvaluationDone, StepDone
from textcnn.insight.tensorboard import TensorBoard
from textcnn.support.errors import RunError

pytest.importorskip("tensorboardX")

STEPS = 6  # an epoch


def events_of(folder: Path) -> Iterator[Any]:
    """The events of a folder's files, in order, with their check sums tested."""
    from tensorboardX.proto import event_pb2
    from tensorboardX.record_writer import masked_crc32c

    files = folder.glob("*tfevents*")
    for path in sorted(files, key=lambda path: path.stat().st_mtime_ns):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            checks = struct.unpack("<I", data[8:12]) + struct.unpack("<I", data[12 + length :][:4])
            content = data[12 : 12 + length]
            assert checks == (masked_crc32c(data[:8]), masked_crc32c(content))
            data = data[16 + length :]
            yield event_pb2.Event.FromString(content)


def values_of(folder: Path) -> dict[str, list[tuple[int, Any]]]:
    """``{tag: [(step, value), ...]}``."""
    values: dict[str, list[tuple[int, Any]]] = {}
    for event in events_of(folder):
        for value in event.summary.value:
            content = value.histo if value.HasField("histo") else value.simple_value
            values.setdefault(value.tag, []).append((event.step, content))
    return values


def metrics_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


# While training


def test_the_files_hold_loss_accuracy_f1_and_gradients(reported_run):
    metrics = metrics_of(reported_run)
    dev = values_of(reported_run / "tensorboard" / "dev")
    scores = {"loss", "accuracy", "macro_f1"}
    assert set(dev) == scores
    for tag in scores:
        assert [step for step, _ in dev[tag]] == [row["step"] for row in metrics]
        expected = [row[f"dev_{tag}"] for row in metrics]
        assert [value for _, value in dev[tag]] == pytest.approx(expected, rel=1e-5)

    train = values_of(reported_run / "tensorboard" / "train")
    names = ("embedding/tuned", "convolution/weights", "convolution/bias", "dense/weights")
    names += ("dense/bias",)
    gradients = {f"{kind}/{name}" for kind in ("gradient", "sparsity") for name in names}
    assert set(train) == {"loss", "accuracy"} | gradients
    assert [step for step, _ in train["loss"]] == list(range(1, 12 * STEPS + 1))
    for tag in gradients:
        assert [step for step, _ in train[tag]] == [row["step"] for row in metrics]
    for _, histogram in train["gradient/dense/weights"]:
        assert histogram.num == 2 * 12
        assert sum(histogram.bucket) == histogram.num
    assert all(0 <= share <= 1 for _, share in train["sparsity/embedding/tuned"])


def test_a_resumed_run_disowns_what_was_written_beyond_it(tmp_path):
    gradients = {"w": np.array([0.0, 1.0]), "e": RowGradient(np.array([3]), np.zeros((1, 2)))}
    for begin, end in ((0, 5), (3, 6)):  # Both within a second.
        board = TensorBoard(tmp_path, begin)
        for step in range(begin + 1, end + 1):
            board(StepDone(step, 0.5, 0.5, gradients, 0.1))
        board.close()
    events = list(events_of(tmp_path / "train"))
    starts = [event.step for event in events if event.HasField("session_log")]
    assert starts == [4]
    assert [s for s, _ in values_of(tmp_path / "train")["loss"]] == [1, 2, 3, 4, 5, 4, 5, 6]


def test_sparsity_is_the_share_of_zeros(tmp_path):
    board = TensorBoard(tmp_path, 0)
    gradients = {
        "w": np.array([0.0, 1.0, 0.0, 0.0]),
        "e": RowGradient(np.array([1]), np.array([[2.0, 0.0]])),
        "none": np.zeros((0, 3)),
    }
    board(StepDone(1, 0.5, 0.5, gradients, 0.1))
    board(EvaluationDone(Evaluation(1, 0.1, 1, 0.5, 1, 0.5, 0.5), True))
    board.close()
    values = values_of(tmp_path / "train")
    assert values["sparsity/w"] == [(1, 0.75)]
    assert values["sparsity/e"] == [(1, 0.5)]
    assert "sparsity/none" not in values


@pytest.mark.parametrize("size", [1e20, 1e25, 3e38, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("other", [0.0, 1.0, np.inf, np.nan])
def test_gradients_that_diverge_are_not_its_to_stop(tmp_path, size, other):
    """It ended in tensorboardX's traceback, where the trainer has a line for it."""
    gradients = {
        "w": np.array([size, other], np.float32),
        "e": RowGradient(np.array([3]), np.full((1, 2), size, np.float32)),
    }
    board = TensorBoard(tmp_path, 0)
    board(StepDone(1, 0.5, 0.5, gradients, 0.1))
    board(EvaluationDone(Evaluation(1, 0.1, 1, 0.5, 1, 0.5, 0.5), True))
    board.close()


def test_a_full_disk_is_said_in_one_line_and_nobody_waits(tmp_path, monkeypatch):
    board = TensorBoard(tmp_path, 0)
    fill_the_disk(monkeypatch)
    for step in range(1, 50):  # More events than any queue would take.
        with pytest.raises(RunError, match=r"writing .* failed: No space left on device"):
            board(StepDone(step, 0.5, 0.5, {}, 0.1))
    board.close()


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no event file take another byte."""
    from tensorboardX import record_writer

    def no_space(self: Any, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record_writer.RecordWriter, "write", no_space)
