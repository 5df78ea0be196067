"""A report as HTML: what stands in the page of :mod:`textcnn.insight.pages`."""

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np

from textcnn.core.progress import Evaluation
from textcnn.data.labels import split_labels
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.abstaining import coverage_curve
from textcnn.evaluation.reliability import expected_calibration_error, one_class_each, reliability
from textcnn.evaluation.scores import commonest_confusions, surest_mistakes
from textcnn.evaluation.scoring import Sample, ScoredSample
from textcnn.insight.explanations.explaining import Explainer
from textcnn.insight.explanations.wording import shade
from textcnn.insight.learnt.facts import fusion_words, network_words
from textcnn.insight.learnt.learnt_ngrams import (
    learnt_ngrams,
    ngram_items,
    shown_labels,
    shown_labels_words,
)
from textcnn.insight.learnt.training_part import part_of
from textcnn.insight.pages import render, shaded_words
from textcnn.insight.report.figures import coverage_figure, curves, reliability_figure
from textcnn.insight.run_list import best_evaluation, changed_options, option_words, read_history
from textcnn.recipe.config import Config, command_words, flag
from textcnn.support.errors import UserError
from textcnn.support.threads import return_freed_memory
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.run_folder import RunFolder


def train_words(config: Config) -> list[str]:
    """The words after ``textcnn`` that train with these options, defaults left out."""
    options = {} if config.data == Config().data else {"data": config.data}
    options |= changed_options(config)
    return ["train", *(word for name in options for word in command_words(name, options[name]))]


WIDEST_CONFUSION = 20
"""Labels of the largest confusion matrix that is shown whole, and the confusions listed instead."""

LONGEST = 200
"""Words shown of a sentence that was classified wrongly."""

LONGEST_TEXT = 2000
"""Characters of the longest sentence that stands in the page as it was given, too."""

MOST_EVALUATIONS = 100
"""Rows of a table of evaluations; of more, some are left out."""


def page(
    folder: RunFolder,
    model: Checkpoint,
    data: TokenizedData | None,
    scored: ScoredSample | None,
    absent: str = "",
    top: int = 10,
    mistakes: int = 20,
) -> str:
    """The page.

    Args:
        folder: of a finished run.
        model: its best network, or networks.
        data: its sentences; None where they are not at hand. Without them there are no scores,
            mistakes or n-grams of the filters.
        scored: its test sentences, where there are any.
        absent: why the sentences are not at hand.
        top: n-grams and words of each class.
        mistakes: how many at most.

    Raises:
        ImportError: Jinja2 or matplotlib is not installed.
        UserError: a file of the run is missing or damaged.
    """
    # What takes most memory comes first, before the libraries are there that draw.
    ngrams = _ngrams(model, data, top) if data else {"ngrams": [], "looked_at": ""}
    wrong = _mistakes(model, data, scored, mistakes) if data and scored else []
    options = model.config.as_dict().items()
    return render(
        "report.html",
        f"Report of {folder.path}",
        model=model,
        several=model.config.multilabel,
        fusion=fusion_words(model),
        command=shlex.join(["textcnn", *train_words(model.config)]),
        network=network_words(model.networks, model.architecture),
        versions={name: text for name, text in model.written_by.items() if name != "time"},
        options=[(flag(name), option_words(value)) for name, value in options],
        absent=absent,
        ngram_items=ngram_items(model, top),
        shown=[model.labels[label] for label in shown_labels(model)],
        left_out=shown_labels_words(model),
        mistakes=wrong,
        **ngrams,
        **_curve_values(folder, model),
        **_scored_values(scored),
    )


def _curve_values(folder: RunFolder, model: Checkpoint) -> dict[str, Any]:
    histories = [_history(network) for network in folder.networks]
    best_steps = [best_evaluation(it, model.config.best_by).step for it in histories]
    return {
        "networks": [
            (_thinned(history, best_step), len(history), best_step)
            for history, best_step in zip(histories, best_steps, strict=True)
        ],
        "curves": curves(histories, best_steps),
    }


