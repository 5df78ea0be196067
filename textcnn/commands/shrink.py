"""``textcnn shrink``."""

import dataclasses
from pathlib import Path
from typing import Any

import click
import numpy as np

from textcnn.commands.arguments.checkpoint import checkpoint_argument, chosen_checkpoint
from textcnn.commands.arguments.options import (
    DATA_OPTIONS,
    SCORED_DATA,
    SectionedCommand,
    config_options,
    given_options,
)
from textcnn.commands.eval import sample_of
from textcnn.commands.screen.display import percent, say
from textcnn.commands.screen.terminal import safe
from textcnn.evaluation.scoring import score_sample
from textcnn.inference.classifier import Classifier
from textcnn.inference.given_labels import given_labels
from textcnn.support.files import check_not_read
from textcnn.training.checkpoint import WIDTHS, load_checkpoint, save_checkpoint


@click.command("shrink", cls=SectionedCommand)
@checkpoint_argument
@click.option(
    "--quantize",
    "width",
    type=click.Choice(WIDTHS),
    default="float16",
    show_default=True,
    help="How numbers are kept: float32 changes none; float16 takes half the room, int8, with a "
    "scale for each word and filter, a quarter.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The smaller file. [default: the checkpoint's name with .small.h5]",
)
@config_options(DATA_OPTIONS, SCORED_DATA)
def command(checkpoint: Path | None, width: str, out: Path | None, **options: Any) -> None:
    """Write a small copy of CHECKPOINT, and say what that costs.

    Both are scored on the run's own test sentences, or on those of --data. What resuming needs,
    which last.h5 holds, is left out.
    """
    path = chosen_checkpoint(checkpoint)
    whole = load_checkpoint(path)
    target = out or path.with_suffix(".small.h5")
    given = given_options(options)
    check_not_read([target], "--out", path, *given.get("data", ()), *whole.config.files)
    sample, source = sample_of(whole, given)
    save_checkpoint(target, dataclasses.replace(whole, training=None), width)
    small = Classifier(load_checkpoint(target))
    before, after = (score_sample(one, sample) for one in (Classifier(whole), small))
    answers = [
        np.array(given_labels(one.probabilities, whole.labels, whole.thresholds))
        for one in (before, after)
    ]
    say(source)
    sizes = [one.stat().st_size for one in (path, target)]
    click.echo(
        f"{safe(str(path))}\n{safe(str(target))}\n"
        f"size      {_megabytes(sizes[0])} -> {_megabytes(sizes[1])}, "
        f"{sizes[0] / sizes[1]:.1f} times smaller\n"
        f"accuracy  {percent(before.scores.accuracy)} -> {percent(after.scores.accuracy)}, "
        f"{len(sample.texts):,} of {sample.given:,} rows\n"
        f"log-loss  {before.scores.log_loss:.4f} -> {after.scores.log_loss:.4f}\n"
        f"answers   {int((answers[0] != answers[1]).sum()):,} changed; probabilities by at most "
        f"{float(np.abs(before.probabilities - after.probabilities).max()):.4f}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
