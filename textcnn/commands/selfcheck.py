"""``textcnn selfcheck``."""

import importlib.metadata
import platform
import re
import sys

import click
import h5py
import numpy as np

from textcnn import __version__
from textcnn.commands.arguments.options import SectionedCommand
from textcnn.commands.screen.display import Clock, say
from textcnn.evaluation.selfcheck import CHECKS, run_checks
from textcnn.support.tables import BAD, GOOD
from textcnn.support.terminal import coloured
from textcnn.support.threads import processors

PACKAGES = ("numpy", "scipy", "h5py", "scikit-learn", "gensim", "click")

MENDED = (2, 0, 0)
"""The HDF5 that mends faults of 1.14.6 and before, such as CVE-2025-2310 and CVE-2025-7067."""


@click.command("selfcheck", cls=SectionedCommand)
def command() -> None:
    """Prove on this machine, in seconds, that the program is right.

    Gradients against finite differences, predictions against the plain network's, and what is
    promised to be the same bytes, on generated sentences. Each check is a line; the exit code is 1
    if any fails.
    """
    clock, failed = Clock(), 0
    click.echo("\n".join(_about()) + "\n")
    for name, result in run_checks(CHECKS):
        failed += not result.passed
        word = coloured("ok    ", GOOD) if result.passed else coloured("FAILED", BAD, bold=True)
        click.echo(f"{word}  {name}: {result.figures}")
    if failed:
        click.echo(f"\n{failed} of {len(CHECKS)} checks FAILED")
        say("please report this, with all these lines; results on this machine are not to be used")
        sys.exit(1)
    click.echo(f"\nall {len(CHECKS)} checks passed; took {clock}")


def _about() -> list[str]:
    steps = (f"{kind.__name__} {np.finfo(kind).eps:.2g}" for kind in (np.float32, np.float64))
    return [
        ", ".join(f"{name} {version}" for name, version in _versions().items()),
        f"{platform.platform()}, {processors()} processors, smallest steps from 1: "
        + ", ".join(steps),
        _hdf5(h5py.version.hdf5_version),
    ]


def _hdf5(version: str) -> str:
    """What is to be thought of a version of HDF5, which lays checkpoints out and reads none."""
    number = tuple(int(part) for part in re.findall("[0-9]+", version)[:3])
    judged = (
        "has heap faults with files made to harm that 2.0.0 has mended; update h5py, or open such "
        "files with textcnn only"
        if number < MENDED
        else "reads no checkpoint here; other programs should not read strangers' files with it"
    )
    return f"HDF5 {version} {judged}"


def _versions() -> dict[str, str]:
    """Versions by name: of the program, of Python and of the libraries."""
    found = {"textcnn": __version__, "python": platform.python_version()}
    # From their metadata: gensim and scikit-learn take a second to import.
    found |= {name: importlib.metadata.version(name) for name in PACKAGES}
    built = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {}) if built else {}
    found["BLAS"] = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    return {**found, "HDF5": h5py.version.hdf5_version}
