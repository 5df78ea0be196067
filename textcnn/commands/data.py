"""``textcnn data``."""

import dataclasses
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
import numpy as np

from textcnn.commands.arguments.options import DATA_OPTIONS, SectionedCommand, config_options
from textcnn.commands.screen.display import percent, say
from textcnn.data.datasets.corpus import load_corpus, locate
from textcnn.data.datasets.labelled_texts import BadRow
from textcnn.data.datasets.suggestions import Suggestion, suggestions
from textcnn.data.datasets.survey import HasVector, RepeatedSentence, Survey, survey
from textcnn.data.datasets.text_files import check_encoding
from textcnn.data.remarks import per_cent
from textcnn.recipe.config import Config, command_words
from textcnn.support.errors import UserError
from textcnn.support.program import command_line
from textcnn.support.tables import Table, table_text
from textcnn.support.terminal import folded, next_commands, safe
from textcnn.support.text import cut, some

LABELS_SHOWN = 20
ROWS_SHOWN = 5
SENTENCES_SHOWN = 3
NAME_WIDTH = 12
TEXT_WIDTH = 60


@click.command("data", cls=SectionedCommand)
@click.argument("files", nargs=-1)
@config_options({*DATA_OPTIONS, "tokenizer", "vectors"})
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
def command(files: tuple[str, ...], as_json: bool, options: dict[str, Any]) -> None:
    """Look at labelled sentences before training: FILES, or what --data names.

    Labels, lengths, equal sentences, odd characters, unknown words, and what to do about them.
    """
    if files:
        options["data"] = (*options.get("data", ()), *files)
    config = locate(Config.from_mapping(options, ""))
    check_encoding(config.encoding)
    find = _finder(config.vectors)
    corpus = load_corpus(config, say, with_bad_rows=True)
    if not corpus.texts:
        corpus.without_bad_rows(skip=False)
    first_of_kind: dict[str, BadRow] = {}
    for row in corpus.bad_rows:
        first_of_kind.setdefault(row.kind, row)
    for row in first_of_kind.values():
        say(f"{row.where}: {row.fault}")
    found = survey(corpus, config.tokenizer, config.multilabel, find)
    advice = list(suggestions(found, config))
    if as_json:
        click.echo(json.dumps(_as_dict(found, advice), indent=2))
    else:
        click.echo(_report(found, config, advice))
        if not any(suggestion.stops for suggestion in advice):
            click.echo("\n" + next_commands(_train_line(options, advice)))


NEEDED_ADVICE = {
    *("--skip-bad-rows", "--merge-labels", "--encoding"),
    *("--multilabel", "--label-separator", "--test-share"),
}
"""Suggestions without which training stops, or takes one thing for several."""


def _train_line(options: Mapping[str, Any], advice: Sequence[Suggestion]) -> str:
    """The command that trains on these sentences, read as they were here and as is suggested."""
    words = [word for name, value in options.items() for word in command_words(name, value)]
    for suggestion in advice:
        if not suggestion.do.startswith("--"):
            continue
        option, *values = shlex.split(suggestion.do)
        if option in NEEDED_ADVICE and option not in words:
            words += [option, *values]
    return command_line("train", *words)


def _finder(vectors: str | None) -> HasVector | None:
    if vectors is None:
        return None
    if vectors == "train":
        raise UserError("--vectors train: those would cover every word; give a file or a name")

    def find(words: Sequence[str]) -> np.ndarray:
        # Imported here: gensim is slow to load, and most surveys have no use for it.
        from textcnn.data.vectors import load_vectors

        return load_vectors(vectors, words, say).found

    return find


def _as_dict(found: Survey, advice: Sequence[Suggestion]) -> dict[str, Any]:
    facts = dataclasses.asdict(found)
    facts["surplus_rows"] = found.surplus_rows
    facts["conflicts"] = [dataclasses.asdict(sentence) for sentence in found.conflicts]
    facts["rare_labels"] = [label.name for label in found.rare_labels]
    facts["suggestions"] = [dataclasses.asdict(suggestion) for suggestion in advice]
    return facts


Fact = tuple[str, str]
"""What something is called, and what is said of it; without a name more of what is above."""


