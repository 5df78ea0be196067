"""Commands without their pictures, which take longer than all else of a small run."""

from typing import Any

import pytest

from textcnn.commands import cv, train


def draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ``train`` write no report and ``cv`` no figures, as where the extras are missing.

    ``cv`` draws anew whenever it prints, so also where a test goes on with a finished one.
    """

    def missing(*_: Any) -> None:
        raise ImportError

    monkeypatch.setattr(train, "is_installed", lambda: False)
    monkeypatch.setattr(cv, "draw_folds", missing)
