"""Sentences that come in one stream: classified at once, and by several processes where many wait.

Taking text apart holds Python's interpreter, so threads share out only half of the work. Processes
share out all of it, but take a moment to start: they begin once lines come in faster than one
process classifies them, and a few lines, or a slow pipe, never see them.
"""

import time
from collections.abc import Generator, Iterable, Sequence

from textcnn.inference.classifier import Classifier
from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import DEFAULT_CHOICE, PredictionWriter
from textcnn.training.checkpoint import Checkpoint

ENOUGH_LINES = 4096
"""Lines that have to come faster than they are classified before other processes start."""


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


def classified(
    chunks: Iterable[Sequence[str]],
    classify: LineClassifier,
    jobs: int = 1,
    enough: int = ENOUGH_LINES,
) -> Generator[bytes]:
    """The lines of sentences, in their order: the same bytes whatever ``jobs`` is.

    To be closed (:func:`contextlib.closing`) where it is not exhausted, so that no process stays.

    Args:
        chunks: sentences, as many as have come in.
        classify: sentences to lines.
        jobs: processes that classify, this one among them.
        enough: see :data:`ENOUGH_LINES`.

    Raises:
        RunError: a process was killed.
        Exception: what ``chunks`` raised, once all before it is classified.
    """
    # One process takes each chunk whole; several begin in the middle of one.
    source = iter(chunks) if jobs == 1 else at_most(enough, chunks)
    lines, waited, worked, before = 0, 0.0, 0.0, time.perf_counter()
    for chunk in source:
        came = time.perf_counter()
        data = classify(chunk)
        done = time.perf_counter()
        yield data
        lines, waited, worked = lines + len(chunk), waited + came - before, worked + done - came
        before = time.perf_counter()
        if lines >= enough:
            if jobs > 1 and waited < worked:
                break
            lines, waited, worked = 0, 0.0, 0.0
    else:
        return
    # Imported here: a sentence to classify has no use for it.
    from textcnn.inference.stream_processes import classified_together

    yield from classified_together(source, classify, jobs)


def at_most(size: int, chunks: Iterable[Sequence[str]]) -> Generator[Sequence[str]]:
    """The same sentences in chunks of no more than so many."""
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]
