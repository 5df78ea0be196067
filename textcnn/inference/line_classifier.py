"""Sentences of a stream turned into lines, by one process or by each of several."""

from collections.abc import Generator, Iterable, Sequence

from textcnn.inference.classifier import Classifier
from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import DEFAULT_CHOICE, PredictionWriter
from textcnn.training.checkpoint import Checkpoint


class LineClassifier:
    """Turns sentences into lines of predictions; can be sent to another process.

    Args:
        model: that predicts.
        form: one of :data:`textcnn.inference.prediction_lines.PREDICTION_FORMATS`.
        proba: give the probabilities of all classes.
        choice: which labels are given.
        header: begin with the line above all others, where the format has one.
    """

    def __init__(
        self,
        model: Checkpoint,
        form: str,
        proba: bool = False,
        choice: Choice = DEFAULT_CHOICE,
        header: bool = True,
    ):
        self._sent = (model, form, proba, choice, False)
        self._classifier = Classifier(model)
        self._write = PredictionWriter(form, model, proba, choice, header)

    def __call__(self, texts: Sequence[str]) -> bytes:
        """The lines, in UTF-8, of N sentences."""
        return self._write(texts, self._classifier.predict_proba(texts))

    def project_all(self, most: int) -> bool:
        """See :meth:`textcnn.inference.network.InferenceNetwork.project_all`."""
        return self._classifier.project_all(most)

    def __reduce__(self) -> tuple[type["LineClassifier"], tuple[object, ...]]:
        # What it is made of, and not the tables made of that; the header is for one to write.
        return LineClassifier, self._sent


def at_most(size: int, chunks: Iterable[Sequence[str]]) -> Generator[Sequence[str]]:
    """The same sentences in chunks of no more than so many."""
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]
