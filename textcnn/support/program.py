"""How this program is called, so that a command that is printed works where it is printed."""

import shlex
import shutil
import sys
from pathlib import Path

SCRIPTS = {"train": "train.py", "eval": "eval.py"}
"""Commands that a clone has a script for."""


def command_line(command: str, *words: str | Path) -> str:
    """The line that calls ``command`` with these words, quoted for a shell.

    By the name that this process was called by: ``textcnn`` where that is installed, ``train.py``
    and ``eval.py`` in a clone, else ``python -m textcnn``.
    """
    called = Path(sys.argv[0])
    if called.stem == "textcnn":
        # Where the shell would not find it, by its path.
        found = shutil.which("textcnn") == str(called)
        program = ["textcnn" if found else _below_here(called), command]
    elif called.name in SCRIPTS.values() and command in SCRIPTS:
        program = [python(), _below_here(called.with_name(SCRIPTS[command]))]
    else:
        program = [python(), "-m", "textcnn", command]
    return shlex.join([*program, *map(_word, words)])


def _word(word: str | Path) -> str:
    """A path that begins with a dash would be taken for an option."""
    dashed = isinstance(word, Path) and str(word).startswith("-")
    return f"./{word}" if dashed else str(word)


def python() -> str:
    """How this Python is called from here: ``.venv/bin/python`` where that is what runs."""
    below = _below_here(Path(sys.executable))
    return "python" if Path(below).is_absolute() else below


def _below_here(path: Path) -> str:
    """A path as it would be typed here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def how_to_train() -> str:
    """What to do where there is no run yet."""
    return f"train one with: {command_line('train')}"
