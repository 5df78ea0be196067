"""``textcnn classify``."""

import contextlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.checkpoint import chosen_checkpoint
from textcnn.commands.arguments.label_choice import choice_options
from textcnn.commands.arguments.options import SectionedCommand, given_options
from textcnn.commands.arguments.sentence_input import (
    checkpoint_apart,
    open_input,
    sentence_options,
    sentences_or_file,
)
from textcnn.commands.screen.display import say
from textcnn.commands.screen.terminal import is_terminal, reader_gone
from textcnn.core.tokenizers import find_tokenizer
from textcnn.data.datasets.tables import Table
from textcnn.data.datasets.text_files import check_encoding
from textcnn.data.tokenizer_choice import WithoutToken
from textcnn.inference.answer_lines import FORMATS
from textcnn.inference.answered_tables import (
    answered_table,
    complaint_of,
    remarks_on,
    rows_to_answer,
)
from textcnn.inference.classifier import Classifier
from textcnn.inference.decoded_lines import DecodedLines
from textcnn.inference.given_labels import Choice
from textcnn.inference.streams import LineAnswerer, answered
from textcnn.inference.unseen_words import check_static, unseen, with_vectors
from textcnn.recipe.config import flag
from textcnn.support.errors import UserError
from textcnn.support.text import printable_lines
from textcnn.support.threads import processors
from textcnn.training.checkpoint import Checkpoint, load_checkpoint


@click.command("classify", cls=SectionedCommand)
@sentence_options
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="tsv: label, probability, text. json: an object a line. csv: with a header. "
    "spreadsheet: the same, with ' before a cell that a spreadsheet would take for a formula. "
    "[default: tsv; for a table, its own]",
)
@click.option("--proba", is_flag=True, help="Give the probabilities of all labels.")
@choice_options
@click.option(
    "--vectors",
    metavar="TEXT",
    help="Vectors for words that training never saw, from the file or name that it was given; for "
    "--mode static and multichannel. All input is read before the first answer.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Take SENTENCES for files, or patterns such as 'shards/*.txt.gz', and answer each in a "
    "file in FOLDER.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Processes that answer, once many sentences wait; with --output, files at once. "
    "[default: one a processor]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="With --output, label on the workers of a Dask cluster; the address of its scheduler.",
)
def command(
    sentences: tuple[str, ...],
    checkpoint: Path | None,
    input_file: Path | None,
    form: str | None,
    proba: bool,
    choice: Choice,
    vectors: str | None,
    output: Path | None,
    jobs: int | None,
    scheduler: str | None,
    **reading: Any,
) -> None:
    """Label SENTENCES, the lines or rows of --input FILE, or with - the lines of standard input.

    One line out for each line in, as it comes. In TSV a tab, newline or backslash inside a sentence
    is written \\t, \\n, \\r or \\\\. A table is read as the run has read its own, and given back
    with all its columns and two more, label and probability. A checkpoint may stand before the
    sentences instead of --checkpoint.

    With --output FOLDER, label many files of lines, or tables. Those answered before are left
    alone, so a run that was stopped is gone on with by the same command.
    """
    if output is None and scheduler is not None:
        raise UserError("--scheduler is for files; give --output FOLDER too")
    sentences, checkpoint = checkpoint_apart(sentences, checkpoint)
    if output is None:
        sentences, input_file = sentences_or_file(sentences, input_file)
        if sentences and jobs is not None:
            raise UserError(
                "--jobs is for many sentences: use it with --input FILE or -, or, for files, give "
                "--output FOLDER too"
            )
    elif not sentences or input_file is not None:
        raise UserError(
            "--output takes files or patterns, such as 'shards/*.txt.gz', and no --input"
        )
    given = given_options(reading)
    encoding = given.get("encoding", "utf-8")
    check_encoding(encoding)
    for name in given if input_file is None else ():
        if name != "encoding" or output is None:
            raise UserError(f"{flag(name)} is for --input FILE; give that too")
    checkpoint = chosen_checkpoint(checkpoint)
    if output is not None and vectors is not None:
        raise UserError("--vectors is for sentences and --input; leave it out with --output")
    if output is not None:
        # Imported here: a sentence to classify has no use for it.
        from textcnn.commands.classify_files import classify_files
        from textcnn.inference.files import AUTO, ShardOptions

        options = ShardOptions(form or AUTO, proba, encoding, choice)
        classify_files(sentences, output, checkpoint, options, jobs, scheduler)
        return
    model = load_checkpoint(checkpoint)
    choice.limits(model)  # What the model has no label for is said before anything is read.
    if vectors is not None:
        check_static(model)
    lines: DecodedLines | None = None
    with contextlib.ExitStack() as stack:
        chunks: Iterable[Sequence[str]] = [sentences]
        if input_file is not None:
            found = open_input(input_file, model.config, reading, stack)
            if isinstance(found, Table):
                _answer_table(found, model, form, proba, choice, vectors)
                return
            chunks = lines = found
        if vectors is not None:
            chunks = list(chunks)
            model = _with_unseen_words(model, chunks, vectors)
        no_token = WithoutToken(model.config.tokenizer)
        chunks = no_token.passing(chunks)
        answer = LineAnswerer(model, form or FORMATS[0], proba, choice)
        lines_out = answered(chunks, answer, jobs or processors())
        for data in stack.enter_context(contextlib.closing(lines_out)):
            _write(data)
            if reader_gone():
                return
        if str(no_token):
            say(str(no_token))
    if lines is not None and lines.complaint:
        raise UserError(lines.complaint)


def _answer_table(
    table: Table,
    model: Checkpoint,
    form: str | None,
    proba: bool,
    choice: Choice,
    vectors: str | None,
) -> None:
    """Write every row of the table with its answer; complain once of rows that have none."""
    rows = rows_to_answer(table)
    texts = [row.text for row in rows]
    if vectors is not None:
        model = _with_unseen_words(model, [texts], vectors)
    classifier = Classifier(model)
    for line in remarks_on(table, rows, classifier):
        say(line)
    for data in answered_table(table, rows, classifier, form, proba, choice):
        _write(data)
        if reader_gone():
            return
    complaint = complaint_of(rows)
    if complaint:
        raise UserError(complaint)


def _with_unseen_words(
    model: Checkpoint, chunks: Iterable[Sequence[str]], vectors: str
) -> Checkpoint:
    # Imported here: gensim is slow to load.
    from textcnn.data.vectors import load_vectors

    tokenize = find_tokenizer(model.config.tokenizer)
    words = unseen((tokenize(text) for chunk in chunks for text in chunk), model.vocabulary)
    if not words:
        return model
    found = load_vectors(vectors, words, say)
    say(f"of words that training never saw, {found.coverage} have a vector")
    known = [word for word, is_found in zip(words, found.found, strict=True) if is_found]
    return with_vectors(model, known, found.matrix[found.found])


def _write(data: bytes) -> None:
    if is_terminal(sys.stdout):  # What is said of a sentence must not steer it.
        data = printable_lines(data.decode("utf-8", "replace")).encode("utf-8")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
