"""The numbers of docs/how-it-works.md: ``python -m benchmarks.steps FILE ...``.

The files hold a sentence a line, as ``rt-polarity.pos`` does. Convolution and maximum over time,
forwards and backwards, on batches of them are counted and timed: as loops, as plain layers, and as
the fast kernel. Needs no rivals.
"""

from pathlib import Path

import click
import numpy as np

from benchmarks.timing import OURS, interleave
from textcnn import reference
from textcnn.core.layers.convolution import convolve, window_counts
from textcnn.core.layers.convolve_and_pool import FilterBank, convolve_and_pool
from textcnn.core.layers.max_over_time import max_over_time
from textcnn.core.layers.relu import relu
from textcnn.core.sentences import PackedSentences
from textcnn.core.tokenizers import kim
from textcnn.core.vocabulary import Vocabulary
from textcnn.support.threads import keep_freed_memory

BANK = FilterBank((3, 4, 5), 100)
DIM = 300
KEPT = 0.5
"""Share of the maxima that dropout keeps."""

LOOPS, PLAIN = "loops", "plain layers"
IN_LOOPS = 2
"""Sentences of a batch that the loops are given; they take their time."""


class Batch:
    """Some sentences, word vectors, filters, and a gradient to be carried back."""

    def __init__(self, sentences: PackedSentences, rng: np.random.Generator):
        self.lengths = sentences.lengths
        self.different, self.which = np.unique(sentences.token_ids, return_inverse=True)
        shape = (DIM, BANK.num_rows, BANK.num_filters)
        self.vectors = rng.uniform(-0.25, 0.25, (len(self.different), DIM)).astype(np.float32)
        self.W = rng.uniform(-0.05, 0.05, shape).astype(np.float32)
        self.b = np.zeros(len(BANK.filter_sizes) * BANK.num_filters, np.float32)
        maps = (len(sentences), len(self.b))
        dropped = rng.random(maps) >= KEPT
        self.upstream = np.where(dropped, 0, rng.standard_normal(maps)).astype(np.float32)

    def by_height(self) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """(height, filters, biases, gradient) of each filter height."""
        biases = np.split(self.b, len(BANK.filter_sizes))
        upstream = np.split(self.upstream, len(BANK.filter_sizes), axis=1)
        return [
            (height, self.W[:, first : first + height].swapaxes(0, 1), b, dY)
            for (height, first), b, dY in zip(BANK.offsets(), biases, upstream, strict=True)
        ]

    def in_loops(self) -> None:
        """The first sentences by :mod:`textcnn.reference`."""
        words = np.split(self.which, np.cumsum(self.lengths)[:-1])
        for sentence in range(IN_LOOPS):
            X = self.vectors[words[sentence]]
            for _, W, b, dY in self.by_height():
                Z = reference.wide_convolution(X, W, b)
                maxima, argmax = reference.max_over_time(np.maximum(Z, 0))
                dmaxima = dY[sentence] * (maxima > 0)
                dZ = reference.max_over_time_backward(dmaxima, argmax, len(Z))
                reference.wide_convolution_backward(dZ, X, W, b)

    def by_plain_layers(self) -> None:
        """As :mod:`textcnn.core.plain_network` does."""
        X = self.vectors[self.which]
        for height, W, b, dY in self.by_height():
            Z, convolve_backward = convolve(X, self.lengths, W, b)
            A, relu_backward = relu(Z)
            _, max_backward = max_over_time(A, window_counts(self.lengths, height))
            convolve_backward(relu_backward(max_backward(dY)))

    def by_the_kernel(self) -> None:
        """As :mod:`textcnn.core.network` does."""
        sentences = PackedSentences(self.which, self.lengths)
        maxima, backward = convolve_and_pool(self.vectors, sentences, self.W, BANK)
        _, relu_backward = relu(maxima + self.b)
        backward(relu_backward(self.upstream))

    def counts(self) -> dict[str, float]:
        """What each step has to do, by what it is."""
        windows = [int(window_counts(self.lengths, h).sum()) for h in BANK.filter_sizes]
        rows = sum(h * count for h, count in zip(BANK.filter_sizes, windows, strict=True))
        return {
            "words": len(self.which),
            "different words": len(self.different),
            "rows multiplied, plain": rows,
            "rows multiplied, each different word once": len(self.different) * BANK.num_rows,
            "numbers rectified, before the maximum": sum(windows) * BANK.num_filters,
            "numbers rectified, after it": self.upstream.size,
            "entries of dZ": sum(windows) * BANK.num_filters,
            "entries of dZ with a gradient": int(np.count_nonzero(self.upstream)),
        }


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--rounds", default=15, show_default=True)
@click.option("--batches", "number", default=20, show_default=True, help="Different ones.")
@click.option("--batch-size", default=50, show_default=True)
def main(files: tuple[Path, ...], rounds: int, number: int, batch_size: int) -> None:
    """Count and time the steps on FILES, a sentence a line."""
    keep_freed_memory()
    lines = [line for path in files for line in path.read_text("latin-1").split("\n") if line]
    tokens = [kim(line) for line in lines]
    sentences, rng = Vocabulary.fit(tokens).pack(tokens), np.random.default_rng(0)
    order = rng.permutation(len(sentences))[: number * batch_size].reshape(number, batch_size)
    batches = [Batch(sentences.take(rows), rng) for rows in order]

    counts = [batch.counts() for batch in batches]
    click.echo("| of a batch | mean |\n|---|---|")
    for name in counts[0]:
        click.echo(f"| {name} | {np.mean([count[name] for count in counts]):,.0f} |")

    def batch_of(call: int) -> Batch:
        return batches[call % number]

    quick = interleave(
        {
            PLAIN: lambda call: batch_of(call).by_plain_layers(),
            OURS: lambda call: batch_of(call).by_the_kernel(),
        },
        rounds,
        calls=3,
    )
    slow = interleave({LOOPS: lambda call: batch_of(call).in_loops()}, 3, settle=0)
    loops = slow.median(LOOPS) / IN_LOOPS
    plain, ours = (quick.median(name) / batch_size for name in (PLAIN, OURS))
    click.echo("\n| | ms a sentence | times as fast as the row above |\n|---|---|---|")
    click.echo(f"| loops (`reference.py`) | {loops * 1e3:,.1f} | |")
    click.echo(f"| plain layers | {plain * 1e3:.2f} | {loops / plain:,.0f} |")
    click.echo(f"| the fast kernel | {ours * 1e3:.3f} | {quick.ratio(PLAIN)} |")


if __name__ == "__main__":
    main()
