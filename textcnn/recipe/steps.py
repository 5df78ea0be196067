"""Regularisation: word dropout and L2, as functions that take a step and return another."""

from collections.abc import Mapping

import numpy as np

from textcnn.core.gradients import Gradients
from textcnn.core.layers.dense import l2_penalty
from textcnn.core.sentences import Examples, PackedSentences
from textcnn.core.step import Step
from textcnn.core.vocabulary import UNKNOWN


def with_word_dropout(step: Step, rate: float) -> Step:
    """``step`` on sentences of which a share of the words is replaced by the unknown word.

    Word dropout is Iyyer et al.'s (2015), who leave the words out. Here the unknown word stands in
    their place, which is also how its vector is learnt.

    Args:
        step: what is done with the sentences.
        rate: the share of the words replaced, below 1; 0 returns ``step`` itself.
    """
    if not rate:
        return step

    def dropping(
        parameters: Mapping[str, np.ndarray], batch: Examples, rng: np.random.Generator | None
    ) -> tuple[float, np.ndarray, Gradients]:
        if rng is not None:
            sentences = batch.sentences
            dropped = rng.random(len(sentences.token_ids), np.float32) < rate
            ids = np.where(dropped, UNKNOWN, sentences.token_ids)
            sentences = PackedSentences(ids, sentences.lengths)
            batch = Examples(sentences, batch.targets, batch.weights)
        return step(parameters, batch, rng)

    return dropping


def with_l2(step: Step, strength: float) -> Step:
    """``step`` with ``strength / 2 * sum(W ** 2)`` of the dense weights W added to the loss.

    Args:
        step: what gives the loss.
        strength: of the penalty; 0 returns ``step`` itself.
    """
    if not strength:
        return step

    def penalised(
        parameters: Mapping[str, np.ndarray], batch: Examples, rng: np.random.Generator | None
    ) -> tuple[float, np.ndarray, Gradients]:
        loss, logits, gradients = step(parameters, batch, rng)
        penalty, dpenalty = l2_penalty(parameters["dense/weights"], strength)
        gradients["dense/weights"] = gradients["dense/weights"] + dpenalty
        return loss + penalty, logits, gradients

    return penalised
