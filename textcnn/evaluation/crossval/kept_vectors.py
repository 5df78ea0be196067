"""The vectors of a cross-validation, read once for all of its folds.

A fold reads its vectors once for training and once more for its refit, and files of vectors can be
gigabytes. So those of the words at hand are kept in a small file of their own. Which of them a
fold's network has is up to the vocabulary of its training part, as ever.
"""

from collections.abc import Callable
from pathlib import Path

from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.files import replacing


def reads_vectors(config: Config) -> bool:
    """Whether there are vectors to be read, and not trained or drawn at random."""
    return config.vectors not in (None, "train")


def keep_vectors(
    path: Path, config: Config, data: TokenizedData, report: Callable[[str], None]
) -> None:
    """Write the vectors of the data's words to ``path``, in word2vec's binary format.

    Args:
        path: the file to write.
        config: the options; its ``vectors`` are those to be read.
        data: the sentences.
        report: told, in one line, what was found.

    Raises:
        UserError: they cannot be read, or none of the words has one.
        RunError: they cannot be fetched, or not be written.
    """
    # Imported here: gensim is slow to load, and most cross-validations have no use for it.
    from textcnn.data.vectors import load_vectors

    words = sorted({word for sentence in data.tokens for word in sentence})
    vectors = load_vectors(str(config.vectors), words, report)
    report(f"vectors: {vectors.source}: {vectors.coverage}")
    if not vectors.found.any():
        raise UserError(f"--vectors {config.vectors}: no word of the sentences is in it")
    with replacing(path) as aside, aside.open("wb") as stream:
        stream.write(f"{vectors.found.sum()} {vectors.matrix.shape[1]}\n".encode())
        for row in vectors.found.nonzero()[0]:
            stream.write(words[row].encode() + b" ")
            stream.write(vectors.matrix[row].astype("<f4").tobytes())
