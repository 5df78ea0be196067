"""TensorBoard event files, where tensorboardX is installed (``pip install '.[tensorboard]'``)."""

from pathlib import Path
from typing import Any

import numpy as np

from textcnn.network import Gradients
from textcnn.row_gradient import RowGradient
from textcnn.training import Evaluated, Event, StepDone


class TensorBoard:
    """Writes loss and accuracy of train and dev, and the gradients at each evaluation.

    For every gradient: a histogram, and its sparsity, the share of zeros. Of an embedding only the
    rows of the batch are counted.

    Args:
        folder: ``train/`` and ``dev/`` are written below it.
        step: where training begins; what an earlier, killed process wrote beyond is disowned.

    Raises:
        ImportError: tensorboardX is not installed.
    """

    def __init__(self, folder: Path, step: int):
        from tensorboardX import SummaryWriter

        purge = step + 1 if step else None
        self._writers: dict[str, Any] = {
            part: SummaryWriter(str(folder / part), purge_step=purge) for part in ("train", "dev")
        }
        self._gradients: Gradients = {}

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if isinstance(event, StepDone):
            self._scalars("train", event.step, event.loss, event.accuracy)
            self._gradients = event.gradients
        elif isinstance(event, Evaluated):
            evaluation = event.evaluation
            self._scalars("dev", evaluation.step, evaluation.dev_loss, evaluation.dev_accuracy)
            self._write_gradients(evaluation.step)

    def close(self) -> None:
        """Flush and close the files."""
        for writer in self._writers.values():
            writer.close()

    def _scalars(self, part: str, step: int, loss: float, accuracy: float) -> None:
        self._writers[part].add_scalar("loss", loss, step)
        self._writers[part].add_scalar("accuracy", accuracy, step)

    def _write_gradients(self, step: int) -> None:
        for name, gradient in self._gradients.items():
            values = gradient.values if isinstance(gradient, RowGradient) else gradient
            zeros = 1 - np.count_nonzero(values) / values.size if values.size else 1.0
            self._writers["train"].add_histogram(f"gradient/{name}", values, step)
            self._writers["train"].add_scalar(f"sparsity/{name}", zeros, step)
