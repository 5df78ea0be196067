"""``textcnn classify``."""

import contextlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from textcnn.commands.arguments.checkpoint import chosen_checkpoint
from textcnn.commands.arguments.options import PATH, SectionedCommand
from textcnn.commands.arguments.sentence_input import SentenceInput, open_input, sentence_options
from textcnn.commands.screen.display import say
from textcnn.core.tokenizers import find_tokenizer
from textcnn.data.datasets.cells import Table
from textcnn.data.tokenizer_choice import WithoutToken
from textcnn.inference.classified_tables import (
    classified_table,
    complaint_of,
    remarks_on,
)
from textcnn.inference.classifier import Classifier
from textcnn.inference.decoded_lines import DecodedLines
from textcnn.inference.line_classifier import LineClassifier
from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import PREDICTION_FORMATS
from textcnn.inference.streams import classified
from textcnn.inference.unseen_words import check_static, find_unseen, with_vectors
from textcnn.support.errors import UserError
from textcnn.support.terminal import is_terminal, reader_gone
from textcnn.support.text import printable_lines
from textcnn.support.threads import processors
from textcnn.training.checkpoint import Checkpoint, load_checkpoint


@click.command("classify", cls=SectionedCommand)
@sentence_options
@click.option(
    "--format",
    "form",
    type=click.Choice(PREDICTION_FORMATS),
    help="tsv: label, probability, text. json: an object a line. csv: with a header. "
    "spreadsheet: the same, with ' before a cell that a spreadsheet would take for a formula. "
    "[default: tsv; for a table, its own]",
)
@click.option("--proba", is_flag=True, help="Give the probabilities of all labels.")
@click.option(
    "--top-k",
    type=click.IntRange(1),
    metavar="K",
    help="Give the K most probable labels, the most probable first. [default: one, or all "
    "above their thresholds where a sentence may have several]",
)
@click.option(
    "--threshold",
    "limits",
    multiple=True,
    metavar="[LABEL=]P",
    help="Give no label a smaller probability than P; LABEL=P for one label, and as often as "
    "there are labels. [default: 0; where a sentence may have several, what dev chose]",
)
@click.option(
    "--vectors",
    metavar="TEXT",
    help="Vectors for words that training never saw, from the file or name that it was given; for "
    "--mode static and multichannel. All input is read before the first prediction.",
)
@click.option(
    "--output",
    type=PATH,
    metavar="FOLDER",
    help="Take SENTENCES for files, or patterns such as 'shards/*.txt.gz', and classify each in a "
    "file in FOLDER.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Processes that classify, once many sentences wait; with --output, files at once. "
    "[default: one a processor]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="With --output, label on the workers of a Dask cluster; the address of its scheduler.",
)
def command(
    inputs: SentenceInput,
    form: str | None,
    proba: bool,
    top_k: int | None,
    limits: tuple[str, ...],
    vectors: str | None,
    output: Path | None,
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Label SENTENCES, the lines or rows of --input FILE, or with - the lines of standard input.

    One line out for each line in, as it comes. In TSV a tab, newline or backslash inside a sentence
    is written \\t, \\n, \\r or \\\\. A table is read as the run has read its own, and given back
    with all its columns and two more, label and probability. A checkpoint may stand before the
    sentences instead of --checkpoint.

    With --output FOLDER, label many files of lines, or tables. Those classified before are left
    alone, so a run that was stopped is gone on with by the same command.
    """
    choice = _choice(top_k, limits)
    if output is not None:
        if vectors is not None:
            raise UserError("--vectors is for sentences and --input; leave it out with --output")
        # Imported here: a sentence to classify has no use for it.
        from textcnn.commands.classify_files import classify_files
        from textcnn.inference.files import AUTO, ShardOptions

        options = ShardOptions(form or AUTO, proba, inputs.encoding_of_files(), choice)
        checkpoint = chosen_checkpoint(inputs.checkpoint)
        classify_files(inputs.sentences, output, checkpoint, options, jobs, scheduler)
        return
    if scheduler is not None:
        raise UserError("--scheduler is for files; give --output FOLDER too")
    inputs = inputs.checked()
    if inputs.sentences and jobs is not None:
        raise UserError(
            "--jobs is for many sentences: use it with --input FILE or -, or, for files, give "
            "--output FOLDER too"
        )
    model = load_checkpoint(chosen_checkpoint(inputs.checkpoint))
    choice.limits(model)  # What the model has no label for is said before anything is read.
    if vectors is not None:
        check_static(model)
    found: Table | Iterable[Sequence[str]] = [inputs.sentences]
    with contextlib.ExitStack() as stack:
        if inputs.file is not None:
            found = open_input(inputs.file, model.config, inputs.options, stack)
        rows = list(found.rows) if isinstance(found, Table) else []
        chunks = [[row.text for row in rows]] if isinstance(found, Table) else found
        if vectors is not None:
            chunks = list(chunks)
            model = _with_unseen_words(model, chunks, vectors)
        no_token = WithoutToken(model.config.tokenizer)
        if isinstance(found, Table):
            classifier = Classifier(model)
            for line in remarks_on(found, rows, classifier):
                say(line)
            lines = classified_table(found, rows, classifier, form, proba, choice)
        else:
            classify = LineClassifier(model, form or PREDICTION_FORMATS[0], proba, choice)
            stream = classified(no_token.passing(chunks), classify, jobs or processors())
            lines = stack.enter_context(contextlib.closing(stream))
        for data in lines:
            _write(data)
            if reader_gone():
                return
    if str(no_token):
        say(str(no_token))
    complaint = found.complaint if isinstance(found, DecodedLines) else complaint_of(rows)
    if complaint:
        raise UserError(complaint)


def _choice(top_k: int | None, limits: Sequence[str]) -> Choice:
    """The labels that the options ask for."""
    thresholds: dict[str, float] = {}
    for word in limits:
        label, _, number = word.rpartition("=")
        if label in thresholds:
            raise UserError(f"--threshold {word}: {label or 'every label'} has one already")
        try:
            thresholds[label] = float(number)
        except ValueError:
            thresholds[label] = -1.0
        if not 0 <= thresholds[label] <= 1:
            raise UserError(f"--threshold {word}: {number!r} is not a number from 0 to 1")
    return Choice(top_k, thresholds.pop("", None), thresholds)


def _with_unseen_words(
    model: Checkpoint, chunks: Iterable[Sequence[str]], vectors: str
) -> Checkpoint:
    # Imported here: gensim is slow to load.
    from textcnn.data.vectors import load_vectors

    tokenize = find_tokenizer(model.config.tokenizer)
    words = find_unseen((tokenize(text) for chunk in chunks for text in chunk), model.vocabulary)
    # Also where there are no such words, or a wrong name would pass unseen.
    found = load_vectors(vectors, words, say)
    if words:
        say(f"of words that training never saw, {found.coverage} have a vector")
    known = [word for word, is_found in zip(words, found.found, strict=True) if is_found]
    return with_vectors(model, known, found.matrix[found.found])


def _write(data: bytes) -> None:
    if is_terminal(sys.stdout):  # What is said of a sentence must not steer it.
        data = printable_lines(data.decode("utf-8", "replace")).encode("utf-8")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
