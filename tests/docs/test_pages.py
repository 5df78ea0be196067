"""README.md and docs/ say what the program does: their tables, their code, their links."""

import dataclasses
import re
import shlex
from pathlib import Path

import pytest
from joblib import parallel_config

from docs import draw_rooms
from docs.pages import CLONE, DOCS, between, made_tables, page, pages
from textcnn.commands import cv
from textcnn.commands.arguments.training_config import RunOptions
from textcnn.recipe.config import Config
from textcnn.recipe.presets import PRESETS

README = pages()["README.md"]


def block(text: str, mark: str) -> str:
    """The code block after an HTML comment."""
    match = re.search(rf"<!-- {mark} -->\n```\w*\n(.*?)```", text, re.S)
    assert match is not None, f"the page has no {mark}"
    return match.group(1)


@pytest.mark.parametrize(("name", "mark"), made_tables())
def test_the_tables_are_those_of_the_program(name, mark):
    made = made_tables()[name, mark]()
    assert between(page(name), mark) == made, "make it anew: python -m docs.pages"


def test_the_drawing_of_the_rooms_shows_the_rooms():
    assert set(draw_rooms.ROOMS) == {path.parent.name for path in CLONE.glob("textcnn/*/*.py")}
    assert (DOCS / "rooms.svg").read_text("utf-8") == draw_rooms.drawn(), (
        "python -m docs.draw_rooms"
    )


@pytest.mark.parametrize("text", [README, page("python")], ids=["README", "python"])
def test_the_python_example_runs_and_gives_what_it_says(text, trained_run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("runs").mkdir()
    Path("runs/example").symlink_to(trained_run)
    names: dict[str, object] = {}
    for line in block(text, "python example").splitlines():
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
    code = block(page("python"), "pipeline example")
    promised = re.search(r"^(classifier\.predict\(.*?\))  # (array.*)$", code, re.M)
    assert promised is not None
    before, _, after = code.partition(promised.group(0))
    exec(before, names)
    assert repr(eval(promised.group(1), names)) == promised.group(2)
    # Its grid is searched in one process: test_estimator_pipeline.py searches one in two.
    with parallel_config(backend="sequential"):
        exec(after, names)
    assert Path("films.h5").exists()


def test_all_python_on_the_pages_is_run_by_a_test():
    marks = {"<!-- python example -->", "<!-- pipeline example -->"}
    for name, text in pages().items():
        if name != "docs/how-it-works.md":  # It is run as a whole, see test_how_it_works.py.
            lines = text.splitlines()
            blocks = [number for number, line in enumerate(lines) if line == "```python"]
            assert {lines[number - 1] for number in blocks} <= marks, name


@pytest.mark.parametrize("mark", ["train command", "test command"])
def test_each_command_of_the_readme_is_one_line(mark):
    assert block(README, mark).count("\n") == 1


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


def test_every_preset_is_in_the_table():
    text = page("options")
    begin = text.index("| preset | is |")
    table = text[begin : text.index("\n\n", begin)]
    assert re.findall(r"`([a-z-]+)`", table.replace("`--vectors`", "")) == list(PRESETS)


def test_the_commands_of_cross_validation_are_options_within_their_limits():
    together = "\n".join(pages().values())
    commands = re.findall(r"^(?:python -m )?textcnn cv( .*|)$", together, re.M)
    assert commands
    for words in commands:
        given = cv.command.make_context("cv", shlex.split(words, comments=True)).params
        fields = {field.name for field in dataclasses.fields(Config)}
        options = {name: value for name, value in given.items() if name in fields}
        RunOptions(None, given["preset"], None, None).training_config(options)


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", pages())
def test_every_file_and_heading_that_a_page_points_to_is_there(name):
    text = pages()[name]
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for target in [*re.findall(r"\]\(([^)]+)\)", text), *shown]:
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (CLONE / name).parent / path if path else CLONE / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), target


def test_every_page_can_be_reached_from_the_readme():
    reached, left = set(), ["README.md"]
    while left:
        name = left.pop()
        reached.add(name)
        targets = re.findall(r"\]\(([^)#]+\.md)", pages()[name])
        paths = [((CLONE / name).parent / target).resolve() for target in targets]
        names = [path.relative_to(CLONE).as_posix() for path in paths]
        left += [one for one in names if one in pages() and one not in reached]
    assert reached == set(pages())