def _history(folder: RunFolder) -> list[Evaluation]:
    try:
        history = read_history(folder.metrics)
    except UserError as error:
        raise UserError(f"{folder.path}: {error}") from error
    if not history:
        raise UserError(f"{folder.metrics}: missing or empty, so there is nothing to report")
    return history


def _ngrams(checkpoint: Checkpoint, data: TokenizedData, top: int) -> dict[str, Any]:
    part = part_of(checkpoint, data)
    found = learnt_ngrams(checkpoint, part, top)
    # After training, free memory is kept at hand; this was much, and there is more to come.
    return_freed_memory()
    return {"ngrams": found, "looked_at": part.sentences}


def _scored_values(scored: ScoredSample | None) -> dict[str, Any]:
    if scored is None:
        return {"scores": None}
    probabilities, classes = one_class_each(scored.probabilities, scored.targets)
    error = expected_calibration_error(probabilities, classes)
    bins = reliability(probabilities, classes)
    trust, coverage = [reliability_figure(bins, error)], []
    if scored.targets.ndim == 1:
        coverage = coverage_curve(probabilities, classes)
        shares = np.linspace(1, 0.2, 33).tolist()
        trust.append(coverage_figure(coverage_curve(probabilities, classes, shares)))
    counts, matrix, confusions = scored.scores.confusion, [], []
    if counts is not None and len(counts) > WIDEST_CONFUSION:
        labels = [row.label for row in scored.scores.classes]
        confusions = commonest_confusions(counts, labels, WIDEST_CONFUSION)
    elif counts is not None:
        matrix = [_row(row, true) for true, row in enumerate(counts)]
    return {
        "scores": scored.scores,
        "calibration_error": error,
        "bins": bins,
        "coverage": coverage,
        "trust": trust,
        "confusion": matrix,
        "confusions": confusions,
    }


def _row(counts: np.ndarray, true: int) -> list[dict[str, Any]]:
    """A row of a confusion matrix: each cell's count, and its shade."""
    total = float(counts.sum())
    signs = np.where(np.arange(len(counts)) == true, 1.0, -1.0)
    return [
        {"count": count, "shade": shade(sign * count, total)}
        for count, sign in zip(counts.tolist(), signs.tolist(), strict=True)
    ]


def _mistakes(
    model: Checkpoint, data: TokenizedData, scored: ScoredSample, count: int
) -> list[dict[str, Any]]:
    """The surest wrong predictions, the surest first.

    Of each: the sentence and its row, the label that is wrong (predicted and not true or, where a
    sentence may have several, true and not predicted), whether it was given, the probability of
    that, the true labels and the words with what they pushed.
    """
    explainer, sample = Explainer(model), Sample.test_part(data)
    found = []
    for row, label, given, sureness in surest_mistakes(
        scored.probabilities, scored.targets, model.thresholds, count
    ):
        text, true = sample.texts[row], sample.labels[row]
        explanation = explainer.explain(text)
        words = shaded_words(explanation, label)[:LONGEST]
        found.append(
            {
                "row": int(sample.rows[row]),
                "text": text if len(text) <= LONGEST_TEXT else None,
                "label": explanation.labels[label],
                "given": given,
                "sureness": sureness,
                "truth": split_labels(true) if model.config.multilabel else [true],
                "words": words,
                "left_out": len(explanation.tokens) - len(words),
            }
        )
    return found


def _thinned(history: Sequence[Evaluation], best_step: int) -> list[Evaluation]:
    """Of many evaluations some, evenly, with the last one and the one that dev chose."""
    every = -(-len(history) // MOST_EVALUATIONS)
    return [
        past
        for place, past in enumerate(reversed(history))
        if place % every == 0 or past.step == best_step
    ][::-1]
