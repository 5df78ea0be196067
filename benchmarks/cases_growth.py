"""How the cost of a training step grows, drawn in ``growth.png``."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.cases_step import our_side, torch_sides, torch_trainers
from benchmarks.report import Row, duration
from benchmarks.timing import OURS, Spread, Timings, interleave
from benchmarks.workload import Workload, say
from textcnn.core.architecture import Architecture
from textcnn.core.sentences import Examples, PackedSentences

USED_WORDS = 10_000
"""Words that occur; the rest of a larger vocabulary is never used."""


@dataclass(frozen=True)
class Point:
    """One size of everything; the axes grow one of them at a time."""

    batch: int = 64
    vocabulary: int = USED_WORDS
    length: int = 20
    classes: int = 2
    maps: int = 128
    dim: int = 128


@dataclass(frozen=True)
class Axis:
    """What grows, through which values, from where, and what was to be shown.

    Attributes:
        name: the field of :class:`Point`.
        values: of a full run.
        quick: of a quick one.
        base: everything else.
        target: in words.
        most: the highest cost that reaches it, as ``cost(last) / cost(first)``.
    """

    name: str
    values: tuple[int, ...]
    quick: tuple[int, ...]
    base: Point = Point()
    target: str = ""
    most: float | None = None


AXES = (
    Axis("batch", (10, 30, 100, 300, 1000), (10, 100)),
    Axis(
        "vocabulary",
        (10_000, 30_000, 100_000, 300_000, 1_000_000),
        (10_000, 50_000),
        target="flat: ≤ 1.2x",
        most=1.2,
    ),
    # From 100 words on, when the fixed costs no longer hide the slope.
    Axis(
        "length",
        (100, 300, 1000, 3000, 10_000),
        (100, 300),
        base=Point(batch=4),
        target="at most linear in words: ≤ 1.2x the words",
        most=1.2,
    ),
    Axis("classes", (2, 10, 30, 100, 300, 1000), (2, 30)),
    Axis("maps", (10, 30, 100, 300, 1000), (10, 30)),
)


def run(work: Workload) -> list[Row]:
    """Every axis; the plot is written beside the results."""
    costs = {axis: _measure(work, axis) for axis in AXES}
    work.options.output.mkdir(parents=True, exist_ok=True)
    _draw(work.options.output / "growth.png", costs)
    return [_row(axis, points) for axis, points in costs.items()]


def _measure(work: Workload, axis: Axis) -> dict[int, Timings]:
    points = {}
    for value in axis.quick if work.options.quick else axis.values:
        say(f"growth: {axis.name} {value:,}")
        points[value] = _time_step(work, dataclasses.replace(axis.base, **{axis.name: value}))
    return points


def _time_step(work: Workload, point: Point) -> Timings:
    architecture = Architecture(
        "nonstatic", point.vocabulary, point.dim, (3, 4, 5), point.maps, point.classes
    )
    # The same few batches again and again, so that every row they touch has been touched.
    batches = [_batch(point, seed) for seed in range(3)]
    trainers = torch_trainers(architecture, "adam")
    del trainers["PyTorch, dense"]
    sides = {
        OURS: our_side(architecture, "adam", batches),
        **torch_sides(trainers, batches),
    }
    return interleave(sides, work.options.rounds(5, quick=1), calls=3, settle=3)


def _batch(point: Point, seed: int) -> Examples:
    """Sentences of words drawn by Zipf's law: uniform in the logarithm of the rank."""
    rng = np.random.default_rng(seed)
    count = point.batch * point.length
    words = (USED_WORDS ** rng.random(count) - 1).astype(np.int32)
    lengths = np.full(point.batch, point.length, np.int64)
    classes = rng.integers(0, point.classes, point.batch)
    return Examples(PackedSentences(words, lengths), classes)


def _row(axis: Axis, points: dict[int, Timings]) -> Row:
    (first, start), *_, (last, end) = points.items()
    growth = end.median(OURS) / start.median(OURS)
    relative = growth / (last / first) if axis.name == "length" else growth
    theirs = {name: end.median(name) / start.median(name) for name in end.seconds if name != OURS}
    return Row(
        f"growth, {axis.name} {first:,} to {last:,}",
        f"step, adam, D {axis.base.dim}",
        f"cost x {growth:.2f}: {duration(start.median(OURS))} to {duration(end.median(OURS))}",
        "; ".join(f"{name}: x {cost:.2f}" for name, cost in theirs.items()),
        target=axis.target,
        reached=None if axis.most is None else relative <= axis.most,
        details={str(value): timings.seconds for value, timings in points.items()},
    )


def _draw(path: Path, costs: dict[Axis, dict[int, Timings]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(2, 3, figsize=(12, 7), constrained_layout=True)
    panels = grid.flat
    for panel, (axis, points) in zip(panels, costs.items(), strict=False):
        for name in next(iter(points.values())).seconds:
            spreads = [
                Spread.of(1e3 * s for s in timings.seconds[name]) for timings in points.values()
            ]
            panel.fill_between(
                list(points), [s.low for s in spreads], [s.high for s in spreads], alpha=0.2
            )
            panel.plot(list(points), [s.median for s in spreads], marker="o", label=name)
        panel.set(xscale="log", yscale="log", xlabel=axis.name, ylabel="ms a step")
        panel.grid(visible=True, which="major", alpha=0.3)
    legend_panel = grid.flat[-1]
    legend_panel.axis("off")
    legend_panel.legend(*grid.flat[0].get_legend_handles_labels(), loc="center")
    figure.suptitle("Cost of a training step (Adam, median and quartiles)")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
