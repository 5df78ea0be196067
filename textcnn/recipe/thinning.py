"""Dropout of whole maps: a batch trains the thinner network that is left.

Dropout trains one of exponentially many thinned networks for each sentence (Srivastava et al. 2014,
section 1). Drawn once for a batch instead, what is dropped need not be computed at all: with half
of the maps dropped, half of all matrix products.
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.gradients import Gradients
from textcnn.core.sentences import Examples
from textcnn.core.step import Step, kim_step


def thinned_step(architecture: Architecture, rate: float) -> Step:
    """The step of Kim (2014) through a network that is thinned anew for each batch.

    Args:
        architecture: the shapes of the whole network.
        rate: the share of the maps dropped.
    """
    whole = kim_step(architecture)

    def step(
        parameters: Mapping[str, np.ndarray], batch: Examples, rng: np.random.Generator | None
    ) -> tuple[float, np.ndarray, Gradients]:
        if rng is None:
            return whole(parameters, batch, None)
        thin, smaller, restored = thinned(parameters, architecture, rate, rng)
        loss, logits, gradients = kim_step(smaller)(thin, batch, None)
        return loss, logits, restored(gradients)

    return step


def thinned(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    rate: float,
    rng: np.random.Generator,
) -> tuple[Parameters, Architecture, Callable[[Gradients], Gradients]]:
    """Take a share ``rate`` of the maps out of the network, equally many of each height.

    Args:
        parameters: of the whole network.
        architecture: its shapes.
        rate: the share of the maps dropped, below 1; at least one of each height is kept.
        rng: draws which.

    Returns:
        The thinner network's parameters and shapes, its dense weights scaled up so that logits keep
        their size, and ``restored(gradients)``: the whole network's gradients from the thinner
        one's, zero where a map was dropped.
    """
    num_filters = architecture.num_filters
    kept_filters = max(round(num_filters * (1 - rate)), 1)
    if kept_filters == num_filters:
        return dict(parameters), architecture, lambda gradients: gradients
    kept = [
        np.sort(rng.choice(num_filters, kept_filters, replace=False))
        for _ in architecture.filter_sizes
    ]
    columns = np.concatenate([index * num_filters + maps for index, maps in enumerate(kept)])
    places = list(zip(architecture.bank.offsets(), kept, strict=True))
    W, scale = parameters["convolution/weights"], num_filters / kept_filters
    thin = dict(parameters)
    thin["convolution/weights"] = np.concatenate(
        # take() in two fifths of the time that an index of the last axis needs.
        [W[:, first : first + size].take(maps, axis=2) for (size, first), maps in places],
        axis=1,
    )
    thin["convolution/bias"] = parameters["convolution/bias"][columns]
    thin["dense/weights"] = parameters["dense/weights"][:, columns] * W.dtype.type(scale)

    def restored(gradients: Gradients) -> Gradients:
        whole = {
            name: np.zeros_like(parameters[name])
            for name in ("convolution/weights", "convolution/bias", "dense/weights")
        }
        for (size, first), maps in places:
            rows = slice(first, first + size)
            whole["convolution/weights"][:, rows, maps] = _dense(gradients, "convolution/weights")[
                :, rows
            ]
        whole["convolution/bias"][columns] = _dense(gradients, "convolution/bias")
        whole["dense/weights"][:, columns] = _dense(gradients, "dense/weights") * scale
        return {**gradients, **whole}

    return thin, dataclasses.replace(architecture, num_filters=kept_filters), restored


def _dense(gradients: Gradients, name: str) -> np.ndarray:
    gradient = gradients[name]
    assert isinstance(gradient, np.ndarray)  # Only embeddings have gradients by row.
    return gradient
