"""TensorBoard's files, where tensorboardX is installed (``pip install '.[tensorboard]'``).

Below a run's ``tensorboard/`` are ``train/``, loss and accuracy of every step and gradients at
every evaluation, and ``dev/``, loss, accuracy and macro F1 at every evaluation.

tensorboardX's own ``SummaryWriter`` writes from a thread: when the disk is full the thread dies
with a traceback, and training then waits for it for ever. So it is not used here.
"""

import contextlib
import math
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.core.gradients import Gradients, RowGradient
from textcnn.core.progress import Evaluation, EvaluationDone, Event, StepDone
from textcnn.support.errors import RunError


class TensorBoard:
    """Writes how train and dev are scored, and the gradients at each evaluation.

    For every gradient: a histogram, and its sparsity, the share of zeros. Of an embedding only the
    rows of the batch are counted.

    Args:
        folder: ``train/`` and ``dev/`` are written below it.
        step: where training begins; what an earlier, killed process wrote beyond is disowned.

    Raises:
        ImportError: tensorboardX is not installed.
        RunError: writing failed, for instance because the disk is full; also from the methods.
    """

    def __init__(self, folder: Path, step: int):
        # Imported here: it need not be installed.
        from tensorboardX import summary
        from tensorboardX.proto import event_pb2
        from tensorboardX.record_writer import RecordWriter

        self._folder = folder
        self._summary = summary
        self._event = event_pb2.Event
        self._writers: dict[str, Any] = {}
        self._files = contextlib.ExitStack()
        # The name holds the second; the step keeps a quick resume from overwriting it.
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{step}"
        with self._failures_named(), contextlib.ExitStack() as files:
            for part in ("train", "dev"):
                (folder / part).mkdir(parents=True, exist_ok=True)
                # Whole, since a path that begins with "s3:" is a place on the network to it.
                writer = RecordWriter(str((folder / part / name).absolute()))
                self._writers[part] = files.enter_context(contextlib.closing(writer))
                self._write(part, 0, file_version="brain.Event:2")
                if step:
                    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
                    self._write(part, step + 1, session_log=start)
            self._files = files.pop_all()
        self._bins = _histogram_bins()
        self._gradients: Gradients = {}

    def __call__(self, event: Event) -> None:
        """Write one event."""
        with self._failures_named():
            if isinstance(event, StepDone):
                scores = {"loss": event.loss, "accuracy": event.accuracy}
                self._scalars("train", event.step, scores)
                self._gradients = event.gradients
            elif isinstance(event, EvaluationDone):
                self._write_dev(event.evaluation)
                self._write_gradients(event.evaluation.step)
                for writer in self._writers.values():
                    writer.flush()

    def close(self) -> None:
        """Write what is left, and close the files."""
        with self._failures_named():
            self._files.close()

    @contextlib.contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(f"writing {self._folder} failed: {error.strerror or error}") from error

    def _write(self, part: str, step: int, **content: Any) -> None:
        event = self._event(wall_time=time.time(), step=step, **content)
        self._writers[part].write(event.SerializeToString())

    def _scalars(self, part: str, step: int, scores: dict[str, float]) -> None:
        for name, value in scores.items():
            self._write(part, step, summary=self._summary.scalar(name, value))

    def _write_dev(self, evaluation: Evaluation) -> None:
        scores = {"loss": evaluation.dev_loss, "accuracy": evaluation.dev_accuracy}
        if not math.isnan(evaluation.dev_macro_f1):
            scores["macro_f1"] = evaluation.dev_macro_f1
        self._scalars("dev", evaluation.step, scores)

    def _write_gradients(self, step: int) -> None:
        for name, gradient in self._gradients.items():
            values = gradient.values if isinstance(gradient, RowGradient) else gradient
            if not values.size:
                continue
            # What diverges is stopped by the trainer, in its own words; until then the outermost
            # bins hold what lies beyond them, and what is no number is in none.
            shown = values[~np.isnan(values)].astype(np.float64).clip(*self._bins[[0, -1]])
            if shown.size:
                histogram = self._summary.histogram(f"gradient/{name}", shown, self._bins)
                self._write("train", step, summary=histogram)
            zeros = 1 - np.count_nonzero(values) / values.size
            self._write("train", step, summary=self._summary.scalar(f"sparsity/{name}", zeros))


def _histogram_bins() -> np.ndarray:
    """Bounds that grow by a tenth from 1e-12 up, either side of 0, as TensorBoard's own do."""
    positive = 1e-12 * 1.1 ** np.arange(774)
    return np.concatenate([-positive[::-1], [0.0], positive])
