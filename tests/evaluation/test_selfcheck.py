"""The self-check passes, and each of its checks can fail."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textcnn.core import network
from textcnn.core.gradients import RowGradient
from textcnn.evaluation import selfcheck as checks
from textcnn.evaluation.selfcheck import (
    CHECKS,
    Result,
    relative_error,
    run_checks,
    within,
)


@pytest.mark.slow
def test_everything_passes_here_and_nothing_is_left_behind(call, tmp_path):
    code, out, err = call("selfcheck")
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if line.startswith(("ok ", "FAILED"))]
    assert len(lines) == len(CHECKS)
    for line, name in zip(lines, CHECKS, strict=True):
        assert line.startswith(f"ok      {name}: ")
    assert "largest relative error" in lines[0]
    assert f"all {len(CHECKS)} checks passed" in out
    for words in ("textcnn ", "python ", "numpy ", "BLAS ", "HDF5 ", "gensim ", "processors"):
        assert words in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("1.10.8", "has heap faults"),
        ("1.14.6", "HDF5 1.14.6 has heap faults with files made to harm that 2.0.0 has mended"),
        ("2.0.0", "HDF5 2.0.0 reads no checkpoint here"),
        ("2.1.0-4", "reads no checkpoint here"),
    ],
)
def test_the_version_of_hdf5_is_judged(call, monkeypatch, version, words):
    monkeypatch.setattr("h5py.version.hdf5_version", version)
    monkeypatch.setattr("textcnn.commands.selfcheck.CHECKS", {})
    assert words in call("selfcheck")[1]


# Each check can fail


def off(value: Any, by: float = 1e-4) -> Any:
    """A gradient, or several, that is slightly too large in the first one's first entry."""
    if isinstance(value, tuple):
        return (off(value[0], by), *value[1:])
    if isinstance(value, RowGradient):
        return dataclasses.replace(value, values=off(value.values, by))
    changed = np.array(value, dtype=float)
    changed.flat[0] += by * max(float(np.abs(changed).max()), 1.0)
    return changed


def wrong_backward(layer: Callable[..., Any]) -> Callable[..., Any]:
    """The layer with a slightly wrong backward pass."""

    def wrong(*args: Any, **kwargs: Any) -> Any:
        Y, backward = layer(*args, **kwargs)
        if callable(backward):
            return Y, lambda dY: off(backward(dY))
        return Y, off(backward)  # A penalty, whose gradient is no function.

    return wrong


def wrong_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "relu", wrong_backward(network.relu))


def predictions_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from textcnn.inference.classifier import Classifier

    right = Classifier.predict_proba
    monkeypatch.setattr(
        Classifier, "predict_proba", lambda self, texts: right(self, texts) + np.float32(2e-3)
    )


def predictions_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the last bits of a probability depend on how many sentences stand beside it."""
    from textcnn.inference.classifier import Classifier

    right = Classifier.predict_proba
    monkeypatch.setattr(
        Classifier,
        "predict_proba",
        lambda self, texts: right(self, texts) * np.float32(1 + 1e-6 * len(texts)),
    )


def dropout_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    from textcnn.recipe import thinning

    right = thinning.thinned
    monkeypatch.setattr(
        thinning,
        "thinned",
        lambda parameters, architecture, rate, rng: right(
            parameters, architecture, rate, np.random.default_rng()
        ),
    )


def forgets_the_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose one of the optimizer's arrays on the way through the file."""
    right = checks.load_checkpoint

    def load(*args: Any, **kwargs: Any) -> Any:
        checkpoint = right(*args, **kwargs)
        if checkpoint.training is not None:
            slots = checkpoint.training.slots
            slots.update({name: np.zeros_like(slots[name]) for name in sorted(slots)[:1]})
        return checkpoint

    monkeypatch.setattr(checks, "load_checkpoint", load)


def rounds_the_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    right = checks.save_checkpoint

    def save(path: Any, checkpoint: Any) -> None:
        rounded = {
            name: array.astype(np.float16).astype(np.float32)
            for name, array in checkpoint.networks[0].items()
        }
        right(path, dataclasses.replace(checkpoint, networks=(rounded,)))

    monkeypatch.setattr(checks, "save_checkpoint", save)


RESUMING = "runs of one seed, stopped and gone on with, against one never stopped"

FAULTS = {
    "gradients of the network against finite differences (float64)": wrong_network,
    "predictions against the plain network's": predictions_off,
    "a sentence's probabilities, alone and in any batch": predictions_by_batch,
    RESUMING: forgets_the_optimizer,
    "a checkpoint kept and read back": rounds_the_parameters,
}


@pytest.mark.parametrize(("name", "fault"), [*FAULTS.items(), (RESUMING, dropout_by_the_clock)])
def test_each_check_can_fail(monkeypatch, name, fault):
    assert CHECKS[name]().passed
    fault(monkeypatch)
    assert not CHECKS[name]().passed


def test_every_check_has_been_seen_to_fail():
    assert list(CHECKS) == list(FAULTS)


# The command


def test_a_failed_check_is_a_line_and_the_exit_code_is_1(call, monkeypatch):
    wrong = {"first": CHECKS["gradients of the network against finite differences (float64)"]}
    monkeypatch.setattr("textcnn.commands.selfcheck.CHECKS", wrong)
    wrong_network(monkeypatch)
    code, out, err = call("selfcheck")
    assert code == 1
    failed = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert failed[0].endswith("; at most 1e-06 is right")
    assert "1 of 1 checks FAILED" in out
    assert "report this" in err


def test_a_check_that_cannot_even_run_has_failed_and_the_others_are_made(call, monkeypatch):
    def broken() -> Result:
        raise ZeroDivisionError("of\nno use")

    some = {"first": broken, "second": lambda: Result(True, "fine")}
    assert [result.passed for _, result in run_checks(some)] == [False, True]
    monkeypatch.setattr("textcnn.commands.selfcheck.CHECKS", some)
    code, out, _ = call("selfcheck")
    assert code == 1
    assert "FAILED  first: stopped by ZeroDivisionError: of no use\nok      second: fine\n" in out


# What is compared with what


def test_the_worst_error_decides_and_one_that_is_no_number_is_the_worst():
    assert within({"a": 1e-9, "b": 2e-9}, 1e-6, "error") == Result(
        True, "largest error 2.0e-09 (b)"
    )
    assert not within({"a": 1e-9, "b": 1e-3}, 1e-6, "error").passed
    result = within({"a": 1.0, "b": math.nan, "c": 2.0}, 1e-6, "error")
    assert not result.passed
    assert "(b)" in result.figures


def test_relative_errors():
    assert relative_error(np.array([1.0, 4.0]), np.array([1.0, 5.0])) == pytest.approx(0.2)
    assert relative_error(np.zeros(2), np.zeros(2)) == 0
    assert relative_error(np.zeros(2), np.zeros((1, 2))) == math.inf
