"""Sentences that come in one stream: classified at once, and by several processes where many wait.

Taking text apart holds Python's interpreter, so threads share out only half of the work. Processes
share out all of it, but take a moment to start: they begin once lines come in faster than one
process classifies them, and a few lines, or a slow pipe, never see them.
"""

import time
from collections.abc import Generator, Iterable, Sequence

from textcnn.inference.line_classifier import LineClassifier, at_most

ENOUGH_LINES = 4096
"""Lines that have to come faster than they are classified before other processes start."""


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
