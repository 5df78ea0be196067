"""TensorBoard's files, read back as TensorBoard reads them."""

import csv
import errno
import json
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import precision_score, recall_score

from tests.support.small_run import (
    labelled_sentences,
    options_text,
    run,
    small_experiment,
    write_csv,
)
from textcnn.core.gradients import RowGradient
from textcnn.core.objective import objective_of
from textcnn.core.progress import Evaluated, Evaluation, StepDone
from textcnn.core.trainer import Trainer
from textcnn.core.vocabulary import UNKNOWN_WORD, Vocabulary
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.insight import tensorboard
from textcnn.insight.tensorboard import PrecisionRecall, TensorBoard, write_result
from textcnn.recipe.config import read_toml
from textcnn.support.errors import RunError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint

pytest.importorskip("tensorboardX")

STEPS = 6  # an epoch
PLUGINS = {"session_start_info", "session_end_info"}


def events_of(folder: Path) -> Iterator[Any]:
    """The events of a folder's files, in order, with their check sums tested."""
    from tensorboardX.proto import event_pb2
    from tensorboardX.record_writer import masked_crc32c

    files = folder.glob("*tfevents*")
    for path in sorted(files, key=lambda path: path.stat().st_mtime_ns):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            checks = struct.unpack("<I", data[8:12]) + struct.unpack("<I", data[12 + length :][:4])
            content = data[12 : 12 + length]
            assert checks == (masked_crc32c(data[:8]), masked_crc32c(content))
            data = data[16 + length :]
            yield event_pb2.Event.FromString(content)


def values_of(folder: Path) -> dict[str, list[tuple[int, Any]]]:
    """``{tag: [(step, value), ...]}``; a tensor's value is an array."""
    values: dict[str, list[tuple[int, Any]]] = {}
    for event in events_of(folder):
        for value in event.summary.value:
            content = value.histo if value.HasField("histo") else value.simple_value
            if value.HasField("tensor"):
                shape = [dim.size for dim in value.tensor.tensor_shape.dim]
                content = np.array(value.tensor.float_val).reshape(shape)
            values.setdefault(value.tag, []).append((event.step, content))
    return values


def metrics_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def best_of(folder: Path) -> Evaluation:
    """The best evaluation of a run."""
    training = load_checkpoint(folder / "checkpoints" / "last.h5", for_training=True).training
    assert training is not None
    assert training.choice.best is not None
    return training.choice.best


# While training


def test_the_files_hold_loss_accuracy_f1_and_gradients(trained_run):
    metrics = metrics_of(trained_run)
    dev = values_of(trained_run / "tensorboard" / "dev")
    scores = {"loss", "accuracy", "macro_f1"}
    assert set(dev) == scores | {"label/bad", "label/good"}
    for tag in scores:
        assert [step for step, _ in dev[tag]] == [row["step"] for row in metrics]
        expected = [row[f"dev_{tag}"] for row in metrics]
        assert [value for _, value in dev[tag]] == pytest.approx(expected, rel=1e-5)

    train = values_of(trained_run / "tensorboard" / "train")
    names = ("embedding/tuned", "convolution/weights", "convolution/bias", "dense/weights")
    names += ("dense/bias",)
    gradients = {f"{kind}/{name}" for kind in ("gradient", "sparsity") for name in names}
    assert set(train) == {"loss", "accuracy"} | gradients
    assert [step for step, _ in train["loss"]] == list(range(1, 12 * STEPS + 1))
    for tag in gradients:
        assert [step for step, _ in train[tag]] == [row["step"] for row in metrics]
    for _, histogram in train["gradient/dense/weights"]:
        assert histogram.num == 2 * 12
        assert sum(histogram.bucket) == histogram.num
    assert all(0 <= share <= 1 for _, share in train["sparsity/embedding/tuned"])


