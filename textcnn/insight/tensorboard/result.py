"""What TensorBoard is told once a run has ended by itself."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.sparse import csr_array

from textcnn.core.progress import Evaluation
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import Scored
from textcnn.insight.tensorboard.event_file import replace_events
from textcnn.insight.tensorboard.hyper_parameters import hyper_parameters
from textcnn.insight.tensorboard.precision_recall import PrecisionRecall
from textcnn.insight.tensorboard.projector import write_projector
from textcnn.training.checkpoint import Checkpoint

TEST_SCORES = ("accuracy", "micro_f1", "macro_f1", "log_loss")
"""Those of ``test.json`` that are shown; the second only where a sentence may have several labels.
"""


def write_result(
    board: Path,
    checkpoint: Checkpoint,
    data: TokenizedData,
    best: Sequence[Evaluation],
    scored: Scored | None,
) -> None:
    """Write ``result/`` and, where there are test sentences, ``test/``; all anew if there is one.

    Args:
        board: the run's folder for TensorBoard.
        checkpoint: its best.
        data: its sentences.
        best: the best evaluation of each of its networks, whose mean is shown.
        scored: the test sentences, or None.

    Raises:
        ImportError: tensorboardX is not installed.
        RunError: writing failed, for instance because the disk is full.
    """
    step = round(fmean(evaluation.step for evaluation in best))
    summaries = hyper_parameters(checkpoint.config, _scores(best, scored))
    if scored is not None:
        curves = PrecisionRecall(checkpoint.labels, scored.targets)
        replace_events(board / "test", step, curves.of_probabilities(scored.probabilities))
    replace_events(board / "result", step, summaries)
    write_projector(board / "result", checkpoint, _word_counts(checkpoint, data))


def _scores(best: Sequence[Evaluation], scored: Scored | None) -> dict[str, float]:
    """Those of dev that choose the network, and those of test, by the names of their columns."""
    scores = {
        f"result/{name}": fmean(getattr(evaluation, name) for evaluation in best)
        for name in ("dev_accuracy", "dev_loss", "dev_macro_f1")
    }
    if scored is not None:
        found = scored.scores.as_dict()
        scores |= {f"result/test_{name}": found[name] for name in TEST_SCORES if name in found}
    return scores


def _word_counts(checkpoint: Checkpoint, data: TokenizedData) -> csr_array:
    """(V, C) how often each word stands in the run's training sentences of each class."""
    rows = data.everything_but_test if checkpoint.config.refit else data.split.train
    sentences, targets = data.packed(rows, checkpoint.vocabulary, checkpoint.labels)
    shape = len(sentences), len(checkpoint.labels)
    members = csr_array(targets if data.multilabel else _one_each(targets, shape))
    ends = np.append(0, np.cumsum(sentences.lengths))
    words = csr_array(
        (np.ones(len(sentences.words), np.int64), sentences.words, ends),
        (len(sentences), len(checkpoint.vocabulary)),
    )
    return csr_array(words.T @ members)


def _one_each(targets: np.ndarray, shape: tuple[int, int]) -> csr_array:
    """(N, C) members where each sentence has one class."""
    return csr_array((np.ones(shape[0], np.int64), targets, np.arange(shape[0] + 1)), shape)
