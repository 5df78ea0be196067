"""Six exercises on docs/how-it-works.md: fill in the functions, and see which are right.

    python -m examples.exercises

Each function's docstring says what it must return. Loops are fine; the sentences are short. The
functions are tried with the page's own sentence and with others, of repeated words and of one word.
:mod:`textcnn.reference` holds most of the solutions.
"""

from __future__ import annotations

import numpy as np


def one_window(window: np.ndarray, w: np.ndarray, b: float) -> float:
    """Step 1: one filter's response to one window.

    Args:
        window: (h, D) the vectors of h words.
        w: (h, D) the filter.
        b: its bias.

    Returns:
        The products of entries at the same place, added up, and the bias.
    """
    raise NotImplementedError


def all_windows(X: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    """Step 1: one filter's responses to all windows of a sentence, zero vectors on either side.

    Args:
        X: (n, D) a sentence of n words, at least one.
        w: (h, D) the filter.
        b: its bias.

    Returns:
        (n + h - 1,) responses; number t is of the words t - h + 1 to t, and a word outside the
        sentence is a vector of zeros.
    """
    raise NotImplementedError


def first_maximum(z: np.ndarray) -> tuple[float, int]:
    """Step 2: the largest of some responses, and where it stands first.

    Args:
        z: (T,) one filter's responses to T windows, at least one.

    Returns:
        The largest, and the smallest t with ``z[t]`` equal to it.
    """
    raise NotImplementedError


def gradient_of_the_words(X: np.ndarray, w: np.ndarray, b: float, dmaximum: float) -> np.ndarray:
    """Step 3: the gradient of each word's vector when the maximum over time has this gradient.

    Args:
        X: (n, D) a sentence of n words, at least one.
        w: (h, D) the filter.
        b: its bias.
        dmaximum: the gradient of the loss with respect to the maximum over time.

    Returns:
        (n, D) gradient of the loss with respect to X. Of tied windows the first one counts.
    """
    raise NotImplementedError


def sums_of_products(P: np.ndarray, token_ids: np.ndarray) -> np.ndarray:
    """Step 5: the responses of F filters, before the bias, from each different word's products.

    Args:
        P: (U + 1, h, F) what each of U different words adds as the j-th word of a window; the last
            row, for the zero vector outside the sentence, is zero.
        token_ids: (n,) the words of a sentence, as rows of P; at least one.

    Returns:
        (n + h - 1, F) responses, a window a row.
    """
    raise NotImplementedError


def gradient_of_the_products(
    P: np.ndarray, token_ids: np.ndarray, dmaxima: np.ndarray
) -> np.ndarray:
    """Step 7: the gradient of the table of products, from the winning windows alone.

    Args:
        P: (U + 1, h, F) as in :func:`sums_of_products`.
        token_ids: (n,) the words of a sentence, as rows of P; at least one.
        dmaxima: (F,) gradient of the loss with respect to each filter's maximum over time.

    Returns:
        (U + 1, h, F) gradient; what falls on the last row, of no word, does not matter.
    """
    raise NotImplementedError


if __name__ == "__main__":
    import sys

    from examples import end_with_the_reader, exercise_checks

    end_with_the_reader()
    sys.exit(exercise_checks.main(sys.modules[__name__]))
