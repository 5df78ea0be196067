"""Pretrained vectors of a vocabulary's words, and what to do with the words that have none."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@contextlib.contextmanager
def quiet_gensim() -> Iterator[None]:
    """Silence gensim inside the ``with`` block, where it should also be imported.

    gensim logs advice meant for its own users ("under 10 jobs per worker"), and importing it can
    bring up deprecation warnings of scipy; neither says anything a user of ours could act on.
    """
    logger = logging.getLogger("gensim")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors of V words, row by row.

    Attributes:
        matrix: (V, D) float32; the rows of words not found are zero.
        found: (V,) bool, which words have a vector.
        source: one line that says where they came from, for summaries.
    """

    matrix: npt.NDArray[np.float32]
    found: npt.NDArray[np.bool_]
    source: str

    @property
    def coverage(self) -> str:
        """How many words have a vector, such as ``17,380 of 18,764 words (92.6 %)``."""
        total, known = len(self.found), int(self.found.sum())
        share = 100 * known / total if total else 0.0
        return f"{known:,} of {total:,} words ({share:.1f} %)"

    def take(self, row: int, vector: npt.NDArray[np.float32]) -> bool:
        """Fill a row, unless it has been; return whether it had not."""
        new = not self.found[row]
        if new:
            self.matrix[row], self.found[row] = vector, True
        return new

    def of(self, rows: Sequence[int]) -> "WordVectors":
        """The vectors of some of the words, by their rows, in this order."""
        return WordVectors(self.matrix[rows], self.found[rows], self.source)


def no_vectors(word_count: int, dim: int) -> WordVectors:
    """Vectors of ``word_count`` words none of which has been found yet, for a reader to fill."""
    matrix = np.zeros((word_count, dim), dtype=np.float32)
    return WordVectors(matrix, np.zeros(word_count, dtype=np.bool_), source="")


def utf8_rows(words: Sequence[str]) -> dict[bytes, int]:
    """The row of each word by its UTF-8 bytes, so that files need no decoding to be searched.

    A word in a file that is not UTF-8 then simply matches nothing. Words of ours that UTF-8
    cannot hold (lone surrogates, from undecodable input) are left out for the same reason.
    """
    rows: dict[bytes, int] = {}
    for row, word in enumerate(words):
        try:
            rows[word.encode("utf-8")] = row
        except UnicodeEncodeError:
            continue
    return rows


def fill_unknown(
    vectors: WordVectors, rng: np.random.Generator, scale: float = 0.25
) -> npt.NDArray[np.float32]:
    """Copy the vectors, with the rows not found drawn uniformly from (-scale, scale).

    Kim (2014, section 4.3) found it slightly better to draw unknown words from U(-a, a) with a
    such that they have the same variance as the pretrained ones; his code uses a = 0.25, which
    fits word2vec's Google News vectors (a uniform variable's variance is a**2 / 3).

    Args:
        vectors: V words of dimension D.
        rng: where the random numbers come from; one (V - found, D) block is drawn.
        scale: the largest absolute value.

    Returns:
        (V, D) float32, a new array.
    """
    filled = vectors.matrix.copy()
    missing = ~vectors.found
    shape = (int(missing.sum()), filled.shape[1])
    filled[missing] = rng.uniform(-scale, scale, size=shape)
    return filled
