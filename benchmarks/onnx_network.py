"""The PyTorch network exported to ONNX and run by ONNX Runtime."""

import warnings
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch

from benchmarks.torch_network import TorchNetwork


def export(network: TorchNetwork, path: Path) -> None:
    """Write ``network`` to ``path``, with batch size and sentence length left open."""
    network.eval()
    with warnings.catch_warnings():
        # The exporter that is to replace this one needs one more package and gives no faster file.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(2, 7, dtype=torch.int64),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["words"],
            output_names=["logits"],
            dynamic_axes={"words": {0: "batch", 1: "length"}, "logits": {0: "batch"}},
        )
    onnx.checker.check_model(onnx.load(path))


def session(path: Path, threads: int) -> Any:
    """An inference session with this many threads; ``session.run(None, {"words": array})``."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
