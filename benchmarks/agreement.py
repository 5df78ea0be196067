"""First of all: do both sides compute the same?"""

import numpy as np
from torch.nn import functional

from benchmarks.onnx_network import export, session
from benchmarks.torch_network import TorchNetwork, torch_batches
from benchmarks.workload import DENNYBRITZ, KIM, Setting, Workload, initial, say
from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.gradients import RowGradient
from textcnn.core.sentences import Examples
from textcnn.core.step import kim_step
from textcnn.inference.network import InferenceNetwork
from textcnn.support.errors import RunError

TOLERANCE = 1e-4

ROUNDED = 2e-3
"""The same for logits from tables of 16-bit integers."""


def check_agreement(work: Workload) -> None:
    """Compare losses, gradients and logits from the same weights on the same batch, no dropout.

    Raises:
        RunError: they differ, so timing them would compare different work.
    """
    for setting in (KIM, DENNYBRITZ):
        for mode in ("nonstatic", "static"):
            _check(work, setting, mode)
    say("agreement: losses, gradients and logits are the same on all sides")


def _check(work: Workload, setting: Setting, mode: str) -> None:
    architecture = work.architecture(setting, mode)
    parameters = initial(architecture)
    batch = work.batches(setting.batch_size)[0]
    where = f"{setting}, {mode}"

    network = TorchNetwork(parameters, architecture)
    ((words, classes),) = torch_batches([batch], network.pad_word)
    logits = network(words)
    loss = functional.cross_entropy(logits, classes)
    loss.backward()
    ours = _our_gradients(parameters, architecture, batch)
    _compare(f"{where}: loss", ours.pop("loss"), np.array(loss.item()))
    theirs = network.gradients(architecture)
    if ours.keys() != theirs.keys():
        raise RunError(f"{where}: gradients of {sorted(ours)} beside {sorted(theirs)}")
    for name, gradient in theirs.items():
        _compare(f"{where}: gradient of {name}", ours[name], gradient)

    predicted = InferenceNetwork([parameters], architecture).logits(batch.sentences)
    _compare(f"{where}: logits, PyTorch", predicted, logits.detach().numpy(), ROUNDED)
    path = work.folder / "agreement.onnx"
    export(network, path)
    (exported,) = session(path, work.options.threads).run(None, {"words": words.numpy()})
    _compare(f"{where}: logits, ONNX Runtime", predicted, exported, ROUNDED)


def _our_gradients(
    parameters: Parameters, architecture: Architecture, batch: Examples
) -> dict[str, np.ndarray]:
    """The gradients as whole arrays, and the loss under that name."""
    loss, _, gradients = kim_step(architecture)(parameters, batch, None)
    whole = {
        name: gradient.dense(architecture.vocabulary_size)
        if isinstance(gradient, RowGradient)
        else gradient
        for name, gradient in gradients.items()
    }
    return {"loss": np.array(loss), **whole}


def _compare(what: str, ours: np.ndarray, theirs: np.ndarray, tolerance: float = TOLERANCE) -> None:
    """Both within this share of the largest entry."""
    worst = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    if not worst <= tolerance:  # Not written as "worst > ...": NaN must fail as well.
        raise RunError(
            f"{what} differs by {worst:.1e} of its largest entry, more than {tolerance:g}; "
            "nothing was timed, as the sides do not do the same work"
        )
