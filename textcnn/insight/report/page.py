"""A report as HTML: one file without a script, a font or a request.

Jinja2 escapes whatever stands in the data, so that no sentence and no label becomes markup.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from textcnn.core.progress import Evaluation
from textcnn.evaluation.abstaining import coverage_curve
from textcnn.evaluation.reliability import expected_calibration_error, one_answer_each, reliability
from textcnn.evaluation.scores import commonest_confusions
from textcnn.evaluation.scoring import Scored
from textcnn.insight.explanations.wording import SHADES, shade, share, typeset
from textcnn.insight.learnt.facts import fusion_words
from textcnn.insight.report.figures import coverage_figure, curves, reliability_figure
from textcnn.insight.report.findings import Findings, Mistake
from textcnn.insight.run_list import changed_options
from textcnn.recipe.config import Config, Value, flag
from textcnn.support.text import printable


def train_words(config: Config) -> list[str]:
    """The words after ``textcnn`` that train with these options, defaults left out."""
    options = {} if config.data == Config().data else {"data": config.data}
    options |= changed_options(config)
    return ["train", *(word for name in options for word in _option_words(name, options[name]))]


def _option_words(name: str, value: Value) -> Iterator[str]:
    if isinstance(value, bool):
        yield flag(name if value else f"no_{name}")
    elif isinstance(value, tuple) and value and isinstance(value[0], str):
        for one in value:  # An option that is given several times.
            yield from (flag(name), one)
    else:
        yield flag(name)
        yield ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


WIDEST_CONFUSION = 20
"""Labels of the largest confusion matrix that is shown whole, and the confusions listed instead."""

LONGEST = 200
"""Words shown of a sentence that was answered wrongly."""

LONGEST_TEXT = 2000
"""Characters of the longest sentence that stands in the page as it was given, too."""

LONGEST_WORD = 80
"""Characters shown of a word or n-gram; what is longer is not read, but would fill the page."""

MOST_EVALUATIONS = 100
"""Rows of a table of evaluations; of more, some are left out."""


@dataclass(frozen=True)
class Cell:
    """Of a confusion matrix."""

    count: int
    shade: str


@dataclass(frozen=True)
class Word:
    """Of a sentence, with what it pushes for a label; empty for nothing."""

    text: str
    push: str
    shade: str


def page(findings: Findings) -> str:
    """The page.

    Raises:
        ImportError: Jinja2 or matplotlib is not installed.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("textcnn.insight.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "percent": _percent,
        "share": share,
        "typeset": typeset,
        "brief": _brief,
        "width": _width,
    }
    style = (
        resources.files("textcnn.insight.report")
        .joinpath("templates/report.css")
        .read_text("utf-8")
    )
    values = {**_values(findings), **_scored_values(findings.scored)}
    return environment.get_template("report.html").render(**values, style=style + SHADES)


def _finalize(value: Any) -> Any:
    """Control characters made harmless in all text; what is markup already is of the template."""
    return printable(value) if type(value) is str else value


def _values(findings: Findings) -> dict[str, Any]:
    model, best_steps = findings.checkpoint, findings.best_steps
    versions = {name: text for name, text in model.written_by.items() if name != "time"}
    return {
        "title": f"Report of {findings.run}",
        "model": model,
        "several": model.config.multilabel,
        "absent": findings.absent,
        "networks": [
            (_thinned(history, best_step), len(history), best_step)
            for history, best_step in zip(findings.histories, best_steps, strict=True)
        ],
        "curves": curves(findings.histories, best_steps),
        "ngrams": findings.filter_ngrams,
        "ngram_items": findings.ngram_items,
        "fusion": fusion_words(findings.checkpoint),
        "mistakes": [_mistake(mistake) for mistake in findings.mistakes],
        "command": shlex.join(["textcnn", *train_words(model.config)]),
        "network": _network(findings),
        "versions": versions,
        "options": [(flag(k), _words(value)) for k, value in model.config.as_dict().items()],
    }


