"""The sentence CNN of Kim (2014), put together from :mod:`textcnn.core.layers`.

Its parameters are those of :mod:`textcnn.core.architecture`. Beside the pooled features may stand
the log-likelihoods of a sentence by counting (:mod:`textcnn.recipe.ngrams.naive_bayes`), which come
ready made and are only weighed here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from textcnn.core.architecture import Architecture, word_vectors
from textcnn.core.gradients import Gradient, RowGradient
from textcnn.core.layers.bag import bag
from textcnn.core.layers.convolve_and_pool import convolve_and_pool, pooled_maxima, project
from textcnn.core.layers.dense import dense, l2_penalty
from textcnn.core.layers.dropout import dropout
from textcnn.core.layers.relu import relu
from textcnn.core.objective import objective_of
from textcnn.core.sentences import PackedSentences
from textcnn.core.vocabulary import UNKNOWN
from textcnn.recipe.ngrams.naive_bayes import SentenceEvidence
from textcnn.recipe.thinning import thinned

Gradients = dict[str, Gradient]


@dataclass(frozen=True)
class Regularisation:
    """What holds the network back while it is trained.

    Attributes:
        dropout: share of the pooled features dropped.
        dropout_draw: "sentence" draws anew which for each sentence, "batch" for each batch (see
            :mod:`textcnn.recipe.thinning`).
        word_dropout: share of the words replaced by the unknown word, which is how that word's
            vector is learnt.
        l2: strength of the L2 penalty on the dense weights.
    """

    dropout: float = 0.0
    dropout_draw: str = "sentence"
    word_dropout: float = 0.0
    l2: float = 0.0


def logits_and_backward(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    sentences: PackedSentences,
    dropout_rate: float = 0.0,
    rng: np.random.Generator | None = None,
    evidence: SentenceEvidence | None = None,
) -> tuple[np.ndarray, Callable[[np.ndarray], Gradients]]:
    """The forward pass of Kim (2014), figure 1, and its backward pass.

    Args:
        parameters: as :meth:`Architecture.shapes` says.
        architecture: the shapes.
        sentences: B sentences of word numbers below V.
        dropout_rate: share of the pooled features dropped.
        rng: source of the dropout mask; None drops nothing.
        evidence: what counting says of the sentences, where the network weighs it.

    Returns:
        logits (B, C), and ``backward(dlogits)``, the gradient of every trained parameter.
    """
    words, which = np.unique(sentences.words, return_inverse=True)
    X = word_vectors(parameters, architecture, words)
    maxima, convolution_backward = convolve_and_pool(
        X,
        PackedSentences(which, sentences.lengths),
        parameters["convolution/weights"],
        architecture.bank,
        architecture.frozen,
    )
    features, relu_backward = relu(maxima + parameters["convolution/bias"])
    kept, dropout_backward = dropout(features, dropout_rate, rng)
    logits, dense_backward = dense(kept, parameters["dense/weights"], parameters["dense/bias"])
    evidence_backward = None
    if evidence is not None:
        trusted, evidence_backward = _weigh(parameters, evidence)
        logits = logits + trusted

    def backward(dlogits: np.ndarray) -> Gradients:
        dkept, ddense_weights, ddense_bias = dense_backward(dlogits)
        dmaxima = relu_backward(dropout_backward(dkept))
        dX, dfilters = convolution_backward(dmaxima)
        gradients: Gradients = {
            "convolution/weights": dfilters,
            "convolution/bias": dmaxima.sum(axis=0),
            "dense/weights": ddense_weights,
            "dense/bias": ddense_bias,
        }
        if "embedding/tuned" in architecture.channels:
            gradients["embedding/tuned"] = RowGradient(words, dX)
        if evidence_backward is not None:
            gradients |= evidence_backward(dlogits)
        return gradients

    return logits, backward


def _weigh(
    parameters: Mapping[str, np.ndarray], evidence: SentenceEvidence
) -> tuple[np.ndarray, Callable[[np.ndarray], Gradients]]:
    """(B, C) what counting adds to the logits, as far as it is trusted, and corrected."""
    total = evidence.features @ parameters["evidence/weights"].T
    backwards = {}
    for kind, items in evidence.items.items():
        name = f"corrections/{kind}"
        sums, backwards[name] = bag(items, parameters[name])
        total += sums

    def backward(dlogits: np.ndarray) -> Gradients:
        gradients: Gradients = {"evidence/weights": dlogits.T @ evidence.features}
        return gradients | {name: back(dlogits) for name, back in backwards.items()}

    return total, backward


EVALUATION_CHUNK = 128
"""Sentences evaluated at once: enough to share words, few enough to stay in the cache."""


def evaluation_logits(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    sentences: PackedSentences,
    evidence: SentenceEvidence | None = None,
) -> np.ndarray:
    """(N, C) logits of any number of sentences, nothing dropped, no backward pass."""
    chunks = []
    for start in range(0, len(sentences), EVALUATION_CHUNK):
        rows = np.arange(start, min(start + EVALUATION_CHUNK, len(sentences)))
        chunk = sentences.take(rows)
        words, which = np.unique(chunk.words, return_inverse=True)
        X = word_vectors(parameters, architecture, words)
        P = project(X, parameters["convolution/weights"])
        numbered = PackedSentences(which, chunk.lengths)
        maxima = pooled_maxima(P, numbered, architecture.bank)
        features, _ = relu(maxima + parameters["convolution/bias"])
        logits, _ = dense(features, parameters["dense/weights"], parameters["dense/bias"])
        chunks.append(logits)
    together = np.concatenate(chunks)
    if evidence is not None:
        together += _weigh(parameters, evidence)[0]
    return together


def loss_and_gradients(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    sentences: PackedSentences,
    targets: np.ndarray,
    regularisation: Regularisation,
    rng: np.random.Generator | None,
    evidence: SentenceEvidence | None = None,
    weights: np.ndarray | None = None,
) -> tuple[float, np.ndarray, Gradients]:
    """One training step's arithmetic, short of the update.

    Args:
        parameters: as :meth:`Architecture.shapes` says.
        architecture: the shapes.
        sentences: B sentences.
        targets: (B,) true classes, or (B, C) booleans where a sentence may have several.
        regularisation: dropout, word dropout and the L2 penalty.
        rng: source of what is dropped; None drops nothing.
        evidence: what counting says of the sentences, where the network weighs it.
        weights: shaped as ``targets``, what each counts; None for 1 each.

    Returns:
        The loss (cross-entropy plus penalty), the logits (B, C) and the gradients.
    """
    if rng is not None and regularisation.word_dropout > 0:
        dropped = rng.random(len(sentences.words), np.float32) < regularisation.word_dropout
        words = np.where(dropped, UNKNOWN, sentences.words)
        sentences = PackedSentences(words, sentences.lengths)
    thin: Mapping[str, np.ndarray] = parameters
    restored: Callable[[Gradients], Gradients] = _unchanged
    rate = regularisation.dropout
    if rng is not None and regularisation.dropout_draw == "batch":
        thin, architecture, restored = thinned(parameters, architecture, rate, rng)
        rate = 0.0
    logits, backward = logits_and_backward(thin, architecture, sentences, rate, rng, evidence)
    loss, loss_backward = objective_of(architecture.multilabel).loss(logits, targets, weights)
    gradients = restored(backward(loss_backward(1.0)))
    if regularisation.l2 > 0:
        penalty, dpenalty = l2_penalty(parameters["dense/weights"], regularisation.l2)
        loss += penalty
        gradients["dense/weights"] = gradients["dense/weights"] + dpenalty
    return loss, logits, gradients


def _unchanged(gradients: Gradients) -> Gradients:
    return gradients
