"""``textcnn eval``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from textcnn.commands.arguments.checkpoint import checkpoint_argument, chosen_checkpoint
from textcnn.commands.arguments.options import PATH, SectionedCommand, scored_data_options
from textcnn.commands.screen.display import say
from textcnn.commands.screen.score_tables import coverage_text, ranking_text, scores_text
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.labels import BETWEEN
from textcnn.evaluation.abstaining import CoveragePoint, coverage_curve, coverage_point
from textcnn.evaluation.ranking import ranking_at
from textcnn.evaluation.scoring import Sample, ScoredSample, held_out, read_as_before, score_sample
from textcnn.inference.classifier import Classifier
from textcnn.inference.predicted_labels import predicted_labels
from textcnn.support.errors import UserError, if_missing
from textcnn.support.files import check_not_read, replace_csv
from textcnn.support.terminal import safe_lines
from textcnn.training.checkpoint import Checkpoint


@click.command("eval", cls=SectionedCommand)
@checkpoint_argument
@scored_data_options
@click.option(
    "--predictions",
    type=PATH,
    help="Write each row's number, sentence, true and predicted label and probabilities to this "
    "CSV file.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Also say what share is classified, and how rightly, where a most probable label with "
    "less than this is not given.",
)
@click.option(
    "--top-k",
    type=click.IntRange(1),
    metavar="K",
    help="Also say how many of the K most probable labels are right (precision), and how many of "
    "the right ones are among them (recall).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(
    checkpoint: Path | None,
    predictions: Path | None,
    threshold: float | None,
    top_k: int | None,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Score CHECKPOINT, a file or a run's folder; by default the newest run's best.

    Without --data: on the sentences that its run kept for testing. Every summary says how many of
    the scored sentences the network was trained on.
    """
    path = chosen_checkpoint(checkpoint)
    classifier = Classifier.load(path)
    if threshold is not None and classifier.checkpoint.config.multilabel:
        raise UserError(
            "--threshold is for one label a sentence; here each label has a threshold already"
        )
    config = classifier.checkpoint.config
    check_not_read([predictions], "--predictions", path, *options.get("data", ()), *config.files)
    sample, source = sample_of(classifier.checkpoint, options)
    scored = score_sample(classifier, sample)
    if predictions is not None:
        replace_csv(predictions, prediction_rows(sample, classifier, scored.probabilities))
    curve = _curve(scored, threshold)
    ranked = None if top_k is None else ranking_at(scored.probabilities, scored.targets, top_k)
    if as_json:
        summary = {"checkpoint": str(path), "data": source, **scored.scores.as_dict()}
        if ranked is not None:
            summary["top_k"] = vars(ranked)
        if curve:
            summary["coverage"] = [point.as_dict() for point in curve]
        click.echo(json.dumps(summary, indent=2))
        return
    click.echo(safe_lines(f"checkpoint {path}\n{source}\n"))
    click.echo(scores_text(scored.scores))
    if ranked is not None:
        click.echo("\n" + ranking_text(ranked))
    if curve:
        click.echo("\n" + coverage_text(curve))
    if predictions is not None:
        click.echo(safe_lines(f"\npredictions written to {predictions}"))


def _curve(scored: ScoredSample, threshold: float | None) -> list[CoveragePoint]:
    """What leaving unsure sentences unlabelled gains; nothing where there are several labels."""
    if scored.targets.ndim == 2:
        return []
    limits = [] if threshold is None else [threshold]
    points = [coverage_point(scored.probabilities, scored.targets, limit) for limit in limits]
    return [*coverage_curve(scored.probabilities, scored.targets), *points]


def sample_of(checkpoint: Checkpoint, options: dict[str, Any]) -> tuple[Sample, str]:
    """Sentences to score, and a line on where they are from: ``--data``, or the run's test part.

    How ``--data`` is written is taken from the run, unless the options say otherwise.
    """
    corpus = read_as_before(checkpoint.config, checkpoint.labels, options, say)
    if corpus is not None:
        return Sample.whole(corpus), f"data: {corpus.source}"
    with if_missing("name sentences to score with --data"):
        corpora = Corpora.read(checkpoint.config, say)
    source = (corpora.test or corpora.learnt).source
    return held_out(checkpoint, corpora), f"the run's own test sentences, from {source}"


def prediction_rows(
    sample: Sample, classifier: Classifier, probabilities: np.ndarray
) -> Iterator[list[str]]:
    """For a CSV file: row in the data, text, true and predicted label, probabilities.

    Where a sentence may have several, they stand in one cell as ``--label-separator`` reads them.
    """
    labels, checkpoint = classifier.labels, classifier.checkpoint
    separator = checkpoint.config.label_separator
    predicted = predicted_labels(probabilities, labels, checkpoint.thresholds)
    yield ["row", "text", "label", "predicted", *(f"p({label})" for label in labels)]
    rows = zip(sample.rows, sample.texts, sample.labels, predicted, probabilities, strict=True)
    for number, text, label, prediction, row in rows:
        cells = (label.replace(BETWEEN, separator), prediction.replace(BETWEEN, separator))
        yield [str(number), text, *cells, *(f"{share:.6g}" for share in row)]


def differences(model: Checkpoint, before: np.ndarray, after: np.ndarray) -> tuple[int, float]:
    """How many predictions a copy of a model changes, and by how much a probability at most.

    Args:
        model: whose labels and thresholds they are.
        before, after: (N, C) probabilities of the model and of its copy.
    """
    old, new = (
        predicted_labels(shares, model.labels, model.thresholds) for shares in (before, after)
    )
    changed = sum(one != other for one, other in zip(old, new, strict=True))
    return changed, float(np.abs(before - after).max())


def megabytes(*files: Path) -> str:
    """How much room files take: ``1.23 MB``."""
    return f"{sum(file.stat().st_size for file in files) / 1e6:.2f} MB"
