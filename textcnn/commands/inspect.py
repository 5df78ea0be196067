"""``textcnn inspect``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.checkpoint import checkpoint_argument, chosen_checkpoint
from textcnn.commands.arguments.options import SectionedCommand, count_option, moved_data_options
from textcnn.commands.screen.display import percent, say
from textcnn.core.progress import evaluation_line
from textcnn.insight.explanations.wording import signed
from textcnn.insight.learnt.facts import facts, fusion_words, network_words, written_at
from textcnn.insight.learnt.filters import Filter, filter_dictionary
from textcnn.insight.learnt.learnt_ngrams import (
    Item,
    Ngram,
    learnt_ngrams,
    ngram_items,
    shown_labels,
    shown_labels_words,
)
from textcnn.insight.learnt.neighbours import neighbours
from textcnn.insight.learnt.training_part import TrainingPart, training_part
from textcnn.insight.run_list import changed_options, option_words
from textcnn.support.errors import RunError, UserError
from textcnn.support.tables import Table, table_text
from textcnn.support.terminal import columns_of, folded, is_terminal, one_line
from textcnn.training.checkpoint import Checkpoint, load_checkpoint

HISTORY = 12
"""Evaluations shown, the last ones; all are in the JSON."""

INDENT = 12
"""Columns of the names at the beginning of lines."""


@click.command("inspect", cls=SectionedCommand)
@checkpoint_argument
@moved_data_options
@count_option("--top", 10, "Show so many n-grams, counted words and neighbours.")
@click.option(
    "--filters",
    type=click.IntRange(1),
    metavar="N",
    help="Show the N filters that the dev sentences would miss most, and what each looks for.",
)
@click.option(
    "--words",
    multiple=True,
    metavar="TEXT",
    help="Show the nearest words of these; several in quotation marks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(
    checkpoint: Path | None,
    top: int,
    filters: int | None,
    words: tuple[str, ...],
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Show what CHECKPOINT, a file or a run's folder, has learnt; by default the newest run's best.

    Where it came from, its options and sizes, and what pushes most towards each label: words and
    n-grams of the n-gram expert, and the n-grams that its filters look for. The latter are looked
    up in the training sentences, which are read again from where the run had them, or from where
    --data, --dev-data and --test-data say that they are now.
    """
    path = chosen_checkpoint(checkpoint)
    model = load_checkpoint(path)
    asked = [word for text in words for word in text.split()]
    # Before anything that takes long, since a word may be misspelt.
    nearest = neighbours(model, asked, top)
    items_by_kind = ngram_items(model, top)
    part: TrainingPart | None
    try:
        part, missing = training_part(model, say, options), ""
    except (UserError, RunError) as error:
        part, missing = None, one_line(str(error))
    ngrams = learnt_ngrams(model, part, top) if part else []
    missed = filter_dictionary(model, part, filters) if part and filters else []
    if as_json:
        found = facts(path, model)
        if shown_labels_words(model):
            found["labels_looked_at"] = shown_labels_words(model)
        found["ngram_items"] = {
            kind: _plain(classes, model) for kind, classes in items_by_kind.items()
        }
        found |= _learnt_values(model, part, ngrams, missed)
        if missing:
            found["training_sentences_missing"] = missing
        if nearest:
            found["nearest_words"] = nearest
        click.echo(json.dumps(found, indent=2))
        return
    blocks = [_origin(path, model), _labels(model), _sizes(path, model), _history(model)]
    blocks += [_items(model, kind, classes) for kind, classes in items_by_kind.items()]
    if part is None:
        why = "what the filters look for cannot be shown without the training sentences: "
        blocks.append([folded(why + missing, 2)])
    else:
        blocks.append(_ngrams(model, part, ngrams))
        blocks += [_filters(model, part, missed)] if filters else []
    if nearest:
        blocks.append(_words(model, nearest))
    click.echo("\n\n".join("\n".join(lines) for lines in blocks if lines))


# As text


def _origin(path: Path, model: Checkpoint) -> list[str]:
    options = changed_options(model.config)
    changed = " ".join(f"{name}={option_words(value)}" for name, value in options.items())
    programs = ", ".join(f"{name} {version}" for name, version in model.written_by.items())
    lines = [
        f"checkpoint  {path}",
        f"written     {written_at(path)}, by {one_line(programs) or 'unknown'}",
        f"data        {one_line(model.source)}",
        f"SHA-256     {one_line(model.fingerprint)}",
        f"options     {changed or 'all as by default'}",
    ]
    return [folded(line, INDENT) for line in lines]


def _labels(model: Checkpoint) -> list[str]:
    heads, shown = ["label", "training sentences"], shown_labels(model)
    counts = model.label_counts[shown]
    pairs = zip(_names(model), counts.tolist(), strict=True)
    rows = [[one_line(name), f"{count:,}"] for name, count in pairs]
    if model.thresholds is not None:
        heads.append("threshold")
        for row, threshold in zip(rows, model.thresholds[shown].tolist(), strict=True):
            row.append(f"{threshold:.2f}")
    shares = (counts / max(int(model.label_counts.sum()), 1)).tolist()
    table = Table(heads, rows, right={1, 2}, bars=shares)
    left_out = shown_labels_words(model)
    return [*([folded(f"looked at   {left_out}", INDENT)] if left_out else []), table_text(table)]


