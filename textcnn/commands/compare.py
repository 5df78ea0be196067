"""``textcnn compare``."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from textcnn.checkpoint import Checkpoint
from textcnn.classifier import Classifier
from textcnn.commands.display import percent, say
from textcnn.commands.options import (
    DATA_OPTIONS,
    SectionedCommand,
    config_options,
    given_options,
)
from textcnn.commands.runs import aligned, one_line, option_words
from textcnn.config import Config, Value, flag
from textcnn.csv_line import csv_line
from textcnn.datasets.corpus import Corpora, load_corpus, locate
from textcnn.errors import UserError
from textcnn.evaluation import wilson_interval
from textcnn.files import replace_text
from textcnn.mcnemar import McNemar, Paired, difference_interval, mcnemar_test
from textcnn.run_folder import find_checkpoint
from textcnn.seen import sentence_hashes
from textcnn.tokenized_data import TokenizedData

CHANCE = 0.05
"""P-value from which on a difference is called one that could be chance."""


@click.command("compare", cls=SectionedCommand)
@click.argument("a", metavar="A", type=click.Path(path_type=Path))
@click.argument("b", metavar="B", type=click.Path(path_type=Path))
@config_options(set(DATA_OPTIONS) - {"multilabel", "label_separator"})
@click.option(
    "--flipped",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Show so many of the sentences that get another answer, the surest first.",
)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    help="Write sentence, true label, both answers and their probabilities to this CSV file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def command(
    a: Path, b: Path, flipped: int, predictions: Path | None, as_json: bool, **options: Any
) -> None:
    """Compare A and B, runs' folders or checkpoint files, on the same sentences.

    Without --data: on the test sentences that both kept. Where their test parts differ: on those
    of either that neither was trained on. Says which options differ, who is right how often,
    whether the difference could be chance (McNemar's test), and which sentences get another answer.
    """
    sides = [Side.load(a), Side.load(b)]
    _check_comparable(*sides)
    shared = _sentences(sides, given_options(options))
    found = Comparison.of(sides, shared)
    if predictions is not None:
        replace_text(predictions, _predictions_csv(found))
    if as_json:
        click.echo(json.dumps(_values(found, flipped), indent=2))
        return
    click.echo("\n\n".join("\n".join(part) for part in _report(found, flipped)))
    if predictions is not None:
        click.echo(f"\npredictions written to {predictions}")


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        path: of the checkpoint.
        classifier: made from it.
    """

    path: Path
    classifier: Classifier

    @classmethod
    def load(cls, given: Path) -> "Side":
        """Read a checkpoint file, or the best one in a run's folder."""
        path = find_checkpoint(given)
        return cls(path, Classifier.load(path))

    @property
    def checkpoint(self) -> Checkpoint:
        """What it was made from."""
        return self.classifier.checkpoint

    @property
    def config(self) -> Config:
        """The options of its run."""
        return self.checkpoint.config


@dataclass(frozen=True)
class Sentences:
    """What both are compared on.

    Attributes:
        texts, labels: N of each.
        about: a line about where they are from.
        seen: how many of them A was trained on, B, and either.
    """

    texts: list[str]
    labels: list[str]
    about: str
    seen: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True)
class Comparison:
    """What came of it.

    Attributes:
        sides: A and B.
        sentences: the N sentences.
        names: of the C labels.
        answers: (2, N) the classes that A and B answer.
        sureness: (2, N) their probabilities.
        paired: the sentences by who was right.
        test: whether the difference could be chance.
        interval: 95 % interval of A's accuracy minus B's.
    """

    sides: list[Side]
    sentences: Sentences
    names: list[str]
    answers: np.ndarray
    sureness: np.ndarray
    paired: Paired
    test: McNemar
    interval: tuple[float, float]

    @classmethod
    def of(cls, sides: list[Side], sentences: Sentences) -> "Comparison":
        """Let both answer."""
        names = sides[0].classifier.labels
        number = {name: index for index, name in enumerate(names)}
        true = np.array([number[label] for label in sentences.labels])
        answers, sureness = [], []
        for side in sides:
            columns = [side.classifier.labels.index(name) for name in names]
            probabilities = side.classifier.predict_proba(sentences.texts)[:, columns]
            answers.append(probabilities.argmax(axis=1))
            sureness.append(probabilities.max(axis=1))
        paired = Paired.of(answers[0] == true, answers[1] == true)
        return cls(
            sides,
            sentences,
            names,
            np.array(answers),
            np.array(sureness),
            paired,
            mcnemar_test(paired),
            difference_interval(paired),
        )

    def flipped(self) -> np.ndarray:
        """Rows of the sentences that get another answer; both together surest of it first."""
        rows = np.flatnonzero(self.answers[0] != self.answers[1])
        return rows[np.argsort(-self.sureness[:, rows].sum(axis=0), kind="stable")]


