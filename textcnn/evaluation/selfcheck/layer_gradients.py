"""Every layer's backward pass against central differences, under a random upstream gradient.

With an upstream gradient of ones, mistakes that permute or transpose the output go unnoticed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn import reference
from textcnn.core.images import conv2d, pool2d
from textcnn.core.layers.convolution import convolve
from textcnn.core.layers.convolve_and_pool import FilterBank, convolve_and_pool
from textcnn.core.layers.dense import dense, l2_penalty
from textcnn.core.layers.dropout import dropout
from textcnn.core.layers.embedding import embed
from textcnn.core.layers.max_over_time import max_over_time
from textcnn.core.layers.relu import relu
from textcnn.core.layers.sigmoid import sigmoid_cross_entropy
from textcnn.core.layers.softmax import softmax_cross_entropy
from textcnn.evaluation.selfcheck.finite_differences import gradient_error
from textcnn.evaluation.selfcheck.material import packed
from textcnn.evaluation.selfcheck.result import Result, within

LIMIT = 1e-6
"""Relative. The differences themselves are good to about 1e-9."""

LENGTHS = np.array([3, 0, 1, 5])
"""Words of the sentences."""

Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A layer at one point.

    Attributes:
        inputs: float64 arrays that it is differentiated by.
        forward: its output, from what the inputs hold at the time.
        backward: their gradients, from the output's.
    """

    inputs: Sequence[np.ndarray]
    forward: Callable[[], np.ndarray]
    backward: Callable[[np.ndarray], Sequence[np.ndarray]]


def check() -> Result:
    """Compare all layers."""
    errors = {}
    for seed, (name, make) in enumerate(CASES.items()):
        rng = np.random.default_rng(seed)
        case = make(rng)
        upstream = rng.normal(size=case.forward().shape)
        gradients = case.backward(upstream)
        errors[name] = gradient_error(case.forward, case.inputs, gradients, upstream)
    return within(errors, LIMIT, "relative error")


def _embedding(rng: Rng) -> Case:
    table, words = rng.normal(size=(6, 3)), np.array([4, 1, 4, 4, 0])
    return Case(
        [table],
        lambda: embed(words, table)[0],
        lambda dY: [embed(words, table)[1](dY).dense(6)],
    )


def _convolution(rng: Rng) -> Case:
    X, W, b = rng.normal(size=(9, 3)), rng.normal(size=(4, 3, 2)), rng.normal(size=2)
    return Case(
        [X, W, b],
        lambda: convolve(X, LENGTHS, W, b)[0],
        lambda dY: convolve(X, LENGTHS, W, b)[1](dY),
    )


def _max_over_time(rng: Rng) -> Case:
    Z, counts = rng.normal(size=(9, 4)), np.array([2, 1, 6])
    return Case(
        [Z], lambda: max_over_time(Z, counts)[0], lambda dY: [max_over_time(Z, counts)[1](dY)]
    )


def _convolve_and_pool(frozen: int) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        bank = FilterBank((3, 1), 2)
        X, W = rng.normal(size=(5, 4)), rng.normal(size=(4, bank.num_rows, 2))
        sentences = packed([[1, 1, 4], [], [0], [2, 3, 1, 0, 2]])
        return Case(
            [X[:, frozen:], W],
            lambda: convolve_and_pool(X, sentences, W, bank, frozen)[0],
            lambda dY: convolve_and_pool(X, sentences, W, bank, frozen)[1](dY),
        )

    return make


def _relu(rng: Rng) -> Case:
    X = rng.normal(size=(4, 5))
    return Case([X], lambda: relu(X)[0], lambda dY: [relu(X)[1](dY)])


def _dropout(rng: Rng) -> Case:
    X = rng.normal(size=(4, 5))

    def layer() -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        return dropout(X, 0.4, np.random.default_rng(7))  # The same mask each time.

    return Case([X], lambda: layer()[0], lambda dY: [layer()[1](dY)])


def _dense(rng: Rng) -> Case:
    X, W, b = rng.normal(size=(4, 5)), rng.normal(size=(3, 5)), rng.normal(size=3)
    return Case([X, W, b], lambda: dense(X, W, b)[0], lambda dY: dense(X, W, b)[1](dY))


def _l2_penalty(rng: Rng) -> Case:
    W = rng.normal(size=(2, 3))
    return Case(
        [W], lambda: np.array(l2_penalty(W, 0.3)[0]), lambda dY: [dY * l2_penalty(W, 0.3)[1]]
    )


def _softmax(rng: Rng) -> Case:
    logits, classes, weights = rng.normal(size=(6, 3)), rng.integers(0, 3, 6), rng.random(6)
    return Case(
        [logits],
        lambda: np.array(softmax_cross_entropy(logits, classes, weights)[0]),
        lambda dY: [softmax_cross_entropy(logits, classes, weights)[1](float(dY))],
    )


def _sigmoid(rng: Rng) -> Case:
    logits, targets, weights = rng.normal(size=(6, 3)), rng.random((6, 3)) < 0.5, rng.random((6, 3))
    return Case(
        [logits],
        lambda: np.array(sigmoid_cross_entropy(logits, targets, weights)[0]),
        lambda dY: [sigmoid_cross_entropy(logits, targets, weights)[1](float(dY))],
    )


def _images(rng: Rng) -> np.ndarray:
    return rng.normal(size=(2, 4, 5, 2))


def _conv2d(loops: bool) -> Callable[[Rng], Case]:
    layer = reference if loops else conv2d

    def make(rng: Rng) -> Case:
        A, W, b = _images(rng), rng.normal(size=(3, 2, 2, 3)), rng.normal(size=(1, 1, 1, 3))
        settings = {"stride": 2, "pad": 1}
        cache = (A, W, b, settings)
        return Case(
            [A, W, b],
            lambda: layer.conv_forward(A, W, b, settings)[0],
            lambda dY: layer.conv_backward(dY, cache),
        )

    return make


def _pool2d(loops: bool, mode: str) -> Callable[[Rng], Case]:
    layer = reference if loops else pool2d

    def make(rng: Rng) -> Case:
        A, settings = _images(rng), {"stride": 1, "f": (2, 3), "pad": 1}
        return Case(
            [A],
            lambda: layer.pool_forward(A, settings, mode)[0],
            lambda dY: [layer.pool_backward(dY, (A, settings), mode)],
        )

    return make


CASES: dict[str, Callable[[Rng], Case]] = {
    "embedding": _embedding,
    "convolution": _convolution,
    "max_over_time": _max_over_time,
    "convolve_and_pool": _convolve_and_pool(frozen=0),
    "convolve_and_pool, half of it frozen": _convolve_and_pool(frozen=2),
    "relu": _relu,
    "dropout": _dropout,
    "dense": _dense,
    "dense, its penalty": _l2_penalty,
    "softmax": _softmax,
    "sigmoid": _sigmoid,
    "conv2d": _conv2d(loops=False),
    "pool2d, maxima": _pool2d(loops=False, mode="max"),
    "pool2d, averages": _pool2d(loops=False, mode="average"),
    "the reference's convolution": _conv2d(loops=True),
    "the reference's maxima": _pool2d(loops=True, mode="max"),
    "the reference's averages": _pool2d(loops=True, mode="average"),
}
"""By the layer's module and what else there is to say."""
