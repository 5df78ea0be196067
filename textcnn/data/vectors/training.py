"""Training word vectors on sentences, with gensim."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from textcnn.data.vectors.word_vectors import WordVectors, no_vectors, quiet_gensim, utf8_rows
from textcnn.support.errors import UserError

_WINDOW = 5
# gensim cuts sentences off after this many words without a word of warning.
_LONGEST_SENTENCE = 10_000
# gensim's default of two million would take 2.4 GB at 300 dimensions; the MR data have 150,000
# different n-grams.
_NGRAM_BUCKETS = 200_000


def train_vectors(
    sentences: Iterable[Sequence[str]],
    words: Sequence[str],
    *,
    algorithm: str,
    dim: int,
    seed: int,
    epochs: int = 10,
) -> WordVectors:
    """Train skip-gram vectors (Mikolov et al. 2013; with n-grams, Bojanowski et al. 2017).

    The same sentences and seed give the same vectors: one thread, and a starting point that does
    not depend on Python's hash seed.

    Args:
        sentences: tokens of each sentence; gone through ``epochs + 1`` times, so a file may be
            streamed by an object that starts afresh each time. A one-shot iterator is kept in
            memory.
        words: V different words whose vectors are wanted.
        algorithm: "word2vec", or "fasttext", which also gives vectors to words that do not occur
            in the sentences (they count as found).
        dim: D, dimensions of a vector.
        seed: of the random numbers.
        epochs: times each sentence is trained on.

    Raises:
        UserError: the sentences hold no words.
    """
    corpus = _Corpus(sentences)
    with quiet_gensim():
        model = _untrained(algorithm, dim, seed)
        model.build_vocab(corpus)
        if not len(model.wv):
            raise UserError("no words to train vectors on: the sentences are empty")
        model.train(corpus, total_examples=model.corpus_count, epochs=epochs)
        vectors = _rows(model.wv, words, dim)
    name = "word2vec" if algorithm == "word2vec" else "fastText"
    source = f"{name} vectors trained on {corpus.sentence_count:,} sentences, {dim} d"
    return replace(vectors, source=source)


class _Corpus:
    """Sentences that can be gone through again, none longer than gensim takes."""

    def __init__(self, sentences: Iterable[Sequence[str]]) -> None:
        one_shot = iter(sentences) is sentences
        self._sentences = list(sentences) if one_shot else sentences
        self.sentence_count = 0

    def __iter__(self) -> Iterator[list[str]]:
        self.sentence_count = 0
        for sentence in self._sentences:
            self.sentence_count += 1
            for start in range(0, len(sentence), _LONGEST_SENTENCE):
                yield list(sentence[start : start + _LONGEST_SENTENCE])


def _untrained(algorithm: str, dim: int, seed: int) -> Any:
    from gensim.models import FastText, Word2Vec  # slow to import, so only when it is needed

    options = {
        "vector_size": dim,
        "window": _WINDOW,
        "sg": 1,  # skip-gram, better than CBOW on little text
        "min_count": 1,
        "workers": 1,  # with more, the order of updates is up to the operating system
        "seed": seed % 2**32,
    }
    if algorithm == "word2vec":
        return Word2Vec(**options)
    return FastText(bucket=_NGRAM_BUCKETS, **options)


def _rows(trained: Any, words: Sequence[str], dim: int) -> WordVectors:
    vectors = no_vectors(len(words), dim)
    for encoded, row in utf8_rows(words).items():
        word = encoded.decode("utf-8")
        if word in trained:  # with fastText: any word
            vectors.matrix[row] = trained.get_vector(word)
            vectors.found[row] = bool(vectors.matrix[row].any())
    return vectors
