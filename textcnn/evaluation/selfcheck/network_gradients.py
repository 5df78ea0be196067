"""The whole network's backward pass against central differences."""

from collections.abc import Callable

import numpy as np

from textcnn.core.architecture import MODES, Architecture, Parameters
from textcnn.core.examples import Examples
from textcnn.core.gradients import Gradients
from textcnn.core.network import kim
from textcnn.core.step import Step, kim_step
from textcnn.evaluation.selfcheck.finite_differences import gradient_error
from textcnn.evaluation.selfcheck.layer_gradients import LIMIT
from textcnn.evaluation.selfcheck.material import packed, random_parameters, whole
from textcnn.evaluation.selfcheck.result import Result, within
from textcnn.recipe.steps import with_l2, with_word_dropout
from textcnn.recipe.thinning import thinned_step

SENTENCES = packed([[1, 2, 2, 3], [], [5], [4, 1, 0, 5, 2]])
CLASSES = np.array([0, 2, 1, 2])


def check() -> Result:
    """Compare the logits of every mode, and the loss with everything that regularises it."""
    errors = {f"logits, {mode}": _logits_error(mode) for mode in MODES}
    for draw, step in (("sentence", kim_step), ("batch", thinned_step)):
        errors[f"loss, dropout by {draw}"] = _loss_error("multichannel", step)
    return within(errors, LIMIT, "relative error")


def _architecture(mode: str) -> Architecture:
    return Architecture(mode, 6, 2, (1, 3), 3, 3)


def _logits_error(mode: str) -> float:
    rng, architecture = np.random.default_rng(5), _architecture(mode)
    parameters = random_parameters(architecture, rng)

    def logits() -> np.ndarray:
        return kim(parameters, architecture, SENTENCES)[0]

    _, backward = kim(parameters, architecture, SENTENCES)
    upstream = rng.normal(size=(len(SENTENCES), 3))
    return _error(architecture, parameters, logits, backward(upstream), upstream)


def _loss_error(mode: str, step: Callable[[Architecture, float], Step]) -> float:
    rng, architecture = np.random.default_rng(6), _architecture(mode)
    parameters = random_parameters(architecture, rng)
    held_back = with_l2(with_word_dropout(step(architecture, 0.5), 0.4), 0.3)

    def evaluate() -> tuple[float, np.ndarray, Gradients]:
        masks = np.random.default_rng(11)  # The same words and features are dropped each time.
        return held_back(parameters, Examples(SENTENCES, CLASSES), masks)

    return _error(
        architecture, parameters, lambda: np.array(evaluate()[0]), evaluate()[2], np.array(1.0)
    )


def _error(
    architecture: Architecture,
    parameters: Parameters,
    forward: Callable[[], np.ndarray],
    gradients: Gradients,
    upstream: np.ndarray,
) -> float:
    names = architecture.trained
    if set(gradients) != set(names):
        raise ValueError(f"gradients of {sorted(gradients)}, not of {sorted(names)}")
    arrays = [parameters[name] for name in names]
    analytic = [whole(gradients[name], len(parameters[name])) for name in names]
    return gradient_error(forward, arrays, analytic, upstream)
