"""TensorBoard's files, where tensorboardX is installed (``pip install '.[tensorboard]'``).

Below a run's ``tensorboard/``:

===========  =======================================================================
``train/``   loss and accuracy of every step, gradients at every evaluation
``dev/``     loss, accuracy, macro F1 and precision-recall curves at every evaluation
``test/``    precision-recall curves of the test sentences
``result/``  options and final scores (HPARAMS), word vectors (PROJECTOR)
===========  =======================================================================

The last two are written once, when the run has ended by itself.

tensorboardX's own ``SummaryWriter`` writes from a thread: when the disk is full the thread dies
with a traceback, and training then waits for it for ever. So it is not used here.
"""

import contextlib
import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from textcnn.core.gradients import Gradients, RowGradient
from textcnn.core.objective import objective_of
from textcnn.core.progress import Evaluated, Evaluation, Event, StepDone
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import Scored
from textcnn.recipe.config import Config, Value, value_type
from textcnn.support.errors import RunError
from textcnn.support.files import remove_unfinished, replace_text, replacing
from textcnn.support.text import printable
from textcnn.training.checkpoint import Checkpoint

MOST_LABELS = 50
"""Labels with a curve: a screen holds a few, and each takes 3 kB at every evaluation."""


class PrecisionRecall:
    """Draws a curve for each label: every sentence is asked for its probability.

    With one label a sentence each label is set against all others. Those that none of the sentences
    has are left out, since nothing could be recalled.

    Args:
        labels: names of the C classes.
        targets: (N,) true classes, or (N, C) booleans where a sentence may have several.
    """

    def __init__(self, labels: Sequence[str], targets: np.ndarray):
        self._several = targets.ndim == 2
        members = targets if self._several else targets[:, None] == np.arange(len(labels))
        counts = members.sum(axis=0)
        frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_LABELS])
        self._columns = frequent[counts[frequent] > 0]
        self._members = members[:, self._columns]
        self._tags = [f"label/{printable(labels[column])}" for column in self._columns]

    def of_logits(self, logits: np.ndarray) -> Iterator[Any]:
        """The curves' summaries, from (N, C) logits."""
        return self.of_probabilities(objective_of(self._several).probabilities(logits))

    def of_probabilities(self, probabilities: np.ndarray) -> Iterator[Any]:
        """The curves' summaries, from (N, C) probabilities."""
        from tensorboardX.summary import pr_curve

        for tag, column, own in zip(self._tags, self._columns, self._members.T, strict=True):
            yield pr_curve(tag, own, probabilities[:, column].astype(np.float64))


class TensorBoard:
    """Writes how train and dev are scored, and the gradients at each evaluation.

    For every gradient: a histogram, and its sparsity, the share of zeros. Of an embedding only the
    rows of the batch are counted.

    Args:
        folder: ``train/`` and ``dev/`` are written below it.
        step: where training begins; what an earlier, killed process wrote beyond is disowned.
        curves: of the dev sentences, or None for none.

    Raises:
        ImportError: tensorboardX is not installed.
        RunError: writing failed, for instance because the disk is full; also from the methods.
    """

    def __init__(self, folder: Path, step: int, curves: PrecisionRecall | None = None):
        # Imported here, as throughout this package: it need not be installed.
        from tensorboardX import summary
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2

        self._folder = folder
        self._curves = curves
        self._summary = summary
        self._event = event_pb2.Event
        self._writers: dict[str, Any] = {}
        with self._failures_named():
            for part in ("train", "dev"):
                (folder / part).mkdir(parents=True, exist_ok=True)
                # The name holds the second; the step keeps a quick resume from overwriting it.
                prefix, suffix = str(folder / part / "events"), f".{step}"
                self._writers[part] = EventsWriter(prefix, suffix)
                if step:
                    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
                    self._write(part, step + 1, session_log=start)
        self._bins = _histogram_bins()
        self._gradients: Gradients = {}

    def __call__(self, event: Event) -> None:
        """Write one event."""
        with self._failures_named():
            if isinstance(event, StepDone):
                scores = {"loss": event.loss, "accuracy": event.accuracy}
                self._scalars("train", event.step, scores)
                self._gradients = event.gradients
            elif isinstance(event, Evaluated):
                self._write_dev(event.evaluation, event.dev_logits)
                self._write_gradients(event.evaluation.step)
                for writer in self._writers.values():
                    writer.flush()

    def close(self) -> None:
        """Flush and close the files."""
        with self._failures_named():
            for writer in self._writers.values():
                writer.close()

    @contextlib.contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(f"writing {self._folder} failed: {error.strerror or error}") from error

    def _write(self, part: str, step: int, **content: Any) -> None:
        self._writers[part].write_event(self._event(wall_time=time.time(), step=step, **content))

    def _scalars(self, part: str, step: int, scores: dict[str, float]) -> None:
        for name, value in scores.items():
            self._write(part, step, summary=self._summary.scalar(name, value))

    def _write_dev(self, evaluation: Evaluation, logits: np.ndarray) -> None:
        scores = {"loss": evaluation.dev_loss, "accuracy": evaluation.dev_accuracy}
        if not math.isnan(evaluation.dev_macro_f1):
            scores["macro_f1"] = evaluation.dev_macro_f1
        self._scalars("dev", evaluation.step, scores)
        if self._curves is not None:
            for curve in self._curves.of_logits(logits):
                self._write("dev", evaluation.step, summary=curve)

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


