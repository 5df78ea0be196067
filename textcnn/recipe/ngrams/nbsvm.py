"""Weights of n-grams and parts of words, learnt from labelled sentences.

Wang and Manning, "Baselines and Bigrams" (ACL 2012), section 2.3, with three differences that make
the features sums over words: an item counts as often as it stands in a sentence, a word's parts
together count as much as the word, and a sentence is divided by the square root of its length.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

ALPHA = 1.0
"""Added to each item's count in either class."""

BETA = 0.25
"""How far weights are the support vector machine's; the rest is naive Bayes."""

BIAS_PENALTY = 0.01
"""How far the bias is held back, as a share of what a weight is."""

STEPS = 100
"""Most steps of L-BFGS; a few dozen do."""

FTOL = 1e-3
"""Share of the loss that a step must gain, or it is the last."""


@dataclass(frozen=True)
class Features:
    """N sentences' items, as a product that is never multiplied out.

    A sentence of 20 words has some 300 parts of words in it, the same few for each word: so they
    are kept by word. And features that are equal share a column: most pairs of words stand in one
    sentence alone, and all of these that share a sentence are equal, whatever is learnt; as are
    the parts that stand in the same words.

    Attributes:
        items: (N, W) counts of words, each with a column of its own, and of the n-grams of each
            order; G columns of n-grams in all. Side by side they would take their memory twice.
        parts: (W, P) the parts of each word; each row has a norm of 1, or of 0.
        scale: (N,) what each sentence is multiplied by.
        of_item: (W + all n-grams,) int64, which of the W + G columns each has.
        of_part: (all parts,) int64, the column of ``parts`` that each has.
    """

    items: Sequence[csr_matrix]
    parts: csr_matrix
    scale: np.ndarray
    of_item: np.ndarray
    of_part: np.ndarray

    @classmethod
    def of(
        cls, words: csr_matrix, ngrams: Iterable[csr_matrix], parts: csr_matrix, scale: np.ndarray
    ) -> "Features":
        """Features with one column for all n-grams of an order, or parts, that are equal.

        Args:
            words: (N, W) counts.
            ngrams: (N, all of the order) counts of each order; none is kept.
            parts: (W, all parts).
            scale: (N,).
        """
        items, of_item = [words], [np.arange(words.shape[1])]
        for counts in ngrams:
            merged, columns = _merge_columns(counts)
            of_item.append(sum(block.shape[1] for block in items) + columns)
            items.append(merged)
        parts, of_part = _merge_columns(parts)
        return cls(items, parts, scale, np.concatenate(of_item), of_part)

    @functools.cached_property
    def num_items(self) -> int:
        """W + G."""
        return sum(block.shape[1] for block in self.items)

    @property
    def size(self) -> int:
        """W + G + P."""
        return self.num_items + self.parts.shape[1]

    @functools.cached_property
    def copies(self) -> np.ndarray:
        """(size,) how many features each column stands for."""
        return np.bincount(np.append(self.of_item, self.num_items + self.of_part))

    def fold(self, weights: np.ndarray) -> np.ndarray:
        """(W + G,) weights of words, their parts included, and of n-grams; from (size,)."""
        items, words = self.num_items, self.parts.shape[0]
        folded = weights[:items].copy()
        folded[:words] += self.parts @ weights[items:]
        return folded

    def spread(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The weights of all features, from the (size,) of the different ones.

        Returns:
            (W + all n-grams,), those of words with their parts included, and (all parts,).
        """
        items, words = self.num_items, self.parts.shape[0]
        by_item, of_parts = weights[self.of_item], weights[items:]
        by_item[:words] += self.parts @ (self.copies[items:] * of_parts)
        return by_item, of_parts[self.of_part]

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """(N,) sums of the sentences' weights, scaled."""
        sizes = [block.shape[1] for block in self.items]
        by_block = np.split(self.fold(weights), np.cumsum(sizes)[:-1])
        found = sum(block @ part for block, part in zip(self.items, by_block, strict=True))
        return self.scale * found

    def collect(self, values: np.ndarray) -> np.ndarray:
        """(size,) sums by item of (N,) numbers of sentences, not scaled."""
        *items, parts = self._transposed
        by_item = np.concatenate([block @ values for block in items])
        return np.append(by_item, parts @ by_item[: self.parts.shape[0]])

    @functools.cached_property
    def _transposed(self) -> list[csc_matrix]:
        # Once: for a few hundred sentences SciPy takes longer to make one than to multiply by it.
        return [block.T for block in (*self.items, self.parts)]


def _merge_columns(matrix: csr_matrix) -> tuple[csr_matrix, np.ndarray]:
    """(n, D) the different columns of (n, F), and (F,) int64, which of them each is."""
    # Equal columns have the same sum of random numbers, added in the same order; of a million
    # columns two others have it once in some thousand times.
    sums = matrix.T @ np.random.default_rng(0).random(matrix.shape[0])
    _, first, numbers = np.unique(sums, return_index=True, return_inverse=True)
    return matrix[:, first], numbers


def nbsvm(
    features: Features,
    positive: np.ndarray,
    sample_weights: np.ndarray,
    penalty: float,
    offset: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """A linear support vector machine (squared hinge) on features weighted by naive Bayes.

    Args:
        features: of N sentences.
        positive: (N,) booleans.
        sample_weights: (N,) what each sentence counts.
        penalty: of errors, C in the paper.
        offset: (N,) what another model says already, which this one only corrects; or None.

    Returns:
        (size,) weights of the plain features, and the bias, added to their scaled sum.
    """
    from scipy.optimize import minimize  # 0.4 s, which those who ask for help would wait.

    p, q = (ALPHA + features.collect(sample_weights * side) for side in (positive, ~positive))
    ratio = np.log(p / (features.copies @ p)) - np.log(q / (features.copies @ q))
    # Equal features have equal weights, so n of them are one that is sqrt(n) times as large.
    root = np.sqrt(features.copies)
    factor = root * ratio
    signs, before = np.where(positive, 1.0, -1.0), 0.0 if offset is None else offset

    def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = free[:-1], free[-1]
        margins = signs * (features.sums(factor * weights) + bias + before)
        missing = np.maximum(1 - margins, 0)
        upstream = -2 * penalty * sample_weights * signs * missing
        gradient = free.copy()
        gradient[-1] *= BIAS_PENALTY
        gradient[:-1] += factor * features.collect(features.scale * upstream)
        gradient[-1] += upstream.sum()
        held = weights @ weights + BIAS_PENALTY * bias * bias
        return penalty * (sample_weights * missing**2).sum() + held / 2, gradient

    options = {"maxiter": STEPS, "ftol": FTOL, "maxcor": 5}
    start = np.zeros(features.size + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    weights, bias = found[:-1], float(found[-1])
    if offset is not None:
        return ratio * weights / root, bias
    # Drawn towards naive Bayes, bias and all, as in textcnn.evaluation.crossval.nbsvm.
    mean = root @ np.abs(weights) / features.copies.sum()
    sides = (sample_weights * positive).sum(), (sample_weights * ~positive).sum()
    prior = np.log((sides[0] + 0.5) / (sides[1] + 0.5))
    drawn = ratio * ((1 - BETA) * mean + BETA * weights / root)
    return drawn, (1 - BETA) * mean * prior + BETA * bias
