"""What a run found, as JSON and as Markdown."""

import dataclasses
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import threadpoolctl

from benchmarks.timing import OURS, Spread, Timings

PACKAGES = ("numpy", "torch", "onnxruntime", "onnx", "fasttext-community", "h5py")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        case: what was timed.
        setting: on what.
        ours: our figure.
        rival: the other side's name and figure.
        ratio: how many times better we are, with its quartiles; None where it is one figure.
        target: what was to be reached, in words.
        reached: whether it was; None where there is no target.
        seconds: every side's seconds, a number a round.
        details: further numbers.
    """

    case: str
    setting: str
    ours: str
    rival: str = ""
    ratio: Spread | None = None
    target: str = ""
    reached: bool | None = None
    seconds: dict[str, list[float]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{1e3 * seconds:.2f} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.0f} µs"


def compare(
    case: str,
    setting: str,
    timings: Timings,
    rivals: Iterable[str],
    at_least: float | None = None,
    per: int = 0,
    ours: str = OURS,
) -> Row:
    """A row of our time beside that of the best of ``rivals``.

    Args:
        case, setting: as in :class:`Row`.
        timings: of all sides.
        rivals: forms of one rival.
        at_least: the ratio to be reached.
        per: sentences in a call, to give sentences a second instead of seconds; 0 for seconds.
        ours: which of our forms; one that is not the usual is named in the table.
    """
    rival = timings.best(rivals)
    ratio = timings.ratio(rival, ours)

    def figure(name: str) -> str:
        seconds = timings.median(name)
        return f"{per / seconds:,.0f} sentences/s" if per else duration(seconds)

    return Row(
        case,
        setting,
        figure(ours) if ours == OURS else f"{figure(ours)} ({ours})",
        f"{rival}: {figure(rival)}",
        ratio,
        target="" if at_least is None else f"≥ {at_least:g}x",
        reached=None if at_least is None else ratio.median >= at_least,
        seconds=timings.seconds,
    )


def beside_limit(
    case: str, setting: str, timings: Timings, limit: str, at_least: float | None = None
) -> Row:
    """A row of our time beside that of what no program of its kind could do without.

    Args:
        case, setting: as in :class:`Row`.
        timings: of all sides.
        limit: that side.
        at_least: the share of our time that it should be.
    """
    share = timings.ratio(OURS, limit)
    spread = Spread(1 / share.high, 1 / share.median, 1 / share.low)
    return Row(
        f"{case}: multiple of the limit",
        setting,
        duration(timings.median(OURS)),
        f"{limit}: {duration(timings.median(limit))}",
        spread,
        target="" if at_least is None else f"≥ {at_least:g}x",
        reached=None if at_least is None else spread.median >= at_least,
        seconds=timings.seconds,
    )


def machine(threads: int) -> dict[str, str]:
    """What the figures depend on besides the code."""
    facts = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "threads of every side": str(threads),
        "python": platform.python_version(),
    }
    facts |= {name: importlib.metadata.version(name) for name in PACKAGES}
    for pool in threadpoolctl.threadpool_info():
        architecture = f", {pool['architecture']} kernels" if pool.get("architecture") else ""
        version = pool["version"] or ""
        facts[f"{pool['internal_api']} ({pool['prefix']})"] = (
            f"{version}{architecture}, {pool['num_threads']} threads".removeprefix(", ")
        )
    return facts


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def as_markdown(rows: list[Row], facts: dict[str, str]) -> str:
    """The table, the machine, and every form that was timed."""
    lines = [
        "| case | setting | textcnn | best rival | times better (quartiles) | target | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        reached = {None: "", True: "yes", False: "**no**"}[row.reached]
        ratio = str(row.ratio) if row.ratio else ""
        cells = (row.case, row.setting, row.ours, row.rival, ratio, row.target, reached)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"- {name}: {fact}" for name, fact in facts.items()), ""]
    lines += ["## All forms timed", "", *_all_forms(rows)]
    return "\n".join(lines) + "\n"


def _all_forms(rows: list[Row]) -> list[str]:
    lines = ["| case | setting | form | median | quartiles |", "|---|---|---|---|---|"]
    seen = set()
    for row in rows:
        for name, seconds in row.seconds.items():
            spread = Spread.of(seconds)
            key = (row.case, row.setting, name, spread)
            if key in seen:  # Several rows may share one set of timings.
                continue
            seen.add(key)
            quartiles = f"{duration(spread.low)} – {duration(spread.high)}"
            cells = (row.case, row.setting, name, duration(spread.median), quartiles)
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def write(folder: Path, rows: list[Row], facts: dict[str, str], options: dict[str, Any]) -> None:
    """Write ``results.json`` and ``results.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": facts,
        "options": options,
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (folder / "results.json").write_text(text, "utf-8")
    (folder / "results.md").write_text(as_markdown(rows, facts), "utf-8")
