"""From what a survey found to the options that answer it."""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from textcnn.data.datasets.labelled_texts import spellings
from textcnn.data.datasets.rows import LOOK_LATIN, listed_labels, plain_label
from textcnn.data.datasets.survey import Survey
from textcnn.data.tokenizer_choice import LEAST_DAMAGE, is_damage
from textcnn.recipe.config import Config
from textcnn.support.text import some

IMBALANCE = 10
FEW_VECTORS = 0.8


@dataclass(frozen=True)
class Suggestion:
    """What to do about a finding.

    Attributes:
        do: options, or in a few words what to do where no option helps.
        why: the finding.
        stops: whether training is refused as long as it is not done.
    """

    do: str
    why: str
    stops: bool = False


def suggestions(survey: Survey, config: Config) -> Iterator[Suggestion]:
    """What to do about everything found in data that was read as ``config`` says.

    Raises:
        LookupError: the configuration's encoding is not known to Python.
    """
    bad = len(survey.bad_rows)
    if any("--multilabel" in row.fault for row in survey.bad_rows):
        yield Suggestion("--multilabel", "some rows have several labels")
    if not config.skip_bad_rows and (bad or survey.no_text):
        yield Suggestion(
            "--skip-bad-rows",
            f"{bad:,} of {survey.rows_given:,} rows cannot be used, and training stops at them"
            if bad
            else f"rows without text: {len(survey.no_text):,}",
        )
    yield from _about_characters(survey, config)
    yield from _about_labels(survey)
    rows = {label.name: label.rows for label in survey.labels}
    yield from about_names(rows, survey.multilabel, config.label_separator)
    yield from _about_rare_labels(survey, rows)
    if survey.coverage is not None and survey.coverage.tokens < FEW_VECTORS:
        yield Suggestion(
            "other --vectors, or --vectors train",
            f"{config.vectors} has only {100 * survey.coverage.tokens:.1f} % of the tokens",
        )
    if survey.conflicts:
        yield Suggestion(
            "correct the labels, in the rows that --json lists",
            f"equal sentences have different labels ({len(survey.conflicts):,} of them)",
        )


_STRUCTURE = re.compile(r"""\A[\[({].*[\])}]\Z|[\[(]['"]""", re.DOTALL)
"""A list, a tuple or an object as a program writes it, whole or in part."""

MISSING = {"nan", "null", "n/a", "#n/a", "<na>", "nat", "undefined", "#value!", "#ref!"}
"""What programs write where there is nothing, in whatever case."""

MAYBE_MISSING = {"None", "NA", "-", "?"}
"""What they write so, and people mean as a label too."""


def about_names(
    rows: Mapping[str, int], multilabel: bool, separator: str = ""
) -> Iterator[Suggestion]:
    """What to do about the names of labels: those that look alike, are none, or are several.

    Args:
        rows: how many rows have each label.
        multilabel: whether rows have any number of labels.
        separator: what is between those of a row; without it nobody asks whether one is several.
    """
    groups: dict[str, list[str]] = {}
    for name in rows:
        groups.setdefault(plain_label(name), []).append(name)
    alike = [names for names in groups.values() if len(names) > 1]
    if alike:
        shown = some([_alike(names, rows) for names in alike], between="; ")
        why = f"labels look alike (with how many rows each has): {shown}"
        yield Suggestion("--merge-labels", why)
    lists = [name for name in rows if _STRUCTURE.search(name)]
    if lists:
        listed = listed_labels(lists[0]) is not None
        yield Suggestion(
            ("--multilabel, or " if listed else "") + "write each label without brackets",
            f"labels are written as lists: {lists[0][:60]}",
        )
    missing = [name for name in rows if name.casefold() in MISSING or name in MAYBE_MISSING]
    if missing:
        counted = ", ".join(f"{name} ({rows[name]:,})" for name in missing)
        yield Suggestion(
            "leave their cells empty and give --skip-bad-rows",
            f"labels that may stand for a missing one: {counted}",
        )
    found = _separator(rows, separator) if separator else None
    if found is not None:
        options = "" if multilabel else "--multilabel "
        if found != separator:
            options += f'--label-separator "{found}"'
        yield Suggestion(options.strip(), f"some labels look like several, with {found} between")


