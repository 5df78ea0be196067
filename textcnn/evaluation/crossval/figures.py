"""Cross-validation as pictures, where matplotlib is installed (``pip install '.[plots]'``)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from textcnn.evaluation.crossval.summary import mean_interval
from textcnn.evaluation.reliability import Bin
from textcnn.support.files import replacing


def draw_reliability(path: Path, bins: Sequence[Bin], ece: float) -> None:
    """Draw accuracy against confidence, and how many sentences stand behind each bar, as a PNG.

    Args:
        path: the file to write.
        bins: from :func:`textcnn.evaluation.reliability.reliability`.
        ece: the expected calibration error, for the title.

    Raises:
        ImportError: matplotlib is not installed.
    """
    # The object interface: pyplot would look for a display and keep the figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    lows = [100 * part.low for part in bins]
    widths = [100 * (part.high - part.low) for part in bins]
    accuracies = [100 * part.accuracy for part in bins]
    style = {"align": "edge", "edgecolor": "white", "linewidth": 0.8}
    upper.bar(lows, accuracies, widths, color="tab:blue", **style)
    upper.plot([0, 100], [0, 100], "k--", linewidth=1, label="as sure as right")
    confidences = [100 * part.confidence for part in bins]
    upper.plot(confidences, accuracies, "o", color="tab:orange", label="mean of the bin")
    upper.set(
        ylabel="accuracy (%)",
        ylim=(0, 100),
        title=f"expected calibration error {100 * ece:.1f} points",
    )
    upper.grid(alpha=0.3)
    upper.legend(loc="upper left")
    lower.bar(lows, [part.count for part in bins], widths, color="tab:gray", **style)
    lower.set(xlabel="confidence (%)", ylabel="sentences", xlim=(0, 100))
    lower.grid(alpha=0.3)
    with replacing(path) as aside:
        figure.savefig(aside, format="png", dpi=120)


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
