"""Training on the movie reviews until a dev accuracy is reached, by each side's own best recipe.

Ours is the default network part as ``textcnn train`` trains it, without n-grams: dropout drawn for
a batch, words dropped, an average of the parameters. PyTorch's is the same network with dropout
by sentence, in each form of its optimizer. Both look at dev twice an epoch, and begin from the same
parameters.
"""

import dataclasses
import gc
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.report import Row, compare
from benchmarks.timing import OURS, PAUSE, Timings
from benchmarks.torch_network import TorchTrainer
from benchmarks.torch_training import epochs_until
from benchmarks.workload import Workload, say
from textcnn.core.progress import EvaluationDone
from textcnn.recipe.config import Config
from textcnn.training.experiment import Experiment, new_experiment

GOAL = 0.75
"""What either side reaches within a few epochs, and close to what it can."""

MOST_EPOCHS = 15


def run(work: Workload) -> list[Row]:
    """Some seeds, the sides in turn."""
    data = work.experiment.data
    goal, seeds = (0.6, 1) if work.options.quick else (GOAL, work.options.rounds(7))
    forms = {"PyTorch, dense, fused": False, "PyTorch, sparse, fused": True}
    seconds: dict[str, list[float]] = {name: [] for name in (OURS, *forms)}
    epochs: dict[str, list[float]] = {name: [] for name in seconds}
    for seed in range(seeds):
        config = Config(ngrams=0, patience=0, network_seed=seed, epochs=MOST_EPOCHS)
        half = -(-len(work.experiment.train) // (2 * config.batch_size))
        config = dataclasses.replace(config, evaluate_every=half)

        def begun(config: Config = config) -> Experiment:
            return new_experiment(config, data, lambda line: None)

        for name in list(seconds)[:: 1 if seed % 2 else -1]:
            side = _ours(begun(), goal) if name == OURS else _theirs(begun(), forms[name], goal)
            gc.collect()
            time.sleep(PAUSE)
            start = time.perf_counter()
            epochs[name].append(side())
            seconds[name].append(time.perf_counter() - start)
        say(f"race: {seed + 1} of {seeds}")
    where = f"default network, dev accuracy {100 * goal:g} %, {seeds} seeds"
    row = compare("training to the same accuracy", where, Timings(seconds), list(forms), 5)
    row.details["epochs"] = epochs
    shown = "; ".join(f"{name} {np.median(taken):.1f}" for name, taken in epochs.items())
    return [dataclasses.replace(row, setting=f"{where}; epochs: {shown}")]


def _ours(experiment: Experiment, goal: float) -> Callable[[], float]:
    def train() -> float:
        for event in experiment.trainer.run(experiment.train, experiment.dev):
            if isinstance(event, EvaluationDone) and event.evaluation.dev_accuracy >= goal:
                return event.evaluation.epoch
        raise ValueError(f"textcnn does not reach {goal} in {MOST_EPOCHS} epochs")

    return train


def _theirs(experiment: Experiment, sparse: bool, goal: float) -> Callable[[], float]:
    ours, config = experiment.trainer.network, experiment.config
    torch.manual_seed(config.network_seed or 0)
    trainer = TorchTrainer(ours.parameters, ours.architecture, "adam", sparse=sparse, fused=True)

    def train() -> float:
        return epochs_until(
            trainer, experiment.train, experiment.dev, config, goal, config.network_seed or 0
        )

    return train
