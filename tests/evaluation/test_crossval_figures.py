"""Cross-validation as a picture."""

import errno
from pathlib import Path

import pytest

from textcnn.evaluation.crossval.figures import draw_folds
from textcnn.evaluation.crossval.summary import mean_interval
from textcnn.support.errors import RunError

ACCURACIES = {"textcnn": [0.8, 0.82, 0.81], "majority": [0.5, 0.5, 0.5]}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """The figures that were saved."""
    figure = pytest.importorskip("matplotlib.figure")
    figures, save = [], figure.Figure.savefig

    def remember(self, *arguments, **options):
        figures.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(figure.Figure, "savefig", remember)
    return figures


def is_picture(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") and path.stat().st_size > 5000


def test_the_folds_show_every_accuracy_and_the_interval_of_their_mean(tmp_path, drawn):
    path = tmp_path / "folds.png"
    draw_folds(path, ACCURACIES, test_to_train=0.5)
    assert is_picture(path)
    (axes,) = drawn[0].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["textcnn", "majority"]
    assert axes.yaxis_inverted()
    points = next(line for line in axes.lines if line.get_label() == "a fold")
    assert points.get_xdata() == pytest.approx([80, 82, 81])
    (segment,) = axes.collections[0].get_segments()
    found = mean_interval(ACCURACIES["textcnn"], 0.5)
    assert segment[:, 0] == pytest.approx([100 * found.low, 100 * found.high])


def test_one_fold_is_drawn_without_an_interval(tmp_path, drawn):
    draw_folds(tmp_path / "folds.png", {"textcnn": [0.9]})
    assert is_picture(tmp_path / "folds.png")
    (segment,) = drawn[0].axes[0].collections[0].get_segments()
    assert not len(segment)


def test_a_picture_replaces_the_old_one_and_nothing_is_left_beside_it(tmp_path, drawn):
    path = tmp_path / "folds.png"
    path.write_text("old")
    draw_folds(path, ACCURACIES)
    assert is_picture(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_that_cannot_be_finished_leaves_the_old_one(tmp_path, monkeypatch):
    figure = pytest.importorskip("matplotlib.figure")

    def fail(self, aside, **options):
        Path(aside).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(figure.Figure, "savefig", fail)
    path = tmp_path / "picture.png"
    path.write_text("old")
    with pytest.raises(RunError, match=r"picture\.png failed: No space left"):
        draw_folds(path, ACCURACIES)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