def _check_comparable(a: Side, b: Side) -> None:
    for side in (a, b):
        if side.config.multilabel:
            raise UserError(
                f"{side.path}: gives a sentence several labels (--multilabel), and compare is for "
                "one label a sentence; score each by itself with eval"
            )
    ours, theirs = set(a.classifier.labels), set(b.classifier.labels)
    if ours != theirs:
        only = sorted(ours ^ theirs)
        whose = a if only[0] in ours else b
        raise UserError(
            f"their labels differ, so A and B cannot be compared: {only[0]!r} is known to "
            f"{whose.path} alone"
        )


# The sentences


def _sentences(sides: Sequence[Side], given: dict[str, Any]) -> Sentences:
    """Those of ``--data``, or what is left of both runs' test parts."""
    if "data" in given:
        return _given_sentences(sides, given)
    if given:
        raise UserError(f"{flag(next(iter(given)))} describes --data; give that too")
    a, b = _divided(sides)
    parts = [data.part(data.split.test) for data in (a, b)]
    texts, labels = _either(sides[0], *parts)
    fresh = ~(_met(sides[0], a, texts) | _met(sides[1], b, texts))
    kept = np.flatnonzero(fresh)
    if not len(kept):
        raise UserError(
            "the two kept no test sentence that neither was trained on; name new ones with --data"
        )
    if parts[0] == parts[1] and fresh.all():
        about = f"the {len(kept):,} test sentences that both kept, from {a.source}"
    else:
        about = (
            f"the two kept different test sentences ({len(parts[0][0]):,} and "
            f"{len(parts[1][0]):,}): here are the {len(kept):,} of either that the other was not "
            "trained on"
        )
    return Sentences([texts[row] for row in kept], [labels[row] for row in kept], about)


def _given_sentences(sides: Sequence[Side], given: dict[str, Any]) -> Sentences:
    corpus = load_corpus(locate(Config.from_mapping(given, "")), say)
    known = sides[0].classifier.labels
    unknown = sorted(set(corpus.labels) - set(known))
    if unknown:
        raise UserError(
            f"--data: label {unknown[0]!r} ({corpus.labels.count(unknown[0])} sentences) is not "
            f"one of the checkpoints': {', '.join(known)}"
        )
    a, b = (np.isin(_hashes(it, corpus.texts), it.checkpoint.seen) for it in sides)
    seen = (int(a.sum()), int(b.sum()), int((a | b).sum()))
    new = "" if seen[2] else "; neither was trained on any of it"
    return Sentences(corpus.texts, corpus.labels, f"data: {corpus.source}{new}", seen)


def _divided(sides: Sequence[Side]) -> list[TokenizedData]:
    """What each run was given, divided as it was there."""
    a, b = (side.config for side in sides)
    corpora = [Corpora.read(a, say)]
    same = all(getattr(a, name) == getattr(b, name) for name in _what_is_read())
    corpora.append(corpora[0] if same else Corpora.read(b, say))
    divided = []
    for side, read in zip(sides, corpora, strict=True):
        before = side.checkpoint.seen_before
        data = TokenizedData.prepare(read, side.config, known=before if len(before) else None)
        if data.fingerprint != side.checkpoint.fingerprint:
            raise UserError(
                f"{side.path}: the data now read ({data.source}) is not what its run was given "
                f"({side.checkpoint.source}), so its test part is not known; name sentences with "
                "--data"
            )
        divided.append(data)
    return divided


def _what_is_read() -> list[str]:
    """Names of the options that decide which sentences are read, whatever is made of them."""
    fields = [field for field in dataclasses.fields(Config) if field.metadata["section"] == "Data"]
    return [field.name for field in fields if not field.name.endswith("_share")]


Part = tuple[list[str], list[str]]


def _either(side: Side, ours: Part, theirs: Part) -> Part:
    """The sentences of either part, with their labels: ours first, then those only theirs."""
    (texts, labels), (other_texts, other_labels) = ours, theirs
    new = np.flatnonzero(~np.isin(_hashes(side, other_texts), _hashes(side, texts)))
    return (
        texts + [other_texts[row] for row in new],
        labels + [other_labels[row] for row in new],
    )


def _met(side: Side, data: TokenizedData, texts: Sequence[str]) -> np.ndarray:
    """(N,) booleans: which sentences the run was trained on, or chose its best epoch by."""
    known = sentence_hashes(data.part_tokens(data.everything_but_test))
    return np.isin(_hashes(side, texts), np.concatenate([known, side.checkpoint.seen]))


def _hashes(side: Side, texts: Sequence[str]) -> np.ndarray:
    """(N,) hashes of the sentences as this run sees them."""
    tokenize, longest = side.classifier.tokenize, side.config.max_tokens or None
    return sentence_hashes(tokenize(text)[:longest] for text in texts)


# For people


def _report(found: Comparison, flipped: int) -> list[list[str]]:
    """The parts of the report, each a list of lines."""
    a, b = found.sides
    parts = [[f"A  {a.path}", f"B  {b.path}"], _option_lines(found)]
    parts.append([found.sentences.about, *_seen_lines(found.sentences)])
    parts.append(
        [
            f"{name}  {percent(right / found.paired.count)}  (95 % interval {_interval(low, high)})"
            for name, right, (low, high) in _accuracies(found.paired)
        ]
    )
    parts += [_table(found.paired), _verdict(found)]
    if flipped:
        parts.append(_flipped_lines(found, flipped))
    return parts


