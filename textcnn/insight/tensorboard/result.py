"""What TensorBoard is told once a run has ended by itself."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from textcnn.core.sentences import sum_segments
from textcnn.core.trainer import Evaluation
from textcnn.core.vocabulary import UNKNOWN
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import Scored
from textcnn.insight.tensorboard.event_file import replace_events
from textcnn.insight.tensorboard.hyper_parameters import hyper_parameters
from textcnn.insight.tensorboard.precision_recall import PrecisionRecall
from textcnn.insight.tensorboard.projector import write_projector
from textcnn.recipe.ngrams.item_counts import ItemCounts
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
    # The F1 is not in a history from before it was measured.
    return {name: score for name, score in scores.items() if not math.isnan(score)}


def _word_counts(checkpoint: Checkpoint, data: TokenizedData) -> ItemCounts:
    """In how many of the run's training sentences of each class each word stands."""
    rows = data.everything_but_test if checkpoint.config.refit else data.split.train
    sentences, targets = data.packed(rows, checkpoint.vocabulary, checkpoint.labels)
    members = targets if data.multilabel else targets[:, None] == np.arange(len(checkpoint.labels))
    known = sentences.words != UNKNOWN
    lengths = sum_segments(known[:, None].astype(np.int64), sentences.lengths)[:, 0]
    words = sentences.words[known] - 1
    return ItemCounts.of(words, lengths, members, len(checkpoint.vocabulary) - 1, data.multilabel)
