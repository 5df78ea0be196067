"""A room of the package imports only rooms below it, and libraries where they are needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import textcnn
from tests.support.processes import PATIENCE, environment

PACKAGE = Path(textcnn.__file__).parent

ROOMS = [
    "commands",
    "estimator",
    "insight",
    "evaluation",
    "inference",
    "training",
    "data",
    "recipe",
    "core",
    "support",
]
"""Top to bottom."""


def imported(source: str) -> Iterator[str]:
    """The modules that a module's text imports, wherever in it, with the names taken of them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import: write the module's whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(source: str) -> set[str]:
    """What of ours is imported: rooms, ``reference``, or a name of the package itself."""
    own = [name.split(".") for name in imported(source)]
    return {parts[1] if parts[1:] else "textcnn" for parts in own if parts[0] == "textcnn"}


def too_high(room: str, source: str) -> set[str]:
    """The rooms above ``room`` that ``source``, one of its modules, imports."""
    return rooms_imported(source) & {*ROOMS[: ROOMS.index(room)], "textcnn"}


def modules(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found
    return found


def test_every_folder_of_the_package_is_a_room():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(ROOMS)


def test_a_room_imports_only_rooms_below_it():
    offenders = {}
    for room in ROOMS:
        for module in modules(PACKAGE / room):
            if rooms := too_high(room, module.read_text(encoding="utf-8")):
                offenders[module.relative_to(PACKAGE).as_posix()] = rooms
    assert offenders == {}


def test_the_reference_imports_nothing_of_ours():
    assert not rooms_imported((PACKAGE / "reference.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for(room):
    charter = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8")))
    assert charter
    assert charter.endswith(".")


@pytest.mark.parametrize(
    "source",
    [
        "from textcnn.training.run import train_run",
        "from textcnn import training",
        "import textcnn.training.run as run",
        "def late():\n    from textcnn.training import run",
        "import textcnn",
    ],
)
def test_an_import_of_a_room_above_is_found(source):
    assert too_high("data", source)
    assert not too_high("data", "import numpy\nfrom textcnn.core import network\nimport textcnnx")


LATE = """
import sys

import textcnn, textcnn.inference.classifier
assert "TextCNNClassifier" in dir(textcnn)
assert "sklearn" not in sys.modules

import textcnn.commands, textcnn.commands.classify
assert not [name for name in sys.modules if name.startswith("textcnn.insight")]

import textcnn.commands.train, textcnn.commands.report, textcnn.evaluation.crossval.figures
assert not {"jinja2", "matplotlib", "scipy.optimize"} & sys.modules.keys()
"""
"""Each of these imports more than the one before."""


def test_what_takes_long_to_import_is_imported_where_it_is_needed():
    subprocess.run([sys.executable, "-c", LATE], env=environment(), check=True, timeout=PATIENCE)