def test_a_resumed_run_disowns_what_was_written_beyond_it(tmp_path):
    gradients = {"w": np.array([0.0, 1.0]), "e": RowGradient(np.array([3]), np.zeros((1, 2)))}
    for begin, end in ((0, 5), (3, 6)):  # Both within a second.
        board = TensorBoard(tmp_path, begin)
        for step in range(begin + 1, end + 1):
            board(StepDone(step, 0.5, 0.5, gradients, 0.1))
        board.close()
    events = list(events_of(tmp_path / "train"))
    starts = [event.step for event in events if event.HasField("session_log")]
    assert starts == [4]
    assert [s for s, _ in values_of(tmp_path / "train")["loss"]] == [1, 2, 3, 4, 5, 4, 5, 6]


def test_sparsity_is_the_share_of_zeros(tmp_path):
    board = TensorBoard(tmp_path, 0)
    gradients = {
        "w": np.array([0.0, 1.0, 0.0, 0.0]),
        "e": RowGradient(np.array([1]), np.array([[2.0, 0.0]])),
        "none": np.zeros((0, 3)),
    }
    board(StepDone(1, 0.5, 0.5, gradients, 0.1))
    board(Evaluated(Evaluation(1, 0.1, 1, 0.5, 1, 0.5, 0.5), True))
    board.close()
    values = values_of(tmp_path / "train")
    assert values["sparsity/w"] == [(1, 0.75)]
    assert values["sparsity/e"] == [(1, 0.5)]
    assert "sparsity/none" not in values


