"""Draws docs/network.svg, the picture of the network in the README."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

WORDS = ["a", "gorgeous", ",", "witty", ",", "seductive", "movie"]
HEIGHTS = (3, 4, 5)
COLOURS = ("#c0504d", "#4f81bd", "#77933c")
CELL = 0.42


def grid(axes: Axes, x: float, y: float, rows: int, columns: int, colour: str) -> None:
    """A table of empty cells, its upper left corner at (x, y)."""
    for row in range(rows):
        for column in range(columns):
            corner = (x + column * CELL, y - (row + 1) * CELL)
            axes.add_patch(
                Rectangle(corner, CELL, CELL, facecolor=colour, edgecolor="white", linewidth=0.8)
            )


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    """A thin arrow."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "lw": 0.9})


def draw(axes: Axes) -> None:
    """The sentence, its windows, the feature maps, the pooled features and the classes."""
    top = 4.6
    grid(axes, 1.6, top, len(WORDS), 6, "#d9d9d9")
    for row, word in enumerate(WORDS):
        axes.text(1.45, top - (row + 0.5) * CELL, word, ha="right", va="center", fontsize=10)
    for index, (height, colour) in enumerate(zip(HEIGHTS, COLOURS, strict=True)):
        # Each height's window is drawn one word further down, so that all three can be seen.
        frame = (1.6 - 0.05 * index, top - (index + height) * CELL)
        axes.add_patch(
            Rectangle(frame, 6 * CELL + 0.1 * index, height * CELL, fill=False, ec=colour, lw=1.8)
        )
        x, map_top = 6.0, 5.6 - 2.0 * index
        lengths = len(WORDS) + height - 1
        for copy in range(2):
            small = 0.14
            for cell in range(lengths):
                corner = (x + copy * 0.5, map_top - (cell + 1) * small)
                axes.add_patch(
                    Rectangle(corner, 0.36, small, facecolor=colour, alpha=0.55, ec="white", lw=0.6)
                )
        centre = map_top - lengths * 0.07
        arrow(axes, (1.65 + 6 * CELL, top - (index + height / 2) * CELL), (5.9, centre), colour)
        axes.text(x + 1.0, centre, f"n + {height - 1}", fontsize=8, va="center", color=colour)
        pooled = 4.35 - index * 2 * CELL
        grid(axes, 9.0, pooled, 2, 1, colour)
        arrow(axes, (x + 1.65, centre), (8.9, pooled - CELL), colour)
    for target in (3.5, 2.7):
        for y in np.linspace(4.15, 2.05, 6):
            axes.plot([9.0 + CELL, 11.4], [y, target], color="#bfbfbf", lw=0.7, zorder=0)
    for label, y in (("positive", 3.5), ("negative", 2.7)):
        grid(axes, 11.4, y + CELL / 2, 1, 1, "#7f7f7f")
        axes.text(11.95, y, label, va="center", fontsize=10)


def captions(axes: Axes) -> None:
    """What each stage is called, below it."""
    for x, text in (
        (2.85, "n words, one vector each\n(rand, static, non-static or both)"),
        (6.4, "filters of 3, 4 and 5 words,\n100 maps each, zeros either side"),
        (9.2, "maximum over time,\nbias, ReLU, dropout"),
        (11.7, "dense,\nsoftmax"),
    ):
        axes.text(x, -0.55, text, ha="center", va="top", fontsize=9)


def main() -> None:
    """Write the picture beside this file."""
    # Text stays text, and the same drawing gives the same bytes.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "textcnn"})
    figure = Figure(figsize=(10, 5), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0.2, 13.2), ylim=(-1.4, 6.0), aspect="equal")
    axes.axis("off")
    draw(axes)
    captions(axes)
    figure.savefig(Path(__file__).with_name("network.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
