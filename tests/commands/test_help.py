"""``--help``: two screens at most, two examples that can be called, and everything on demand."""

import shlex

import click
import pytest

from textcnn.commands import COMMANDS, cli
from textcnn.commands.arguments.help import EXAMPLES, FEWER, USUAL_OPTIONS
from textcnn.support.program import command_line

TWO_SCREENS = 48


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_two_screens_and_ends_with_two_examples(call, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = call(name, "--help")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) <= TWO_SCREENS
    assert max(map(len, lines)) <= 80
    assert lines[-3] == "Examples:"
    assert all(line.startswith(f"  python -m textcnn {name}") for line in lines[-2:])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_can_be_called(name):
    first, second = EXAMPLES[name]
    assert first != second
    for words in (first, second):
        command_of(name).make_context(name, shlex.split(words.partition(">")[0]))


@pytest.mark.parametrize("name", COMMANDS)
def test_everything_is_shown_on_demand(call, name):
    command = command_of(name)
    options = [param for param in command.params if isinstance(param, click.Option)]
    code, out, _ = call(name, "--help-all")
    if code:  # All its options are usual.
        assert "--help-all" not in call(name, "--help")[1]
        out = call(name, "--help")[1]
    for option in options:
        assert option.opts[0] in out


def test_what_is_usual_is_an_option_of_some_command():
    names = {param.name for name in COMMANDS for param in command_of(name).params}
    assert names >= USUAL_OPTIONS
    for name, fewer in FEWER.items():
        assert fewer <= {param.name for param in command_of(name).params} & USUAL_OPTIONS


def test_a_mistyped_command_is_told_the_nearest(call):
    code, _, err = call("clasify", "a film")
    assert (code, err) == (2, "textcnn: no command is called 'clasify'; did you mean classify?\n")
    assert "No such command" in call("qqqq")[2]


@pytest.mark.parametrize(
    ("called", "command", "printed"),
    [
        ("/usr/bin/textcnn", "classify", "textcnn classify --checkpoint 'my run'"),
        ("/opt/own/textcnn", "classify", "/opt/own/textcnn classify --checkpoint 'my run'"),
        ("clone/train.py", "eval", "clone/eval.py --checkpoint 'my run'"),
        ("clone/train.py", "classify", "-m textcnn classify --checkpoint 'my run'"),
        ("/x/textcnn/__main__.py", "train", "-m textcnn train --checkpoint 'my run'"),
    ],
)
def test_a_printed_command_is_that_of_the_program_called(monkeypatch, called, command, printed):
    monkeypatch.setattr("sys.argv", [called])
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    line = command_line(command, "--checkpoint", "my run")
    assert line == printed or line.endswith(f"python {printed}")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("textcnn tra", ["train"]),
        ("textcnn train --no-re", ["--no-refit"]),
        ("textcnn train --mode m", ["multichannel"]),
    ],
)
def test_the_shell_completes_commands_options_and_choices(call, monkeypatch, typed, completed):
    monkeypatch.setenv("_TEXTCNN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    assert call()[1].splitlines() == [f"plain,{word}" for word in completed]


def test_without_a_command_there_is_help(call):
    code, out, err = call()
    assert (code, err) == (0, "")
    assert out == call("--help")[1]
    assert len(out.splitlines()) > len(COMMANDS)


def test_files_that_a_shell_made_of_a_pattern_are_told_what_they_lack(call):
    code, _, err = call("train", "--data", "a.csv", "b.csv", "c.csv")
    assert code == 2
    assert err.endswith("(b.csv c.csv); of several files, give each with --data before it\n")
