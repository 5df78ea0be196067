"""Ideas for the training step, timed beside what the code does: ``python -m benchmarks.ideas``.

Needs no rivals installed. Kim's setting: D 300, 3 x 100 maps, batches of 50 of the movie reviews.
"""

from collections.abc import Callable

import click
import numpy as np

from benchmarks.timing import OURS, Side, interleave
from textcnn.core.architecture import word_vectors
from textcnn.core.layers.convolve_and_pool import (
    Windows,
    _maxima,
    _stretches,
    _window_values,
    find_winners,
    project,
)
from textcnn.core.sentences import Examples, PackedSentences
from textcnn.core.trainer import Trainer
from textcnn.data.datasets.corpus import load_corpus, locate
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.config import Config
from textcnn.support.threads import keep_freed_memory
from textcnn.training.experiment import make_optimizer, make_step, new_experiment

BATCHES = 40


class Batch:
    """One batch, taken as far as the windows of the filters."""

    def __init__(self, trainer: Trainer, examples: Examples, rng: np.random.Generator):
        parameters, architecture = trainer.network.parameters, trainer.network.architecture
        words, which = np.unique(examples.sentences.token_ids, return_inverse=True)
        self.X = word_vectors(parameters, architecture, words)
        self.W = parameters["convolution/weights"].reshape(self.X.shape[1], -1)
        self.P = project(self.X, parameters["convolution/weights"])
        sentences = PackedSentences(which, examples.sentences.lengths)
        self.windows = Windows(sentences, architecture.bank, len(self.X))
        self.Z = _window_values(self.P, self.windows, architecture.bank)
        self.maxima = _maxima(self.Z, self.windows)
        # The gradient after ReLU and dropout: most of it is zero.
        kept = rng.random(self.maxima.shape) < 0.3
        self.upstream = np.where(kept, rng.normal(size=kept.shape), 0).astype(np.float32)
        # Three heights' worth of winning windows, as they fall on words and filter rows.
        count = int(0.3 * examples.targets.size * architecture.num_features) * 4
        self.places = rng.integers(0, self.P.size - self.P.shape[1], count)
        self.values = rng.normal(size=count).astype(np.float32)
        # The same windows one segment after another, for reduceat.
        self.Z_by_segment = self.Z[np.argsort(self.windows.segment, kind="stable")]
        self.starts = np.cumsum(self.windows.counts) - self.windows.counts


def running_argmax(Z: np.ndarray, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The maxima and where they are, kept up to date time after time."""
    maxima = np.full((len(windows.counts), Z.shape[1]), -np.inf, Z.dtype)
    places = np.zeros(maxima.shape, np.int64)
    start = 0
    for begin, end, alive in _stretches(windows.counts):
        for _ in range(begin, end):
            values = Z[start : start + alive]
            larger = values > maxima[:alive]
            np.copyto(maxima[:alive], values, where=larger)
            np.copyto(places[:alive], start, where=larger)
            start += alive
    return maxima, places


def scatter(batch: Batch) -> np.ndarray:
    """The winners' gradients added up in G, as the code does."""
    G = np.zeros_like(batch.P)
    np.add.at(G.reshape(-1), batch.places, batch.values)
    return G[:-1]


def sparse_products(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """``dX`` and ``dW`` with G as a sparse matrix; it is 3 % full."""
    from scipy import sparse

    columns = batch.P.shape[1]
    rows, places = np.divmod(batch.places, columns)
    G = sparse.csr_array((batch.values, (rows, places)), shape=(len(batch.X), columns))
    return G @ np.ascontiguousarray(batch.W.T), G.T.tocsr() @ batch.X


def dense_products(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """``dX`` and ``dW`` as the code makes them, the scattering included."""
    G = scatter(batch)
    return G @ batch.W.T, batch.X.T @ G


def comparisons(batches: list[Batch]) -> dict[str, dict[str, Side]]:
    """What is compared: by name, the sides."""

    def on(function: Callable[[Batch], object]) -> Side:
        return lambda call: function(batches[call % len(batches)])

    return {
        "maximum over time": {
            OURS: on(lambda batch: _maxima(batch.Z, batch.windows)),
            "maximum.reduceat by sentence": on(
                lambda batch: np.maximum.reduceat(batch.Z_by_segment, batch.starts, axis=0)
            ),
        },
        "winning windows": {
            OURS: on(
                lambda batch: (
                    _maxima(batch.Z, batch.windows),
                    find_winners(batch.Z, batch.maxima, batch.upstream, batch.windows.segment),
                )
            ),
            "running argmax": on(lambda batch: running_argmax(batch.Z, batch.windows)),
        },
        "scattering the gradient": {
            OURS: on(scatter),
            "bincount": on(
                lambda batch: np.bincount(
                    batch.places, batch.values, minlength=batch.P.size
                ).astype(np.float32)
            ),
        },
        "gradients of words and filters": {
            OURS: on(dense_products),
            "scipy.sparse": on(sparse_products),
        },
    }


def step(trainer: Trainer, examples: list[Examples], dropout_draw: str) -> Side:
    """A whole training step."""
    config = Config(dropout_draw=dropout_draw, word_dropout=0.0).resolved()
    optimizer, rng = make_optimizer(config), np.random.default_rng(0)
    network = trainer.network
    make = make_step(config, network.architecture)

    def side(call: int) -> None:
        _, _, gradients = make(network.parameters, examples[call % len(examples)], rng)
        optimizer.step(network.parameters, gradients)

    return side


@click.command()
@click.option("--rounds", default=15, show_default=True)
def main(rounds: int) -> None:
    """Print the median milliseconds of each side and how they compare."""
    config = locate(Config(ngrams=0, averaging=0, embedding_dim=300))
    data = TokenizedData.prepare(load_corpus(config, click.echo), config)
    experiment = new_experiment(config, data, lambda line: None)
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(experiment.train))[: 50 * BATCHES].reshape(BATCHES, 50)
    examples = [experiment.train.take(batch) for batch in rows]
    keep_freed_memory()
    batches = [Batch(experiment.trainer, batch, rng) for batch in examples]
    click.echo(
        "| | the code, ms | instead, ms | the code is better by (quartiles) |\n|---|---|---|---|"
    )
    whole = {
        OURS: step(experiment.trainer, examples, "batch"),
        "drawn for each sentence": step(experiment.trainer, examples, "sentence"),
    }
    for name, sides in (*comparisons(batches).items(), ("whole step, by dropout", whole)):
        timings = interleave(sides, rounds, calls=BATCHES)
        other = next(side for side in sides if side != OURS)
        ours, theirs = (1e3 * timings.median(side) for side in (OURS, other))
        ratio = timings.ratio(other)
        click.echo(f"| {name} | {ours:.2f} | {theirs:.2f} ({other}) | {ratio} |")


if __name__ == "__main__":
    main()
