"""The word vectors that the networks of a run begin with."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textcnn.core.tokenizers import find_tokenizer
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.datasets.text_files import decode, read_bytes, split_lines
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError

if TYPE_CHECKING:  # gensim is slow to load, and most runs have no use for it.
    from textcnn.data.vectors import WordVectors


class StartVectors:
    """Vectors from a file, or trained first, for one network after another.

    A file of vectors can be gigabytes, and each half of each network's training asks for some. It
    is read when first asked, for every word of the train and dev parts; which of them a network
    has is up to its vocabulary, as ever.
    """

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._read: WordVectors | None = None

    def of(
        self,
        config: Config,
        data: TokenizedData,
        vocabulary: Vocabulary,
        train_tokens: Iterable[Sequence[str]],
        rng: np.random.Generator,
        report: Report,
    ) -> np.ndarray | None:
        """(V, D) vectors to start from, or None where the options ask for none.

        Args:
            config: the options; the same ones at each call.
            data: the sentences; the same ones at each call.
            vocabulary: V words, of the training sentences.
            train_tokens: those sentences.
            rng: words without a vector are drawn from it.
            report: told, in one line, what was found.

        Raises:
            UserError: the vectors cannot be read, or none of the words has one.
            RunError: they cannot be fetched.
        """
        if config.vectors is None:
            return None
        from textcnn.data.vectors import fill_unknown

        if config.vectors == "train":
            vectors = _trained(config, vocabulary, train_tokens, report)
        else:
            vectors = self._from_file(config.vectors, data, vocabulary, report)
        report(f"vectors: {vectors.source}: {vectors.coverage}")
        if not vectors.found.any():
            raise UserError(
                f"--vectors {config.vectors}: no word of the training sentences is in it"
            )
        return fill_unknown(vectors, rng)

    def _from_file(
        self, source: str, data: TokenizedData, vocabulary: Vocabulary, report: Report
    ) -> "WordVectors":
        if self._read is None:
            from textcnn.data.vectors import load_vectors

            tokens = data.tokens.take(data.everything_but_test).counts()
            words = sorted({*vocabulary.words, *tokens})
            self._rows = {word: row for row, word in enumerate(words)}
            self._read = load_vectors(source, words, report)
        return self._read.of([self._rows[word] for word in vocabulary.words])


def _trained(
    config: Config, vocabulary: Vocabulary, train_tokens: Iterable[Sequence[str]], report: Report
) -> "WordVectors":
    from textcnn.data.vectors import train_vectors

    sentences: Iterable[Sequence[str]] = train_tokens
    if config.vectors_text is not None:
        path = Path(config.vectors_text)
        tokenize = find_tokenizer(config.tokenizer)
        lines = split_lines(decode(read_bytes(path), path, config.encoding, report))
        sentences = [tokens for tokens in map(tokenize, lines) if tokens]
    report(f"training {config.vectors_algorithm} vectors first …")
    return train_vectors(
        sentences,
        vocabulary.words,
        algorithm=config.vectors_algorithm,
        dim=config.embedding_dim,
        seed=config.seed,
    )
