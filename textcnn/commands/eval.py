"""``textcnn eval``."""

import json
from pathlib import Path
from typing import Any

import click

from textcnn.checkpoint import Checkpoint
from textcnn.classifier import Classifier
from textcnn.commands.csv_line import csv_line
from textcnn.commands.display import say, scores_text
from textcnn.commands.options import (
    DATA_OPTIONS,
    SectionedCommand,
    config_options,
    given_options,
)
from textcnn.config import Config, flag
from textcnn.datasets.corpus import load_corpus, locate
from textcnn.errors import UserError
from textcnn.files import replace_text
from textcnn.run_folder import find_checkpoint
from textcnn.scoring import Scored, held_out, score_texts


@click.command("eval", cls=SectionedCommand)
@click.argument("checkpoint", required=False, type=click.Path(path_type=Path))
@config_options(DATA_OPTIONS)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    help="Write sentence, true label, predicted label and probabilities to this CSV file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(
    checkpoint: Path | None, predictions: Path | None, as_json: bool, **options: Any
) -> None:
    """Score CHECKPOINT, a file or a run's folder; by default the newest run's best.

    Without --data: on the sentences that its run kept for testing. Every summary says how many of
    the scored sentences the network was trained on.
    """
    path = find_checkpoint(checkpoint)
    classifier = Classifier.load(path)
    texts, labels, source = _sentences(classifier.checkpoint, given_options(options))
    scored = score_texts(classifier, texts, labels)
    if predictions is not None:
        replace_text(predictions, predictions_csv(texts, labels, classifier.labels, scored))
    if as_json:
        summary = {"checkpoint": str(path), "data": source, **scored.scores.as_dict()}
        click.echo(json.dumps(summary, indent=2))
        return
    click.echo(f"checkpoint {path}\n{source}\n")
    click.echo(scores_text(scored.scores))
    if predictions is not None:
        click.echo(f"\npredictions written to {predictions}")


def _sentences(checkpoint: Checkpoint, given: dict[str, Any]) -> tuple[list[str], list[str], str]:
    """Texts, labels and where they are from: those of ``--data``, or the run's own test part."""
    if "data" in given:
        corpus = load_corpus(locate(Config.from_mapping(given, "")), say)
        return corpus.texts, corpus.labels, f"data: {corpus.source}"
    if given:
        raise UserError(f"{flag(next(iter(given)))} describes --data; give that too")
    corpus = load_corpus(checkpoint.config, say)
    texts, labels = held_out(checkpoint, corpus)
    return texts, labels, f"the run's own test sentences, from {corpus.source}"


def predictions_csv(texts: list[str], truth: list[str], labels: list[str], scored: Scored) -> str:
    """One row a sentence: text, true label, predicted label, a probability for each label."""
    lines = [csv_line(["text", "label", "predicted", *(f"p({label})" for label in labels)])]
    predicted = scored.probabilities.argmax(axis=1)
    for text, label, best, row in zip(texts, truth, predicted, scored.probabilities, strict=True):
        lines.append(csv_line([text, label, labels[best], *(f"{share:.6g}" for share in row)]))
    return "".join(lines)
