"""Commands that are printed work where they are printed."""

import sys
from pathlib import Path

import pytest

from textcnn.support.program import command_line


@pytest.mark.parametrize(
    ("script", "on_path", "called"),
    [
        ("bin/textcnn", True, "textcnn train"),
        ("bin/textcnn", False, "bin/textcnn train"),
        ("train.py", True, "python train.py"),
        ("elsewhere.py", True, "python -m textcnn train"),
    ],
)
def test_what_to_type_next_is_what_was_typed(script, on_path, called, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    installed = tmp_path / "bin" / "textcnn"
    installed.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / script)])
    monkeypatch.setattr(sys, "executable", "/elsewhere/python")
    monkeypatch.setenv("PATH", str(installed.parent) if on_path else "")
    assert command_line("eval", Path("-run"), "--json").endswith(" ./-run --json")
    assert command_line("train", "--out", "a b") == f"{called} --out 'a b'"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    elsewhere = {
        "bin/textcnn train": f"{installed} train",
        "python train.py": f"python {tmp_path / 'train.py'}",
    }
    assert command_line("train") == elsewhere.get(called, called)
