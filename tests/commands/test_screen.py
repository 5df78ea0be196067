"""Tables and bars: with colours on a terminal that can draw, plain text everywhere else."""

import contextlib
import dataclasses
import fcntl
import io
import os
import pty
import re
import shlex
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.support.processes import PATIENCE, Started, environment, textcnn
from tests.support.small_run import options_text
from textcnn.commands import main
from textcnn.commands.compare import comparison_text
from textcnn.commands.screen import display as display_module
from textcnn.commands.screen.display import NARROWEST, WIDTH, Bar, Display, TaskProgress, say
from textcnn.commands.screen.results import written_table
from textcnn.commands.screen.score_tables import class_table, confusion_table, scores_text
from textcnn.commands.search import best_table
from textcnn.core.progress import Evaluation, EvaluationDone, StepDone
from textcnn.evaluation.comparison import (
    ModelComparison,
    PairedCounts,
    mcnemar_p_value,
    shares_of,
)
from textcnn.evaluation.scores import Scores, score
from textcnn.evaluation.search.trials import FinishedTrial
from textcnn.recipe.config import Config
from textcnn.support.tables import StyledCell, Table, plain_text, table_text
from textcnn.support.terminal import can_draw, next_commands, one_line
from textcnn.support.text import printable, printable_lines

STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")

RUNS = Table(
    ["name", "accuracy", "options"],
    [
        ["a", "79.6 %", "epochs=5"],
        ["longer", "100.0 %", ""],
        ["b", "", "damaged: it is not what it was"],
        ["c"],
    ],
    folding=(0,),
)
LABELS = Table(
    ["label", "rows", "share"],
    [["good", "1,200", "75.0 %"], ["bad", "400", "25.0 %"]],
    right={1, 2},
    bars=[0.75, 0.25],
)


class Stream(io.StringIO):
    """A stream that says it is a terminal; without a number of its own, it is 80 columns wide."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """A terminal with colours, whatever that of the developer is."""
    for name in ("NO_COLOR", "COLUMNS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return Stream()


def drawn(table: Table, width: int, stream: Stream) -> str:
    """What is drawn on a terminal so wide."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        return table_text(table, stream)


def seen(text: str) -> str:
    """What is left for the eye."""
    return "\n".join(line.rstrip() for line in STEERING.sub("", text).split("\n"))


# Plain text


def test_in_a_pipe_columns_are_below_each_other_and_nothing_else():
    assert table_text(LABELS, io.StringIO()) == (
        "label   rows   share\n"
        "good   1,200  75.0 %\n"
        "bad      400  25.0 %"
    )  # fmt: skip


def test_a_row_may_end_early():
    assert table_text(RUNS, io.StringIO()).split("\n") == [
        "name    accuracy  options",
        "a       79.6 %    epochs=5",
        "longer  100.0 %",
        "b                 damaged: it is not what it was",
        "c",
    ]


def test_in_a_pipe_data_is_left_as_it_is():
    table = Table(["label"], [["\x1b[31mred"], [StyledCell("電影", "green")]])
    assert table_text(table, io.StringIO()) == "label\n\x1b[31mred\n電影"


def test_without_heads_there_is_no_line_for_them():
    assert plain_text(Table(["", ""], [["dropout", "5 %"]], right={1})) == "dropout  5 %"


# On a terminal


def test_on_a_terminal_a_table_is_drawn(terminal):
    shown = table_text(LABELS, terminal)
    assert "\x1b[1mlabel" in shown
    lines = seen(shown).split("\n")
    assert lines[0] == "label   rows   share"
    assert set(lines[1]) == {"─"}
    assert re.fullmatch(r"good   1,200  75\.0 %  ━{12}╺━{3}", lines[2])
    assert re.fullmatch(r"bad      400  25\.0 %  ━{4}╺━{11}", lines[3])


