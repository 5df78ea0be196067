"""A training step: gradients and update of one batch."""

import itertools
from collections.abc import Callable

import numpy as np
from torch import Tensor

from benchmarks.report import Row, beside_limit, compare
from benchmarks.timing import OURS, Side, interleave
from benchmarks.torch_network import (
    COMPILED_MULTIPLE,
    DROPOUT,
    TorchTrainer,
    compile_network,
    forget_compiled,
    torch_batches,
)
from benchmarks.workload import DENNYBRITZ, KIM, Options, Setting, Workload, initial, say
from textcnn.core.architecture import Architecture
from textcnn.core.sentences import Examples
from textcnn.core.step import Step, kim_step
from textcnn.recipe.config import Config
from textcnn.recipe.thinning import thinned_step
from textcnn.support.threads import keep_freed_memory
from textcnn.training.experiment import make_optimizer

LIMIT = "its matrix products alone"
BY_DEFAULT = "textcnn, dropout drawn once a batch"
CALLS = 5

TARGETS = {
    # (setting, mode, optimizer, form): at least so many times faster.
    (KIM, "nonstatic", "adam", "dense"): 8.0,
    (KIM, "nonstatic", "adam", "sparse"): 4.0,
    (KIM, "static", "adam", "dense"): 4.0,
    (DENNYBRITZ, "nonstatic", "adam", "dense"): 5.0,
}


def run(work: Workload) -> list[Row]:
    """Both settings, static and non-static, Adam and Adadelta."""
    rows = []
    combinations = itertools.product(
        (KIM, DENNYBRITZ), ("nonstatic", "static"), ("adam", "adadelta")
    )
    for setting, mode, optimizer in combinations:
        say(f"step: {setting}, {mode}, {optimizer}")
        rows += _rows(work, setting, mode, optimizer)
    return rows


def _rows(work: Workload, setting: Setting, mode: str, optimizer: str) -> list[Row]:
    architecture = work.architecture(setting, mode)
    batches = work.batches(setting.batch_size)
    trainers = torch_trainers(architecture, optimizer)
    sides = {
        OURS: our_side(architecture, optimizer, batches),
        BY_DEFAULT: our_side(architecture, optimizer, batches, thinned_step),
        LIMIT: _products_side(architecture, batches),
        **torch_sides(trainers, batches),
        **_compiled_sides(work.options, trainers, architecture, optimizer, batches),
    }
    timings = interleave(sides, work.options.rounds(20), calls=CALLS)
    case, where = f"step, {optimizer}", f"{setting}, {mode}"
    rows = []
    for form in ("dense", "sparse"):
        rivals = [name for name in sides if form in name]
        if rivals:
            target = TARGETS.get((setting, mode, optimizer, form))
            rows.append(compare(case, where, timings, rivals, target))
    best = [name for name in sides if name.startswith("PyTorch")]
    required = (setting, mode, optimizer) == (KIM, "nonstatic", "adam")
    by_default = f"{where}, dropout drawn once a batch, as by default"
    rows.append(
        compare(case, by_default, timings, best, 5.5 if required else None, ours=BY_DEFAULT)
    )
    return [*rows, beside_limit(case, where, timings, LIMIT, 0.5 if required else None)]


def our_side(
    architecture: Architecture,
    optimizer: str,
    batches: list[Examples],
    make_step: Callable[[Architecture, float], Step] = kim_step,
) -> Side:
    """Our training step, as the training loop makes it."""
    keep_freed_memory()  # As Trainer does; in this one process the rivals have the good of it too.
    parameters = initial(architecture)
    updater = make_optimizer(Config(optimizer=optimizer).resolved())
    gradients_of, rng = make_step(architecture, DROPOUT), np.random.default_rng(0)

    def step(call: int) -> float:
        loss, _, gradients = gradients_of(parameters, batches[call % len(batches)], rng)
        updater.step(parameters, gradients)
        return loss

    return step


def torch_trainers(architecture: Architecture, optimizer: str) -> dict[str, TorchTrainer]:
    """PyTorch's forms of the step, by name: what PyTorch offers for this optimizer."""
    parameters = initial(architecture)
    tuned = "embedding/tuned" in architecture.channels
    forms = {"PyTorch, dense": TorchTrainer(parameters, architecture, optimizer)}
    if optimizer == "adam":
        fused = TorchTrainer(parameters, architecture, optimizer, fused=True)
        forms["PyTorch, dense, fused"] = fused
        if tuned:
            sparse = TorchTrainer(parameters, architecture, optimizer, sparse=True, fused=True)
            forms["PyTorch, sparse, fused"] = sparse
    return forms


def torch_sides(trainers: dict[str, TorchTrainer], batches: list[Examples]) -> dict[str, Side]:
    """A side for each trainer; the batches are padded beforehand."""
    pad_word = next(iter(trainers.values())).network.pad_word
    tensors = torch_batches(batches, pad_word)
    return {name: _torch_side(trainer, tensors) for name, trainer in trainers.items()}


def _torch_side(trainer: TorchTrainer, tensors: list[tuple[Tensor, Tensor]]) -> Side:
    return lambda call: trainer.step(*tensors[call % len(tensors)])


def _compiled_sides(
    options: Options,
    trainers: dict[str, TorchTrainer],
    architecture: Architecture,
    optimizer: str,
    batches: list[Examples],
) -> dict[str, Side]:
    """The last two forms again, the faster ones where there are three, with torch.compile."""
    if not options.compile_seconds:
        return {}
    forget_compiled()
    sides = {}
    again = torch_trainers(architecture, optimizer)
    for name in list(trainers)[-2:]:
        trainer = again[name]
        tensors = torch_batches(batches, trainer.network.pad_word, COMPILED_MULTIPLE)
        reason = _compile(trainer, tensors, options.compile_seconds)
        if reason:
            say(f"{name}: torch.compile left out: {reason}")
        else:
            sides[f"{name}, compiled"] = _torch_side(trainer, tensors)
    return sides


def _compile(
    trainer: TorchTrainer, tensors: list[tuple[Tensor, Tensor]], seconds: float
) -> str | None:
    classes = tensors[0][1]
    inputs = [words for words, _ in tensors]
    return compile_network(
        trainer.network, lambda words: trainer.step(words, classes), inputs, seconds
    )


def _products_side(architecture: Architecture, batches: list[Examples]) -> Side:
    """The matrix products that the step cannot do without, in buffers made beforehand.

    ``P = X W``, ``dW = X.T G`` and, where the embedding is tuned, ``dX = G W.T``, X being the
    vectors of the batch's different words.
    """
    counts = [len(np.unique(batch.sentences.token_ids)) for batch in batches]
    dim, columns = architecture.embedding_dim, architecture.bank.num_rows * architecture.num_filters
    rng = np.random.default_rng(0)

    def matrix(rows: int, width: int) -> np.ndarray:
        return rng.uniform(-0.25, 0.25, (rows, width)).astype(np.float32)

    X, W, G = matrix(max(counts), dim), matrix(dim, columns), matrix(max(counts), columns)
    P, dW, dX = np.empty_like(G), np.empty_like(W), np.empty_like(X)
    tuned = "embedding/tuned" in architecture.channels

    def products(call: int) -> None:
        rows = slice(counts[call % len(counts)])
        np.matmul(X[rows], W, out=P[rows])
        np.matmul(X[rows].T, G[rows], out=dW)
        if tuned:
            np.matmul(G[rows], W.T, out=dX[rows])

    return products
