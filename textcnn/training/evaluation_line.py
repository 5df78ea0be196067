"""An evaluation as a line for people, wherever it is shown."""

import math

from textcnn.core.trainer import Evaluation


def evaluation_line(evaluation: Evaluation, is_best: bool = False) -> str:
    """One evaluation, losses and accuracies, within 80 columns.

    Without the figures of dev where there is no dev part.
    """
    line = (
        f"epoch {evaluation.epoch:5.2f}  step {evaluation.step:6,}  "
        f"train loss {evaluation.train_loss:.3f} {100 * evaluation.train_accuracy:.1f} %"
    )
    if not math.isnan(evaluation.dev_loss):
        line += f"  dev loss {evaluation.dev_loss:.3f} {100 * evaluation.dev_accuracy:.1f} %"
    return f"{line}  best" if is_best else line