@pytest.mark.parametrize(
    ("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "unknown")]
)
def test_who_asks_for_plain_text_is_given_it(terminal, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert not can_draw(terminal)
    assert table_text(LABELS, terminal) == plain_text(LABELS)


def test_an_empty_no_color_says_nothing(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert can_draw(terminal)


def test_an_encoding_without_lines_is_given_plain_text(terminal, monkeypatch):
    monkeypatch.setattr(Stream, "encoding", "ascii")
    assert table_text(LABELS, terminal) == plain_text(LABELS)


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_a_closed_stream_or_a_file_is_no_terminal(stream):
    assert not can_draw(stream)


# Room


@pytest.mark.parametrize("width", range(10, 60))
def test_no_line_is_wider_than_the_window(terminal, width):
    for table in (LABELS, RUNS):
        lines = seen(drawn(table, width, terminal)).split("\n")
        assert max(map(len, lines)) <= width or "─" not in lines[1]


def test_where_room_is_short_bars_get_shorter_then_go_then_each_row_is_a_block(
    terminal, monkeypatch
):
    shown = []
    for width in ("40", "30", "21", "19"):
        monkeypatch.setenv("COLUMNS", width)
        shown.append(table_text(LABELS, terminal))
    assert [text.count("━") + text.count("╺") for text in shown] == [32, 16, 0, 0]
    assert "\x1b[1m" in shown[2]
    assert shown[3] == (
        "label  good\nrows   1,200\nshare  75.0 %\n\nlabel  bad\nrows   400\nshare  25.0 %"
    )


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        (
            "markdown",
            ["| a_b | n |", "| --- | ---: |", r"| x \| y | 5 % |", "| long one |  |"],
        ),
        ("csv", ["a_b,n", "x | y,5 %", "long one,"]),
        (
            "latex",
            [
                r"\begin{tabular}{lr}",
                r"\toprule",
                r"a\_b & n \\",
                r"\midrule",
                r"x | y & 5 \% \\",
                r"long one &  \\",
                r"\bottomrule",
                r"\end{tabular}",
            ],
        ),
    ],
)
def test_tables_for_elsewhere(form, lines):
    table = Table(["a_b", "n"], [["x | y", StyledCell("5 %", "green")], ["long\none"]], right={1})
    assert written_table(table, form).split("\n") == lines


def test_text_at_the_end_of_rows_may_go_on_in_the_next_line(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    assert table_text(RUNS, terminal) == plain_text(RUNS)
    monkeypatch.setenv("COLUMNS", "20")
    assert table_text(RUNS, terminal).startswith(
        "name      a\naccuracy  79.6 %\noptions   epochs=5\n\n"
    )


@pytest.mark.parametrize("width", [36, 60, 80])
def test_folded_text_goes_on_below_itself(terminal, monkeypatch, width):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    sentence = " ".join(["a gorgeous , witty movie"] * 5)
    lines = table_text(Table(["label", "text"], [["positive", sentence]]), terminal).split("\n")
    assert max(map(len, lines)) <= width
    assert " ".join(line[len("positive  ") :] for line in lines[1:]) == sentence


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("60", "epoch  3.00  train 0.100 90.0 %  dev 0.200 80.0 %  best\n"),
        ("80", "epoch  3.00  step  1,200  train loss 0.100 90.0 %  dev loss 0.200 80.0 %  best\n"),
    ],
)
def test_an_evaluation_has_a_line(terminal, monkeypatch, columns, words):
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", columns)
    Display(20, 0, 10, 50)(EvaluationDone(Evaluation(1200, 3.0, 0.1, 0.9, 0.2, 0.8, 0.8), True))
    assert terminal.getvalue().endswith(words)


def test_what_is_said_is_folded_and_a_command_is_not(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "30")
    say("three sentences have no tokens left", "textcnn train --resume runs/one two")
    assert terminal.getvalue() == (
        "three sentences have no tokens\n  left textcnn train --resume runs/one two\n"
    )


def test_a_matrix_without_room_gives_way_to_the_commonest_confusions(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal)
    scores = some_scores([f"a long label {number}" for number in range(6)])
    for columns, first in (("200", "true \\ predicted"), ("80", "true")):
        monkeypatch.setenv("COLUMNS", columns)
        assert confusion_of(scores).heads[0] == first


def test_text_in_the_last_column_is_folded(terminal):
    text = "one two three four five six seven eight nine ten"
    table = Table(["label", "text"], [["good", text], ["bad", "x"]])
    lines = seen(drawn(table, 40, terminal)).split("\n")
    assert max(map(len, lines)) <= 40
    assert len(lines) == 5
    assert lines[3].startswith("       ")
    assert " ".join(" ".join(lines[2:4]).split()) == f"good {text}"


def test_a_word_longer_than_its_column_is_broken(terminal):
    lines = seen(drawn(Table(["text"], [["x" * 100]]), 40, terminal)).split("\n")
    assert "".join(lines[2:]) == "x" * 100


# Data that would steer a terminal


HOSTILE = ["[bold]x[/bold]", "[/]", ":smile:", "\x1b[31mred", "a\rb\nc", "\u202etfel", "\udc80"]


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("plain", [False, True])
def test_data_is_shown_and_not_obeyed(terminal, monkeypatch, label, plain):
    if plain:
        monkeypatch.setenv("NO_COLOR", "1")
    table = Table([label, "n"], [[StyledCell(label, "green"), "1"], [label, "2"]])
    shown = table_text(table, terminal)
    assert seen(shown).count(printable(label).rstrip()) == 3
    assert "\x1b[31m" not in shown
    assert "\u202e" not in shown
    assert "\r" not in shown
    shown.encode()


