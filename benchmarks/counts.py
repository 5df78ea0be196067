"""What the counts cost in prediction: ``python -m benchmarks.counts --checkpoint RUN``.

The rivals of the other benchmarks have no counts, so there the network has none either. Here a
checkpoint of ``train.py`` answers with its counts and without them.
"""

import dataclasses
from pathlib import Path

import click

from benchmarks.timing import OURS, Side, interleave
from textcnn.data.datasets.corpus import load_corpus, locate
from textcnn.inference.classifier import Classifier
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.config import Config
from textcnn.training.run_folder import find_checkpoint

WITHOUT = "without counts"
SENTENCE = "a gorgeous , witty , seductive movie"
ONE_BY_ONE = 200


def _whole(classifier: Classifier, texts: list[str]) -> Side:
    def side(call: int) -> None:
        classifier.predict(texts)

    return side


def _one(classifier: Classifier) -> Side:
    def side(call: int) -> None:
        for _ in range(ONE_BY_ONE):
            classifier.predict([SENTENCE])

    return side


@click.command()
@click.option("--checkpoint", type=click.Path(path_type=Path), required=True)
@click.option("--rounds", default=15, show_default=True)
def main(checkpoint: Path, rounds: int) -> None:
    """Print sentences a second, microseconds a sentence, and how both compare."""
    texts = load_corpus(locate(Config()), click.echo).texts
    loaded = load_checkpoint(find_checkpoint(checkpoint))
    # The parameters that weigh counts stay and are not read.
    bare = dataclasses.replace(loaded, naive_bayes=None)
    sides = {OURS: Classifier(loaded), WITHOUT: Classifier(bare)}
    click.echo("| | with counts | without | longer by (quartiles) |\n|---|---|---|---|")
    whole = {name: _whole(classifier, texts) for name, classifier in sides.items()}
    timings = interleave(whole, rounds, calls=1)
    speeds = [len(texts) / timings.median(name) for name in sides]
    ratio = timings.ratio(OURS, WITHOUT)
    click.echo(f"| text to labels | {speeds[0]:,.0f}/s | {speeds[1]:,.0f}/s | {ratio} |")
    timings = interleave(
        {name: _one(classifier) for name, classifier in sides.items()}, rounds, calls=1
    )
    times = [1e6 * timings.median(name) / ONE_BY_ONE for name in sides]
    ratio = timings.ratio(OURS, WITHOUT)
    click.echo(f"| one sentence | {times[0]:.0f} us | {times[1]:.0f} us | {ratio} |")


if __name__ == "__main__":
    main()
