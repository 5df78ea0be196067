"""A training run small enough for a test: a few generated sentences, a tiny network."""

import random
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.core.progress import CheckpointDue, Event, StepDone
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.config import Config
from textcnn.training.experiment import Experiment, new_experiment

GOOD = ["fine", "witty", "warm", "lovely", "bright", "charming"]
BAD = ["dull", "slow", "cold", "ugly", "flat", "tedious"]
OTHER = [
    "a",
    "film",
    "story",
    "plot",
    "of",
    "the",
    "cast",
    "with",
    "scene",
    "music",
    "and",
    "it",
    "was",
    "in",
    "this",
]

SMALL: dict[str, Any] = {"embedding_dim": 8, "num_filters": 4, "batch_size": 16, "epochs": 3}


def labelled_sentences(count: int = 120, seed: int = 0) -> LabelledTexts:
    """``count`` different sentences, half "bad" and half "good", told apart by one word."""
    choose = random.Random(seed)
    texts: dict[str, str] = {}
    while len(texts) < count:
        label = ("bad", "good")[len(texts) % 2]
        words = choose.choices(OTHER, k=choose.randint(2, 8))
        words.insert(choose.randrange(len(words)), choose.choice(BAD if label == "bad" else GOOD))
        texts.setdefault(" ".join(words), label)
    return LabelledTexts(list(texts), list(texts.values()), "generated sentences")


def write_csv(path: Path, corpus: LabelledTexts) -> Path:
    """The sentences as a CSV file."""
    rows = zip(corpus.texts, corpus.labels, strict=True)
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path


def small_config(**options: Any) -> Config:
    """A configuration for :func:`labelled_sentences`."""
    return Config.from_mapping({**SMALL, **options}, "test")


def small_experiment(**options: Any) -> Experiment:
    """A run on :func:`labelled_sentences`, about to begin."""
    config = small_config(**options)
    data = TokenizedData.prepare(labelled_sentences(), config)
    return new_experiment(config, data, lambda line: None)


def run(experiment: Experiment) -> list[Event]:
    """Train to the end; every event."""
    events: list[Event] = []
    experiment.train_to_end(events.append)
    return events


def stop_at(experiment: Experiment, step: int) -> list[Event]:
    """Train until ``step`` is made and a stop is asked for; every event."""
    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, StepDone) and event.step == step:
            experiment.trainer.request_stop()

    experiment.train_to_end(listen)
    return events


def last_due(events: list[Event]) -> bool:
    """Whether the events end, as they must, with a checkpoint."""
    return isinstance(events[-1], CheckpointDue)


def state_bytes(experiment: Experiment) -> dict[str, bytes]:
    """Every number that training changes, as bytes, so that equal means identical."""
    trainer, progress = experiment.trainer, experiment.trainer.progress
    arrays = {f"parameters/{name}": array for name, array in trainer.network.parameters.items()}
    if isinstance(trainer.average, MovingAverage):
        arrays |= {f"average/{name}": array for name, array in trainer.average.arrays.items()}
        arrays |= {f"taken in/{name}": steps for name, steps in trainer.average.steps.items()}
    arrays["dev logits"] = progress.dev_logits
    arrays |= {f"slots/{name}": array for name, array in trainer.optimizer.slots.items()}
    state = {
        name: f"{array.dtype}{array.shape}".encode() + array.tobytes()
        for name, array in arrays.items()
    }
    state["history"] = repr(progress.history).encode()
    state["position"] = repr(
        (progress.step, progress.epoch, progress.batch, progress.best_step, progress.finished)
    ).encode()
    state["random"] = repr(trainer.rng.bit_generator.state).encode()
    return state


def parameter_bytes(parameters: dict[str, np.ndarray]) -> dict[str, bytes]:
    """The parameters as bytes."""
    return {name: array.tobytes() for name, array in parameters.items()}


def options_text(**options: Any) -> list[str]:
    """Options as words of a command line: the small run's and these."""
    words = []
    for name, value in {**SMALL, **options}.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    return words
