"""Commands without their pictures, which take longer than all else of a small run."""

from typing import Any

import pytest

from textcnn.commands import cv, train

USUAL: tuple[tuple[Any, str, Any], ...] = (
    (train, "is_installed", train.is_installed),
    (train, "TensorBoard", train.TensorBoard),
    (cv, "draw_folds", cv.draw_folds),
)


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Have ``train`` write no report and nothing for TensorBoard, and ``cv`` no figures.

    As where the extras are missing.

    ``cv`` draws anew whenever it prints, so also where a test goes on with a finished one.
    """

    def missing(*_: Any) -> None:
        raise ImportError

    patch.setattr(train, "is_installed", lambda: False)
    patch.setattr(train, "TensorBoard", missing)
    patch.setattr(cv, "draw_folds", missing)


def draw(patch: pytest.MonkeyPatch) -> None:
    """Have them draw all the same."""
    for module, name, function in USUAL:
        patch.setattr(module, name, function)
