"""``textcnn classify --output``: many files, here or on a cluster."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from textcnn.commands.arguments.where_to_run import open_runner
from textcnn.commands.screen.display import say
from textcnn.core.tokenizers import find_tokenizer
from textcnn.inference.files import (
    Outcome,
    ShardOptions,
    classify_shard,
    digest_of,
    find_shards,
    waiting_shards,
)
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import make_folder
from textcnn.support.folder_lock import locked
from textcnn.support.workers.processes import Runner, SentFile
from textcnn.training.checkpoint import load_checkpoint


def classify_files(
    patterns: Sequence[str],
    folder: Path,
    checkpoint: Path,
    options: ShardOptions,
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Classify the files that the patterns mean, each in a file of its own in ``folder``.

    Args:
        patterns: paths of files, or patterns.
        folder: where the predictions go.
        checkpoint: of the model.
        options: what predictions depend on besides.
        jobs: the value of ``--jobs``.
        scheduler: that of ``--scheduler``.

    Raises:
        UserError: there are none, or the folder is another model's; or, once all others are
            classified, a file could not be, or not wholly.
        RunError: likewise, for a fault of a machine.
    """
    shards = find_shards(patterns, folder, options.format)
    # A model that cannot be used should be said once, and at once.
    model = load_checkpoint(checkpoint)
    find_tokenizer(model.config.tokenizer)
    options.choice.limits(model)
    del model
    runner = open_runner(jobs, scheduler, "the same command")
    digest = digest_of(checkpoint)
    make_folder(folder, "--output")
    click.get_current_context().with_resource(locked(folder, "--output"))
    waiting = waiting_shards(shards, folder, digest, options)
    say(f"{len(shards)} files to {folder}")
    if len(waiting) < len(shards):
        say(f"classified before: {len(shards) - len(waiting)}")
    tasks = [{"shard": shard, "options": options, "digest": digest} for shard in waiting]
    try:
        outcomes = _run(tasks, {"model": SentFile(checkpoint)}, runner)
    except KeyboardInterrupt:
        say("stopped; the same command goes on")
        sys.exit(130)
    _report(outcomes, folder)


def _run(
    tasks: Sequence[dict[str, object]], common: dict[str, SentFile], runner: Runner
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with contextlib.closing(runner.run(classify_shard, tasks, common)) as finished:
        for outcome in finished:
            outcomes.append(outcome)
            if outcome.error is None:
                number = f"{len(outcomes)} of {len(tasks)}"
                say(f"{number}  {outcome.shard.output.name}  {outcome.lines:,} lines")
            for line in outcome.said:
                say(f"  {line}")
    return outcomes


def _report(outcomes: list[Outcome], folder: Path) -> None:
    """Say what went wrong, a line each, and fail if anything did."""
    faults = [outcome.error for outcome in outcomes if outcome.error is not None]
    done = [outcome for outcome in outcomes if outcome.error is None]
    complaints = [outcome.complaint for outcome in done if outcome.complaint]
    there = {path.name for path in folder.iterdir()}
    lost = [
        f"{outcome.shard.output}: written by a worker, but not to be seen from here; all machines "
        "must see the same folder"
        for outcome in done
        if outcome.shard.output.name not in there
    ]
    for line in (*map(str, faults), *lost, *complaints):
        say(" ".join(line.split()))
    if faults or lost:
        kind = RunError if lost or any(isinstance(it, RunError) for it in faults) else UserError
        raise kind(
            f"{len(faults) + len(lost)} files could not be classified; the same command tries them "
            "again"
        )
    if complaints:
        raise UserError(f"{len(complaints)} files have lines or rows without a prediction")
