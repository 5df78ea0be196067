"""The report's plots, drawn by matplotlib, as SVG that stands inside a page.

No text of the data is drawn: what a sentence or a label holds stays out of the SVG. Colours are the
page's own, so that a plot follows its theme.
"""

import html
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textcnn.core.progress import Evaluation
from textcnn.evaluation.abstaining import CoveragePoint
from textcnn.evaluation.reliability import Bin

INK, FIRST, SECOND, FAINT = "#010101", "#020202", "#030303", "#040404"
"""Stand for colours of the page while matplotlib draws, which knows no variables."""

VARIABLES = {
    INK: "var(--ink)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
    FAINT: "var(--line)",
}

SETTINGS: Any = {
    "svg.fonttype": "none",  # Text stays text: it can be read aloud, searched and enlarged.
    "svg.hashsalt": "textcnn",  # The same names of parts each time.
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.alpha": 0.4,
    "axes.grid": True,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
}

NO_METADATA: Any = dict.fromkeys(("Creator", "Date", "Format", "Type"))

SIZE = (4.6, 3.2)
"""Inches; the page scales it to its column."""

MOST_DOTS = 60
"""Evaluations of which each has a dot on its curve; more would run into each other."""


@dataclass(frozen=True)
class Figure:
    """A plot.

    Attributes:
        name: in the page, as part of its parts' names.
        title: above it.
        alternative: what it shows, in words.
        svg: an ``<svg>`` element.
    """

    name: str
    title: str
    alternative: str
    svg: str


def curves(histories: Sequence[Sequence[Evaluation]], best_steps: Sequence[int]) -> list[Figure]:
    """Loss, and accuracy, of train and dev over the epochs.

    Args:
        histories: the evaluations of each network, at least one.
        best_steps: of each, the step of the one that dev chose.
    """
    return [
        _curve("loss", "Loss (nats)", 1, histories, best_steps),
        _curve("accuracy", "Accuracy (%)", 100, histories, best_steps),
    ]


def _curve(
    measure: str,
    title: str,
    factor: float,
    histories: Sequence[Sequence[Evaluation]],
    best_steps: Sequence[int],
) -> Figure:
    def values(history: Sequence[Evaluation], part: str) -> list[float]:
        return [factor * getattr(past, f"{part}_{measure}") for past in history]

    def draw(axes: Any) -> None:
        for number, (history, best_step) in enumerate(zip(histories, best_steps, strict=True)):
            # One line of each kind in the legend.
            names = ("train (with dropout)", "dev", "chosen") if number == 0 else (None,) * 3
            epochs, dev = [past.epoch for past in history], values(history, "dev")
            dot = "." if len(history) <= MOST_DOTS else ""
            train = values(history, "train")
            axes.plot(epochs, train, "--", color=FIRST, marker=dot, label=names[0])
            axes.plot(epochs, dev, "-", color=SECOND, marker=dot, label=names[1])
            chosen = [past.step == best_step for past in history].index(True)
            ring = {"ms": 9, "mfc": "none", "color": SECOND, "label": names[2]}
            axes.plot(epochs[chosen], dev[chosen], "o", **ring)
        axes.set(xlabel="epoch")
        axes.legend()

    first, dev = histories[0], values(histories[0], "dev")
    chosen = [past.step == best_steps[0] for past in first].index(True)
    words = (
        f"Over {first[-1].epoch:.2f} epochs {measure} on dev goes from {dev[0]:.3g} to "
        f"{dev[-1]:.3g}; it is {dev[chosen]:.3g} where dev chose. On train it ends at "
        f"{values(first, 'train')[-1]:.3g}."
    )
    if len(histories) > 1:
        words = f"{len(histories)} networks. Of the first: {words}"
    return _drawn(measure, title, words, draw)


def reliability_figure(bins: Sequence[Bin], error: float) -> Figure:
    """Accuracy beside confidence.

    Args:
        bins: from :func:`textcnn.evaluation.reliability.reliability`.
        error: the expected calibration error.
    """

    def draw(axes: Any) -> None:
        axes.bar(
            [100 * part.low for part in bins],
            [100 * part.accuracy for part in bins],
            [100 * (part.high - part.low) for part in bins],
            align="edge",
            color=SECOND,
            alpha=0.55,
            edgecolor=INK,
            linewidth=0.6,
            label="right",
        )
        axes.plot([0, 100], [0, 100], "--", color=INK, lw=1.2, label="as sure as right")
        lowest = 100 * min(part.low for part in bins)
        axes.set(xlabel="confidence (%)", xlim=(lowest, 100), ylim=(0, 118))
        axes.set_yticks(range(0, 101, 20))
        axes.legend(loc="upper left")

    most = max(bins, key=lambda part: part.count)
    words = (
        "Bars of accuracy at each confidence, beside the diagonal on which both are equal. They "
        f"are {100 * error:.1f} points apart in the mean. Where most sentences are, at confidence "
        f"{100 * most.low:.0f} to {100 * most.high:.0f} %, {100 * most.accuracy:.1f} % are right."
    )
    return _drawn("reliability", "Right predictions (%) by confidence", words, draw)


def coverage_figure(points: Sequence[CoveragePoint]) -> Figure:
    """Accuracy of the sentences that are classified, against their share.

    Args:
        points: from :func:`textcnn.evaluation.abstaining.coverage_curve`, from all to few.
    """

    def draw(axes: Any) -> None:
        coverages = [100 * point.coverage for point in points]
        accuracies = [100 * point.accuracy for point in points]
        axes.plot(coverages, accuracies, color=SECOND, marker=".")
        axes.set(xlabel="sentences classified (%)", xlim=(min(coverages) - 1, 101))

    first, last = points[0], points[-1]
    words = (
        f"When all sentences are classified {100 * first.accuracy:.1f} % are right; when only the "
        f"surest {100 * last.coverage:.0f} % are, {100 * last.accuracy:.1f} %."
    )
    return _drawn("coverage", "Right predictions (%) by share classified", words, draw)


def _drawn(name: str, title: str, alternative: str, draw: Callable[[Any], None]) -> Figure:
    # The object interface: pyplot would look for a display and keep the figure.
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Drawing

    stream = io.StringIO()
    with rc_context(SETTINGS):
        figure = Drawing(figsize=SIZE)
        # Room for these labels; matplotlib's own layouts measure all text, half of its time.
        figure.subplots_adjust(left=0.13, right=0.96, bottom=0.17, top=0.97)
        draw(figure.subplots())
        figure.savefig(stream, format="svg", transparent=True, metadata=NO_METADATA)
    return Figure(name, title, alternative, _inline(name, title, alternative, stream.getvalue()))


def _inline(name: str, title: str, alternative: str, drawn: str) -> str:
    """A drawing as part of a page: no names taken twice, the page's colours, words beside it."""
    for stand_in, variable in VARIABLES.items():
        drawn = drawn.replace(stand_in, variable)
    # Before the first definitions' end stand the size, and styles that the page would take on.
    _, _, parts = drawn.partition("</defs>")
    parts = re.sub(' id="|#', rf"\g<0>{name}-", parts)
    width, height = (72 * side for side in SIZE)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-desc">{html.escape(alternative)}</desc>{parts}'
    )