def _scored_values(scored: Scored | None) -> dict[str, Any]:
    sections = [("scores", "Scores"), ("training", "Training"), ("learnt", "What was learnt")]
    last = ("repeat", "Repeat it")
    if scored is None:
        return {"scores": None, "sections": [*sections, last]}
    sections[2:2] = [("sureness", "Trust")]
    sections += [("mistakes", "Mistakes"), last]
    probabilities, classes = one_answer_each(scored.probabilities, scored.targets)
    error, bins = (
        expected_calibration_error(probabilities, classes),
        reliability(probabilities, classes),
    )
    trust, coverage = [reliability_figure(bins, error)], []
    if scored.targets.ndim == 1:
        coverage = coverage_curve(probabilities, classes)
        shares = np.linspace(1, 0.2, 33).tolist()
        trust.append(coverage_figure(coverage_curve(probabilities, classes, shares)))
    return {
        "sections": sections,
        "scores": scored.scores,
        "calibration_error": error,
        "bins": bins,
        "coverage": coverage,
        "trust": trust,
        **_confusion(scored),
    }


def _confusion(scored: Scored) -> dict[str, Any]:
    counts = scored.scores.confusion
    if counts is None:
        return {"confusion": [], "confusions": []}
    if len(counts) > WIDEST_CONFUSION:
        labels = [row.label for row in scored.scores.classes]
        confusions = commonest_confusions(counts, labels, WIDEST_CONFUSION)
        return {"confusion": [], "confusions": confusions}
    return {"confusion": [_row(row, true) for true, row in enumerate(counts)], "confusions": []}


def _row(counts: np.ndarray, true: int) -> list[Cell]:
    total = float(counts.sum())
    signs = np.where(np.arange(len(counts)) == true, 1.0, -1.0)
    return [
        Cell(count, shade(sign * count, total))
        for count, sign in zip(counts.tolist(), signs.tolist(), strict=True)
    ]


def _mistake(mistake: Mistake) -> dict[str, Any]:
    explanation = mistake.explanation
    pushes = explanation.pushes(explanation.words)[:, mistake.label]
    most = float(np.abs(pushes).max(initial=0.0))
    words = zip(explanation.tokens, pushes.tolist(), strict=True)
    shown = [_word(text, push, most) for text, push in words][:LONGEST]
    return {
        "row": mistake.row,
        "text": mistake.text if len(mistake.text) <= LONGEST_TEXT else None,
        "label": explanation.labels[mistake.label],
        "given": mistake.given,
        "sureness": mistake.sureness,
        "truth": mistake.truth,
        "words": shown,
        "left_out": len(explanation.tokens) - len(shown),
    }


def _word(text: str, push: float, most: float) -> Word:
    """Without a number where there is next to nothing to say."""
    colour = shade(push, most)
    return Word(text, typeset(push) if colour else "", colour)


def _network(findings: Findings) -> str:
    model = findings.checkpoint
    numbers = sum(array.size for array in model.networks[0].values())
    networks = len(model.networks)
    each = f"{networks} networks, each of " if networks > 1 else ""
    sizes = ", ".join(map(str, model.config.filter_sizes))
    return (
        f"{each}{numbers:,} numbers: {model.config.mode}, {len(model.vocabulary):,} words, "
        f"{model.config.num_filters} filters each of heights {sizes}"
    )


def _words(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _thinned(history: Sequence[Evaluation], best_step: int) -> list[Evaluation]:
    """Of many evaluations some, evenly, with the last one and the one that dev chose."""
    every = -(-len(history) // MOST_EVALUATIONS)
    return [
        past
        for place, past in enumerate(reversed(history))
        if place % every == 0 or past.step == best_step
    ][::-1]


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST_WORD else text[: LONGEST_WORD - 1] + "…"


def _percent(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{100 * value:.1f} %"


def _width(push: float, others: list[Any], label: int) -> str:
    """How long a bar is, in per cent of the longest of its table."""
    most = max(float(other.pushes[label]) for other in others)
    return f"{100 * max(push, 0) / most:.1f}" if most > 0 else "0"
