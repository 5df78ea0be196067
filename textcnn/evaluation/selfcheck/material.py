"""What is checked with: generated sentences, parameters and small runs."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.gradients import Gradient, RowGradient
from textcnn.core.progress import Event, StepDone
from textcnn.core.sentences import PackedSentences
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.config import Config
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.experiment import Experiment, new_experiment

LABELS = ("bad", "fair", "good")

SMALL: dict[str, Any] = {
    # Heights, maps and dimensions that no vector instruction divides evenly.
    "embedding_dim": 9,
    "filter_sizes": (3, 1, 4),
    "num_filters": 5,
    "batch_size": 16,
    "epochs": 2,
    "patience": 0,
}
"""Options of a small run."""


def ragged(rng: np.random.Generator, num_words: int, count: int) -> list[list[int]]:
    """Sentences of word numbers: one empty, one of a word, one of a repeated word, and others."""
    lengths = rng.integers(0, 9, count).tolist()
    others = [rng.integers(0, num_words, length).tolist() for length in lengths]
    return [[], [num_words - 1], [1, 1, 1, 1], *others]


def packed(sentences: Sequence[Sequence[int]]) -> PackedSentences:
    """The sentences one after another."""
    words = [word for sentence in sentences for word in sentence]
    lengths = [len(sentence) for sentence in sentences]
    return PackedSentences(np.array(words, np.int32), np.array(lengths, np.int64))


def random_parameters(
    architecture: Architecture, rng: np.random.Generator, integers: bool = False
) -> Parameters:
    """Float64 parameters; as small whole numbers, so that many windows tie."""
    return {
        name: rng.integers(-1, 2, shape).astype(float) if integers else rng.normal(size=shape)
        for name, shape in architecture.shapes().items()
    }


def whole(gradient: Gradient, num_rows: int) -> np.ndarray:
    """A gradient as a full array."""
    return gradient.dense(num_rows) if isinstance(gradient, RowGradient) else gradient


def labelled_sentences(count: int = 150) -> LabelledTexts:
    """Different sentences of invented words, of which one in three tells the label."""
    choose = random.Random(0)
    texts: dict[str, str] = {}
    while len(texts) < count:
        label = LABELS[len(texts) % len(LABELS)]
        words = [f"word{choose.randrange(60)}" for _ in range(choose.randint(1, 9))]
        words.insert(choose.randrange(len(words) + 1), f"{label}{choose.randrange(8)}")
        texts.setdefault(" ".join(words), label)
    return LabelledTexts(list(texts), list(texts.values()), "generated sentences")


def any_texts() -> list[str]:
    """Sentences to answer: known, unknown, empty, of one word, of a repeated one, and long."""
    known = labelled_sentences(90).texts
    odd = ["", "good1", "never seen before", "bad2 " * 7, "?!", " ".join(known[:6]), ""]
    return [*known, *odd]


def small_run(**options: Any) -> tuple[Config, TokenizedData]:
    """The options and the sentences of a small run."""
    config = Config.from_mapping({**SMALL, **options}, "selfcheck")
    return config, TokenizedData.prepare(labelled_sentences(), config)


def run_until(step: int | None, **options: Any) -> Experiment:
    """A small run, trained to its end or, where that is no None, to the step."""
    experiment = new_experiment(*small_run(**options), lambda line: None)

    def listen(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == step:
            experiment.trainer.request_stop()

    experiment.train_to_end(listen)
    return experiment


def model(**options: Any) -> Checkpoint:
    """A model after a few steps, in which nothing is zero any more."""
    return run_until(12, **options).checkpoint()


def state_of(experiment: Experiment) -> dict[str, bytes]:
    """Every number that training changes, as bytes: equal means identical."""
    trainer, progress = experiment.trainer, experiment.trainer.progress
    arrays = {**trainer.network.parameters, **trainer.optimizer.slots}
    if isinstance(trainer.average, MovingAverage):
        arrays |= {f"average/{name}": array for name, array in trainer.average.arrays.items()}
    arrays["dev logits"] = progress.dev_logits
    state = {name: repr(array.shape).encode() + array.tobytes() for name, array in arrays.items()}
    told = (progress.step, progress.epoch, progress.batch, progress.finished, progress.history)
    state["progress"] = repr(told).encode()
    state["random state"] = repr(trainer.rng.bit_generator.state).encode()
    return state
