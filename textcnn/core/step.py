"""One training step's arithmetic, short of the update.

A step is a function, so that whatever changes it (dropout of words, an L2 penalty) can be a
function that takes a step and returns another, and stays out of the network.
"""

from collections.abc import Callable, Mapping

import numpy as np

from textcnn.core.architecture import Architecture
from textcnn.core.gradients import Gradients
from textcnn.core.network import forward
from textcnn.core.objective import objective_of
from textcnn.core.sentences import Examples

Step = Callable[
    [Mapping[str, np.ndarray], Examples, np.random.Generator | None],
    tuple[float, np.ndarray, Gradients],
]
"""``step(parameters, batch, rng) -> (loss, logits, gradients)``: the mean loss of B examples, their
(B, C) logits and the gradient of every trained parameter; without ``rng`` nothing is dropped."""


def kim_step(architecture: Architecture, dropout_rate: float = 0.0) -> Step:
    """The step of Kim (2014), section 2.1: cross-entropy, and dropout of the pooled features.

    Args:
        architecture: the shapes of the network.
        dropout_rate: the share of its pooled features dropped, drawn anew for each sentence.
    """
    objective = objective_of(architecture.multilabel)

    def step(
        parameters: Mapping[str, np.ndarray], batch: Examples, rng: np.random.Generator | None
    ) -> tuple[float, np.ndarray, Gradients]:
        logits, backward = forward(parameters, architecture, batch.sentences, dropout_rate, rng)
        loss, loss_backward = objective.loss(logits, batch.targets, batch.weights)
        return loss, logits, backward(loss_backward(1.0))

    return step
