"""A checkpoint's model as it predicts: every expert asked, and what they say put together."""

from collections.abc import Sequence

import numpy as np

from textcnn.core.objective import objective_of
from textcnn.inference.network import InferenceNetwork
from textcnn.recipe.ngrams.expert import Texts
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint

_quiet = np.errstate(over="ignore", invalid="ignore")
"""Of sums that become too large: what comes of them is looked for, and said in one line."""


class Model:
    """Predicts from token ids: the same bytes for a sentence alone, in any batch, in any order.

    Args:
        checkpoint: the model.

    Attributes:
        network: the networks alone.
        several: a sentence may have several labels, each decided by itself.
    """

    def __init__(self, checkpoint: Checkpoint):
        self.network = InferenceNetwork(checkpoint.networks, checkpoint.architecture)
        self.several = checkpoint.config.multilabel
        self._checkpoint = checkpoint
        self._objective = objective_of(self.several)

    @_quiet
    def expert_logits(self, texts: Texts, threads: bool = True) -> dict[str, np.ndarray]:
        """(N, C) float32 logits of each expert alone, by its name.

        Args:
            texts: N sentences.
            threads: use every processor; False for a caller that does so itself.
        """
        found = {"network": self.network.logits(texts.sentences, threads)}
        if self._checkpoint.ngrams is not None:
            found["n-grams"] = self._checkpoint.ngrams.logits(texts)
        return found

    def logits(self, texts: Texts, threads: bool = True) -> np.ndarray:
        """(N, C) float32 logits of all experts together; see :meth:`expert_logits`."""
        return self.fused(list(self.expert_logits(texts, threads).values()))

    def token_logits(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """(N, C) float32 logits of N token lists."""
        return self.logits(Texts.of(sentences, self._checkpoint.vocabulary), threads=False)

    @_quiet
    def fused(self, logits: Sequence[np.ndarray]) -> np.ndarray:
        """(N, C) float32 logits of all experts together, from those of each."""
        return self._checkpoint.fusion.combine(logits)

    @_quiet
    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(N, C) of these logits.

        Raises:
            UserError: the parameters are so large that there are none.
        """
        if not np.isfinite(logits).all():
            raise UserError(
                "the model's numbers are too large to be added up, so it has no prediction; use "
                "another checkpoint, or train again with a lower --learning-rate"
            )
        return self._objective.probabilities(logits)

    def predicted(self, probabilities: np.ndarray) -> list[int]:
        """The labels that a sentence with (C,) probabilities is given."""
        thresholds = self._checkpoint.thresholds
        if thresholds is None:
            return [int(probabilities.argmax())]
        return np.flatnonzero(probabilities >= thresholds).tolist()
