"""Prediction: from token ids, from a text file to a label file, and one sentence at a time."""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import fasttext_rival
from benchmarks.onnx_network import export, session
from benchmarks.report import Row, beside_limit, compare, duration
from benchmarks.timing import OURS, Side, Timings, interleave
from benchmarks.torch_network import (
    COMPILED_MULTIPLE,
    TorchNetwork,
    compile_network,
    forget_compiled,
    padded,
)
from benchmarks.workload import KIM, ROOT, Workload, say
from textcnn.core.layers.convolve_and_pool import WINDOWS_AT_ONCE
from textcnn.core.sentences import PackedSentences, segment_places
from textcnn.inference.classifier import Classifier
from textcnn.inference.network import InferenceNetwork
from textcnn.support.threads import in_threads

BATCH_SIZES = (32, 128, 512)
FIRST_TIME = "textcnn, each word for the first time"
ALONE = "textcnn, one process"
LIMIT = "its rows taken and added up, nothing else"


def run(work: Workload) -> list[Row]:
    """All three."""
    networks = _Networks(work)
    return [
        *_from_numbers(work, networks),
        *_from_text(work),
        *_from_text_as_programs(work, 1 if work.options.quick else 10),
        *([] if work.options.quick else _from_text_as_programs(work, 40)),
        *_one_sentence(work, networks),
    ]


class _Networks:
    """The trained network on every side."""

    def __init__(self, work: Workload):
        _ = work.checkpoint  # Trains.
        network = work.experiment.trainer.network
        self.parameters, self.architecture = (
            network.parameters,
            network.architecture,
        )
        self.ours = InferenceNetwork([self.parameters], self.architecture)
        self.torch = TorchNetwork(self.parameters, self.architecture).eval()
        self.onnx = work.folder / "network.onnx"
        export(self.torch, self.onnx)

    def compiled(self, inputs: Sequence[torch.Tensor], seconds: float) -> TorchNetwork | None:
        """The PyTorch network compiled, if that can be done within the time."""
        if not seconds:
            return None
        forget_compiled()
        network = TorchNetwork(self.parameters, self.architecture).eval()
        use = torch.inference_mode()(network)
        reason = compile_network(network, use, inputs, seconds)
        if reason:
            say(f"torch.compile left out: {reason}")
        return None if reason else network


def _torch_side(network: TorchNetwork, inputs: Sequence[torch.Tensor]) -> Side:
    """All the inputs in turn."""

    @torch.inference_mode()
    def side(call: int) -> None:
        for words in inputs:
            network(words)

    return side


def _onnx_side(runtime: Any, inputs: Sequence[np.ndarray]) -> Side:
    """All the inputs in turn."""

    def side(call: int) -> None:
        for words in inputs:
            runtime.run(None, {"words": words})

    return side


def _chunks(
    sentences: PackedSentences, size: int, pad_word: int, multiple: int = 1
) -> list[torch.Tensor]:
    rows = np.arange(len(sentences))
    return [
        padded(sentences.take(rows[start : start + size]), pad_word, multiple)
        for start in range(0, len(sentences), size)
    ]


def _from_numbers(work: Workload, networks: _Networks) -> list[Row]:
    say("predict: from token ids")
    sentences = work.everything.sentences
    order = np.random.default_rng(0).permutation(len(sentences))
    sentences = sentences.take(order[: 1000 if work.options.quick else None])
    by_length = sentences.take(np.argsort(sentences.lengths, kind="stable"))
    runtime = session(networks.onnx, work.options.threads)
    sides: dict[str, Side] = {
        OURS: lambda call: networks.ours.logits(sentences),
        FIRST_TIME: lambda call: InferenceNetwork(
            [networks.parameters], networks.architecture
        ).logits(sentences),
        LIMIT: _rows_side(networks, by_length),
    }
    for size in BATCH_SIZES:
        for ordered, name in ((sentences, "random order"), (by_length, "sorted by length")):
            inputs = _chunks(ordered, size, networks.torch.pad_word)
            form = f"batch {size}, {name}"
            sides[f"PyTorch, {form}"] = _torch_side(networks.torch, inputs)
            sides[f"ONNX Runtime, {form}"] = _onnx_side(
                runtime, [words.numpy() for words in inputs]
            )
    inputs = _chunks(by_length, BATCH_SIZES[1], networks.torch.pad_word, COMPILED_MULTIPLE)
    network = networks.compiled(inputs, work.options.compile_seconds)
    if network:
        form = f"batch {BATCH_SIZES[1]}, sorted by length, compiled"
        sides[f"PyTorch, {form}"] = _torch_side(network, inputs)
    timings = interleave(sides, work.options.rounds(5))
    where = f"D {KIM.dim}, 3 x {KIM.num_filters}, {len(sentences):,} sentences"
    case = "predict, token ids"
    rows = _two_rows(case, where, timings, (15, 10), len(sentences))
    return [*rows, beside_limit(case, where, timings, LIMIT)]


