"""How the predictions of a run's experts become one, as its dev sentences ask for."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.decisions import decide, fit_thresholds, is_correct
from textcnn.core.objective import objective_of
from textcnn.core.sentences import Examples
from textcnn.recipe.config import Config
from textcnn.recipe.fusion import Fusion
from textcnn.recipe.ngrams.expert import NgramExpert
from textcnn.recipe.ngrams.learning import InitialExpert, NgramExamples, fit_expert


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
    train: NgramExamples,
    dev: NgramExamples,
    initial: InitialExpert | None = None,
    first_half: TrainedNgrams | None = None,
) -> TrainedNgrams | None:
    """Train the expert for one half of a run.

    Args:
        config: the options.
        train: sentences to learn from.
        dev: those that choose the penalty of errors, in the first half.
        initial: an expert to go on from, or None.
        first_half: the expert of the first half, whose choices are trained with anew; or None.

    Returns:
        The expert, or None where the options ask for none.
    """
    if not config.ngrams:
        return None
    learner = functools.partial(fit_expert, train, config.ngrams, config.subwords, initial=initial)
    if first_half is not None:
        refitted = learner(penalty=first_half.expert.penalty)
        return TrainedNgrams(refitted, first_half.dev_logits, refitted=True)
    expert = learner(dev=dev)
    return TrainedNgrams(expert, expert.logits(dev.texts))


def fuse(
    network_logits: Sequence[np.ndarray],
    ngrams: TrainedNgrams | None,
    dev: Examples,
    num_classes: int,
) -> tuple[Fusion, np.ndarray | None]:
    """The fusion and, where a sentence may have several classes, the thresholds.

    Args:
        network_logits: (dev sentences, C) of each network at the epoch that dev chose; of no
            sentences where none has been evaluated yet.
        ngrams: the n-gram expert that has not seen the dev sentences, or None.
        dev: the dev sentences.
        num_classes: C.
    """
    several = dev.targets.ndim == 2
    experts = [np.mean(network_logits, axis=0), *([] if ngrams is None else [ngrams.dev_logits])]
    if experts[0].shape != (len(dev), num_classes):
        experts = [np.zeros((0, num_classes), np.float32) for _ in experts]
        dev = dev.take(np.arange(0))
    fusion = Fusion.fit(experts, dev.targets, dev.weights)
    if not several:
        return fusion, None
    probabilities = objective_of(several).probabilities(fusion.combine(experts))
    return fusion, fit_thresholds(probabilities, dev.targets)


def dev_accuracies(
    network_logits: Sequence[np.ndarray], ngrams: TrainedNgrams | None, dev: Examples
) -> dict[str, float]:
    """How often each expert alone is right on the dev sentences, and how often both together.

    Args:
        network_logits, ngrams, dev: as for :func:`fuse`.
    """
    experts = {"network": np.mean(network_logits, axis=0)}
    if ngrams is not None:
        experts["n-grams"] = ngrams.dev_logits
        fusion, _ = fuse(network_logits, ngrams, dev, ngrams.dev_logits.shape[1])
        experts["together"] = fusion.combine(list(experts.values()))
    return {
        name: float(is_correct(decide(logits, dev.targets, fitted=True), dev.targets).mean())
        for name, logits in experts.items()
    }
