"""A model as a NumPy file, and the script that classifies with it."""

import inspect
import json
from pathlib import Path

import numpy as np

from textcnn.core import tokenizers
from textcnn.inference.export import numpy_classifier
from textcnn.inference.export.model import Model
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text, replacing

SCRIPT = "classify.py"
"""The name of the script, which its own examples use."""


def write_arrays(model: Model, path: Path) -> Path:
    """Write ``model`` to ``path``, an .npz without pickles, and the script beside it.

    Returns:
        The script's path.

    Raises:
        UserError: another program of that name stands there, or the folder cannot be written to.
        RunError: writing failed.
    """
    script = path.parent / SCRIPT
    text = script_text()
    _check_ours(script, text)
    header = np.frombuffer(json.dumps(model.header).encode(), np.uint8)
    with replacing(path) as aside, aside.open("wb") as stream:
        np.savez(stream, allow_pickle=False, header=header, **model.arrays)
    replace_text(script, text)
    return script


def script_text() -> str:
    """The classifier with the tokenizers in place of their import, so that neither is said twice.

    The tokenizers' file ends, for this purpose, before it speaks of functions of the user's.
    """
    own, _, _ = inspect.getsource(tokenizers).partition("CUSTOM = ")
    own = own.replace("from textcnn.support.errors import UserError\n", "")
    _, _, own = own.partition('"""\n\n')  # Its first line, a docstring.
    source = inspect.getsource(numpy_classifier)
    statement = "from textcnn.core.tokenizers import TOKENIZERS\n"
    assert statement in source
    return source.replace(statement, "\n" + own.strip() + "\n")


def _check_ours(script: Path, text: str) -> None:
    """Replace what an earlier export wrote, and nothing else."""
    mark = text.splitlines()[1].encode()
    try:
        if mark in script.read_bytes():
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"cannot write {script}: {error.strerror}") from error
    raise UserError(
        f"{script} is another program, which the export would replace; choose another folder"
    )