def _accuracies(paired: Paired) -> list[tuple[str, int, tuple[float, float]]]:
    return [
        (name, right, wilson_interval(right, paired.count))
        for name, right in (("A", paired.right_a), ("B", paired.right_b))
    ]


def _interval(low: float, high: float) -> str:
    return f"{percent(low)} to {percent(high)}"


def _option_lines(found: Comparison) -> list[str]:
    changed = _different_options(found)
    if not changed:
        return ["all options are the same"]
    rows = [["option", "A", "B"]]
    rows += [[name, option_words(a), option_words(b)] for name, (a, b) in changed.items()]
    return aligned(rows)


def _different_options(found: Comparison) -> dict[str, tuple[Value, Value]]:
    a, b = (vars(side.config.resolved()) for side in found.sides)
    names = [field.name for field in dataclasses.fields(Config)]
    return {name: (a[name], b[name]) for name in names if a[name] != b[name]}


def _seen_lines(sentences: Sentences) -> list[str]:
    a, b, either = sentences.seen
    if not either:
        return []
    return [
        f"A was trained on {a:,} and B on {b:,} of these {len(sentences.texts):,} sentences: "
        "this is no measure of new ones"
    ]


def _table(paired: Paired) -> list[str]:
    rows = [
        ("", "B right", "B wrong"),
        ("A right", f"{paired.both:,}", f"{paired.only_a:,}"),
        ("A wrong", f"{paired.only_b:,}", f"{paired.neither:,}"),
    ]
    return [f"{head:7}  {left:>7}  {right:>7}" for head, left, right in rows]


def _verdict(found: Comparison) -> list[str]:
    (low, high), test = found.interval, found.test
    if test.chi_square is None:
        how = "exact"
    else:
        how = f"chi-square {test.chi_square:.2f}, corrected for continuity (Edwards 1948)"
    could = "could be" if test.p_value >= CHANCE else "is hardly"
    return [
        f"A - B    {100 * found.paired.difference:+.2f} points  (95 % interval {100 * low:+.2f} to "
        f"{100 * high:+.2f}; Newcombe 1998, method 10)",
        f"McNemar  p {_p_value(test.p_value)}  ({how}): the difference {could} chance",
    ]


def _p_value(p_value: float) -> str:
    return f"= {p_value:.2g}" if p_value >= 1e-16 else "< 1e-16"


def _flipped_lines(found: Comparison, most: int) -> list[str]:
    rows = found.flipped()
    if not len(rows):
        return ["no sentence gets another answer"]
    sentences = found.sentences
    table = [["label", "A", "", "B", "", "text"]]
    for row in rows[:most]:
        answers = [found.names[number] for number in found.answers[:, row]]
        sure = [f"{share:.4f}" for share in found.sureness[:, row]]
        cells = [sentences.labels[row], answers[0], sure[0], answers[1], sure[1]]
        table.append([*cells, one_line(sentences.texts[row])])
    shown = "" if len(rows) <= most else f"; the surest {most} of them"
    return [f"{len(rows):,} sentences get another answer{shown}:", *aligned(table)]


# For machines


def _values(found: Comparison, flipped: int) -> dict[str, Any]:
    paired, test, sentences = found.paired, found.test, found.sentences
    seen = dict(zip(("A", "B", "either"), sentences.seen, strict=True))
    return {
        "checkpoints": {"A": str(found.sides[0].path), "B": str(found.sides[1].path)},
        "different_options": {
            name: {"A": a, "B": b} for name, (a, b) in _different_options(found).items()
        },
        "data": sentences.about,
        "sentences": paired.count,
        "seen_in_training": seen,
        "accuracy": {name: right / paired.count for name, right, _ in _accuracies(paired)},
        "accuracy_95": {name: list(interval) for name, _, interval in _accuracies(paired)},
        "right": vars(paired),
        "mcnemar": vars(test),
        "a_minus_b": paired.difference,
        "a_minus_b_95": list(found.interval),
        "answered_differently": len(found.flipped()),
        "flipped": [_flip(found, row) for row in found.flipped()[:flipped]],
    }


def _flip(found: Comparison, row: int) -> dict[str, Any]:
    return {
        "text": found.sentences.texts[row],
        "label": found.sentences.labels[row],
        **{
            name: {"label": found.names[answers[row]], "probability": float(sureness[row])}
            for name, answers, sureness in zip("AB", found.answers, found.sureness, strict=True)
        },
    }


def _predictions_csv(found: Comparison) -> str:
    lines = [csv_line(["text", "label", "A", "B", "p(A)", "p(B)"])]
    for row, (text, label) in enumerate(
        zip(found.sentences.texts, found.sentences.labels, strict=True)
    ):
        answers = [found.names[number] for number in found.answers[:, row]]
        sure = [f"{share:.6g}" for share in found.sureness[:, row]]
        lines.append(csv_line([text, label, *answers, *sure]))
    return "".join(lines)
