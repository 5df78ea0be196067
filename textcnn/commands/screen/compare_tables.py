"""A comparison in lines and tables, for people."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from textcnn.commands.screen.cv_tables import difference_text, mean_text
from textcnn.commands.screen.display import percent
from textcnn.evaluation.comparison import Comparison, FoldsCompared
from textcnn.insight.run_list import option_words
from textcnn.recipe.config import Value
from textcnn.support.tables import BAD, GOOD, Cell, Styled, Table, table_text
from textcnn.support.terminal import coloured, folded, one_line

CHANCE = 0.05
"""P-value from which on a difference is called one that could be chance."""

VERDICT = 9
"""Columns of the names before a verdict."""


def comparison_text(found: Comparison, flipped: int) -> str:
    """All of it, with so many of the sentences that get another answer."""
    a, b = found.sides
    parts = [
        f"A  {a.path}\nB  {b.path}",
        _options(found.different_options()),
        _about(found),
        _accuracies(found),
    ]
    parts += [table_text(_who_was_right(found)), _verdict(found)]
    if flipped:
        parts.append(_flipped(found, flipped))
    return "\n\n".join(parts)


def folds_text(found: FoldsCompared) -> str:
    """Two cross-validations on the same folds."""
    a, b = found.paths
    lines = [f"A  {mean_text(found.accuracies[0])}", f"B  {mean_text(found.accuracies[1])}"]
    lines.append(f"A - B  {difference_text(found.difference)}, paired over {found.folds} folds")
    paths, prose = f"A  {a}\nB  {b}", "\n".join(folded(line, 3) for line in lines)
    return "\n\n".join([paths, _options(found.options), prose])


def folds_table(found: FoldsCompared) -> Table:
    """The same in per cent, for papers."""
    shares = [(mean.mean, mean.low, mean.high) for mean in (*found.accuracies, found.difference)]
    heads = "cross-validation", "paired p"
    return _table_for_papers(heads, found.paths, shares, found.difference.p_value)


def _table_for_papers(
    heads: tuple[str, str],
    paths: Iterable[Path],
    shares: Iterable[tuple[float, float, float]],
    p_value: float,
) -> Table:
    """Accuracies of A and B and their difference, each with its interval, in per cent."""
    what, p_head = heads
    last = ["", "", _p_value(p_value).removeprefix("= ")]
    rows = [
        [str(name), *(f"{100 * share:.2f}" for share in three), p]
        for name, three, p in zip((*paths, "A - B"), shares, last, strict=True)
    ]
    return Table([what, "accuracy %", "95 % low", "high", p_head], rows, right={1, 2, 3, 4})


def _options(changed: Mapping[str, tuple[Value, Value]]) -> str:
    if not changed:
        return "all options are the same"
    rows = [[name, option_words(a), option_words(b)] for name, (a, b) in changed.items()]
    return table_text(Table(["option", "A", "B"], rows, folding=(1,)))


def _about(found: Comparison) -> str:
    sentences = found.sentences
    a, b, either = sentences.seen
    about = "\n".join(map(folded, sentences.about.split("\n")))
    if not either:
        return about
    return f"{about}\n" + folded(
        f"A was trained on {a:,} and B on {b:,} of these {len(sentences.texts):,} sentences: "
        "this is no measure of new ones"
    )


def _accuracies(found: Comparison) -> str:
    return "\n".join(
        f"{name}  {percent(right / found.paired.count)}  "
        f"(95 % interval {percent(low)} to {percent(high)})"
        for name, right, (low, high) in found.accuracies()
    )


def accuracy_table(found: Comparison) -> Table:
    """The accuracies and their difference, in per cent, for papers."""
    paired = found.paired
    shares = [(right / paired.count, *interval) for _, right, interval in found.accuracies()]
    shares.append((paired.difference, *found.interval))
    paths = [side.path for side in found.sides]
    return _table_for_papers(("model", "McNemar p"), paths, shares, found.p_value)


def _who_was_right(found: Comparison) -> Table:
    paired = found.paired
    only_a, only_b = Styled(f"{paired.only_a:,}", GOOD), Styled(f"{paired.only_b:,}", BAD)
    rows: list[list[Cell]] = [
        ["A right", f"{paired.both:,}", only_a],
        ["A wrong", only_b, f"{paired.neither:,}"],
    ]
    return Table(["", "B right", "B wrong"], rows, right={1, 2})


def _verdict(found: Comparison) -> str:
    (low, high), p_value, difference = found.interval, found.p_value, found.paired.difference
    could = "could be" if p_value >= CHANCE else "is hardly"
    points = plain = f"{100 * difference:+.2f} points"
    if difference:
        points = coloured(points, GOOD if difference > 0 else BAD, bold=p_value < CHANCE)
    lines = (
        f"A - B    {plain}  (95 % interval {100 * low:+.2f} to "
        f"{100 * high:+.2f}; Agresti and Min 2005)",
        f"McNemar  p {_p_value(p_value)}  (exact test): the difference {could} chance",
    )
    return "\n".join(folded(line, VERDICT) for line in lines).replace(plain, points, 1)


def _p_value(p_value: float) -> str:
    return f"= {p_value:.2g}" if p_value >= 1e-16 else "< 1e-16"


def _flipped(found: Comparison, most: int) -> str:
    rows = found.flipped()
    if not len(rows):
        return "no sentence gets another answer"
    shown = "" if len(rows) <= most else f"; the surest {most} of them"
    heads = ["label", "A", "", "B", "", "text"]
    table = Table(heads, [_flip(found, row) for row in rows[:most]])
    return f"{len(rows):,} sentences get another answer{shown}:\n{table_text(table)}"


def _flip(found: Comparison, row: int) -> list[Cell]:
    label = found.sentences.labels[row]
    cells: list[Cell] = [label]
    for given, share in zip(found.answers, found.sureness[:, row], strict=True):
        answer = given[row]
        cells += [Styled(answer, GOOD if answer == label else BAD), f"{share:.4f}"]
    return [*cells, one_line(found.sentences.texts[row])]
