"""Convolution and pooling, step by step, forwards and backwards.

Walks through the exercise "Convolutional Neural Networks: Step by Step" with the loops of
textcnn/reference.py, prints every result, and saves a picture of an image before and after zero
padding. The random numbers are seeded, so the results are the same everywhere.

    python examples/step_by_step.py [--output zero_padding.png]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

# So that the example runs straight from a clone, with nothing installed but NumPy: Python puts the
# folder of the script on its path, and the package is one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from examples import end_with_the_reader
from textcnn.reference import (
    ConvCache,
    FloatArray,
    conv_backward,
    conv_forward,
    conv_single_step,
    create_mask_from_window,
    distribute_value,
    max_over_time,
    max_over_time_backward,
    pool_backward,
    pool_forward,
    wide_convolution,
    wide_convolution_backward,
    zero_pad,
)
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replacing


def main() -> int:
    """Run the exercise; return the exit code."""
    arguments = _parse_arguments()
    # Wide enough that a row of eight numbers stays on one line.
    np.set_printoptions(linewidth=120)
    images, padded = show_zero_padding()
    show_single_step()
    Z, cache = show_conv_forward()
    show_conv_backward(Z, cache)
    show_pool_forward()
    show_pool_backward_helpers()
    show_pool_backward()
    show_sentence()
    _heading("The picture")
    try:
        save_picture(images, padded, arguments.output)
    except (UserError, RunError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"saved in {arguments.output}")
    return 0


def show_zero_padding() -> tuple[FloatArray, FloatArray]:
    """Step 1: return some images and the same images in a frame of zeros."""
    _heading("1. Zero padding: zero_pad")
    np.random.seed(1)
    X = np.random.randn(4, 3, 3, 2)
    X_pad = zero_pad(X, 2)
    print("shape of X:    ", X.shape)
    print("shape of X_pad:", X_pad.shape)
    print(f"X[1,1] =\n{X[1, 1]}")
    print(f"X_pad[1,1] =\n{X_pad[1, 1]}")
    return X, X_pad


def show_single_step() -> None:
    """Step 2: one filter at one place."""
    _heading("2. One filter, one window: conv_single_step")
    np.random.seed(1)
    a_slice_prev = np.random.randn(4, 4, 3)
    W = np.random.randn(4, 4, 3)
    b = np.random.randn(1, 1, 1)
    print("Z =", conv_single_step(a_slice_prev, W, b))


def show_conv_forward() -> tuple[FloatArray, ConvCache]:
    """Step 3: every filter at every place; return Z and the cache for the way back."""
    _heading("3. Convolution, forwards: conv_forward")
    np.random.seed(1)
    A_prev = np.random.randn(10, 4, 4, 3)
    W = np.random.randn(2, 2, 3, 8)
    b = np.random.randn(1, 1, 1, 8)
    Z, cache = conv_forward(A_prev, W, b, {"pad": 2, "stride": 2})
    print("mean of Z =", float(np.mean(Z)))
    print("Z[3,2,1] =", Z[3, 2, 1])
    print("cache[0][1][2][3] =", cache[0][1][2][3])
    return Z, cache


def show_conv_backward(Z: FloatArray, cache: ConvCache) -> None:
    """Step 4: the gradients, with Z itself standing in for the gradient that arrives."""
    _heading("4. Convolution, backwards: conv_backward")
    dA, dW, db = conv_backward(Z, cache)
    print("mean of dA =", float(np.mean(dA)))
    print("mean of dW =", float(np.mean(dW)))
    print("mean of db =", float(np.mean(db)))


def show_pool_forward() -> None:
    """Step 5: the maximum and the average of each window."""
    _heading("5. Pooling, forwards: pool_forward")
    np.random.seed(1)
    A_prev = np.random.randn(2, 4, 4, 3)
    for mode in ("max", "average"):
        A, _ = pool_forward(A_prev, {"stride": 2, "f": 3}, mode)
        print(f"mode = {mode}: A =\n{A}")


def show_pool_backward_helpers() -> None:
    """Step 6: how the gradient is handed out within one window."""
    _heading("6. Within one window: create_mask_from_window, distribute_value")
    np.random.seed(1)
    x = np.random.randn(2, 3)
    print(f"x =\n{x}")
    print(f"mask of its maximum =\n{create_mask_from_window(x)}")
    print(f"2 distributed over a window of 2 by 2 =\n{distribute_value(2, (2, 2))}")


def show_pool_backward() -> None:
    """Step 7: the gradients of both kinds of pooling."""
    _heading("7. Pooling, backwards: pool_backward")
    np.random.seed(1)
    A_prev = np.random.randn(5, 5, 3, 2)
    _, cache = pool_forward(A_prev, {"stride": 1, "f": 2})
    dA = np.random.randn(5, 4, 2, 2)
    print("mean of dA =", float(np.mean(dA)))
    for mode in ("max", "average"):
        dA_prev = pool_backward(dA, cache, mode)
        print(f"mode = {mode}: dA_prev[1,1] =\n{dA_prev[1, 1]}")


def show_sentence() -> None:
    """Step 8: what all this has to do with text."""
    _heading("8. A sentence is an image of one column: wide_convolution, max_over_time")
    np.random.seed(1)
    X = np.random.randn(5, 4)  # five words, four numbers each
    W = np.random.randn(3, 4, 2)  # two filters that look at three words in a row
    b = np.random.randn(2)
    Z = wide_convolution(X, W, b)
    maxima, argmax = max_over_time(Z)
    print(f"Z, one row for each window, one column for each filter =\n{Z}")
    print("each filter's maximum =", maxima, "in window", argmax)
    dZ = max_over_time_backward(np.ones(2), argmax, len(Z))
    dX, _, _ = wide_convolution_backward(dZ, X, W, b)
    print(f"how much each number of each word moves the sum of both maxima =\n{dX}")


def save_picture(images: FloatArray, padded: FloatArray, output: Path) -> None:
    """Draw the first channel of the first image before and after zero padding.

    Raises:
        UserError: ``output`` cannot be written, or its ending names no kind of picture.
        RunError: matplotlib is missing, or writing failed.
    """
    # Here, not at the top, so that all the rest works without matplotlib.
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise RunError(
            "the picture needs matplotlib, which is not installed; pip install '.[plots]' adds it"
        ) from error
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    canvas = FigureCanvasAgg(figure)  # draws into memory: no screen needed
    picture_format = output.suffix.lstrip(".").lower() or "png"
    if picture_format not in canvas.get_supported_filetypes():
        raise UserError(f"--output: {output} names no kind of picture; use .png, .svg or .pdf")
    for axes, title, image in zip(
        figure.subplots(1, 2), ("x", "x_pad"), (images, padded), strict=True
    ):
        axes.set_title(title)
        axes.imshow(image[0, :, :, 0])
    with replacing(output) as aside:
        figure.savefig(aside, format=picture_format)


def _heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Convolution and pooling, step by step.")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("zero_padding.png"),
        metavar="PATH",
        help="where to save the picture of zero padding (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    end_with_the_reader()
    sys.exit(main())
