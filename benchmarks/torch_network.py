"""The same network in PyTorch, in each form in which it could be fastest."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.sentences import Examples, PackedSentences
from textcnn.recipe.config import Config

DROPOUT = 0.5


class TorchNetwork(nn.Module):
    """Kim's network on batches padded to their longest sentence.

    One Conv1d for each height, ``h - 1`` zeros either side. Its one liberty is ReLU after the
    maximum: the same result from less work.
    """

    def __init__(self, parameters: Parameters, architecture: Architecture, sparse: bool = False):
        super().__init__()
        (channel,) = architecture.channels
        table = torch.from_numpy(parameters[channel])
        self.pad_word = len(table)
        table = torch.cat([table, torch.zeros(1, table.shape[1])])
        self.embedding = nn.Embedding(*table.shape, padding_idx=self.pad_word, sparse=sparse)
        self.embedding.weight = nn.Parameter(table, requires_grad=channel == "embedding/tuned")
        self.convolutions = nn.ModuleList(
            _convolution(parameters, architecture, index)
            for index in range(len(architecture.filter_sizes))
        )
        self.dense = nn.Linear(architecture.num_features, architecture.num_classes)
        self.dense.weight = nn.Parameter(torch.from_numpy(parameters["dense/weights"].copy()))
        self.dense.bias = nn.Parameter(torch.from_numpy(parameters["dense/bias"].copy()))
        self.dropout = 0.0
        # What torch.compile is given: a sparse gradient is beyond it, so the lookup stays out.
        self.after_lookup: Callable[[Tensor], Tensor] = self.head

    def head(self, X: Tensor) -> Tensor:
        """(B, C) logits from (B, L, D) word vectors."""
        X = X.transpose(1, 2)
        pooled = [convolve(X).max(dim=2).values for convolve in self.convolutions]
        features = functional.relu(torch.cat(pooled, dim=1))
        return self.dense(functional.dropout(features, self.dropout, self.training))

    def forward(self, words: Tensor) -> Tensor:
        """(B, C) logits from (B, L) token ids."""
        return self.after_lookup(self.embedding(words))

    def gradients(self, architecture: Architecture) -> dict[str, np.ndarray]:
        """The gradients under our names, in our shapes."""
        filters = [conv.weight.grad.permute(1, 2, 0) for conv in self.convolutions]
        found = {
            "convolution/weights": torch.cat(filters, dim=1),
            "convolution/bias": torch.cat([conv.bias.grad for conv in self.convolutions]),
            "dense/weights": self.dense.weight.grad,
            "dense/bias": self.dense.bias.grad,
        }
        if "embedding/tuned" in architecture.channels:
            found["embedding/tuned"] = self.embedding.weight.grad.to_dense()[:-1]
        return {name: gradient.numpy() for name, gradient in found.items()}


def _convolution(parameters: Parameters, architecture: Architecture, index: int) -> nn.Conv1d:
    height, first = architecture.bank.offsets()[index]
    rows = parameters["convolution/weights"][:, first : first + height]
    layer = nn.Conv1d(rows.shape[0], rows.shape[2], height, padding=height - 1)
    layer.weight = nn.Parameter(torch.from_numpy(rows.transpose(2, 0, 1).copy()))
    bias = np.split(parameters["convolution/bias"], len(architecture.filter_sizes))[index]
    layer.bias = nn.Parameter(torch.from_numpy(bias.copy()))
    return layer


def padded(sentences: PackedSentences, pad_word: int, multiple: int = 1) -> Tensor:
    """(B, L) token ids, L the longest's length or the next ``multiple`` above it."""
    lengths = sentences.lengths
    longest = max(int(lengths.max()), 1)
    filled = np.arange(-(-longest // multiple) * multiple) < lengths[:, None]
    words = np.full(filled.shape, pad_word, np.int64)
    words[filled] = sentences.token_ids
    return torch.from_numpy(words)


class TorchTrainer:
    """A network with its optimizer.

    Attributes:
        network: in training mode.
    """

    def __init__(
        self,
        parameters: Parameters,
        architecture: Architecture,
        optimizer: str,
        *,
        sparse: bool = False,
        fused: bool = False,
    ):
        self.network = TorchNetwork(parameters, architecture, sparse)
        self.network.dropout = DROPOUT
        self.network.train()
        self._optimizers = _optimizers(self.network, optimizer, sparse, fused)

    def step(self, words: Tensor, classes: Tensor) -> float:
        """One training step; the loss."""
        for optimizer in self._optimizers:
            optimizer.zero_grad()
        loss = functional.cross_entropy(self.network(words), classes)
        loss.backward()
        for optimizer in self._optimizers:
            optimizer.step()
        return float(loss.item())


def _optimizers(network: TorchNetwork, name: str, sparse: bool, fused: bool) -> list[Any]:
    options = Config(optimizer=name).resolved()
    trained = {key: value for key, value in network.named_parameters() if value.requires_grad}
    if name == "adadelta":
        return [
            torch.optim.Adadelta(
                trained.values(), options.learning_rate, options.rho, options.epsilon
            )
        ]
    betas = (options.beta1, options.beta2)
    optimizers: list[Any] = []
    if sparse:
        table = trained.pop("embedding.weight")
        optimizers.append(torch.optim.SparseAdam([table], options.learning_rate, betas))
    optimizers.append(
        torch.optim.Adam(
            trained.values(), options.learning_rate, betas, options.epsilon, fused=fused
        )
    )
    return optimizers


def torch_batches(
    batches: Sequence[Examples], pad_word: int, multiple: int = 1
) -> list[tuple[Tensor, Tensor]]:
    """The same batches as padded tensors."""
    return [
        (padded(batch.sentences, pad_word, multiple), torch.from_numpy(batch.targets))
        for batch in batches
    ]


COMPILED_MULTIPLE = 8
"""What compiled networks pad lengths to.

The compiler makes a program for each length it meets, ``dynamic=True`` or not, and after some
versions falls back to none; with this there are few.
"""


def compile_network(
    network: TorchNetwork, use: Callable[[Tensor], object], inputs: Sequence[Tensor], seconds: float
) -> str | None:
    """Put torch.compile before the network's layers, if it manages within a time.

    Args:
        network: changed in place, or left as it was.
        use: uses it as it is to be used; called with the first input of each shape.
        inputs: all it is to be used with.
        seconds: the time.

    Returns:
        Why it was left as it was, or None.
    """
    shapes = {words.shape: words for words in reversed(inputs)}
    network.after_lookup = torch.compile(network.head, dynamic=False)
    try:
        with _time_limit(seconds):
            for words in shapes.values():
                use(words)
    except Exception as error:  # Whatever stops the compiler, the run goes on without it.
        network.after_lookup = network.head
        return (
            f"{type(error).__name__}: {(str(error).strip() or 'no reason given').splitlines()[0]}"
        )
    return None


def forget_compiled() -> None:
    """Make room for a new case's shapes."""
    torch._dynamo.reset()
    torch._dynamo.config.recompile_limit = 100


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not done after {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