@pytest.mark.parametrize("size", [1e20, 1e25, 3e38, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("other", [0.0, 1.0, np.inf, np.nan])
def test_gradients_that_diverge_are_not_its_to_stop(tmp_path, size, other):
    """It ended in tensorboardX's traceback, where the trainer has a line for it."""
    gradients = {
        "w": np.array([size, other], np.float32),
        "e": RowGradient(np.array([3]), np.full((1, 2), size, np.float32)),
    }
    board = TensorBoard(tmp_path, 0)
    board(StepDone(1, 0.5, 0.5, gradients, 0.1))
    board(Evaluated(Evaluation(1, 0.1, 1, 0.5, 1, 0.5, 0.5), True))
    board.close()


def test_a_full_disk_is_said_in_one_line_and_nobody_waits(tmp_path, monkeypatch):
    board = TensorBoard(tmp_path, 0)
    fill_the_disk(monkeypatch)
    for step in range(1, 50):  # More events than any queue would take.
        with pytest.raises(RunError, match=r"writing .* failed: No space left on device"):
            board(StepDone(step, 0.5, 0.5, {}, 0.1))
    board.close()


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no event file take another byte."""
    from tensorboardX import record_writer

    def no_space(self: Any, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record_writer.RecordWriter, "write", no_space)


# Precision and recall


def assert_curve(curve: np.ndarray, own: np.ndarray, probabilities: np.ndarray) -> None:
    """Check a curve against counting and, at every ninth threshold, against scikit-learn."""
    thresholds = np.linspace(0, 1, curve.shape[1])  # As TensorBoard labels them.
    true, false, not_false, missed, precision, recall = curve
    for place, threshold in enumerate(thresholds):
        answered = probabilities.astype(np.float64) >= threshold
        assert true[place] == (answered & own).sum()
        assert false[place] == (answered & ~own).sum()
        assert not_false[place] == (~answered & ~own).sum()
        assert missed[place] == (~answered & own).sum()
        if place % 9 == 0:
            expected = precision_score(own, answered, zero_division=0)
            assert precision[place] == pytest.approx(expected, abs=1e-6)
            assert recall[place] == pytest.approx(recall_score(own, answered), abs=1e-6)


def test_each_evaluation_draws_a_curve_for_each_label_of_what_dev_was_answered(tmp_path):
    experiment = small_experiment(learning_rate=0.01)
    labels, targets = experiment.labels, experiment.dev.targets
    board = TensorBoard(tmp_path, 0, PrecisionRecall(labels, targets))
    looks = []
    for event in experiment.trainer.run(experiment.train, experiment.dev):
        board(event)
        looks += [event] if isinstance(event, Evaluated) else []
    board.close()
    values, objective = values_of(tmp_path / "dev"), objective_of(False)
    assert len(looks) == 3
    for number, look in enumerate(looks):
        # The event's logits are those that were scored.
        loss, _ = objective.loss(look.dev_logits, targets, None)
        assert loss == pytest.approx(look.evaluation.dev_loss)
        probabilities = objective.probabilities(look.dev_logits)
        for column, label in enumerate(labels):
            step, curve = values[f"label/{label}"][number]
            assert step == look.evaluation.step
            assert_curve(curve, targets == column, probabilities[:, column])


def curves_of(folder: Path, drawn: PrecisionRecall, logits: np.ndarray) -> dict[str, np.ndarray]:
    """What TensorBoard is told of one evaluation with these logits."""
    board = TensorBoard(folder, 0, drawn)
    board(Evaluated(Evaluation(1, 1, 1, 0.5, 1, 0.5, 0.5), True, logits))
    board.close()
    values = values_of(folder / "dev").items()
    return {tag: found[0][1] for tag, found in values if tag.startswith("label/")}


def test_with_several_labels_a_sentence_each_is_drawn_by_itself(tmp_path):
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(40, 3)), rng.random((40, 3)) < 0.4
    curves = curves_of(tmp_path, PrecisionRecall(["a", "b/c", "d e"], targets), logits)
    assert [*curves] == ["label/a", "label/b/c", "label/d e"]
    for curve, own, column in zip(curves.values(), targets.T, logits.T, strict=True):
        assert_curve(curve, own, 1 / (1 + np.exp(-column)))


def test_a_label_that_no_sentence_has_is_not_drawn(tmp_path):
    drawn = PrecisionRecall(["a", "b", "c"], np.array([0, 2, 2]))
    assert [*curves_of(tmp_path, drawn, np.zeros((3, 3)))] == ["label/a", "label/c"]


def test_of_very_many_labels_the_most_frequent_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr("textcnn.insight.tensorboard.MOST_LABELS", 2)
    drawn = PrecisionRecall(["a", "b", "c", "d"], np.array([0, 1, 1, 2, 3, 3]))
    assert [*curves_of(tmp_path, drawn, np.zeros((6, 4)))] == ["label/b", "label/d"]


def test_a_label_that_no_file_can_hold_is_written_with_a_stand_in(tmp_path):
    drawn = PrecisionRecall(["a\ud800\x1b", "b"], np.array([0, 1]))
    assert [*curves_of(tmp_path, drawn, np.zeros((2, 2)))] == ["label/a\ufffd\ufffd", "label/b"]


def test_a_finished_run_draws_those_of_its_test_sentences(trained_run):
    curves = values_of(trained_run / "tensorboard" / "test")
    assert [*curves] == ["label/bad", "label/good"]
    rows = json.loads((trained_run / "test.json").read_text())["confusion"]
    counts = np.array(rows["rows_are_true_labels"])
    for column, [(step, curve)] in enumerate(curves.values()):
        assert step == best_of(trained_run).step
        # Of two labels the one with at least half of the probability is answered, and of the
        # thresholds from 0 to 126 the one in the middle is half.
        assert curve[0, 63] == counts[column, column]
        assert curve[1, 63] == counts[1 - column, column]
        assert curve[2, 0] == curve[3, 0] == 0


# Hyper-parameters


def session_of(folder: Path) -> tuple[dict[str, Any], dict[str, float], set[str]]:
    """Of a ``result/``: the options, the scores, and what else TensorBoard is told of it."""
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    options, kinds = {}, set()
    for event in events_of(folder):
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "hparams":
                told = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                kinds.add(told.WhichOneof("data"))
                for name, option in told.session_start_info.hparams.items():
                    options[name] = getattr(option, option.WhichOneof("kind"))
    scores = {
        tag: found[0][1] for tag, found in values_of(folder).items() if tag.startswith("result/")
    }
    return options, scores, kinds


def test_the_options_are_those_of_the_run(trained_run):
    options, _, kinds = session_of(trained_run / "tensorboard" / "result")
    written = read_toml(trained_run / "config.toml")
    # TensorBoard knows no lists.
    plain = {
        name: ",".join(map(str, value)) if isinstance(value, list) else value
        for name, value in written.items()
    }
    # A text that one run is given and another is not shows as a difference.
    plain |= dict.fromkeys(
        ("dev_data", "test_data", "vectors", "vectors_text", "init_from", "delimiter"), "none"
    )
    assert options == plain
    assert options["filter_sizes"] == "3,4,5"
    assert options["refit"] is True
    # An experiment's list of columns, of which TensorBoard would take one run's for all.
    assert kinds == PLUGINS


def test_the_scores_are_those_that_dev_chose_by_and_those_of_test(trained_run):
    _, scores, _ = session_of(trained_run / "tensorboard" / "result")
    best, test = best_of(trained_run), json.loads((trained_run / "test.json").read_text())
    expected = {
        f"result/{name}": getattr(best, name)
        for name in ("dev_accuracy", "dev_loss", "dev_macro_f1")
    }
    for name in ("accuracy", "macro_f1", "log_loss"):
        expected[f"result/test_{name}"] = test[name]
    assert scores == pytest.approx(expected, rel=1e-6)


def test_without_test_sentences_there_are_dev_scores_alone(call, tmp_path, reviews):
    assert call("train", "--data", reviews, "--out", "r", *options_text(test_share=0))[0] == 0
    board = tmp_path / "r" / "tensorboard"
    assert {path.name for path in board.iterdir()} == {"train", "dev", "result"}
    _, scores, _ = session_of(board / "result")
    assert set(scores) == {"result/dev_accuracy", "result/dev_loss", "result/dev_macro_f1"}


def test_with_several_labels_both_f1_are_shown(call, tmp_path):
    plain = labelled_sentences()
    labels = [
        f"{label}|short" if len(text) < 30 else label
        for text, label in zip(plain.texts, plain.labels, strict=True)
    ]
    path = write_csv(tmp_path / "several.csv", LabelledTexts(plain.texts, labels, ""))
    assert call("train", "--data", path, "--multilabel", "--out", "r", *options_text())[0] == 0
    board = tmp_path / "r" / "tensorboard"
    _, scores, _ = session_of(board / "result")
    test = json.loads((tmp_path / "r" / "test.json").read_text())
    assert scores["result/test_micro_f1"] == pytest.approx(test["micro_f1"])
    assert scores["result/test_macro_f1"] == pytest.approx(test["macro_f1"])
    tags = {"label/bad", "label/good", "label/short"}
    assert set(values_of(board / "test")) == tags
    assert tags < set(values_of(board / "dev"))


# The projector


def tensors_of(folder: Path) -> dict[str, np.ndarray]:
    """The vectors that the projector finds in ``folder``, by name."""
    found = {}
    text = (folder / "projector_config.pbtxt").read_text()
    for block in re.findall(r"embeddings \{\n(.*?)\}\n", text, re.S):
        name, path = (re.search(rf'tensor_{key}: "(.*)"', block)[1] for key in ("name", "path"))
        shape = [int(size) for size in re.findall(r"tensor_shape: (\d+)", block)]
        assert 'metadata_path: "words.tsv"' in block
        found[name] = np.fromfile(folder / path, "<f4").reshape(shape)
    return found


def words_of(folder: Path) -> list[list[str]]:
    """The projector's table of words, split as the projector splits it, without its header."""
    header, *rows, end = (folder / "words.tsv").read_bytes().decode().split("\n")
    assert header.split("\t") == ["word", "times in training", "most often with", "share"]
    assert end == ""
    return [row.split("\t") for row in rows]


def test_the_projector_finds_every_word_with_its_vector(trained_run):
    folder = trained_run / "tensorboard" / "result"
    checkpoint = load_checkpoint(trained_run / "checkpoints" / "best.h5")
    rows, tensors = words_of(folder), tensors_of(folder)
    assert [*tensors] == ["embedding/tuned"]
    assert sorted(row[0] for row in rows) == sorted(checkpoint.vocabulary.words[1:])
    numbers = checkpoint.vocabulary.numbers(row[0] for row in rows)
    expected = checkpoint.networks[0]["embedding/tuned"][numbers]
    assert tensors["embedding/tuned"] == pytest.approx(expected, rel=2e-5, abs=0)
    assert (tensors["embedding/tuned"] != expected).sum() <= 1


def test_a_word_is_counted_in_what_the_network_was_trained_on(trained_run, reviews):
    split = json.loads((trained_run / "split.json").read_text())
    with reviews.open(newline="") as stream:
        texts = [row["text"].split() for row in csv.DictReader(stream)]
    counted = [*split["train"], *split["dev"]]  # Refitted on both.
    rows = {word: rest for word, *rest in words_of(trained_run / "tensorboard" / "result")}
    for word, (times, _, share) in rows.items():
        assert int(times) == sum(texts[row].count(word) for row in counted)
        assert 0.5 <= float(share) <= 1
    assert [rows[word][1] for word in ("lovely", "tedious")] == ["good", "bad"]
    numbers = [int(times) for times, _, _ in rows.values()]
    assert numbers == sorted(numbers, reverse=True)


def a_checkpoint(words: list[str], channels: tuple[str, ...] = ("embedding/tuned",)) -> Checkpoint:
    """What the projector reads of a checkpoint, with these words in two dimensions."""
    rng = np.random.default_rng(0)
    stand_in: Any = SimpleNamespace(
        architecture=SimpleNamespace(channels=channels, embedding_dim=2),
        labels=["bad", "good"],
        networks=[{name: rng.normal(size=(len(words) + 1, 2)) for name in channels}],
        vocabulary=Vocabulary([UNKNOWN_WORD, *words]),
    )
    return stand_in


def test_no_word_breaks_the_table(tmp_path):
    words = ["tab\there", "line\nbreak", "\r", "\u2028", "\x85", "\x00", "\ud800", '"quote', "é"]
    counts = csr_array(np.ones((1 + len(words), 2), np.int64))
    tensorboard.write_projector(tmp_path, a_checkpoint(words), counts)
    rows = words_of(tmp_path)
    assert [len(row) for row in rows] == [4] * len(words)
    shown = [row[0] for row in rows]
    assert shown[:2] == ["tab here", "line break"]
    assert shown[2:7] == [" ", " ", " ", "\ufffd", "\ufffd"]
    assert shown[7:] == ['"quote', "é"]
    # Whatever takes the file apart sees the same lines.
    assert len((tmp_path / "words.tsv").read_text(encoding="utf-8").splitlines()) == 1 + len(words)
    assert len(tensors_of(tmp_path)["embedding/tuned"]) == len(words)


def test_the_most_frequent_words_are_shown_and_fewer_where_vectors_are_long(tmp_path, monkeypatch):
    checkpoint = a_checkpoint(["a", "b", "c", "d"])
    counts = csr_array([[0, 0], [1, 0], [5, 1], [0, 2], [9, 9]])
    for most_words, most_numbers, expected in ((3, 100, "dbc"), (3, 5, "db"), (9, 1, "d")):
        monkeypatch.setattr(tensorboard, "MOST_WORDS", most_words)
        monkeypatch.setattr(tensorboard, "MOST_NUMBERS", most_numbers)
        tensorboard.write_projector(tmp_path, checkpoint, counts)
        assert [row[0] for row in words_of(tmp_path)] == [*expected]
        numbers = checkpoint.vocabulary.numbers(expected)
        vectors = checkpoint.networks[0]["embedding/tuned"][numbers]
        assert tensors_of(tmp_path)["embedding/tuned"] == pytest.approx(vectors, rel=2e-5)


def test_two_channels_stand_side_by_side(tmp_path):
    channels = ("embedding/static", "embedding/tuned")
    checkpoint = a_checkpoint(["a", "b"], channels)
    tensorboard.write_projector(tmp_path, checkpoint, csr_array(np.ones((3, 2), np.int64)))
    tensors = tensors_of(tmp_path)
    assert [*tensors] == [*channels]
    for name, found in tensors.items():
        assert found == pytest.approx(checkpoint.networks[0][name][1:], rel=2e-5)


def test_vectors_cannot_be_taken_for_text(tmp_path):
    checkpoint = a_checkpoint(["a"])
    # These bytes are a text of one number.
    checkpoint.networks[0]["embedding/tuned"][:] = np.frombuffer(b"1.5\n1.5\n", "<f4")
    tensorboard.write_projector(tmp_path, checkpoint, csr_array(np.ones((2, 2), np.int64)))
    with pytest.raises(UnicodeDecodeError):
        (tmp_path / "embedding-tuned.bin").read_text(encoding="utf-8")
    expected = checkpoint.networks[0]["embedding/tuned"][1:]
    assert tensors_of(tmp_path)["embedding/tuned"] == pytest.approx(expected, rel=2e-5)


# At the end of a run


def test_a_stopped_run_has_no_result_and_once_it_is_resumed_one(
    call, tmp_path, reviews, monkeypatch
):
    step = Trainer._step

    def stopping(self: Trainer, train: Any) -> StepDone:
        if self.progress.step == STEPS + 1:
            self.request_stop()
        return step(self, train)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", stopping)
        assert call("train", "--data", reviews, "--out", "r", *options_text())[0] == 130
    board = tmp_path / "r" / "tensorboard"
    assert {path.name for path in board.iterdir()} == {"train", "dev"}
    for _ in range(2):  # Once more when it is finished.
        assert call("train", "--resume", "r")[0] == 0
        assert {path.name for path in board.iterdir()} == {"train", "dev", "test", "result"}
        assert all(len(found) == 1 for found in values_of(board / "result").values())
        assert all(len(found) == 1 for found in values_of(board / "test").values())
        assert len(list((board / "result").iterdir())) == 4
    # Of dev every evaluation, though a second process wrote the last ones.
    assert [step for step, _ in values_of(board / "dev")["label/good"]] == [6, 12, 18]


def test_of_several_networks_the_scores_of_dev_are_means(call, tmp_path, reviews):
    words = options_text(ensemble=2, epochs=2)
    assert call("train", "--data", reviews, "--out", "r", *words)[0] == 0
    run_folder = tmp_path / "r"
    options, scores, _ = session_of(run_folder / "tensorboard" / "result")
    best = [best_of(run_folder / "members" / number) for number in "12"]
    assert options["ensemble"] == 2
    losses = [evaluation.dev_loss for evaluation in best]
    assert scores["result/dev_loss"] == pytest.approx(np.mean(losses))
    test = json.loads((run_folder / "test.json").read_text())
    assert scores["result/test_accuracy"] == pytest.approx(test["accuracy"])
    # The words are the first one's.
    checkpoint = load_checkpoint(run_folder / "members" / "1" / "checkpoints" / "best.h5")
    rows = words_of(run_folder / "tensorboard" / "result")
    numbers = checkpoint.vocabulary.numbers(row[0] for row in rows)
    tensor = tensors_of(run_folder / "tensorboard" / "result")["embedding/tuned"]
    assert tensor == pytest.approx(checkpoint.networks[0]["embedding/tuned"][numbers], rel=2e-5)


@pytest.fixture
def unwritten(tmp_path: Path) -> tuple[Path, Checkpoint, TokenizedData, list[Evaluation]]:
    """What :func:`write_result` is given, of a run that was not trained by the command."""
    experiment = small_experiment(epochs=1)
    run(experiment)
    board = tmp_path / "run" / "tensorboard"
    return board, experiment.checkpoint(), experiment.data, experiment.trainer.progress.history


def test_a_full_disk_at_the_end_is_said_in_one_line(unwritten, monkeypatch):
    fill_the_disk(monkeypatch)
    with pytest.raises(RunError, match=r"writing .*tfevents failed: No space left on device"):
        write_result(*unwritten, None)
    assert [path.name for path in unwritten[0].rglob("*")] == ["result"]


def test_what_a_killed_process_left_is_taken_away(unwritten):
    left = unwritten[0] / "result" / ".embedding-tuned.bin.abc.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    write_result(*unwritten, None)
    assert not left.exists()
