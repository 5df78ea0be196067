"""``textcnn explain``."""

import contextlib
import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click

from textcnn.commands.arguments.checkpoint import chosen_checkpoint
from textcnn.commands.arguments.options import PATH, SectionedCommand, count_option
from textcnn.commands.arguments.sentence_input import SentenceInput, open_input, sentence_options
from textcnn.commands.screen.display import say
from textcnn.data.datasets.cells import Table
from textcnn.insight.explanations.as_html import page
from textcnn.insight.explanations.as_text import as_text
from textcnn.insight.explanations.explaining import Explainer
from textcnn.insight.explanations.explanation import Explanation, as_object
from textcnn.insight.explanations.what_if import Change, what_if
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.files import check_not_read, replace_text
from textcnn.support.terminal import Screen, reader_gone
from textcnn.training.checkpoint import load_checkpoint


@click.command("explain", cls=SectionedCommand)
@sentence_options
@count_option("--top", 10, "Show so many of the strongest n-grams.")
@click.option(
    "--what-if",
    "changed",
    is_flag=True,
    help="Also show the smallest change, a word left out or two neighbours swapped, that gives "
    "another label.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object a line, with every n-gram.")
@click.option(
    "--html",
    "html_file",
    type=PATH,
    help="Write a page for the browser to this file instead.",
)
def command(
    inputs: SentenceInput, top: int, changed: bool, as_json: bool, html_file: Path | None
) -> None:
    """Show which words decided about SENTENCES, the lines or rows of --input FILE, or with - the
    lines of standard input.

    A label is a sum: what each n-gram that a filter chose adds, and what the counts of words, parts
    of words and n-grams add. All of it is shown as pushes towards a label: what is added to it,
    less the mean over the labels. A word's push is its share of the n-grams it is in, each divided
    equally among its words; the tables hold the n-grams themselves.
    """
    inputs = inputs.checked()
    if as_json and html_file is not None:
        raise UserError("--json and --html: choose one")
    if html_file is not None and find_spec("jinja2") is None:
        raise UserError("--html needs Jinja2: pip install 'textcnn[report]'")
    path = chosen_checkpoint(inputs.checkpoint)
    model = load_checkpoint(path)
    check_not_read([html_file], "--html", path, *([] if inputs.file is None else [inputs.file]))
    explainer = Explainer(model)
    pages: list[tuple[Explanation, Change | None]] = []
    with contextlib.ExitStack() as stack:
        for text in _texts(inputs, model.config, stack):
            explanation = explainer.explain(text)
            change = what_if(explainer.model, explanation.tokens) if changed else None
            if html_file is not None:
                pages.append((explanation, change))
                continue
            _print(explanation, change, top, as_json)
            if reader_gone():
                return
    if html_file is not None:
        replace_text(html_file, page(pages, top, str(path)))
        say(f"{len(pages):,} explained in {html_file}")


def _print(explanation: Explanation, change: Change | None, top: int, as_json: bool) -> None:
    if as_json:
        line = json.dumps(as_object(explanation, change), ensure_ascii=False)
        # What was not UTF-8 on the command line is given back as it came.
        sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape") + b"\n")
        sys.stdout.buffer.flush()
        return
    screen = Screen.of(sys.stdout)
    click.echo(as_text(explanation, top, screen, change), color=screen.colour)


def _texts(inputs: SentenceInput, config: Config, stack: contextlib.ExitStack) -> Iterator[str]:
    if inputs.file is None:
        yield from inputs.sentences
        return
    found = open_input(inputs.file, config, inputs.options, stack)
    if isinstance(found, Table):
        for row in found.rows:
            if row.fault is not None:
                raise UserError(f"{row.where}: {row.fault}")
            yield row.text
        return
    for chunk in found:
        yield from chunk
    if found.complaint:
        raise UserError(found.complaint)
