"""Run the benchmarks: ``python benchmarks/run.py`` (``--help`` lists the options)."""

import argparse
import dataclasses
import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

# The clone itself, whichever textcnn may be installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import threadpoolctl
import torch

from benchmarks.agreement import check_agreement
from benchmarks.report import Row, as_markdown, machine, write
from benchmarks.workload import Options, Workload, say
from textcnn.support.errors import RunError, UserError

CASES = ("step", "train", "race", "predict", "growth", "memory", "checkpoint", "startup")


def parse() -> tuple[Options, list[str]]:
    """The options, and the cases to run."""
    parser = argparse.ArgumentParser(description="Time textcnn beside its rivals.")
    add = parser.add_argument
    add("--quick", action="store_true", help="few repeats, small sizes: does it all run?")
    add("--cases", default=",".join(CASES), help="comma-separated (default: %(default)s)")
    add("--repeats", type=int, default=0, help="rounds of each comparison (default: by case)")
    add("--threads", type=int, default=os.cpu_count(), help="of every side (default: all cores)")
    add("--data", help="folder of the movie reviews (default: TEXTCNN_DATA, or fetched)")
    add("--output", type=Path, default=Path("benchmark-results"), help="default: %(default)s")
    add(
        "--compile-seconds",
        type=float,
        help="most that torch.compile gets for a form; 0: leave it out (default: 120; quick 0)",
    )
    add(
        "--pipe-lines",
        type=int,
        help="lines piped through classify to watch its memory (default: 2000000; quick 20000)",
    )
    given = parser.parse_args()
    cases = given.cases.split(",")
    unknown = sorted(set(cases) - set(CASES))
    if unknown:
        parser.error(f"no case is called {', '.join(unknown)}; choose from {', '.join(CASES)}")
    if given.compile_seconds is None:
        given.compile_seconds = 0 if given.quick else 120
    if given.pipe_lines is None:
        given.pipe_lines = 20_000 if given.quick else 2_000_000
    if given.data is not None:  # The processes that are started have another working folder.
        given.data = str(Path(given.data).resolve())
    del given.cases
    return Options(**vars(given)), cases


def _shown(options: Options) -> dict[str, Any]:
    """The options without the paths, which say nothing to anyone else."""
    values = dataclasses.asdict(options)
    del values["output"], values["data"]
    return values


def main() -> None:
    """Check agreement, run the cases, write and print the table."""
    options, cases = parse()
    torch.set_num_threads(options.threads)
    rows: list[Row] = []
    with (
        threadpoolctl.threadpool_limits(options.threads),
        tempfile.TemporaryDirectory() as folder,
    ):
        facts = machine(options.threads)
        work = Workload(options, Path(folder))
        check_agreement(work)
        for case in cases:
            say(f"case: {case}")
            rows += importlib.import_module(f"benchmarks.cases_{case}").run(work)
            # After each case: a run that is stopped leaves what it has found.
            write(options.output, rows, facts, _shown(options))
    print(as_markdown(rows, facts))


if __name__ == "__main__":
    try:
        main()
    except (UserError, RunError) as error:
        sys.exit(f"benchmarks: {error}")
