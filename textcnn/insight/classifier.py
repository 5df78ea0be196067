"""``textcnn.Classifier``: a trained model that predicts and says why."""

import functools

from textcnn.inference import classifier
from textcnn.insight.explanations.explaining import Explainer
from textcnn.insight.explanations.explanation import Explanation


class Classifier(classifier.Classifier):
    """A trained model: :class:`textcnn.inference.classifier.Classifier`, and explanations."""

    def explain(self, text: str) -> Explanation:
        """Why a text is classified as it is, exactly: terms that add up to the logits.

        In a notebook it shows itself; ``print`` writes it as ``textcnn explain`` does.

        Raises:
            TypeError: ``text`` is no text.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, not {type(text).__name__}")
        return self._explainer.explain(text)

    @functools.cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.checkpoint, self.tokenize)
