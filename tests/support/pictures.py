"""Training without its report, whose pictures take longer than all else of a small run."""

import pytest

from textcnn.commands import train


def draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ``train`` write no report, as where its extra is not installed."""
    monkeypatch.setattr(train, "is_installed", lambda: False)
