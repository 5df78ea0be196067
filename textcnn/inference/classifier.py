"""A trained model as its users meet it: text in, labels and probabilities out."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from textcnn.core.tokenizers import CUSTOM, Tokenizer, find_tokenizer
from textcnn.inference.model import Model
from textcnn.inference.predicted_labels import predicted_labels
from textcnn.inference.text_packer import TextPacker
from textcnn.recipe.ngrams.expert import Texts
from textcnn.support.threads import in_threads, processors
from textcnn.training.checkpoint import Checkpoint, load_checkpoint
from textcnn.training.run_folder import find_checkpoint

FEW_TEXTS = 2048
"""Texts that are classified in one thread."""

PIECE_TEXTS = 4096
"""Texts that each of several threads takes at a time, at most."""


class Classifier:
    """Classifies sentences with the model of a checkpoint.

    A sentence's probabilities are the same bytes alone, in any batch, in any order.

    Args:
        checkpoint: the model.
        tokenize: with the tokenizer ``custom``, what it stands for.

    Attributes:
        labels: names of the C classes; column i of the probabilities belongs to ``labels[i]``.
        checkpoint: what it was made from.
        tokenize: text to tokens.
    """

    def __init__(self, checkpoint: Checkpoint, tokenize: Tokenizer | None = None):
        self.checkpoint = checkpoint
        self.labels = checkpoint.labels
        config = checkpoint.config
        self.tokenize = find_tokenizer(config.tokenizer, tokenize)
        self._packer = TextPacker(
            self.tokenize,
            checkpoint.vocabulary,
            config.max_tokens,
            by_pieces=config.tokenizer != CUSTOM,
            spell_unknown=checkpoint.ngrams is not None,
        )
        self._model = Model(checkpoint)

    @classmethod
    def load(cls, path: str | Path) -> "Classifier":
        """Read a checkpoint file, or the best one in a run's folder.

        Raises:
            UserError: it is missing, damaged, not a checkpoint or from a newer version.
        """
        return cls(load_checkpoint(find_checkpoint(Path(path))))

    def __reduce__(self) -> tuple[type["Classifier"], tuple[object, ...]]:
        # What it is made of, and not the tables made of that, nor their locks.
        return type(self), (self.checkpoint, self.tokenize)

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """(N, C) float32 probabilities of N sentences, the rows in the order given.

        Raises:
            TypeError: ``texts`` is one text, or holds what is none.
        """
        return self._model.probabilities(self.logits(texts))

    def project_all(self, most: int) -> bool:
        """See :meth:`textcnn.inference.network.InferenceNetwork.project_all`."""
        return self._model.network.project_all(most)

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """(N, C) float32, what the probabilities are made of."""
        return self._in_pieces(functools.partial(self._model.logits, threads=False), texts)

    def expert_logits(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """(N, C) float32 logits of each of the model's experts alone, by its name."""
        names: list[str] = []

        def side_by_side(packed: Texts) -> np.ndarray:
            found = self._model.expert_logits(packed, threads=False)
            names[:] = found
            return np.stack(list(found.values()), axis=1)

        logits = self._in_pieces(side_by_side, texts)
        return {name: logits[:, number] for number, name in enumerate(names)}

    def fused_probabilities(self, logits: Mapping[str, np.ndarray]) -> np.ndarray:
        """(N, C) float32 probabilities from :meth:`expert_logits`, as :meth:`predict_proba`."""
        return self._model.probabilities(self._model.fused(list(logits.values())))

    def features(self, texts: Sequence[str]) -> np.ndarray:
        """(N, networks * heights * filters) float32, what the dense layers read.

        See :meth:`textcnn.inference.network.InferenceNetwork.features`.
        """
        features = self._model.network.features
        return self._in_pieces(lambda texts: features(texts.sentences, threads=False), texts)

    def _in_pieces(
        self, function: Callable[[Texts], np.ndarray], texts: Sequence[str]
    ) -> np.ndarray:
        """The rows that ``function`` makes of the texts' token ids."""
        texts = _checked_texts(texts)
        if len(texts) <= FEW_TEXTS:
            return function(self._packer.pack(texts))
        # Taking text apart holds the interpreter and adding up windows seldom does: first the one,
        # then the other in threads, which then hardly wait for each other.
        rows, together = [], PIECE_TEXTS * processors()
        for start in range(0, len(texts), together):
            block = texts[start : start + together]
            size = math.ceil(len(block) / processors())
            pieces = [block[begin : begin + size] for begin in range(0, len(block), size)]
            rows += in_threads(function, [self._packer.pack(piece) for piece in pieces])
        return np.concatenate(rows)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each of N sentences.

        Where a sentence may have several, those above their thresholds, as
        :func:`textcnn.data.labels.join_labels` puts them together.
        """
        return predicted_labels(self.predict_proba(texts), self.labels, self.checkpoint.thresholds)


def _checked_texts(texts: Iterable[str]) -> Sequence[str]:
    """Refuse a text in the place of several, whose characters would each be classified."""
    several = isinstance(texts, Iterable) and getattr(texts, "ndim", 1) == 1
    if isinstance(texts, str | bytes | Mapping | Set) or not several:
        what = f"the text {texts!r}" if isinstance(texts, str) else type(texts).__name__
        raise TypeError(f"texts must be a list of str, not {what}; for one text give [text]")
    if not isinstance(texts, Sequence | np.ndarray):  # Such as a column of pandas or Arrow.
        is_array = hasattr(texts, "__array__")
        texts = np.asarray(texts, object).tolist() if is_array else list(texts)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"texts[{number}] is {text!r}, not a str")
    return texts  # type: ignore[return-value]  # an array of text is as good
