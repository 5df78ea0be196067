"""A whole training run in PyTorch.

As a program, ``python -m benchmarks.torch_training DATA EPOCHS`` trains on the movie reviews with
the optimizer's dense form, for its memory to be measured.
"""

import sys
from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.torch_network import TorchTrainer, padded
from textcnn.core.sentences import Examples, PackedSentences
from textcnn.data.datasets.corpus import load_corpus
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.config import Config
from textcnn.training.experiment import new_experiment


def train_epochs(
    trainer: TorchTrainer, train: Examples, dev: Examples, batch_size: int, epochs: int
) -> float:
    """Train as our loop does: a new order each epoch, then a look at the dev sentences.

    Returns:
        The last dev accuracy.
    """
    rng, accuracy = np.random.default_rng(0), 0.0
    for _ in range(epochs):
        for _ in _epoch(trainer, train, batch_size, rng):
            pass
        accuracy = _accuracy(trainer, dev, batch_size)
    return accuracy


def epochs_until(
    trainer: TorchTrainer, train: Examples, dev: Examples, config: Config, goal: float, seed: int
) -> float:
    """Train until a dev accuracy is reached; after how many epochs that was.

    Raises:
        ValueError: it is not reached within ``config.epochs``.
    """
    rng, per_epoch = np.random.default_rng(seed), -(-len(train) // config.batch_size)
    for epoch in range(config.epochs):
        for number in _epoch(trainer, train, config.batch_size, rng):
            steps = epoch * per_epoch + number
            due = not steps % config.evaluate_every or number == per_epoch
            if due and _accuracy(trainer, dev, config.batch_size) >= goal:
                return steps / per_epoch
    raise ValueError(f"PyTorch does not reach {goal} in {config.epochs} epochs")


def train_best(trainer: TorchTrainer, train: Examples, dev: Examples, config: Config) -> None:
    """Train until so many epochs have been no better on dev, and go back to the best of all."""
    rng, best, since, kept = np.random.default_rng(config.seed), 0.0, 0, {}
    for _ in range(config.epochs):
        for _ in _epoch(trainer, train, config.batch_size, rng):
            pass
        accuracy = _accuracy(trainer, dev, config.batch_size)
        since = 0 if accuracy > best else since + 1
        if not since:
            state = trainer.network.state_dict()
            best, kept = accuracy, {name: value.clone() for name, value in state.items()}
        if since == config.patience:
            break
    trainer.network.load_state_dict(kept)


def _epoch(
    trainer: TorchTrainer, train: Examples, batch_size: int, rng: np.random.Generator
) -> Iterator[int]:
    """A pass over all sentences in a new order; after each step, how many there were."""
    order = rng.permutation(len(train))
    for number, start in enumerate(range(0, len(train), batch_size), 1):
        batch = train.take(order[start : start + batch_size])
        words = padded(batch.sentences, trainer.network.pad_word)
        trainer.network.train()
        trainer.step(words, torch.from_numpy(batch.targets))
        yield number


def _accuracy(trainer: TorchTrainer, examples: Examples, batch_size: int) -> float:
    return float((classes_of(trainer, examples.sentences, batch_size) == examples.targets).mean())


@torch.inference_mode()
def classes_of(trainer: TorchTrainer, sentences: PackedSentences, batch_size: int) -> np.ndarray:
    """(N,) the most probable class of each sentence, those of about one length at once."""
    trainer.network.eval()
    by_length = np.argsort(sentences.lengths, kind="stable")
    classes = np.empty(len(sentences), np.int64)
    for start in range(0, len(sentences), batch_size):
        rows = by_length[start : start + batch_size]
        logits = trainer.network(padded(sentences.take(rows), trainer.network.pad_word))
        classes[rows] = logits.argmax(dim=1).numpy()
    return classes


def _main(data: str, epochs: int) -> None:
    config = Config(data=(data,), ngrams=0, averaging=0, embedding_dim=300)
    data_read = TokenizedData.prepare(load_corpus(config, print), config)
    experiment = new_experiment(config, data_read, print)
    ours = experiment.trainer.network
    trainer = TorchTrainer(ours.parameters, ours.architecture, "adam")
    ours.parameters.clear()
    train_epochs(trainer, experiment.train, experiment.dev, config.batch_size, epochs)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
