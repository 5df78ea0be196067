"""Learning curves as a picture, where matplotlib is installed (``pip install '.[plots]'``)."""

from pathlib import Path

from textcnn.core.progress import Evaluation
from textcnn.support.files import replacing


def draw_curves(path: Path, history: list[Evaluation]) -> None:
    """Draw loss and accuracy of train and dev over the epochs, and write them as a PNG.

    Raises:
        ImportError: matplotlib is not installed.
    """
    # The object interface: pyplot would look for a display and keep the figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6))
    # Room for these labels; matplotlib's own layouts take half a second to find it.
    figure.subplots_adjust(left=0.06, right=0.98, bottom=0.13, top=0.91, wspace=0.14)
    left, right = figure.subplots(1, 2)
    epochs = [evaluation.epoch for evaluation in history]
    for axes, name, title in ((left, "loss", "loss (nats)"), (right, "accuracy", "accuracy (%)")):
        factor = 100 if name == "accuracy" else 1
        for part, style in (("train", "--"), ("dev", "-")):
            values = [factor * getattr(evaluation, f"{part}_{name}") for evaluation in history]
            label = "train (with dropout)" if part == "train" else part
            axes.plot(epochs, values, style, marker=".", label=label)
        axes.set(xlabel="epoch", title=title)
        axes.grid(alpha=0.3)
        axes.legend()
    with replacing(path) as aside:
        figure.savefig(aside, format="png", dpi=120)
