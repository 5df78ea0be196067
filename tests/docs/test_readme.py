"""The README says what the program does: its tables, its example, its commands."""

import dataclasses
import re
import shlex
from pathlib import Path

import pytest

from docs.option_tables import option_tables
from textcnn.commands import cv
from textcnn.commands.arguments.training_config import training_config
from textcnn.recipe.config import Config
from textcnn.recipe.presets import PRESETS

CLONE = Path(__file__).resolve().parents[2]
README = (CLONE / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """The code block after an HTML comment."""
    match = re.search(rf"<!-- {mark} -->\n```\w*\n(.*?)```", README, re.S)
    assert match is not None, f"the README has no {mark}"
    return match.group(1)


def test_the_option_tables_are_those_of_the_options():
    begin, end = "<!-- option tables -->\n", "<!-- end of option tables -->"
    assert README[README.index(begin) + len(begin) : README.index(end)] == option_tables()


def test_the_python_example_runs_and_gives_what_it_says(trained_run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("runs").mkdir()
    Path("runs/example").symlink_to(trained_run)
    names: dict[str, object] = {}
    for line in block("python example").splitlines():
        code, _, promise = line.partition("  # ")
        if not promise.startswith("["):
            exec(code, names)
            continue
        value = eval(code, names)
        # The labels of this small run are not those of the movie reviews.
        assert isinstance(value, list)
        assert len(value) == len(eval(promise))


def test_the_pipeline_example_runs_and_gives_what_it_says(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    code = block("pipeline example")
    promised = re.search(r"^(classifier\.predict\(.*?\))  # (array.*)$", code, re.M)
    assert promised is not None
    before, _, after = code.partition(promised.group(0))
    exec(before, names)
    assert repr(eval(promised.group(1), names)) == promised.group(2)
    exec(after, names)
    assert Path("films.h5").exists()


@pytest.mark.parametrize("mark", ["train command", "test command"])
def test_each_command_of_the_readme_is_one_line(mark):
    assert block(mark).count("\n") == 1


def test_every_preset_is_in_the_readme():
    begin = README.index("| preset | is |")
    table = README[begin : README.index("\n\n", begin)]
    assert re.findall(r"`([a-z-]+)`", table.replace("`--vectors`", "")) == list(PRESETS)


def test_the_commands_of_cross_validation_are_options_within_their_limits():
    commands = re.findall(r"^python -m textcnn cv(.*)$", README, re.M)
    assert commands
    for words in commands:
        given = cv.command.make_context("cv", shlex.split(words, comments=True)).params
        fields = {field.name for field in dataclasses.fields(Config)}
        options = {name: value for name, value in given.items() if name in fields}
        training_config(options, None, given["preset"])


def test_every_file_the_readme_points_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (CLONE / target).exists(), target


def test_every_heading_the_readme_points_to_is_there():
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", README, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings
