"""``textcnn shrink``."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.checkpoint import checkpoint_argument, chosen_checkpoint
from textcnn.commands.arguments.options import PATH, SectionedCommand, scored_data_options
from textcnn.commands.eval import differences, megabytes, sample_of
from textcnn.commands.screen.display import percent, say
from textcnn.evaluation.scoring import score_sample
from textcnn.inference.classifier import Classifier
from textcnn.support.files import check_not_read
from textcnn.support.terminal import safe
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
    type=PATH,
    help="The smaller file. [default: the checkpoint's name with .small.h5]",
)
@scored_data_options
def command(checkpoint: Path | None, width: str, out: Path | None, options: dict[str, Any]) -> None:
    """Write a small copy of CHECKPOINT, and say what that costs.

    Both are scored on the run's own test sentences, or on those of --data. What resuming needs,
    which last.h5 holds, is left out.
    """
    path = chosen_checkpoint(checkpoint)
    whole = load_checkpoint(path)
    target = out or path.with_suffix(".small.h5")
    check_not_read([target], "--out", path, *options.get("data", ()), *whole.config.files)
    sample, source = sample_of(whole, options)
    save_checkpoint(target, dataclasses.replace(whole, training=None), width)
    small = Classifier(load_checkpoint(target))
    before, after = (score_sample(one, sample) for one in (Classifier(whole), small))
    changed, most = differences(whole, before.probabilities, after.probabilities)
    say(source)
    sizes = [one.stat().st_size for one in (path, target)]
    click.echo(
        f"{safe(str(path))}\n{safe(str(target))}\n"
        f"size      {megabytes(path)} -> {megabytes(target)}, "
        f"{sizes[0] / sizes[1]:.1f} times smaller\n"
        f"accuracy  {percent(before.scores.accuracy)} -> {percent(after.scores.accuracy)}, "
        f"{len(sample.texts):,} of {sample.rows_given:,} rows\n"
        f"log-loss  {before.scores.log_loss:.4f} -> {after.scores.log_loss:.4f}\n"
        f"labels    {changed:,} changed; probabilities by at most {most:.4f}"
    )