def _names(model: Checkpoint) -> list[str]:
    """The labels that are looked at."""
    return [model.labels[label] for label in shown_labels(model)]


def _sizes(path: Path, model: Checkpoint) -> list[str]:
    rows = [
        [name, " x ".join(f"{side:,}" for side in array.shape), f"{array.size:,}"]
        for name, array in model.networks[0].items()
    ]
    lines = [
        f"network     {network_words(model.networks, model.architecture)}",
        f"file        {path.stat().st_size / 1e6:.2f} MB",
        f"fusion      {fusion_words(model)}",
    ]
    table = table_text(Table(["array", "shape", "numbers"], rows, right={2}))
    return [*(folded(line, INDENT) for line in lines), "", table]


def _history(model: Checkpoint) -> list[str]:
    history, best_step = model.history, model.best_step
    recent = history[-HISTORY:]
    shown = [past for past in history if past.step == best_step or past in recent]
    left_out = len(history) - len(shown)
    width = columns_of(sys.stdout) if is_terminal(sys.stdout) else None
    return [
        *([f"({left_out} earlier evaluations)"] if left_out else []),
        *(evaluation_line(past, past.step == best_step, width) for past in shown),
    ]


def _items(model: Checkpoint, kind: str, classes: Sequence[Sequence[Item]]) -> list[str]:
    name = "words (their parts included)" if kind == "words" else kind
    lines = [folded(f"what pushes most by the n-gram expert: {name}", 2)]
    for index, items in enumerate(classes):
        listed = ", ".join(f"{item.text} {signed(item.pushes[index])}" for item in items)
        lines.append(folded(f"{one_line(_names(model)[index])}: {listed or '-'}", 2))
    return lines


def _ngrams(model: Checkpoint, part: TrainingPart, classes: list[list[Ngram]]) -> list[str]:
    lines = [folded(f"what pushes most by the filters: n-grams of {part.sentences}", 2)]
    for index, ngrams in enumerate(classes):
        pushes = [ngram.pushes[index] for ngram in ngrams]
        rows = [
            [f"{push:+.3f}", f"{ngram.sentences:,}", str(ngram.height), ngram.text]
            for push, ngram in zip(pushes, ngrams, strict=True)
        ]
        heads = ["push", "sentences", "height", "n-gram"]
        most = max(map(abs, pushes), default=0) or 1
        bars = [abs(push) / most for push in pushes]
        table = Table(heads, rows, right={1, 2}, bars=bars)
        lines += ["", f"towards {one_line(_names(model)[index])}", table_text(table)]
    return lines


def _filters(model: Checkpoint, part: TrainingPart, filters: list[Filter]) -> list[str]:
    dev = f"the {len(part.dev.sentences):,} dev sentences"
    if part.dev_trained:
        dev += ", on which it was trained too (--refit),"
    lines = [folded(f"the filters that {dev} would miss most", 2)]
    for one in filters:
        network = f"network {one.network + 1}, " if len(model.networks) > 1 else ""
        pushes = ", ".join(
            f"{one_line(label)} {push:+.3f}"
            for label, push in _by_label(model, one.pushes.tolist()).items()
        )
        lines += [
            "",
            folded(
                f"{network}height {one.height}, filter {one.number + 1}: above 0 in "
                f"{percent(one.fires)} of sentences, where it adds {pushes}",
                2,
            ),
            folded(
                f"without it dev accuracy {signed(-100 * one.accuracy_lost)} points, dev loss "
                f"{one.loss_added:+.5f}",
                2,
            ),
            *(f"  {value:6.3f}  {text}" for text, value in one.ngrams),
        ]
    return lines


def _words(model: Checkpoint, nearest: dict[str, list[tuple[str, float]]]) -> list[str]:
    lines = [f"nearest words by cosine{' (first network)' if len(model.networks) > 1 else ''}"]
    for word, near in nearest.items():
        listed = ", ".join(f"{one_line(other)} {cosine:.3f}" for other, cosine in near) or "-"
        lines.append(folded(f"{one_line(word)}: {listed}", 2))
    return lines


# As JSON


def _by_label(model: Checkpoint, values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(_names(model), values, strict=True))


def _learnt_values(
    model: Checkpoint, part: TrainingPart | None, classes: list[list[Ngram]], filters: list[Filter]
) -> dict[str, Any]:
    if part is None:
        return {"training_sentences": None}
    found: dict[str, Any] = {
        "training_sentences": {"looked_at": len(part.train), "total": part.total},
        "ngrams": _plain(classes, model),
    }
    if filters:
        found["dev_sentences"] = {
            "looked_at": len(part.dev.sentences),
            "trained_on": part.dev_trained,
        }
        found["filters"] = [_plain_one(one, model) for one in filters]
    return found


def _plain(classes: Sequence[Sequence[Item | Ngram]], model: Checkpoint) -> dict[str, Any]:
    return _by_label(model, [[_plain_one(one, model) for one in found] for found in classes])


def _plain_one(one: Item | Ngram | Filter, model: Checkpoint) -> dict[str, Any]:
    return {**vars(one), "pushes": _by_label(model, one.pushes.tolist())}
