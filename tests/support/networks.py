"""Sentences and parameters of any kind, for tests of the network."""

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.gradients import Gradient, RowGradient
from textcnn.core.sentences import PackedSentences


def packed(sentences: list[list[int]]) -> PackedSentences:
    words = np.array([word for sentence in sentences for word in sentence], np.int32)
    return PackedSentences(words, np.array([len(sentence) for sentence in sentences]))


def random_parameters(
    architecture: Architecture, rng: np.random.Generator, integers: bool = False
) -> Parameters:
    """Parameters without structure; as small integers, so that many windows tie."""
    return {
        name: rng.integers(-1, 2, shape).astype(float) if integers else rng.normal(size=shape)
        for name, shape in architecture.shapes().items()
    }


def whole(gradient: Gradient, num_rows: int) -> np.ndarray:
    return gradient.dense(num_rows) if isinstance(gradient, RowGradient) else gradient