def _alike(names: Sequence[str], rows: Mapping[str, int]) -> str:
    """The names with their rows, so written that they can be told apart."""
    shown = [unicodedata.normalize("NFC", name) for name in names if name.isprintable()]
    looks = {name.translate(LOOK_LATIN) for name in shown}
    write = repr if len(looks) == len(names) else ascii
    ranked = sorted(names, key=lambda name: (-rows[name], name))
    return ", ".join(f"{write(name)} ({rows[name]:,})" for name in ranked)


def _about_labels(survey: Survey) -> Iterator[Suggestion]:
    if not survey.labels:
        yield Suggestion("--label-column, another one", "no row has a label", stops=True)
    elif len(survey.labels) == 1 and not survey.multilabel:
        name = survey.labels[0].name
        yield Suggestion(
            "add --data of another label",
            f"every row is labelled {name}, and a classifier needs two labels",
            stops=True,
        )
    if _hardly_labels(survey):
        yield Suggestion(
            "--label-column, another one",
            f"{len(survey.labels):,} different labels in {survey.rows:,} rows are hardly labels",
            stops=bool(survey.rare_labels),
        )
    always = [label.name for label in survey.labels if label.rows == survey.rows]
    if survey.multilabel and always:
        yield Suggestion(
            "take out what every row has",
            f"nothing can be learnt of a label that is never missing: {', '.join(always[:3])}",
        )


def _hardly_labels(survey: Survey) -> bool:
    return survey.rows >= 20 and len(survey.labels) > survey.rows / 2


def _separator(names: Iterable[str], first: str) -> str | None:
    """What parts labels into fewer different ones, which mere punctuation would not."""
    names = set(names)
    for separator in (first, "|", ";", ",", "/"):
        parts = {part.strip() for name in names for part in name.split(separator)}
        if any(separator in name for name in names) and len(parts) < len(names):
            return separator
    return None


def _about_rare_labels(survey: Survey, rows: Mapping[str, int]) -> Iterator[Suggestion]:
    # Where most rows have lost all their tokens, that is what is wrong.
    lost = len(survey.no_token) > survey.rows / 2
    if lost or _hardly_labels(survey) or len(survey.labels) < 2:
        return
    # Those that look alike, for which there is --merge-labels, count as one.
    one, merged = spellings(rows), Counter[str]()
    for name, count in rows.items():
        merged[one[name]] += count
    rare = [label for label in survey.rare_labels if merged[one[label.name]] == label.rows]
    if rare:
        why = (
            "too few different sentences to stand in train, dev and test: "
            f"{some([label.name for label in rare], 5)}"
        )
        if not survey.multilabel and all(label.sentences == 2 for label in rare):
            yield Suggestion("--test-share 0", f"{why}, if none can be added")
        else:
            yield Suggestion("add sentences, or take the label out", why, stops=True)
    ranked = merged.most_common()
    (most, most_rows), (least, least_rows) = ranked[0], ranked[-1]
    if most_rows > IMBALANCE * least_rows:
        yield Suggestion(
            "--class-weight balanced --best-by macro-f1",
            f"{most} has {most_rows:,} rows and {least} {least_rows:,}, where accuracy hardly "
            "counts the rarer",
        )


def _about_characters(survey: Survey, config: Config) -> Iterator[Suggestion]:
    encoding = codecs.lookup(config.encoding).name
    faults = survey.faults
    if faults.mojibake and encoding not in ("utf-8", "utf-8-sig"):
        yield Suggestion("--encoding utf-8", f"read as {config.encoding}, it holds what was UTF-8")
    elif faults.mojibake:
        yield Suggestion(
            'repair the file, as with Python\'s text.encode("cp1252").decode("utf-8")',
            "it holds UTF-8 that was taken for cp1252 before",
        )
    if faults.control and encoding == "iso8859-1" and not "".join(faults.control.seen).isascii():
        yield Suggestion("--encoding cp1252", "read as Latin-1, quotation marks become controls")
    if faults.replaced:
        yield Suggestion(
            "make the file anew from its source, in the right encoding",
            f"characters were lost in {len(faults.replaced.rows):,} rows",
        )
    lost = len(survey.no_token) - len(survey.no_text)
    if not is_damage(survey.dropped) and lost > LEAST_DAMAGE * survey.rows:
        yield Suggestion(
            "--tokenizer unicode" if survey.tokenizer == "kim" else "take these rows out",
            f"{survey.tokenizer} makes no token of the text of {lost:,} rows",
        )
    if is_damage(survey.dropped):
        yield Suggestion(
            "--tokenizer unicode",
            f"{survey.tokenizer} drops letters of {100 * survey.dropped.words:.1f} % of the words",
        )
