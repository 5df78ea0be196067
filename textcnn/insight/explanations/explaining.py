"""The explainer: it takes a prediction apart into terms that add up exactly.

After the maximum over time the network is linear (Kim 2014, figure 1): a feature map f
of height h, whose maximum m stands at one window, adds ``dense[c, f] * relu(m + bias[f])`` to the
logit of class c, and no other window adds anything through that map. What the n-gram expert says is
a sum over words and n-grams to begin with. All is read from the tables that predict. The filters'
terms are averaged over an ensemble's networks, and each expert's are multiplied by its weight in
the fusion.
"""

import html
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from textcnn.core.tokenizers import Tokenizer, find_tokenizer
from textcnn.core.vocabulary import UNKNOWN
from textcnn.inference.model import Model
from textcnn.inference.network import Member
from textcnn.insight.explanations.as_html import page
from textcnn.insight.explanations.as_text import as_text
from textcnn.insight.explanations.explanation import FILTERS, Explanation, Term
from textcnn.support.terminal import Screen
from textcnn.training.checkpoint import Checkpoint


def winning_features(network: Member, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features of sentences as they are classified, and the windows that they come from.

    Args:
        network: that predicts.
        words: (n,) token ids of one sentence, or (n, B) of some of equal length; n may be 0.

    Returns:
        (heights * F,) or (B, heights * F) pooled features, after bias and ReLU, and the first word
        of each one's window (:func:`winning_windows`).
    """
    network.projected.need(words)
    projected = network.projected
    maxima, starts = winning_windows(projected.rows, words, projected.filter_rows)
    return network.activated(maxima), starts


def winning_windows(
    P: np.ndarray, words: np.ndarray, filter_rows: Sequence[Sequence[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """The maximum over time of every feature map of each sentence, and where it stands.

    Of equal windows the first is taken, as the backward pass of the network does.

    Args:
        P: (U + 1, K * F) projected words (:func:`textcnn.core.layers.convolve_and_pool.project`);
            the last row is zeros.
        words: (n,) rows of P of one sentence, or (n, B) of some of equal length; n may be 0.
        filter_rows: for each height, where among the K its filters' rows stand.

    Returns:
        (heights * F,) or (B, heights * F) maxima, before bias and ReLU, and, of the same shape, the
        number of the winning window's first word: below 0 where the window begins before the
        sentence.
    """
    rows = P.reshape(len(P), sum(map(len, filter_rows)), -1)
    maxima, starts = [], []
    for first, *others in filter_rows:
        # An empty sentence has one window, of zeros.
        height = 1 + len(others)
        count = max(len(words) + height - 1, 1)
        padded = np.full((count + height - 1, *words.shape[1:]), len(P) - 1)
        padded[height - 1 : height - 1 + len(words)] = words
        Z = rows[padded[:count], first]
        for j, row in enumerate(others, start=1):
            Z += rows[padded[j : j + count], row]
        best = Z.argmax(axis=0)
        maxima.append(np.take_along_axis(Z, best[None], axis=0)[0])
        starts.append(best - (height - 1))
    return np.concatenate(maxima, axis=-1), np.concatenate(starts, axis=-1)


SHOWN = 10
"""N-grams that an explanation shows of itself."""


class ShownExplanation(Explanation):
    """An explanation that shows itself, in a notebook and where it is printed."""

    def _repr_html_(self) -> str | None:
        """A page in a frame of its own; None where Jinja2 is not installed."""
        try:
            text = html.escape(page([(self, None)], SHOWN, "this model"))
        except ImportError:
            return None
        return f'<iframe srcdoc="{text}" style="width: 100%; height: 30rem; border: 0"></iframe>'

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """The explanation in IPython, as ``textcnn explain`` prints it."""
        printer.text(str(self))

    def __str__(self) -> str:
        return as_text(self, SHOWN, Screen(width=80))


class Explainer:
    """Explains a checkpoint's predictions.

    Args:
        checkpoint: the model.
        tokenize: with the tokenizer ``custom``, what it stands for.

    Attributes:
        model: the same model, asked with tokens.
    """

    def __init__(self, checkpoint: Checkpoint, tokenize: Tokenizer | None = None):
        self._checkpoint = checkpoint
        self._architecture = checkpoint.architecture
        self._tokenize = find_tokenizer(checkpoint.config.tokenizer, tokenize)
        self._networks = checkpoint.networks
        self._weights = checkpoint.fusion.weights.astype(np.float64)
        self.model = Model(checkpoint)

    def explain(self, text: str) -> ShownExplanation:
        """Why ``text`` is classified as it is."""
        model = self._checkpoint
        tokens = self._tokenize(text)[: model.config.max_tokens or None]
        sentence = model.vocabulary.pack([tokens])
        logits = self.model.token_logits([tokens])
        probabilities = self.model.probabilities(logits)[0]
        biases = [parameters["dense/bias"].astype(np.float64) for parameters in self._networks]
        ngram_bias, ngram_terms = self._ngram_terms(tokens)
        return ShownExplanation(
            text=text,
            tokens=tokens,
            unknown=np.flatnonzero(sentence.token_ids == UNKNOWN).tolist(),
            labels=model.labels,
            several=model.config.multilabel,
            predicted=self.model.predicted(probabilities),
            bias=self._weights[0] * np.mean(biases, axis=0) + model.fusion.bias + ngram_bias,
            terms=[*self._filter_terms(sentence.token_ids), *ngram_terms],
            logits=logits[0],
            probabilities=probabilities,
        )

    def _filter_terms(self, words: np.ndarray) -> Iterator[Term]:
        """What each window adds through all the feature maps, of all networks, that it won."""
        bank, length = self._architecture.bank, len(words)
        scale = self._weights[0] / len(self._networks)
        blocks = []
        for member, parameters in zip(self.model.network.members, self._networks, strict=True):
            features, starts = winning_features(member, words)
            weights = parameters["dense/weights"].astype(np.float64)
            blocks.append((starts, features[:, None] * weights.T))
        for index, height in enumerate(bank.filter_sizes):
            maps = slice(index * bank.num_filters, (index + 1) * bank.num_filters)
            first = 1 - height
            sums = np.zeros((max(length + height - 1, 1), self._architecture.num_classes))
            for starts, terms in blocks:
                np.add.at(sums, starts[maps] - first, terms[maps])
            for window in np.flatnonzero(sums.any(axis=1)).tolist():
                start, end = window + first, window + first + height
                before, after = max(-start, 0), max(end - length, 0)
                if length == 0:
                    before, after = height, 0
                inside = max(start, 0), min(end, length)
                yield Term(FILTERS, *inside, before, after, sums[window] * scale)

    def _ngram_terms(self, tokens: Sequence[str]) -> tuple[np.ndarray, list[Term]]:
        """The bias of the n-gram expert, and what each of its items adds."""
        expert = self._checkpoint.ngrams
        if expert is None:
            return np.zeros(len(self._checkpoint.labels)), []
        weight = self._weights[1]
        return weight * expert.bias, [
            Term(item.kind, item.start, item.start + item.order, 0, 0, weight * item.values)
            for item in expert.terms(tokens)
        ]