def _report(found: Survey, config: Config, advice: Sequence[Suggestion]) -> str:
    head = [
        f"data: {safe(found.source)}",
        f"{_count(found.rows, 'row')}, {_count(len(found.labels), 'label')}",
    ]
    facts = (
        _label_facts(found, config),
        _sentence_facts(found, config),
        _character_facts(found),
        _word_facts(found, config),
    )
    advised = [folded(safe(f"  {it.do}: {it.why}"), 4) for it in advice]
    blocks = [
        [*head, *map(_line, _bad_row_facts(found))],
        _label_table(found),
        *(map(_line, block) for block in facts),
        ["suggestions", *advised] if advice else ["nothing to do"],
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def _line(fact: Fact) -> str:
    name, text = fact
    return folded(f"{name:{NAME_WIDTH}}  {text}", NAME_WIDTH + 2)


def _bad_row_facts(found: Survey) -> Iterator[Fact]:
    if found.bad_rows:
        yield "bad rows", f"{len(found.bad_rows):,} of {found.rows_given:,}, left out of all below"
    where_of: dict[str, list[str]] = {}
    for row in found.bad_rows:
        where_of.setdefault(row.kind, []).append(row.where)
    for kind, where in where_of.items():
        yield "", f"{len(where):,}: {kind} ({some(where, ROWS_SHOWN, '; ')})"


def _label_table(found: Survey) -> Iterator[str]:
    shown = found.labels[:LABELS_SHOWN]
    rows = [[_short(label.name), f"{label.rows:,}", percent(label.share)] for label in shown]
    bars = [label.share for label in shown]
    yield table_text(Table(["label", "rows", "share"], rows, right={1, 2}, bars=bars))
    if len(found.labels) > LABELS_SHOWN:
        yield f"... {len(found.labels) - LABELS_SHOWN:,} more"


def _label_facts(found: Survey, config: Config) -> Iterator[Fact]:
    label = _label_text(found.majority.labels, config.label_separator)
    yield "baseline", f"{percent(found.majority.accuracy)} (always predicting {label})"
    if len(found.labels) > 1:
        most, least = _short(found.labels[0].name), _short(found.labels[-1].name)
        yield "imbalance", f"{found.imbalance:.1f} to 1 ({most} to {least})"
    if found.multilabel:
        each = sum(label.rows for label in found.labels) / found.rows
        yield "labels a row", f"{each:.2f}; {_count(found.unlabelled, 'row')} without"
    if found.rare_labels:
        names = [f"{_short(label.name)} ({label.sentences})" for label in found.rare_labels]
        yield "too rare", f"fewer than 3 different sentences: {some(names, ROWS_SHOWN)}"


def _sentence_facts(found: Survey, config: Config) -> Iterator[Fact]:
    lengths, conflicts = found.lengths, found.conflicts
    yield (
        "tokens",
        f"{lengths.total:,}; a row has {lengths.shortest:,} to {lengths.longest:,}, median "
        f"{lengths.median:,}, 95th percentile {lengths.percentile_95:,}",
    )
    if found.no_text:
        yield "no text", _rows(found.no_text)
    yield "no token", _rows(found.no_token)
    yield "one token", _rows(found.one_token)
    repeat = "row repeats" if found.surplus_rows == 1 else "rows repeat"
    surplus = f"{found.surplus_rows:,} {repeat} an earlier one" if found.repeated else "none"
    yield "duplicates", surplus
    for sentence in found.repeated[:SENTENCES_SHOWN]:
        yield "", f"{len(sentence.rows):,} times: {_excerpt(sentence.text)}"
    count = f"{_count(len(conflicts), 'sentence')} under different labels"
    yield "conflicts", count if conflicts else "none"
    for sentence in conflicts[:SENTENCES_SHOWN]:
        rows = _labelled_rows(sentence, config.label_separator)
        yield "", f"{rows}: {_excerpt(sentence.text)}"


def _labelled_rows(sentence: RepeatedSentence, separator: str) -> str:
    """One row of each label."""
    row_of: dict[tuple[str, ...], int] = {}
    for row, labels in zip(sentence.rows, sentence.labels, strict=True):
        row_of.setdefault(labels, row)
    named = [f"row {row:,} {_label_text(labels, separator)}" for labels, row in row_of.items()]
    return some(named, ROWS_SHOWN)


def _character_facts(found: Survey) -> Iterator[Fact]:
    faults = found.faults
    kinds = (
        ("lost", "U+FFFD for a character", faults.replaced),
        ("mojibake", "UTF-8 taken for another encoding", faults.mojibake),
        ("control", "control characters", faults.control),
        ("markup", "HTML, read as words", faults.markup),
    )
    for name, what, fault in kinds:
        if fault:
            examples = (
                "" if fault is faults.replaced else f" ({', '.join(map(_visible, fault.seen))})"
            )
            yield name, f"{what}{examples}: {_rows(fault.rows)}"
    if not (faults.replaced or faults.mojibake or faults.control):
        yield "characters", "no sign of a wrong encoding"
    letters, words = per_cent(found.dropped.letters), per_cent(found.dropped.words)
    dropped = f"drops {letters} of the letters, some in {words} of the words"
    yield (
        "tokenizer",
        f"{found.tokenizer} {dropped if found.dropped.letters else 'keeps every letter'}",
    )


def _word_facts(found: Survey, config: Config) -> Iterator[Fact]:
    words, coverage = found.words, found.coverage
    once = percent(words.once / words.count) if words.count else "none"
    yield "words", f"{words.count:,} different, {once} of them seen once"
    if coverage is not None:
        yield (
            "vectors",
            f"{config.vectors} has {percent(coverage.words)} of the words, "
            f"{percent(coverage.tokens)} of the tokens",
        )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _rows(rows: Sequence[int]) -> str:
    if not rows:
        return "none"
    where = some([f"{row:,}" for row in rows], ROWS_SHOWN, "; ")
    return f"{_count(len(rows), 'row')} ({where})"


def _excerpt(text: str) -> str:
    """The beginning of a text on one line, with nothing in it that a terminal would obey."""
    return cut(_visible(" ".join(text.split())), TEXT_WIDTH)


def _label_text(labels: Sequence[str], separator: str) -> str:
    return separator.join(map(_short, labels)) or "no label"


def _short(label: str) -> str:
    return cut(safe(label), TEXT_WIDTH)


def _visible(text: str) -> str:
    return "".join(
        character if character.isprintable() else f"U+{ord(character):04X}" for character in text
    )
