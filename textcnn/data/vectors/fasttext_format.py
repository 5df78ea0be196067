"""Vectors of fastText models, which have one for any word: the mean of its parts' vectors.

Bojanowski et al. (2017), "Enriching Word Vectors with Subword Information": a word's vector is the
mean of its own row, if the model knows the word, and the rows of its character n-grams, which are
hashed into a fixed number of buckets.

gensim's reader of Facebook's ``.bin`` files is not used: it holds the whole model in memory (7 GB
for the published ones) and never returns from a file cut short within its word list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from textcnn.data.vectors.files import Scanner, check_dim, open_vectors, read_rows
from textcnn.data.vectors.word_vectors import WordVectors, no_vectors, quiet_gensim, utf8_rows
from textcnn.support.errors import UserError

MAGIC = (793712314).to_bytes(4, "little")
_VERSIONS = (11, 12)
_MAX_NGRAM = 100


@dataclass(frozen=True)
class _Header:
    dim: int
    buckets: int
    min_n: int
    max_n: int
    words: int


def read_facebook(path: Path, words: Sequence[str]) -> WordVectors:
    """Read vectors from a ``.bin`` file of the fastText tool (not supervised, not quantised).

    A word that the model can build from n-grams is found. Rows are added as they are met in the
    file, so only the result is held in memory.

    Raises:
        UserError: the file is cut short, supervised, quantised or of another version, or its
            numbers are too large.
    """
    with open_vectors(path) as stream:
        scanner = Scanner(stream, path)
        header = _read_header(scanner, path)
        known = _known_words(scanner, header.words, words)
        quantised, row_count, dim = scanner.unpack("<?qq", "its header")
        offset = scanner.position
    if quantised:
        raise UserError(f"{path}: quantised fastText models (.ftz) cannot be read; give the .bin")
    if (row_count, dim) != (header.words + header.buckets, header.dim):
        raise UserError(f"{path}: the sizes it states contradict each other; fetch it again")
    owners = {row: [owner] for row, owner in known.items()} | _ngram_owners(header, words)
    vectors = no_vectors(len(words), dim)
    parts = np.zeros(len(words), dtype=np.int64)
    with np.errstate(over="ignore", invalid="ignore"):  # Looked for once all are added up.
        for number, row in read_rows(path, offset, (row_count, dim), owners):
            for owner in owners[number]:  # twice, where a word has an n-gram twice
                vectors.matrix[owner] += row
                parts[owner] += 1
    np.greater(parts, 0, out=vectors.found)
    vectors.matrix[vectors.found] /= parts[vectors.found, None]
    if not np.isfinite(vectors.matrix).all():
        raise UserError(f"{path}: its numbers are too large to be added up")
    from_parts = int(vectors.found.sum()) - len(known)
    built = f" ({from_parts:,} words not in its list built from sub-words)" if from_parts else ""
    return replace(vectors, source=f"fastText model {path.name}, {dim} d{built}")


def _ngram_owners(header: _Header, words: Sequence[str]) -> dict[int, list[int]]:
    """The numbers of the words in which each bucket's n-grams occur, by the bucket's row."""
    owners: dict[int, list[int]] = {}
    if not header.buckets:
        return owners
    with quiet_gensim():  # gensim is slow to import, so only when it is needed
        from gensim.models.fasttext import ft_ngram_hashes
    for word, owner in utf8_rows(words).items():
        hashes: Iterable[int] = ft_ngram_hashes(
            word.decode("utf-8"), header.min_n, header.max_n, header.buckets
        )
        for bucket in hashes:  # Its row comes after those of the words.
            owners.setdefault(header.words + int(bucket), []).append(owner)
    return owners


def _read_header(scanner: Scanner, path: Path) -> _Header:
    # Matrix sizes, training settings and dictionary sizes, in the order of fastText's args.cc and
    # dictionary.cc; what is not needed here is named with a leading underscore.
    what = "its header"
    scanner.take(len(MAGIC), what)
    version, dim, *_window_to_model, buckets, min_n, max_n = scanner.unpack("<12i", what)
    _update_rate, _sample, entries, words, labels = scanner.unpack("<id3i", what)
    _tokens, pruned = scanner.unpack("<2q", what)
    if version not in _VERSIONS:
        raise UserError(
            f"{path}: fastText models of version {version} cannot be read, only 11 and 12"
        )
    if labels:
        raise UserError(f"{path}: is a fastText classifier; give a model of word vectors instead")
    if pruned > 0:
        raise UserError(f"{path}: quantised fastText models (.ftz) cannot be read; give the .bin")
    if min(words, buckets) < 0 or words < 1 or entries != words:
        raise UserError(f"{path}: the sizes it states contradict each other; fetch it again")
    if not (0 <= min_n <= _MAX_NGRAM and 0 <= max_n <= _MAX_NGRAM):
        raise UserError(f"{path}: states impossible n-gram lengths; fetch it again")
    return _Header(check_dim(dim, path), buckets, min_n, max_n, words)


def _known_words(scanner: Scanner, count: int, words: Sequence[str]) -> dict[int, int]:
    """The row of each of ``words`` that the model's list has, and its number among them."""
    wanted = utf8_rows(words)
    known: dict[int, int] = {}
    for row in range(count):
        where = f"entry {row + 1} of {count} of its word list"
        word = scanner.until(b"\0", where)
        scanner.take(9, where)  # how often it occurs (int64) and that it is a word (int8)
        if word in wanted:
            known[row] = wanted.pop(word)
    return known