def test_labels_in_a_sentence_cannot_steer_a_terminal_either(terminal, monkeypatch):
    scores = dataclasses.replace(some_scores(["a", "b"]), baseline_label="\x1b[31mred")
    assert "predicting \x1b[31mred," in scores_text(scores)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert "predicting \ufffd[31mred," in scores_text(scores)


@pytest.mark.parametrize("form", ["tsv", "csv", "json", "spreadsheet"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_classified_sentence_cannot_steer_a_terminal(monkeypatch, trained_run, form, terminal):
    """A pipe is given it as it is."""
    text = "fine\x1b[2J\x9b8m film \u202e\x7f"
    stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
    monkeypatch.setattr(stdout, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stdout", stdout)
    with pytest.raises(SystemExit):
        main(["classify", "--checkpoint", str(trained_run), "--format", form, text])
    out = stdout.buffer.getvalue().decode()
    assert "fine" in out
    assert out.endswith("\n")
    assert out.replace("\n", "").replace("\t", "").isprintable() is terminal


def test_names_of_files_in_what_is_said_cannot_steer_a_terminal(call, tmp_path):
    name = "\x1b[2J\udc9b.csv"
    for words in (("eval", name), ("train", "--data", name), ("data", name), ("runs", name)):
        code, out, err = call(*words)
        assert (code, out) == (2, "")
        assert err.rstrip("\n").isprintable()
        assert "\ufffd[2J\ufffd.csv" in err


def test_what_is_printable():
    assert printable_lines("a\x1b\tb\r\nc") == "a\ufffd\tb \nc"
    assert printable("a\x00b\tc 電影 é") == "a\ufffdb c 電影 é"
    assert one_line("  a \n b ") == "a b"


def test_wide_and_combining_characters_are_below_each_other(terminal):
    rows = [["電影", "1"], ["cafe\u0301", "22"], ["plain", "333"]]
    lines = seen(drawn(Table(["label", "rows"], rows, right={1}), 80, terminal)).split("\n")
    assert lines[2:] == ["電影      1", "cafe\u0301     22", "plain   333"]


def test_wide_characters_are_folded_where_the_window_ends(terminal):
    lines = seen(drawn(Table(["text"], [["電影" * 20]]), 30, terminal)).split("\n")[2:]
    assert "".join(lines) == "電影" * 20
    assert max(map(len, lines)) <= 15


# The scores


def some_scores(labels: list[str]) -> Scores:
    rng = np.random.default_rng(0)
    classes = rng.integers(len(labels), size=200)
    probabilities = rng.dirichlet(np.ones(len(labels)), 200).astype(np.float32)
    probabilities[np.arange(120), classes[:120]] += 1
    return score(probabilities / 2, classes, labels, np.ones(len(labels)))


def confusion_of(scores: Scores) -> Table:
    assert scores.confusion is not None
    return confusion_table(scores.confusion, scores.classes)


def test_plain_scores_are_in_columns():
    confused = plain_text(confusion_of(some_scores(["a", "two words"]))).split("\n")
    assert confused[0] == "true \\ predicted        a  two words"
    assert re.fullmatch(r"a                +\d+  +\d+", confused[1])
    classes = plain_text(class_table(some_scores(["a", "b"]))).split("\n")
    assert classes[0] == "label  precision  recall      F1  sentences"
    assert re.fullmatch(r"mean                     +\d+\.\d %", classes[-1])


def test_the_diagonal_and_the_heaviest_confusions_are_shaded(terminal):
    scores = some_scores(["a", "b", "c"])
    scores.confusion[:] = [[30, 9, 0], [4, 20, 5], [0, 1, 10]]
    shown = drawn(confusion_of(scores), 80, terminal)
    good = re.findall(r"\x1b\[30m\x1b\[42m +(\d+)", shown)
    bad = re.findall(r"\x1b\[30m\x1b\[45m +(\d+)", shown)
    assert (good, bad) == (["30", "20", "10"], ["9", "5"])


def test_without_a_confusion_none_is_shaded(terminal):
    scores = some_scores(["a", "b"])
    scores.confusion[:] = [[3, 0], [0, 4]]
    assert "45m" not in drawn(confusion_of(scores), 80, terminal)


@pytest.mark.parametrize("labels", [["a", "b", "c"], [f"label {number}" for number in range(15)]])
def test_a_terminal_shows_the_same_figures(terminal, monkeypatch, labels):
    scores = some_scores(labels)
    plain = scores_text(scores)
    monkeypatch.setattr(sys, "stdout", terminal)
    shown = re.sub("[━╸╺─]", " ", seen(scores_text(scores)))
    assert shown.split() == plain.split()
    assert shown != plain


# Others


def tried(number: int, accuracy: float) -> FinishedTrial:
    return FinishedTrial(number, {"dropout": 0.5}, [accuracy], cut_short=False, fault="")


def test_a_search_shows_its_best_first(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal)
    shown = best_table([tried(1, 0.7), tried(2, 0.8)]).split("\n")
    assert "80.00 %" in shown[2]


def comparison(*counts: int) -> Any:
    """Of two networks with the same options, on sentences of one label."""
    paired, predictions = PairedCounts(*counts), np.array([["a"], ["a"]], object)
    sentences: Any = SimpleNamespace(seen=(0, 0, 0), about="", texts=[""])
    said = shares_of(paired), mcnemar_p_value(paired)
    both = (Path("x"), Path("x")), (Config(), Config())
    return ModelComparison(*both, *said, sentences, predictions, np.zeros((2, 1)), paired)


@pytest.mark.parametrize(
    ("counts", "colour"),
    [
        ((50, 20, 2, 28), "\x1b[32m\x1b[1m+18.00 points\x1b[0m"),  # hardly chance
        ((50, 2, 3, 45), "\x1b[35m-1.00 points\x1b[0m"),
        ((50, 2, 2, 46), "A - B    +0.00 points  "),
    ],
)
def test_a_comparison_colours_the_difference(terminal, monkeypatch, counts, colour):
    found = comparison(*counts)
    assert "\x1b" not in comparison_text(found, 1)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert colour in comparison_text(found, 1)


# Bars


def last_line(stream: Stream) -> str:
    """What stands on the terminal's line, with the bar's characters left out."""
    written = stream.getvalue().split("\033[2K")[-1]
    return STEERING.sub("", written.rstrip("\r").rpartition("\r")[2])


def steps(display: Display, numbers: Iterable[int]) -> None:
    for step in numbers:
        display(StepDone(step, 0.7, 0.5, {}, 0.01))


@pytest.mark.parametrize("columns", [100, 80, 62, 60, 40, 20])
def test_a_bar_leaves_out_what_there_is_no_room_for(terminal, monkeypatch, columns):
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    steps(Display(20, 0, 10, 50), range(1, 2))
    line = last_line(terminal)
    assert len(line) < columns
    figures = ["loss 0.700", "accuracy 50.0 %", "5,000 sentences/s", "at most 0:00 left"]
    shown = {100: 4, 80: 4, 62: 3, 60: 2, 40: 1, 20: 0}[columns]
    bar = line.count("━") + line.count("╸") + line.count("╺")
    assert NARROWEST <= bar <= WIDTH
    assert line.rstrip().split("  ")[2:] == figures[:shown]


def test_a_bar_is_drawn_a_few_times_a_second_and_not_at_every_step(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal)
    now = iter(np.arange(0, 100, 0.01).tolist())
    monkeypatch.setattr(display_module.time, "perf_counter", lambda: next(now))
    steps(Display(1000, 0, 1000, 50), range(1, 101))  # a second
    assert terminal.getvalue().count("step") in range(4, 6)


def test_an_evaluation_takes_the_bars_line(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal)
    display = Display(20, 0, 10, 50)
    steps(display, range(1, 3))
    display(EvaluationDone(Evaluation(2, 0.2, 0.7, 0.5, 0.69, 0.525, 0.5), is_best=True))
    assert terminal.getvalue().split("\033[2K")[-1].startswith("epoch  0.20")


@contextlib.contextmanager
def training_under_way() -> Iterator[None]:
    with contextlib.closing(Display(20, 0, 10, 50)) as display:
        steps(display, range(1, 3))
        yield


@contextlib.contextmanager
def tasks_under_way() -> Iterator[None]:
    with TaskProgress("folds", 4, 1):
        yield


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("under_way", [training_under_way, tasks_under_way])
def test_what_stops_leaves_no_bar_and_a_cursor(terminal, monkeypatch, under_way, plain):
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("NO_COLOR", "1" if plain else "")
    with pytest.raises(KeyboardInterrupt), under_way():
        raise KeyboardInterrupt
    text = terminal.getvalue()
    assert text.count("\r") > 1
    assert text.endswith("\r\033[2K")
    assert "\n" not in text
    assert "\033[?25l" not in text  # The cursor is not hidden.


def test_tasks_have_a_line_each_and_a_bar_below(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal)
    with TaskProgress("folds", 4, 1) as progress:
        assert re.search(r"folds  ━+[╸╺]?━+  1/4", seen(terminal.getvalue()))
        progress.show(2, "a fold", "accuracy 70.0 %")
        assert re.search(r"2/4  accuracy 70\.0 %  about 0:00 left", last_line(terminal))
        progress.say("something else")
        lines = terminal.getvalue().split("\n")
        assert lines[-3].endswith("\r\033[2Ka fold")
        assert lines[-2].endswith("\r\033[2Ksomething else")


def test_elsewhere_tasks_are_lines_and_no_more(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with TaskProgress("trials", 4) as progress:
        progress.show(1, "a trial", "best 70.00 %, trial 1")
    assert sys.stderr.getvalue() == "a trial\n"


def test_a_bar_without_colours(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    Bar(4).show(2, "folds", lambda: "2/4  accuracy 50 %")
    assert re.search(r"folds  \[#{12}-{12}\]  2/4  accuracy 50 %", terminal.getvalue())


# Real terminals


def pseudo_terminal(columns: int) -> tuple[int, int]:
    """Both ends of a terminal of this size."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    return terminal, inside


def read_all(terminal: int) -> str:
    shown = b""
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:  # How Linux says that the other end was closed.
        pass
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n")


def terminal_environment(**variables: str) -> dict[str, str]:
    inherited = environment()
    for name in ("NO_COLOR", "COLUMNS"):
        inherited.pop(name, None)
    return {**inherited, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **variables}


def on_a_terminal(words: list[str], columns: int, **variables: str) -> str:
    """What the command shows with its output on a terminal."""
    terminal, inside = pseudo_terminal(columns)
    process = Started(*words, env=terminal_environment(**variables), stdout=inside)
    os.close(inside)
    shown = read_all(terminal)
    assert process.wait(PATIENCE) == 0
    return shown


def test_eval_on_a_real_terminal_and_in_a_pipe(terminal, trained_run):
    words = ["eval", str(trained_run)]
    piped = textcnn(*words).stdout.decode()
    assert "\x1b" not in piped
    shown = on_a_terminal(words, 100)
    assert "\x1b[30m\x1b[42m" in shown
    assert re.sub("[━╸╺─]", " ", seen(shown)).split() == piped.split()
    assert on_a_terminal(words, 100, TERM="dumb") == piped


def test_in_a_narrow_window_each_row_of_the_wide_table_is_a_block(terminal, trained_run):
    shown = on_a_terminal(["eval", str(trained_run)], 40)
    assert re.search(r"^label      bad\nprecision  \d+\.\d %\nrecall     ", shown, re.M)
    assert "─" in shown  # The other tables have room.


def test_a_bar_on_a_real_terminal_that_ctrl_c_ends(terminal, tmp_path, reviews):
    terminal, inside = pseudo_terminal(100)
    options = options_text(epochs=100_000, patience=0, evaluate_every=100_000)
    words = ["train", "--data", reviews, "--out", tmp_path / "r", *options]
    process = Started(*words, env=terminal_environment(), stderr=inside)
    os.close(inside)
    shown = b""
    deadline = time.monotonic() + PATIENCE
    while shown.count(b"step ") < 2 and time.monotonic() < deadline:
        shown += os.read(terminal, 65536)
    process.send_signal(signal.SIGINT)
    text = (shown.decode() + read_all(terminal)).replace("\r\n", "\n")
    assert process.wait(PATIENCE) == 130
    assert "loss " in text
    assert "━" in text
    assert "\033[?25l" not in text
    after = text.rpartition("\033[2K")[2]
    assert after.startswith("stopped at step")
    assert "━" not in after
    assert "Traceback" not in text


@pytest.mark.parametrize("columns", [38, 50, 80])
def test_the_next_commands_fit_and_a_shell_joins_their_lines(terminal, monkeypatch, columns):
    words = ["textcnn", "classify", "--checkpoint", "my runs/a 'b'", "--input", "a table.csv"]
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", terminal)
    shown = next_commands(shlex.join(words) + " > labelled.csv", "textcnn eval run")
    assert max(map(len, shown.splitlines())) <= columns
    first, second = shown.removeprefix("next: ").rsplit("\n", 1)
    assert first.count("\n") == first.count("\\\n") > 0 or columns == 80
    assert shlex.split(first.replace("\\\n", "")) == [*words, ">", "labelled.csv"]
    assert second == "      textcnn eval run"
