"""A dictionary of the filters: what each looks for, what that speaks for, and what it is worth."""

from dataclasses import dataclass

import numpy as np

from textcnn.core.decisions import is_correct, predictions_of
from textcnn.core.objective import objective_of
from textcnn.core.sentences import PackedSentences
from textcnn.inference.model import Model
from textcnn.insight.learnt.learnt_ngrams import shown_labels, window_words
from textcnn.insight.learnt.scan import windows_at
from textcnn.insight.learnt.training_part import TrainingPart
from textcnn.training.checkpoint import Checkpoint

NGRAMS = 5
"""N-grams shown of each filter."""


@dataclass(frozen=True)
class Filter:
    """One feature map.

    Attributes:
        network: of an ensemble, counted from 0.
        height: words in its window.
        number: among the maps of that height, counted from 0.
        ngrams: the different training n-grams that excite it most, and its value there.
        fires: the share of training sentences in which it is above 0.
        pushes: (S,) what it adds where it fires to each label that is looked at, a mean; with one
            label a sentence, less the mean over all labels.
        accuracy_lost: of the dev sentences, a share, when its term is left out.
        loss_added: to the mean loss of the dev sentences then.
    """

    network: int
    height: int
    number: int
    ngrams: list[tuple[str, float]]
    fires: float
    pushes: np.ndarray
    accuracy_lost: float
    loss_added: float


def filter_dictionary(checkpoint: Checkpoint, part: TrainingPart, count: int) -> list[Filter]:
    """The ``count`` filters that dev misses most, by its loss.

    Args:
        checkpoint: the model.
        part: the sentences.
        count: filters wanted.
    """
    architecture, weights = checkpoint.architecture, _weights(checkpoint)
    losses, accuracies = _without_each(checkpoint, weights, part)
    shown, filters = shown_labels(checkpoint), []
    for index in np.argsort(-losses, kind="stable")[:count].tolist():
        network, column = divmod(index, architecture.num_features)
        which, number = divmod(column, architecture.num_filters)
        height = architecture.filter_sizes[which]
        found = part.scans[network]
        features, starts = found.features[:, column], found.starts[:, column]
        active = features > 0
        push = weights[:, index]
        if not checkpoint.config.multilabel:
            push = push - push.mean()
        mean = float(features[active].mean(dtype=np.float64)) if active.any() else 0.0
        filters.append(
            Filter(
                network=network,
                height=height,
                number=number,
                ngrams=_best_ngrams(checkpoint, part.train, features, starts, height),
                fires=float(active.mean()),
                pushes=push[shown] * mean,
                accuracy_lost=float(accuracies[index]),
                loss_added=float(losses[index]),
            )
        )
    return filters


def _best_ngrams(
    checkpoint: Checkpoint,
    sentences: PackedSentences,
    features: np.ndarray,
    starts: np.ndarray,
    height: int,
) -> list[tuple[str, float]]:
    """The different n-grams with the largest values."""
    found: dict[str, float] = {}
    order = np.argsort(-features, kind="stable")
    windows = windows_at(sentences, order, starts[order], height)
    for row, window in zip(order.tolist(), windows, strict=True):
        if len(found) == NGRAMS or features[row] <= 0:
            break
        found.setdefault(window_words(window, checkpoint.vocabulary), float(features[row]))
    return list(found.items())


def _weights(checkpoint: Checkpoint) -> np.ndarray:
    """(C, networks * heights * F) float64: what the features are multiplied by in the logits."""
    weights = [parameters["dense/weights"] for parameters in checkpoint.networks]
    scale = float(checkpoint.fusion.weights[0]) / len(weights)
    return np.concatenate(weights, axis=1).astype(np.float64) * scale


def _without_each(
    checkpoint: Checkpoint, weights: np.ndarray, part: TrainingPart
) -> tuple[np.ndarray, np.ndarray]:
    """What the loss gains and the accuracy loses on dev without each filter of every network.

    Its term is taken off the logits, so nothing is calculated twice.
    """
    model = Model(checkpoint)
    logits = model.logits(part.dev).astype(np.float64)
    features = model.network.features(part.dev.sentences)
    loss, accuracy = _scores(checkpoint, logits, part.dev_targets)
    scores = np.array(
        [
            _scores(checkpoint, logits - np.outer(column, row), part.dev_targets)
            for column, row in zip(features.T, weights.T, strict=True)
        ]
    )
    return scores[:, 0] - loss, accuracy - scores[:, 1]


def _scores(checkpoint: Checkpoint, logits: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """The mean loss, and the share of sentences that are wholly right."""
    objective = objective_of(checkpoint.config.multilabel)
    loss, _ = objective.loss(logits, targets, None)
    predictions = predictions_of(objective.probabilities(logits), checkpoint.thresholds)
    return loss, float(is_correct(predictions, targets).mean())
