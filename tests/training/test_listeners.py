"""Those who listen to training: the display; TensorBoard has tests of its own."""

import os
import pty
import re
import sys
from pathlib import Path

import pytest

from tests.support.pictures import draw
from tests.support.processes import Started, environment, textcnn
from tests.support.small_run import options_text
from textcnn.commands.screen.display import Display, duration
from textcnn.core.progress import Evaluation, EvaluationDone, StepDone

# Without their libraries


def test_without_tensorboard_and_matplotlib_a_run_is_whole_but_for_their_files(
    call, reviews, monkeypatch
):
    draw(monkeypatch)
    for name in ("tensorboardX", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    code, _, err = call("train", "--data", reviews, "--out", "r", *options_text(epochs=1))
    assert code == 0, err
    names = {path.name for path in Path("r").iterdir()}
    assert "test.json" in names
    assert not {"report.html", "tensorboard"} & names


# The display


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """What the display writes for two steps and an evaluation."""
    display = Display(total_steps=20, done_steps=0, steps_between=10, batch_size=50)
    for step in (1, 2):
        display(StepDone(step, 0.7, 0.5, {}, 0.01))
    display(EvaluationDone(Evaluation(2, 0.2, 0.7, 0.5, 0.69, 0.525, 0.5), is_best=True))
    display.close()
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_elsewhere_than_on_a_terminal_the_display_writes_plain_lines(capsys):
    expected = "epoch  0.20  step      2  train loss 0.700 50.0 %  dev loss 0.690"
    assert shown(capsys) == f"{expected} 52.5 %  best\n"


def test_on_a_terminal_the_figures_are_shown(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    text = shown(capsys)
    assert "loss 0.700  accuracy 50.0 %" in text
    assert "5,000 sentences/s" in text
    assert "at most 0:00 left" in text
    # The bar's line gives way to the evaluation's.
    assert text.split("\033[2K")[-1].startswith("epoch  0.20")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (65, "1:05"), (3725, "1:02:05")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def on_a_terminal(words: list[str]) -> tuple[int, str]:
    """Run the command with its errors on a terminal; its exit code and what was shown there."""
    terminal, inside = pty.openpty()
    # Without colours the bar is plain, whether rich is installed or not.
    environ = {**environment(), "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    process = Started(*words, env=environ, stderr=inside)
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
