"""The work that all sides are given: the movie reviews, batches of them, networks on them."""

import dataclasses
import functools
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.core.architecture import Architecture, Parameters, initial_parameters
from textcnn.core.progress import StepDone
from textcnn.core.sentences import Examples
from textcnn.data.datasets.corpus import load_corpus, locate
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.config import Config
from textcnn.training.checkpoint import save_checkpoint
from textcnn.training.experiment import Experiment, new_experiment

ROOT = Path(__file__).resolve().parent.parent
"""The clone, from which the processes that are timed are started."""


@dataclass(frozen=True)
class Options:
    """The command line's options.

    Attributes:
        quick: few repeats and small sizes, to see that everything runs.
        repeats: rounds of each comparison; 0 for each case's own number.
        threads: of every side.
        data: folder of the movie reviews, or None.
        output: folder of the results.
        compile_seconds: given to torch.compile for each form; 0 leaves it out.
        pipe_lines: lines fed to ``textcnn classify`` while its memory is watched.
    """

    quick: bool
    repeats: int
    threads: int
    data: str | None
    output: Path
    compile_seconds: float
    pipe_lines: int

    def rounds(self, full: int, quick: int = 2) -> int:
        """How many rounds a case makes."""
        return self.repeats or (quick if self.quick else full)


@dataclass(frozen=True)
class Setting:
    """The size of a network and of its batches; three filter heights always."""

    dim: int
    num_filters: int
    batch_size: int

    def __str__(self) -> str:
        return f"D {self.dim}, 3 x {self.num_filters}, batch {self.batch_size}"


KIM = Setting(300, 100, 50)
DENNYBRITZ = Setting(128, 128, 64)


def say(line: str) -> None:
    """Tell how the run goes, on standard error."""
    print(line, file=sys.stderr, flush=True)


class Workload:
    """The movie reviews and what is made of them, each part on first use.

    Attributes:
        options: of the run.
        folder: a temporary folder for whatever is written.
    """

    def __init__(self, options: Options, folder: Path):
        self.options = options
        self.folder = folder

    @functools.cached_property
    def config(self) -> Config:
        """The application's defaults on the data that was asked for."""
        given = self.options.data
        # The rivals have no n-gram counts and no average, so neither has the network they race.
        config = Config(patience=0, ngrams=0, averaging=0, dropout_draw="sentence")
        return locate(config if given is None else dataclasses.replace(config, data=(given,)))

    @functools.cached_property
    def experiment(self) -> Experiment:
        """The movie reviews split and numbered, with the default network."""
        data = TokenizedData.prepare(load_corpus(self.config, say), self.config)
        return new_experiment(self.config, data, say)

    @functools.cached_property
    def everything(self) -> Examples:
        """All sentences."""
        data = self.experiment.data
        rows = np.arange(len(data.texts))
        return Examples(*data.packed(rows, self.experiment.vocabulary, self.experiment.labels))

    @functools.cached_property
    def texts(self) -> list[str]:
        """All sentences as they were read."""
        return self.experiment.data.texts

    @functools.cached_property
    def text_file(self) -> Path:
        """A file with a sentence a line."""
        path = self.folder / "sentences.txt"
        path.write_text("".join(f"{text}\n" for text in self.texts), "utf-8")
        return path

    @functools.cached_property
    def checkpoint(self) -> Path:
        """A checkpoint of the default network, trained for up to an epoch."""
        steps = 20 if self.options.quick else len(self.experiment.train) // KIM.batch_size
        for event in self.experiment.trainer.run(self.experiment.train, self.experiment.dev):
            if isinstance(event, StepDone) and event.step >= steps:
                break
        path = self.folder / "model.h5"
        save_checkpoint(path, self.experiment.checkpoint())
        return path

    def architecture(self, setting: Setting, mode: str) -> Architecture:
        """The network of this setting on the movie reviews' words."""
        base = self.experiment.trainer.network.architecture
        return dataclasses.replace(
            base, mode=mode, embedding_dim=setting.dim, num_filters=setting.num_filters
        )

    def batches(self, size: int) -> list[Examples]:
        """A pass over the training sentences in a fixed random order, whole batches only."""
        train = self.experiment.train
        order = np.random.default_rng(1).permutation(len(train))
        last = len(train) - size
        return [train.take(order[start : start + size]) for start in range(0, last + 1, size)]


def initial(architecture: Architecture) -> Parameters:
    """The weights that every side starts from.

    The biases are a little below zero instead of at it, so that forgetting one would be seen. Not
    above: a padded network that masks nothing also takes the maximum over windows of padding only,
    which give exactly the bias, and ReLU hides those only while no bias is positive.
    """
    rng = np.random.default_rng(0)
    parameters = initial_parameters(architecture, rng)
    for name in ("convolution/bias", "dense/bias"):
        size = parameters[name].shape
        parameters[name] = -rng.uniform(0, 0.02, size).astype(np.float32)
    return parameters
