"""What 16-bit integers cost: predictions beside those of the plain float32 network.

``python -m benchmarks.rounding RUN ...`` classifies all sentences that each run was given, trained
on or not, as ``textcnn classify`` does and with the network that was trained, and prints a Markdown
table. It fails where fewer than 99.95 % of the labels are the same, or a probability is further off
than 0.001. ``benchmarks/other_sets.py`` trains runs on TREC, Subj and MPQA.
"""

import sys
from pathlib import Path

import click
import numpy as np

from textcnn.core.network import Network
from textcnn.data.datasets.corpus import Corpora
from textcnn.inference.classifier import Classifier
from textcnn.inference.predicted_labels import predicted_labels
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.run_folder import find_checkpoint

LEAST_SAME, MOST_OFF = 0.9995, 0.001


def compared(run: Path) -> tuple[int, list[tuple[float, float]]]:
    """How many sentences a run was given, and what rounding changes of their predictions.

    Returns:
        The number, and for all experts together and for the network alone the share of sentences
        whose labels are the same, and the largest difference of a probability.
    """
    checkpoint = load_checkpoint(find_checkpoint(run))
    classifier = Classifier(checkpoint)
    texts = Corpora.read(checkpoint.config, lambda line: None).all_texts.texts
    longest = checkpoint.config.max_tokens or None
    tokens = [classifier.tokenize(text)[:longest] for text in texts]
    sentences = checkpoint.vocabulary.pack(tokens)
    networks = [Network(checkpoint.architecture, one) for one in checkpoint.networks]
    rounded = classifier.expert_logits(texts)
    exact = {**rounded, "network": np.mean([one.logits(sentences) for one in networks], axis=0)}
    found = []
    for trust in (1, 0):
        # The other expert as it is, and silent.
        chosen = [
            {name: one * (1 if name == "network" else trust) for name, one in logits.items()}
            for logits in (rounded, exact)
        ]
        shares = [classifier.fused_probabilities(logits) for logits in chosen]
        labels = [predicted_labels(one, classifier.labels, checkpoint.thresholds) for one in shares]
        same = np.mean([one == other for one, other in zip(*labels, strict=True)])
        found.append((float(same), float(np.abs(shares[0] - shares[1]).max())))
    return len(texts), found


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
def main(runs: tuple[Path, ...]) -> None:
    """Compare, run by run."""
    click.echo(
        "| run | sentences | same labels | off by at most | network alone | off by at most |"
    )
    click.echo("|---|---|---|---|---|---|")
    good = True
    for run in runs:
        count, found = compared(run)
        good &= all(same >= LEAST_SAME and off <= MOST_OFF for same, off in found)
        cells = (cell for same, off in found for cell in (f"{100 * same:.3f} %", f"{off:.6f}"))
        click.echo(f"| {run.name} | {count:,} | {' | '.join(cells)} |")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
