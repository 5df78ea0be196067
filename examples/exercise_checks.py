"""Says which of :mod:`examples.exercises` are right, by asking :mod:`textcnn.reference`."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from textcnn import reference

Arguments = dict[str, Any]

SENTENCE = np.array([0, 1, 2, 3, 2, 4, 5])
"""The words of how-it-works.md: a gorgeous , witty , seductive movie."""
VECTORS = np.array([[0.0, -1], [3, 0], [0, 2], [2, 0], [1, 1], [1, -1]])
FILTERS = np.array([[[1.0, 0], [0, 1]], [[0, 1], [1, 1]]])
BIASES = np.array([-2.0, 1])


@dataclass(frozen=True)
class Exercise:
    """What a function must do.

    Attributes:
        expected: the right result of some arguments.
        cases: arguments to try.
    """

    expected: Callable[..., Any]
    cases: Callable[[], Iterator[Arguments]]


def sentences() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """(token_ids, vectors, filters, biases): the page's, then small random integers, which tie."""
    yield SENTENCE, VECTORS, FILTERS, BIASES
    rng = np.random.default_rng(15)
    for n in (1, 2, 4, 5, 6):
        D, h, F = (int(number) for number in rng.integers(1, 4, 3))
        vectors = rng.integers(-2, 3, (4, D)).astype(float)
        filters = rng.integers(-2, 3, (h, D, F)).astype(float)
        yield rng.integers(0, 4, n), vectors, filters, rng.integers(-2, 3, F).astype(float)


def one_filter(**more: Any) -> Iterator[Arguments]:
    """A sentence and one filter."""
    for token_ids, vectors, filters, biases in sentences():
        for c in range(len(biases)):
            yield {"X": vectors[token_ids], "w": filters[:, :, c], "b": float(biases[c]), **more}


def windows() -> Iterator[Arguments]:
    """One window and one filter."""
    for token_ids, vectors, filters, biases in sentences():
        h = len(filters)
        if len(token_ids) >= h:
            window = vectors[token_ids[-h:]]
            yield {"window": window, "w": filters[:, :, 0], "b": float(biases[0])}


def responses() -> Iterator[Arguments]:
    """All responses of one filter."""
    for arguments in one_filter():
        yield {"z": all_windows(**arguments)}


def products() -> Iterator[Arguments]:
    """A table of products and a sentence of its rows."""
    for token_ids, vectors, filters, _ in sentences():
        table = np.einsum("ud,jdc->ujc", vectors, filters)
        yield {
            "P": np.concatenate([table, np.zeros((1, *table.shape[1:]))]),
            "token_ids": token_ids,
        }


def products_and_gradient() -> Iterator[Arguments]:
    """The same, with the gradient of every filter's maximum."""
    for number, arguments in enumerate(products()):
        F = arguments["P"].shape[2]
        yield {**arguments, "dmaxima": np.arange(F) * 8.0 - 5 - number}


def one_window(window: np.ndarray, w: np.ndarray, b: float) -> float:
    """The right result; so are the functions below."""
    return reference.conv_single_step(window, w, np.array(b))


def all_windows(X: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    return reference.wide_convolution(X, w[:, :, None], np.array([b]))[:, 0]


def first_maximum(z: np.ndarray) -> tuple[float, int]:
    maxima, argmax = reference.max_over_time(z[:, None])
    return float(maxima[0]), int(argmax[0])


def gradient_of_the_words(X: np.ndarray, w: np.ndarray, b: float, dmaximum: float) -> np.ndarray:
    W, biases = w[:, :, None], np.array([b])
    Z = reference.wide_convolution(X, W, biases)
    _, argmax = reference.max_over_time(Z)
    dZ = reference.max_over_time_backward(np.array([dmaximum]), argmax, len(Z))
    return reference.wide_convolution_backward(dZ, X, W, biases)[0]


def as_convolution(
    P: np.ndarray, token_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A sentence and filters whose responses are sums of P: each word's vector is one-hot."""
    return np.eye(len(P))[token_ids], P.transpose(1, 0, 2), np.zeros(P.shape[2])


def sums_of_products(P: np.ndarray, token_ids: np.ndarray) -> np.ndarray:
    return reference.wide_convolution(*as_convolution(P, token_ids))


def gradient_of_the_products(
    P: np.ndarray, token_ids: np.ndarray, dmaxima: np.ndarray
) -> np.ndarray:
    X, W, b = as_convolution(P, token_ids)
    Z = reference.wide_convolution(X, W, b)
    _, argmax = reference.max_over_time(Z)
    dZ = reference.max_over_time_backward(dmaxima, argmax, len(Z))
    return reference.wide_convolution_backward(dZ, X, W, b)[1].transpose(1, 0, 2)


EXERCISES: Mapping[str, Exercise] = {
    "one_window": Exercise(one_window, windows),
    "all_windows": Exercise(all_windows, one_filter),
    "first_maximum": Exercise(first_maximum, responses),
    "gradient_of_the_words": Exercise(gradient_of_the_words, lambda: one_filter(dmaximum=-5.0)),
    "sums_of_products": Exercise(sums_of_products, products),
    "gradient_of_the_products": Exercise(gradient_of_the_products, products_and_gradient),
}

RIGHT, NOT_DONE = "right", "not done yet"


def verdict(name: str, function: Callable[..., Any]) -> str:
    """:data:`RIGHT`, :data:`NOT_DONE`, or what is wrong with the first wrong result."""
    exercise = EXERCISES[name]
    for arguments in exercise.cases():
        expected = exercise.expected(**arguments)
        try:
            # A copy, so that a function that writes into its arguments spoils no later case.
            result = function(**copy.deepcopy(arguments))
        except NotImplementedError:
            return NOT_DONE
        except Exception as error:
            return _wrong(arguments, f"raises {type(error).__name__}: {error}", expected)
        if not _same(name, result, expected):
            return _wrong(arguments, f"gives\n{result}", expected)
    return RIGHT


def _same(name: str, result: Any, expected: Any) -> bool:
    if isinstance(expected, tuple):
        return (
            isinstance(result, tuple)
            and len(result) == len(expected)
            and all(map(_close, result, expected))
        )
    if name == "gradient_of_the_products" and np.shape(result) == np.shape(expected):
        return _close(result[:-1], expected[:-1])
    return _close(result, expected)


def _close(result: Any, expected: Any) -> bool:
    try:
        return np.shape(result) == np.shape(expected) and np.allclose(result, expected)
    except (TypeError, ValueError):
        return False  # It is no number, or no array of one shape.


def _wrong(arguments: Arguments, does: str, expected: Any) -> str:
    given = "\n".join(f"{name} =\n{value}" for name, value in arguments.items())
    text = f"{given}\n{does}\nit should give\n{expected}"
    return "wrong: for\n" + "\n".join(f"    {line}" for line in text.splitlines())


def main(exercises: ModuleType) -> int:
    """Print which of a module's functions are right.

    Returns:
        The exit code: 0 when all are.
    """
    verdicts = {name: verdict(name, getattr(exercises, name)) for name in EXERCISES}
    for number, (name, words) in enumerate(verdicts.items(), 1):
        step = (inspect.getdoc(getattr(exercises, name)) or "").partition(":")[0]
        print(f"{number}  {name} ({step}): {words}")
    right = sum(words == RIGHT for words in verdicts.values())
    print(f"{right} of {len(EXERCISES)} are right")
    return 0 if right == len(EXERCISES) else 1
