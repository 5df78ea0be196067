"""Those who listen to training: the display, TensorBoard's files, the curves."""

import errno
import os
import pty
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_run import command_line, environment, options_text, run, small_experiment, textcnn

from textcnn.commands.display import Display, duration
from textcnn.curves import draw_curves
from textcnn.errors import RunError
from textcnn.evaluation_line import evaluation_line
from textcnn.row_gradient import RowGradient
from textcnn.training import Evaluated, Evaluation, StepDone

STEPS = 6  # an epoch


# TensorBoard


def events_of(folder: Path) -> Iterator[Any]:
    """The events of a folder's files, in order, with their check sums tested."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    masked_crc32c = pytest.importorskip("tensorboardX.record_writer").masked_crc32c
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
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


def test_tensorboard_files_hold_loss_accuracy_and_gradients(trained_run):
    import json

    lines = (trained_run / "metrics.jsonl").read_text().splitlines()
    metrics = [json.loads(line) for line in lines]
    dev = values_of(trained_run / "tensorboard" / "dev")
    assert set(dev) == {"loss", "accuracy"}
    for tag in dev:
        assert [step for step, _ in dev[tag]] == [row["step"] for row in metrics]
        expected = [row[f"dev_{tag}"] for row in metrics]
        assert [value for _, value in dev[tag]] == pytest.approx(expected, rel=1e-5)

    train = values_of(trained_run / "tensorboard" / "train")
    names = ("embedding/tuned", "convolution/weights", "convolution/bias", "dense/weights")
    names += ("dense/bias", "evidence/weights", "corrections/words", "corrections/2-grams")
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
    from textcnn.tensorboard import TensorBoard

    pytest.importorskip("tensorboardX")
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
    pytest.importorskip("tensorboardX")
    from textcnn.tensorboard import TensorBoard

    board = TensorBoard(tmp_path, 0)
    gradients = {
        "w": np.array([0.0, 1.0, 0.0, 0.0]),
        "e": RowGradient(np.array([1]), np.array([[2.0, 0.0]])),
        "none": np.zeros((0, 3)),
    }
    board(StepDone(1, 0.5, 0.5, gradients, 0.1))
    board(Evaluated(Evaluation(1, 0.1, 1, 0.5, 1, 0.5), True))
    board.close()
    values = values_of(tmp_path / "train")
    assert values["sparsity/w"] == [(1, 0.75)]
    assert values["sparsity/e"] == [(1, 0.5)]
    assert "sparsity/none" not in values


def test_a_full_disk_is_said_in_one_line_and_nobody_waits(tmp_path, monkeypatch):
    record_writer = pytest.importorskip("tensorboardX.record_writer")
    from textcnn.tensorboard import TensorBoard

    board = TensorBoard(tmp_path, 0)

    def no_space(self: Any, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record_writer.RecordWriter, "write", no_space)
    for step in range(1, 50):  # More events than any queue would take.
        with pytest.raises(RunError, match=r"writing .* failed: No space left on device"):
            board(StepDone(step, 0.5, 0.5, {}, 0.1))
    board.close()


def test_without_tensorboard_and_matplotlib_a_run_is_whole_but_for_their_files(tmp_path, reviews):
    # Modules that cannot be imported stand in for those not installed.
    for name in ("tensorboardX", "matplotlib"):
        (tmp_path / "absent" / name).mkdir(parents=True)
        (tmp_path / "absent" / name / "__init__.py").write_text("raise ImportError")
    path = f"{tmp_path / 'absent'}{os.pathsep}{environment()['PYTHONPATH']}"
    words = ("train", "--data", reviews, "--out", tmp_path / "r", *options_text(epochs=1))
    result = subprocess.run(
        command_line(*words), env={**environment(), "PYTHONPATH": path}, capture_output=True
    )
    assert result.returncode == 0, result.stderr
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert "test.json" in names
    assert "curves.png" not in names


# Curves


def test_the_curves_are_a_picture(tmp_path, trained_run):
    pytest.importorskip("matplotlib")
    experiment = small_experiment()
    run(experiment)
    draw_curves(tmp_path / "curves.png", experiment.trainer.progress.history)
    for path in (tmp_path / "curves.png", trained_run / "curves.png"):
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", data[16:24])
        assert width > 800
        assert height > 300


def test_curves_of_a_run_without_an_evaluation(tmp_path):
    pytest.importorskip("matplotlib")
    draw_curves(tmp_path / "curves.png", [])
    assert (tmp_path / "curves.png").exists()


# The display


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """What the display writes for two steps and an evaluation."""
    display = Display(total_steps=20, done_steps=0, steps_between=10, batch_size=50)
    for step in (1, 2):
        display(StepDone(step, 0.7, 0.5, {}, 0.01))
    display(Evaluated(Evaluation(2, 0.2, 0.7, 0.5, 0.69, 0.525), is_best=True))
    display.close()
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_elsewhere_than_on_a_terminal_the_display_writes_plain_lines(capsys):
    expected = "epoch  0.20  step      2  train loss 0.700 accuracy 50.0 %  dev loss 0.690"
    assert shown(capsys) == f"{expected} accuracy 52.5 %  best\n"


def test_on_a_terminal_the_figures_are_shown(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    text = shown(capsys)
    assert "loss 0.700  accuracy 50.0 %" in text
    assert "5,000 sentences/s" in text
    assert "at most 0:00 left" in text
    # The bar's line gives way to the evaluation's.
    assert text.split("\033[2K")[-1].startswith("epoch  0.20")


def test_an_evaluation_that_is_not_the_best_is_not_called_so():
    evaluation = Evaluation(1200, 3.0, 0.1, 0.9, 0.2, 0.8)
    assert "best" not in evaluation_line(evaluation)
    assert "step  1,200" in evaluation_line(evaluation)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (65, "1:05"), (3725, "1:02:05")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def on_a_terminal(words: list[str]) -> tuple[int, str]:
    """Run the command with its errors on a terminal; its exit code and what was shown there."""
    terminal, inside = pty.openpty()
    environ = {**environment(), "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        command_line(*words), env=environ, stdout=subprocess.DEVNULL, stderr=inside
    )
    os.close(inside)
    shown = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # How Linux says that the other end was closed.
            break
        if not data:
            break
        shown += data
    os.close(terminal)
    return process.wait(30), shown.decode()


def test_on_a_real_terminal_a_bar_shows_how_training_goes(tmp_path, reviews):
    out = tmp_path / "r"
    options = options_text(evaluate_every=4, epochs=3)
    code, text = on_a_terminal(["train", "--data", str(reviews), "--out", str(out), *options])
    assert code == 0, text
    bars = re.findall(r"step (\d+)\s+\[([#-]+)\]  loss [\d.]+  accuracy [\d.]+ %", text)
    assert bars
    assert "sentences/s" in text
    assert re.search(r"at most \d:\d\d left", text)
    visible = [line.split("\033[2K")[-1] for line in text.replace("\r\n", "\n").split("\n")]
    epochs = [line for line in visible if line.startswith("epoch ")]
    assert len(epochs) == 5  # at steps 4, 8, 12, 16 and 18
    assert "Traceback" not in text


def test_in_a_file_there_is_no_bar(tmp_path, reviews):
    words = ("train", "--data", reviews, "--out", tmp_path / "r", *options_text(epochs=1))
    assert b"\r" not in textcnn(*words).stderr
