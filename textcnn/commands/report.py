"""``textcnn report``."""

from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.checkpoint import checkpoint_argument, newest_finished_run
from textcnn.commands.arguments.options import (
    PATH,
    SectionedCommand,
    count_option,
    moved_data_options,
)
from textcnn.commands.screen.display import say
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import Sample, score_sample
from textcnn.inference.classifier import Classifier
from textcnn.insight.learnt.training_part import read_again
from textcnn.insight.report import is_installed
from textcnn.insight.report.page import page
from textcnn.insight.run_list import RUN, read_run
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import check_not_read, replace_text
from textcnn.support.program import command_line
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.run_folder import RunFolder


@click.command("report", cls=SectionedCommand)
@checkpoint_argument
@moved_data_options
@click.option(
    "--out",
    type=PATH,
    help="The page's file. [default: report.html in the run's folder]",
)
@count_option("--top", 10, "Show so many n-grams and words of each label.", least=1)
@count_option("--mistakes", 20, "Show so many of the surest mistakes.")
def command(
    checkpoint: Path | None, out: Path | None, top: int, mistakes: int, options: dict[str, Any]
) -> None:
    """Write a page about CHECKPOINT, a finished run's folder; by default the newest.

    Scores, curves, confusion, how far the probabilities can be trusted, what pushes towards each
    label, the surest mistakes, and the command that repeats it. Every run that is trained to its
    end has one already; the sentences are read again from where the run had them, or from
    where --data, --dev-data and --test-data say that they are now.
    """
    if not is_installed():
        raise UserError("a report needs Jinja2 and matplotlib: pip install 'textcnn[report]'")
    folder = _finished(newest_finished_run() if checkpoint is None else RunFolder(checkpoint))
    model = load_checkpoint(folder.best)
    check_not_read([out], "--out", folder.best, *sum(options.values(), ()), *model.config.files)
    try:
        data: TokenizedData | None = read_again(model, say, options)
        absent = ""
    except (UserError, RunError) as error:
        data, absent = None, str(error)
        if out is None and folder.report.exists():
            raise UserError(
                f"{folder.report}: not replaced by one without scores, as the sentences are not at "
                f"hand ({absent}); say with --data where they are, or name another file with --out"
            ) from error
        say(f"without scores and n-grams, as the sentences are not at hand: {absent}")
    tested = data is not None and len(data.split.test)
    scored = score_sample(Classifier(model), Sample.test_part(data)) if data and tested else None
    path = folder.report if out is None else out
    replace_text(path, page(folder, model, data, scored, absent, top, mistakes))
    say(f"report: {path}")


def _finished(folder: RunFolder) -> RunFolder:
    listed = read_run(folder.path) if folder.path.is_dir() else None
    if listed is None:
        raise UserError(f"{folder.path}: no run's folder")
    finishing = command_line("train", "--resume", folder.path)
    for is_so, why in (
        (listed.kind != RUN, f"a {listed.kind}, which writes its tables itself"),
        (listed.damage, listed.damage),
        (listed.running, f"{listed.state}; wait until it ends"),
        (listed.unfinished, f"{listed.state}; finish it with: {finishing}"),
    ):
        if is_so:
            raise UserError(f"{folder.path}: {why}")
    return folder
