"""Whole training on the movie reviews, to the same number of epochs."""

from collections.abc import Callable

import numpy as np

from benchmarks.report import Row, compare
from benchmarks.timing import OURS, Side, interleave
from benchmarks.torch_network import DROPOUT, TorchTrainer
from benchmarks.torch_training import train_epochs
from benchmarks.workload import KIM, Workload, initial
from textcnn.core.architecture import Architecture
from textcnn.core.network import Network
from textcnn.core.sentences import Examples
from textcnn.core.step import kim_step
from textcnn.core.trainer import Schedule, Trainer
from textcnn.recipe.config import Config
from textcnn.training.experiment import make_optimizer


def run(work: Workload) -> list[Row]:
    """Adam, non-static; shuffling, batching and the dev evaluations included."""
    epochs = 1 if work.options.quick else 5
    architecture = work.architecture(KIM, "nonstatic")
    train, dev = work.experiment.train, work.experiment.dev
    if work.options.quick:
        train = train.take(np.arange(0, len(train), 10))
    accuracies: dict[str, float] = {}

    def kept(name: str, train_once: Callable[[], float]) -> Side:
        def side(call: int) -> None:
            accuracies[name] = train_once()

        return side

    def theirs(name: str, sparse: bool) -> Side:
        def train_once() -> float:
            trainer = TorchTrainer(
                initial(architecture), architecture, "adam", sparse=sparse, fused=True
            )
            return train_epochs(trainer, train, dev, KIM.batch_size, epochs)

        return kept(name, train_once)

    sides = {
        OURS: kept(OURS, lambda: _train_ours(architecture, train, dev, epochs)),
        **{
            name: theirs(name, sparse)
            for name, sparse in (("PyTorch, dense, fused", False), ("PyTorch, sparse, fused", True))
        },
    }
    timings = interleave(sides, work.options.rounds(3, quick=1), settle=0)
    where = f"{KIM}, nonstatic, {epochs} epochs of {len(train):,} sentences"
    row = compare("whole training, adam", where, timings, [name for name in sides if name != OURS])
    row.details["dev accuracy"] = accuracies
    return [row]


def _train_ours(architecture: Architecture, train: Examples, dev: Examples, epochs: int) -> float:
    """The dev accuracy after the last epoch."""
    trainer = Trainer(
        kim_step(architecture, DROPOUT),
        Network(architecture, initial(architecture)),
        make_optimizer(Config(optimizer="adam").resolved()),
        np.random.default_rng(0),
        Schedule(
            batch_size=KIM.batch_size,
            epochs=epochs,
            patience=0,
            evaluate_every=0,
            checkpoint_every=0,
            row_norm=0,
            clip_norm=0,
            best_by="accuracy",
        ),
    )
    for _ in trainer.run(train, dev):
        pass
    return trainer.progress.history[-1].dev_accuracy
