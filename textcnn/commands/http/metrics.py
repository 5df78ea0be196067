"""What a server has done, in the text format of Prometheus (version 0.0.4)."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from textcnn.inference.model_file import ModelFile

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets of seconds."""


class Metrics:
    """Counts, kept by one thread.

    Attributes:
        texts: that were answered.
        in_progress: requests that are not answered yet.
    """

    def __init__(self) -> None:
        self.texts = 0
        self.in_progress = 0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self._seconds: Counter[str] = Counter()

    def note(self, path: str, status: int, seconds: float) -> None:
        """Count one request, of so many seconds."""
        self._requests[path, status] += 1
        self._buckets[path][bisect_left(BOUNDS, seconds)] += 1
        self._seconds[path] += seconds  # type: ignore[assignment]

    def text(self, model: ModelFile[Any]) -> str:
        """All of it, and what became of the model's file."""
        values: list[tuple[str, str, str, Iterator[tuple[str, float]] | float]] = [
            ("requests_total", "counter", "Requests by path and status.", self._by_status()),
            ("request_seconds", "histogram", "From a request to its end.", self._by_seconds()),
            ("requests_in_progress", "gauge", "Requests not yet answered.", self.in_progress),
            ("texts_total", "counter", "Texts answered.", self.texts),
            ("model_loaded_seconds", "gauge", "When the model was read, since 1970.", model.loaded),
            ("model_replaced_total", "counter", "Replacements of its file read.", model.replaced),
            ("model_refused_total", "counter", "Replacements not usable.", model.refused),
        ]
        lines = []
        for name, kind, words, value in values:
            lines += [f"# HELP textcnn_{name} {words}", f"# TYPE textcnn_{name} {kind}"]
            samples = [("", value)] if isinstance(value, int | float) else value
            lines += [f"textcnn_{name}{rest} {number}" for rest, number in samples]
        return "\n".join(lines) + "\n"

    def _by_status(self) -> Iterator[tuple[str, float]]:
        for (path, status), count in sorted(self._requests.items()):
            yield f'{{path="{path}",status="{status}"}}', count

    def _by_seconds(self) -> Iterator[tuple[str, float]]:
        for path, buckets in sorted(self._buckets.items()):
            count = 0
            for bound, more in zip((*BOUNDS, "+Inf"), buckets, strict=True):
                count += more
                yield f'_bucket{{path="{path}",le="{bound}"}}', count
            yield f'_sum{{path="{path}"}}', self._seconds[path]
            yield f'_count{{path="{path}"}}', count
