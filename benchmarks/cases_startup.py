"""From the command line to the first prediction."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.report import Row, beside_limit, compare, duration
from benchmarks.timing import OURS, Side, interleave
from benchmarks.torch_network import TorchNetwork
from benchmarks.workload import ROOT, Workload

SENTENCE = "a gorgeous , witty , seductive movie"
RIVAL = "PyTorch script"
LIMIT = "its libraries imported, and nothing done"


def run(work: Workload) -> list[Row]:
    """``textcnn classify SENTENCE`` beside a minimal script, files in the system's cache."""
    model = work.folder / "torch_classify.pt"
    _save_for_script(work, model)
    script = str(Path(__file__).with_name("torch_classify.py"))
    ours = ["-m", "textcnn", "classify", "--checkpoint", str(work.checkpoint), SENTENCE]
    commands = {OURS: ours, RIVAL: [script, str(model), SENTENCE]}
    sides = {name: _side(words) for name, words in commands.items()}
    _check_same_label(commands)
    sides[LIMIT] = _side(["-c", "import click, h5py, numpy"])
    timings = interleave(sides, work.options.rounds(15), settle=0)
    case, where = "start-up to first prediction", "whole process"
    median = timings.median(OURS)
    return [
        Row(case, where, duration(median), target="≤ 0.25 s", reached=median <= 0.25),
        compare(case, where, timings, [RIVAL], at_least=2),
        beside_limit(case, where, timings, LIMIT),
    ]


def _save_for_script(work: Workload, path: Path) -> None:
    _ = work.checkpoint  # Trains.
    trainer, experiment = work.experiment.trainer, work.experiment
    network = TorchNetwork(trainer.network.parameters, trainer.network.architecture)
    saved = {
        "state": network.state_dict(),
        "words": experiment.vocabulary.words,
        "labels": experiment.labels,
    }
    torch.save(saved, path)


def _output(words: Sequence[str]) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout


def _side(words: Sequence[str]) -> Side:
    return lambda call: _output(words)


def _check_same_label(commands: dict[str, list[str]]) -> None:
    labels = {name: _output(words).partition("\t")[0] for name, words in commands.items()}
    if len(set(labels.values())) != 1:
        raise RuntimeError(f"the sides disagree on {SENTENCE!r}: {labels}")