def replace_events(folder: Path, step: int, summaries: Iterable[Any]) -> None:
    """Make these summaries all that ``folder`` holds in its one event file.

    Raises:
        ImportError: tensorboardX is not installed.
        RunError: writing failed, for instance because the disk is full.
    """
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import RecordWriter

    now = time.time()
    events = [Event(wall_time=now, file_version="brain.Event:2")]
    events += [Event(wall_time=now, step=step, summary=summary) for summary in summaries]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"writing {folder} failed: {error.strerror}") from error
    remove_unfinished(folder)
    # Of the usual name TensorBoard only needs "tfevents"; without the time, to replace the old one.
    with replacing(folder / "events.out.tfevents") as aside:
        writer = RecordWriter(str(aside))
        try:
            for event in events:
                writer.write(event.SerializeToString())
        finally:
            writer.close()


UNSET = "none"
"""Stands for a text or a list that is not given."""


def hyper_parameters(config: Config, scores: Mapping[str, float]) -> list[Any]:
    """Summaries of every option, and of the scores.

    Raises:
        ImportError: tensorboardX is not installed.
    """
    from tensorboardX import summary

    options = {name: _plain(name, value) for name, value in vars(config).items()}
    # The first of the three lists the columns. TensorBoard would take those of any one run for all;
    # without it, it collects them from all runs, and knows which options differ.
    _, start, end = summary.hparams(options, scores)
    return [start, end, *(summary.scalar(name, value) for name, value in scores.items())]


def _plain(name: str, value: Value) -> bool | float | str | None:
    """``value`` as TensorBoard knows values: filter sizes become "3,4,5".

    It compares only what is there, so that a text which is not given is a word of its own. A number
    that is not is left out (None): with a word among them it would not take the others for numbers.
    """
    kind, several = value_type(name)
    if several:
        return ",".join(map(str, value)) or UNSET
    return UNSET if value is None and kind is str else value


MOST_WORDS = 10_000
"""Words that are shown, the most frequent: as many as the projector's t-SNE takes, and what is
rarer has hardly been trained."""

MOST_NUMBERS = 3_000_000
"""Numbers in a file of vectors, 12 MB: fewer words are shown where vectors are long."""


def write_projector(folder: Path, checkpoint: Checkpoint, counts: csr_array) -> None:
    """Write ``words.tsv``, a file of vectors for each channel, and what the projector opens.

    Of several networks, the first one's.

    Args:
        folder: of an event file, which TensorBoard lists as a run.
        checkpoint: whose words; the unknown word is left out.
        counts: (V, C) how often each word stands in training sentences of each class.

    Raises:
        RunError: writing failed, for instance because the disk is full.
    """
    sizes = checkpoint.architecture
    number = min(MOST_WORDS, max(MOST_NUMBERS // sizes.embedding_dim, 1))
    # Those that training sentences hold come first already, but for a network that went on.
    totals = np.asarray(counts.sum(axis=1)).ravel()
    frequent = 1 + np.argsort(-totals[1:], kind="stable")[:number]
    replace_text(folder / "words.tsv", _table(checkpoint, counts, frequent))
    embeddings = []
    for name in sizes.channels:
        file = f"{name.replace('/', '-')}.bin"
        vectors = checkpoint.networks[0][name][frequent]
        _write_vectors(folder / file, vectors)
        embeddings.append(_embedding(name, file, vectors.shape))
    replace_text(folder / "projector_config.pbtxt", "".join(embeddings))


def _table(checkpoint: Checkpoint, counts: csr_array, words: np.ndarray) -> str:
    """A header and a line for each word, in columns parted by tabs."""
    rows = counts[words]
    classes, most = rows.argmax(axis=1), rows.max(axis=1).toarray()
    totals = np.maximum(rows.sum(axis=1), 1)
    labels = [printable(label) for label in checkpoint.labels]
    lines = ["word\ttimes in training\tmost often with\tshare\n"]
    for word, index, times, total in zip(
        words.tolist(), classes.tolist(), most.tolist(), totals.tolist(), strict=True
    ):
        name = printable(checkpoint.vocabulary.words[word])
        lines.append(f"{name}\t{total}\t{labels[index]}\t{times / total:.3f}\n")
    return "".join(lines)


def _write_vectors(path: Path, vectors: np.ndarray) -> None:
    """Write them as float32, row by row."""
    content = bytearray(vectors.astype("<f4").tobytes())
    # TensorBoard takes a file for text until it finds it is not. No text in UTF-8 begins with this
    # byte, the last of the first number's mantissa, which it changes by less than 2e-5 of itself.
    content[:1] = b"\xff"
    with replacing(path) as aside:
        aside.write_bytes(content)


def _embedding(name: str, file: str, shape: tuple[int, ...]) -> str:
    """An entry of the projector's configuration, a protocol buffer as text."""
    lines = [
        f"  tensor_name: {json.dumps(name)}",
        f"  tensor_path: {json.dumps(file)}",
        *(f"  tensor_shape: {size}" for size in shape),
        '  metadata_path: "words.tsv"',
    ]
    return "\n".join(["embeddings {", *lines, "}\n"])


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
