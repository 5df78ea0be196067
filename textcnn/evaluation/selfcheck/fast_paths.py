"""The fast forms against the plain ones that read like the formulas."""

import numpy as np

from textcnn import reference
from textcnn.core import network, plain_network
from textcnn.core.architecture import MODES, Architecture
from textcnn.core.images import conv2d, pool2d
from textcnn.core.layers.convolve_and_pool import FilterBank, convolve_and_pool
from textcnn.core.layers.softmax import softmax
from textcnn.core.tokenizers import find_tokenizer
from textcnn.evaluation.selfcheck.finite_differences import relative_error
from textcnn.evaluation.selfcheck.material import (
    any_texts,
    model,
    packed,
    ragged,
    random_parameters,
    whole,
)
from textcnn.evaluation.selfcheck.result import Result, within
from textcnn.inference.classifier import Classifier
from textcnn.inference.network import InferenceNetwork
from textcnn.recipe.ngrams.expert import NgramExpert
from textcnn.training.checkpoint import Checkpoint

LIMIT = 1e-10
"""In float64, relative: the fast forms add up in another order."""

FLOAT32_LIMIT = 1e-5
"""Of probabilities in float32."""

NUM_WORDS = 7


def check() -> Result:
    """Compare networks and layers in float64."""
    errors = {"convolve_and_pool and the reference's loops": _pooled_error()}
    errors["conv2d and the reference's loops"] = _conv2d_error()
    for mode in ("max", "average"):
        errors[f"pool2d ({mode}) and the reference's loops"] = _pool2d_error(mode)
    for seed, mode in enumerate(MODES * 2):
        # Half of them with whole numbers, so that many windows tie.
        numbers = "whole numbers" if seed >= len(MODES) else "random numbers"
        found = _network_errors(mode, seed, integers=seed >= len(MODES))
        errors |= {f"{name}, {mode}, {numbers}": error for name, error in found.items()}
    return within(errors, LIMIT, "relative difference")


def check_answers() -> Result:
    """Compare a trained network's probabilities, from text on, with those of the plain one."""
    errors = {}
    for mode in ("n-grams", "no n-grams"):
        checkpoint = model(ngrams=2 if mode == "n-grams" else 0)
        fast = Classifier(checkpoint).predict_proba(any_texts())
        errors[mode] = float(np.abs(fast - _plain_probabilities(checkpoint)).max())
    return within(errors, FLOAT32_LIMIT, "difference of a probability")


def _pooled_error() -> float:
    rng = np.random.default_rng(0)
    bank, X = FilterBank((3, 1, 4), 2), rng.normal(size=(NUM_WORDS, 3))
    W, sentences = rng.normal(size=(3, bank.num_rows, 2)), ragged(rng, NUM_WORDS, 8)
    fast, _ = convolve_and_pool(X, packed(sentences), W, bank)
    plain = np.empty_like(fast)
    for row, sentence in enumerate(sentences):
        maxima = []
        for height, first in bank.offsets():
            filters = W[:, first : first + height].swapaxes(0, 1)
            Z = reference.wide_convolution(X[sentence], filters, np.zeros(2))
            maxima.append(reference.max_over_time(Z)[0])
        plain[row] = np.concatenate(maxima)
    return relative_error(fast, plain)


def _conv2d_error() -> float:
    rng = np.random.default_rng(1)
    A, W, b = (rng.normal(size=size) for size in ((2, 5, 4, 2), (3, 2, 2, 3), (1, 1, 1, 3)))
    settings = {"stride": 2, "pad": 1}
    fast, cache = conv2d.conv_forward(A, W, b, settings)
    plain, plain_cache = reference.conv_forward(A, W, b, settings)
    upstream = rng.normal(size=plain.shape)
    pairs = [(fast, plain)]
    pairs += zip(
        conv2d.conv_backward(upstream, cache),
        reference.conv_backward(upstream, plain_cache),
        strict=True,
    )
    return max(relative_error(one, other) for one, other in pairs)


def _pool2d_error(mode: str) -> float:
    rng = np.random.default_rng(2)
    A = rng.integers(0, 3, (2, 5, 4, 2)).astype(float)  # Full of ties.
    settings = {"stride": 2, "f": (2, 3), "pad": 1}
    fast, cache = pool2d.pool_forward(A, settings, mode)
    plain, plain_cache = reference.pool_forward(A, settings, mode)
    upstream = rng.normal(size=plain.shape)
    backward = pool2d.pool_backward(upstream, cache, mode)
    expected = reference.pool_backward(upstream, plain_cache, mode)
    return max(relative_error(fast, plain), relative_error(backward, expected))


def _network_errors(mode: str, seed: int, integers: bool) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    architecture = Architecture(mode, NUM_WORDS, 3, (2, 3), 2, 3)
    parameters = random_parameters(architecture, rng, integers)
    batch = packed(ragged(rng, NUM_WORDS, 8))
    fast, fast_backward = network.kim(parameters, architecture, batch)
    plain, plain_backward = plain_network.kim(parameters, architecture, batch)
    upstream = rng.normal(size=plain.shape)
    found, expected = fast_backward(upstream), plain_backward(upstream)
    evaluated = network.Network(architecture, parameters).logits(batch)
    answered = InferenceNetwork([parameters], architecture).logits(batch)
    gradients = [
        relative_error(
            whole(found[name], len(parameters[name])), whole(expected[name], len(parameters[name]))
        )
        for name in architecture.trained
    ]
    return {
        "logits": relative_error(fast, plain),
        "gradients": max(gradients),
        "logits of evaluation": relative_error(evaluated, plain),
        "logits of prediction": relative_error(answered, plain),
    }


def _plain_probabilities(checkpoint: Checkpoint) -> np.ndarray:
    """From the plain network and, sentence by sentence, the terms of the n-gram expert."""
    tokenize = find_tokenizer(checkpoint.config.tokenizer)
    tokens = [tokenize(text) for text in any_texts()]
    sentences = checkpoint.vocabulary.pack(tokens)
    experts = [plain_network.kim(checkpoint.networks[0], checkpoint.architecture, sentences)[0]]
    if checkpoint.ngrams is not None:
        experts.append(np.stack([_sum_of_terms(checkpoint.ngrams, words) for words in tokens]))
    return softmax(checkpoint.fusion.combine(experts))


def _sum_of_terms(expert: NgramExpert, tokens: list[str]) -> np.ndarray:
    """(C,) the n-gram expert's logits of a sentence, term by term."""
    return sum((term.values for term in expert.terms(tokens)), expert.bias.astype(np.float64))
