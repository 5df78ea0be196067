"""The n-gram expert of a run, and what it says of the dev sentences while it has not seen them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.recipe.config import Config
from textcnn.recipe.ngrams.expert import NgramExpert
from textcnn.recipe.ngrams.learning import Before, Labelled, fit_expert


@dataclass(frozen=True)
class TrainedNgrams:
    """The n-gram expert in one half of a run.

    Attributes:
        expert: trained on that half's training sentences.
        dev_logits: (dev sentences, C) of the expert of the first half.
        refitted: the expert has been trained on train and dev together.
    """

    expert: NgramExpert
    dev_logits: np.ndarray
    refitted: bool = False


def train_ngrams(
    config: Config,
    words: Sequence[str],
    train: Labelled,
    dev: Labelled,
    num_classes: int,
    before: Before | None = None,
    chosen: TrainedNgrams | None = None,
) -> TrainedNgrams | None:
    """Train the expert for one half of a run.

    Args:
        config: the options.
        words: the vocabulary.
        train: sentences to learn from.
        dev: those that choose the penalty of errors, in the first half.
        num_classes: C.
        before: an expert to go on from, or None.
        chosen: the expert of the first half, whose choices are trained with anew; or None.

    Returns:
        The expert, or None where the options ask for none.
    """
    if not config.ngrams:
        return None
    learner = functools.partial(
        fit_expert, train, words, num_classes, config.ngrams, config.subwords, before=before
    )
    if chosen is not None:
        refitted = learner(penalty=chosen.expert.penalty)
        return TrainedNgrams(refitted, chosen.dev_logits, refitted=True)
    expert = learner(dev=dev)
    return TrainedNgrams(expert, expert.logits(dev.texts))
