"""Vectors of fastText models, which have one for any word: the mean of its parts' vectors.

Bojanowski et al. (2017), "Enriching Word Vectors with Subword Information": a word's vector is the
mean of its own row, if the model knows the word, and the rows of its character n-grams, which are
hashed into a fixed number of buckets.

gensim's reader of Facebook's ``.bin`` files is not used: it holds the whole model in memory (7 GB
for the published ones) and never returns from a file cut short within its word list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from textcnn.data.vectors.files import Opener, Scanner, StoredMatrix, check_dim, open_vectors
from textcnn.data.vectors.quiet_gensim import quiet_gensim
from textcnn.data.vectors.word_vectors import WordVectors, no_vectors, utf8_rows
from textcnn.support.errors import UserError

MAGIC = (793712314).to_bytes(4, "little")
_VERSIONS = (11, 12)
_MAX_NGRAM = 100


@dataclass(frozen=True)
class SubwordModel:
    """What is needed of a fastText model to compute vectors.

    Attributes:
        known: the row in ``word_rows`` of each known word among those asked for.
        word_rows: one row for each word the model knows.
        ngram_rows: one row for each bucket, or None in a model without n-grams.
        min_n: characters of the shortest n-grams.
        max_n: characters of the longest n-grams.
    """

    known: dict[str, int]
    word_rows: StoredMatrix
    ngram_rows: StoredMatrix | None
    min_n: int
    max_n: int


@dataclass(frozen=True)
class _FacebookHeader:
    dim: int
    buckets: int
    min_n: int
    max_n: int
    words: int


def read_facebook(path: Path, words: Sequence[str]) -> WordVectors:
    """Read vectors from a ``.bin`` file of the fastText tool (not supervised, not quantised).

    Raises:
        UserError: the file is cut short, supervised, quantised or of another version.
    """
    with open_vectors(path) as stream:
        scanner = Scanner(stream, path)
        header = _facebook_header(scanner, path)
        known = _facebook_known(scanner, header.words, words)
        quantised, row_count, dim = scanner.unpack("<?qq", "its header")
        offset = scanner.position
    if quantised:
        raise UserError(f"{path}: quantised fastText models (.ftz) cannot be read; give the .bin")
    if (row_count, dim) != (header.words + header.buckets, header.dim):
        raise UserError(f"{path}: the sizes it states contradict each other; fetch it again")
    opener = partial(open_vectors, path)
    model = SubwordModel(
        known=known,
        word_rows=_matrix(path, opener, offset, header.words, dim),
        ngram_rows=_matrix(path, opener, offset + 4 * dim * header.words, header.buckets, dim)
        if header.buckets
        else None,
        min_n=header.min_n,
        max_n=header.max_n,
    )
    return compose(model, words, f"fastText model {path.name}")


def compose(model: SubwordModel, words: Sequence[str], source: str) -> WordVectors:
    """Compute the vectors of ``words``; one that the model can build from n-grams is found.

    The rows are added as they are met in the file, so only the result is held in memory.
    """
    vectors = no_vectors(len(words), model.word_rows.shape[1])
    parts = np.zeros(len(words), dtype=np.int64)
    position = {word: row for row, word in enumerate(words)}
    own = {number: [position[word]] for word, number in model.known.items()}
    _add_rows(vectors, parts, model.word_rows, own)
    if model.ngram_rows is not None:
        _add_rows(vectors, parts, model.ngram_rows, _ngram_owners(model, utf8_rows(words)))
    np.greater(parts, 0, out=vectors.found)
    vectors.matrix[vectors.found] /= parts[vectors.found, None]
    if not np.isfinite(vectors.matrix).all():
        raise UserError(f"{model.word_rows.name}: its numbers are too large to be added up")
    from_parts = int(vectors.found.sum()) - len(model.known)
    built = f" ({from_parts:,} words not in its list built from sub-words)" if from_parts else ""
    return replace(vectors, source=f"{source}, {vectors.matrix.shape[1]} d{built}")


def check_ngrams(min_n: object, max_n: object, path: Path) -> tuple[int, int]:
    """Return the n-gram lengths if they make sense, else raise a UserError."""
    match min_n, max_n:
        case (int(), int()) if 0 <= min_n <= _MAX_NGRAM and 0 <= max_n <= _MAX_NGRAM:
            return min_n, max_n
    raise UserError(f"{path}: states impossible n-gram lengths; fetch it again")


def _add_rows(
    vectors: WordVectors,
    parts: npt.NDArray[np.int64],
    stored: StoredMatrix,
    owners: dict[int, list[int]],
) -> None:
    """Add each stored row to the vectors of its owners, and count it as one of their parts."""
    with np.errstate(over="ignore", invalid="ignore"):  # Looked for once all are added up.
        for number, row in stored.rows(list(owners)):
            for owner in owners[number]:  # twice, where a word has an n-gram twice
                vectors.matrix[owner] += row
                parts[owner] += 1


def _ngram_owners(model: SubwordModel, rows: dict[bytes, int]) -> dict[int, list[int]]:
    """The rows of the words in which each bucket's n-grams occur."""
    assert model.ngram_rows is not None
    with quiet_gensim():  # gensim is slow to import, so only when it is needed
        from gensim.models.fasttext import ft_ngram_hashes
    owners: dict[int, list[int]] = {}
    for word, row in rows.items():
        text = word.decode("utf-8")
        hashes: Iterable[int] = ft_ngram_hashes(
            text, model.min_n, model.max_n, model.ngram_rows.shape[0]
        )
        for bucket in hashes:
            owners.setdefault(int(bucket), []).append(row)
    return owners


def _facebook_header(scanner: Scanner, path: Path) -> _FacebookHeader:
    # Matrix sizes, training settings and dictionary sizes, in the order of fastText's args.cc and
    # dictionary.cc; what is not needed here is named with a leading underscore.
    what = "its header"
    scanner.take(len(MAGIC), what)
    version, dim, _window, _epoch, _min_count, _negative = scanner.unpack("<6i", what)
    _word_ngrams, _loss, _model, buckets, min_n, max_n = scanner.unpack("<6i", what)
    _update_rate, _sample = scanner.unpack("<id", what)
    entries, words, labels = scanner.unpack("<3i", what)
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
    check_ngrams(min_n, max_n, path)
    return _FacebookHeader(check_dim(dim, path), buckets, min_n, max_n, words)


def _facebook_known(scanner: Scanner, count: int, words: Sequence[str]) -> dict[str, int]:
    """Read the list of the model's words; return the row of each that is among ``words``."""
    wanted = utf8_rows(words)
    known: dict[str, int] = {}
    for row in range(count):
        where = f"entry {row + 1} of {count} of its word list"
        word = scanner.until(b"\0", where)
        scanner.take(9, where)  # how often it occurs (int64) and that it is a word (int8)
        if word in wanted:
            known.setdefault(words[wanted[word]], row)
    return known


def _matrix(path: Path, opener: Opener, offset: int, rows: int, dim: int) -> StoredMatrix:
    return StoredMatrix(str(path), opener, offset, np.dtype("<f4"), (rows, dim))
