"""How the answers of a run's experts become one, as its dev sentences ask for."""

from collections.abc import Sequence

import numpy as np

from textcnn.core.decisions import decided, fit_thresholds, right
from textcnn.core.examples import Examples
from textcnn.core.objective import objective_of
from textcnn.recipe.fusion import Fusion
from textcnn.training.ngram_training import TrainedNgrams


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
        name: float(right(decided(logits, dev.targets, fitted=True), dev.targets).mean())
        for name, logits in experts.items()
    }