def _rows_side(networks: _Networks, sentences: PackedSentences) -> Side:
    """For each window its rows of the table, with no maximum and nothing after it.

    The sentences follow each other with one gap between, so that no window is left out.
    """
    (member,) = networks.ours.members
    bank, projected = networks.architecture.bank, member.projected
    gap, num_words = max(bank.filter_sizes) - 1, len(projected.rows)
    words = np.full(int((sentences.lengths + gap).sum()) + gap, num_words - 1)
    starts = sentences.starts + gap * np.arange(1, len(sentences) + 1)
    words[segment_places(starts, sentences.lengths)] = sentences.token_ids
    words *= bank.num_rows
    table = projected.rows.reshape(-1, bank.num_filters)
    blocks = np.array_split(np.arange(len(words) - gap), len(words) // WINDOWS_AT_ONCE)

    def add_up(block: np.ndarray) -> None:
        for first, *others in projected.filter_rows:
            Z = table.take(words[block] + first, axis=0)
            for place, row in enumerate(others, start=1):
                Z += table.take(words[block + place] + row, axis=0)

    return lambda call: in_threads(add_up, blocks)


def _two_rows(
    case: str,
    where: str,
    timings: Timings,
    targets: tuple[float, float],
    per: int = 0,
) -> list[Row]:
    """One row against PyTorch and one against ONNX Runtime."""
    return [
        compare(
            case,
            where,
            timings,
            [name for name in timings.seconds if name.startswith(rival)],
            at_least=target,
            per=per,
        )
        for rival, target in zip(("PyTorch", "ONNX Runtime"), targets, strict=True)
    ]


def _fasttext_model(work: Workload) -> Path:
    path = work.folder / "fasttext.bin"
    if not path.exists():
        data = work.experiment.data
        fasttext_rival.train(data.texts, data.labels, path, work.options.threads)
    return path


def _from_text(work: Workload) -> list[Row]:
    """In one process, the models loaded: read a file, classify, write a file."""
    say("predict: from a text file, models loaded")
    classifier = Classifier.load(work.checkpoint)
    model = fasttext_rival.load(_fasttext_model(work))
    source, target = work.text_file, work.folder / "labels.txt"

    def label_file() -> None:
        labels = classifier.predict(source.read_text("utf-8").split("\n")[:-1])
        target.write_text("".join(f"{label}\n" for label in labels), "utf-8")

    sides: dict[str, Side] = {
        OURS: lambda call: label_file(),
        "fastText": lambda call: fasttext_rival.label_file(model, source, target),
    }
    timings = interleave(sides, work.options.rounds(10))
    count = len(work.texts)
    case, where = "predict, text file to label file", f"models loaded, {count:,} sentences"
    return [compare(case, where, timings, ["fastText"], 0.9, per=count)]


def _from_text_as_programs(work: Workload, times: int) -> list[Row]:
    """Each side a program of its own: start, load the model, read, classify, write.

    The file is the sentences so many times over. Unless told otherwise, ours starts a process for
    each processor on the way.
    """
    say(f"predict: from a text file, as programs, the sentences {times} times over")
    source, target = work.folder / "long.txt", work.folder / "long-labels.txt"
    source.write_text(work.text_file.read_text("utf-8") * times, "utf-8")
    ours = ["textcnn", "classify", "--checkpoint", str(work.checkpoint), "--input", str(source)]
    commands = {
        OURS: ours,
        ALONE: [*ours, "--jobs", "1"],
        "fastText": [
            *("benchmarks.fasttext_rival", str(_fasttext_model(work)), str(source), str(target))
        ],
    }
    sides = {name: _process_side(words, target) for name, words in commands.items()}
    timings = interleave(sides, work.options.rounds(5, quick=1), settle=0)
    count = times * len(work.texts)
    case, where = "predict, text file to label file", f"as programs, {count:,} sentences"
    least = 0.9 if times == 1 or times == 10 else 1.2
    return [
        compare(case, where, timings, ["fastText"], least, per=count),
        compare(case, where, timings, ["fastText"], per=count, ours=ALONE),
    ]


def _process_side(module: Sequence[str], target: Path) -> Side:
    def side(call: int) -> None:
        with target.open("wb") as output:
            subprocess.run([sys.executable, "-m", *module], stdout=output, cwd=ROOT, check=True)

    return side


def _one_sentence(work: Workload, networks: _Networks) -> list[Row]:
    """The median time of one sentence through a loaded model."""
    say("predict: one sentence")
    calls = 50 if work.options.quick else 200
    sentences, texts = work.everything.sentences, work.texts
    rows = np.random.default_rng(0).choice(len(sentences), calls, replace=False)
    packed = [sentences.take(np.array([row])) for row in rows]
    arrays = [padded(sentence, networks.torch.pad_word).numpy() for sentence in packed]
    classifier = Classifier.load(work.checkpoint)
    threads = sorted({1, work.options.threads})
    sides: dict[str, Side] = {
        OURS: lambda call: networks.ours.logits(packed[call % calls]),
        "textcnn, from its text": lambda call: classifier.predict_proba(
            [texts[rows[call % calls]]]
        ),
    }
    prepare: dict[str, Callable[[], None]] = {}
    for name, network, inputs in _torch_forms(work, networks, packed):
        for count in threads:
            form = f"{name}, threads: {count}"
            sides[form] = _single_torch_side(network, inputs)
            prepare[form] = _thread_setter(count)
    for count in threads:
        sides[f"ONNX Runtime, threads: {count}"] = _single_onnx_side(
            session(networks.onnx, count), arrays
        )
    for sentence in packed:  # The table of projected words is filled before, as by any use.
        networks.ours.logits(sentence)
    timings = interleave(
        sides,
        work.options.rounds(7),
        calls=calls,
        settle=5,
        summary=statistics.median,
        prepare=prepare,
    )
    torch.set_num_threads(work.options.threads)
    case, where = "predict, one sentence", "model loaded, token ids, median"
    median = timings.median(OURS)
    return [
        Row(case, where, duration(median), target="≤ 100 µs", reached=median <= 100e-6),
        *_two_rows(case, where, timings, (1, 1)),
    ]


def _torch_forms(
    work: Workload, networks: _Networks, packed: Sequence[PackedSentences]
) -> Iterator[tuple[str, TorchNetwork, list[torch.Tensor]]]:
    """(name, network, its inputs)."""
    pad_word = networks.torch.pad_word
    yield "PyTorch", networks.torch, [padded(sentence, pad_word) for sentence in packed]
    rounded = [padded(sentence, pad_word, COMPILED_MULTIPLE) for sentence in packed]
    compiled = networks.compiled(rounded, work.options.compile_seconds)
    if compiled:
        yield "PyTorch, compiled", compiled, rounded


def _single_torch_side(network: TorchNetwork, tensors: Sequence[torch.Tensor]) -> Side:
    @torch.inference_mode()
    def side(call: int) -> None:
        network(tensors[call % len(tensors)])

    return side


def _single_onnx_side(runtime: Any, arrays: Sequence[np.ndarray]) -> Side:
    return lambda call: runtime.run(None, {"words": arrays[call % len(arrays)]})


def _thread_setter(count: int) -> Callable[[], None]:
    return lambda: torch.set_num_threads(count)
