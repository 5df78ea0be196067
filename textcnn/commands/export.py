"""``textcnn export``."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.checkpoint import checkpoint_argument, chosen_checkpoint
from textcnn.commands.arguments.options import PATH, SectionedCommand, scored_data_options
from textcnn.commands.eval import differences, megabytes, sample_of
from textcnn.commands.screen.display import say
from textcnn.inference.classifier import Classifier
from textcnn.inference.export.arrays import write_arrays
from textcnn.inference.export.model import Model, model_of
from textcnn.inference.export.numpy_classifier import Model as NumpyModel
from textcnn.inference.export.page import LARGEST_PAGE, module_text, packed_for, page_text
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text
from textcnn.support.terminal import safe_lines
from textcnn.training.checkpoint import Checkpoint, load_checkpoint

SUFFIXES = {"html": (".html", ".htm"), "js": (".mjs", ".js"), "npz": (".npz",)}
"""How the name of a file of each form may end."""


@click.command("export", cls=SectionedCommand)
@checkpoint_argument
@click.option(
    "--to",
    "form",
    type=click.Choice(tuple(SUFFIXES)),
    required=True,
    help="html: a page that classifies as you type, without a server. js: a module for Node and "
    "browsers. npz: arrays for NumPy, and classify.py beside them.",
)
@click.option("--out", type=PATH, required=True, help="The file to write.")
@scored_data_options
def command(checkpoint: Path | None, form: str, out: Path, options: dict[str, Any]) -> None:
    """Write the model of CHECKPOINT for where there is no textcnn, and say what that costs.

    A page or a module has rounded numbers, to stay below 6 MB where that is sound. Its predictions
    are compared with the checkpoint's on the run's own test sentences, or on those of --data.
    """
    _check_name(out, form)
    whole = load_checkpoint(chosen_checkpoint(checkpoint))
    model = model_of(whole)
    texts, source = _sentences(whole, options)
    written = [out]
    if form == "npz":
        written.append(write_arrays(model, out))
    else:
        packed = packed_for(model)
        replace_text(out, (page_text if form == "html" else module_text)(packed))
        model = dataclasses.replace(model, arrays=packed.arrays)
    say(source)
    click.echo(safe_lines("\n".join(map(str, written))))
    click.echo(f"size       {megabytes(*written)}")
    if form != "npz" and out.stat().st_size > LARGEST_PAGE:
        say(f"more than {LARGEST_PAGE / 1e6:g} MB: predictions would change if it were smaller")
    click.echo(f"agreement  {_agreement(whole, model, texts) if texts else 'not measured'}")


def _check_name(out: Path, form: str) -> None:
    suffixes = SUFFIXES[form]
    if out.suffix.lower() not in suffixes:
        raise UserError(f"--out {out}: for --to {form} the name must end in {suffixes[0]}")
    if out.is_dir():
        raise UserError(f"--out {out}: is a folder; name a file")
    if not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}")


def _sentences(checkpoint: Checkpoint, options: dict[str, Any]) -> tuple[list[str], str]:
    """The texts to compare on, none where the run's own are gone, and a line about them."""
    try:
        sample, source = sample_of(checkpoint, options)
    except UserError as error:
        if options:
            raise
        return [], f"no sentences to compare on: {error}"
    return sample.texts, source


def _agreement(whole: Checkpoint, written: Model, texts: list[str]) -> str:
    before = Classifier(whole).predict_proba(texts)
    after = NumpyModel(written.header, written.arrays).probabilities(texts)
    changed, most = differences(whole, before, after)
    return f"{changed:,} of {len(texts):,} predictions changed; probabilities by at most {most:.4f}"
