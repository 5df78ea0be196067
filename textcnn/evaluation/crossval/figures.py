"""Cross-validation as a picture, where matplotlib is installed (``pip install '.[plots]'``)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from textcnn.evaluation.crossval.summary import mean_interval
from textcnn.support.files import replacing


def draw_folds(
    path: Path, accuracies: Mapping[str, Sequence[float]], test_to_train: float = 0.0
) -> None:
    """Draw each model's accuracy in every fold, with its mean and 95 % interval, as a PNG.

    Args:
        path: the file to write.
        accuracies: shares by the name of one model or more, the first to be drawn at the top.
        test_to_train: as in :func:`textcnn.evaluation.crossval.summary.mean_interval`.

    Raises:
        ImportError: matplotlib is not installed.
    """
    # The object interface: pyplot would look for a display and keep the figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 1.5 + 0.6 * len(accuracies)), layout="constrained")
    axes = figure.subplots()
    for place, values in enumerate(accuracies.values()):
        percent = [100 * value for value in values]
        found = mean_interval(percent, test_to_train, (0.0, 100.0))
        below = [place + 0.18] * len(percent)
        points = axes.plot(percent, below, "o", color="tab:blue", alpha=0.4, ms=5, label="a fold")
        bar = axes.errorbar(
            found.mean,
            place,
            xerr=found.high - found.mean,
            fmt="D",
            color="black",
            capsize=4,
            ms=5,
            label="mean, 95 % interval",
        )
        axes.annotate(
            f"{found.mean:.1f}",
            (found.mean, place),
            (0, 5),
            textcoords="offset points",
            ha="center",
        )
    figure.legend(handles=[*points, bar], loc="outside upper center", ncols=2)
    axes.set_yticks(range(len(accuracies)), list(accuracies))
    axes.set(xlabel="accuracy (%)", ylim=(len(accuracies) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.3)
    with replacing(path) as aside:
        figure.savefig(aside, format="png", dpi=120)
