"""Pretrained word vectors: from files, packages or gensim's downloader, or trained first.

Files are told apart by what they hold, whatever they are called; each may be gzip-compressed:

- word2vec, text and binary (fastText ``.vec`` files are word2vec text);
- GloVe text;
- fastText ``.bin`` models, which have vectors for words outside their list too;
- a folder of model2vec, such as a potion model's.

What gensim itself saves is a pickle, and refused with the line that converts it.

Words match exactly as written; nothing is lower-cased.
"""

import os
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from pathlib import Path

from textcnn.data.datasets.download import download_cache
from textcnn.data.datasets.foreign_formats import LONGEST_MAGIC, refuse_foreign
from textcnn.data.datasets.text_files import wide_encoding
from textcnn.data.vectors import fasttext_format
from textcnn.data.vectors.fasttext_format import read_facebook
from textcnn.data.vectors.files import open_vectors
from textcnn.data.vectors.model2vec_format import is_model2vec, read_model2vec
from textcnn.data.vectors.named import PACKAGED, fetch_named, fetch_packaged
from textcnn.data.vectors.training import train_vectors
from textcnn.data.vectors.word2vec_format import parse_header, read_word2vec
from textcnn.data.vectors.word_vectors import WordVectors, fill_unknown
from textcnn.support.errors import UserError

__all__ = [
    "WordVectors",
    "fill_unknown",
    "load_vectors",
    "train_vectors",
]


def load_vectors(
    source: str,
    words: Sequence[str],
    report: Callable[[str], None] = lambda line: None,
    cache: Path | None = None,
) -> WordVectors:
    """Read the vectors of ``words``; only these are kept in memory.

    Args:
        source: a path, a name of :data:`textcnn.data.vectors.named.PACKAGED` ("glove-6b-100d"), or
            one known to gensim's downloader ("word2vec-google-news-300").
        words: V different words.
        report: is given a line before anything that takes long, and one where words come twice.
        cache: the folder where vectors from packages are kept; by default that of
            :func:`textcnn.data.datasets.download.download_cache`.

    Raises:
        UserError: there is no such file or name, or the file cannot be read as vectors; the
            message names the file, and the line or row where there is one.
        RunError: the network failed, or the disk is full.
    """
    path = Path(source)
    if not os.path.lexists(path):
        if source in PACKAGED:
            path = fetch_packaged(source, cache or download_cache(), report)
        else:
            path = fetch_named(source, report)
    if is_model2vec(path):
        report(f"reading vectors from {path}")
        return read_model2vec(path, words)
    if not path.is_file():
        raise UserError(
            f"{path}: not a file of vectors, nor a folder of model2vec "
            "(model.safetensors and tokenizer.json); give the path of one"
        )
    report(f"reading vectors from {path}")
    with open_vectors(path) as stream:
        start = stream.read(4)
        stream.seek(0)
        if not start:
            raise UserError(f"{path}: the file is empty")
        if start == fasttext_format.MAGIC:
            return read_facebook(path, words)
        if start[0] == 0x80:  # how pickles of protocol 2 and later begin, and UTF-8 never does
            raise UserError(
                f"{path}: a pickle, such as gensim saves, which could run anything; if you trust "
                f"it, convert it: KeyedVectors.load({path.name!r}).save_word2vec_format("
                "'vectors.bin', binary=True)"
            )
        beginning = stream.read(LONGEST_MAGIC)
        refuse_foreign(beginning, path)
        encoding = wide_encoding(beginning)
        if encoding is not None and parse_header(beginning.partition(b"\n")[0]) is None:
            raise UserError(f"{path}: text in {encoding.upper()}; save it as UTF-8")
        stream.seek(len(BOM_UTF8) if start.startswith(BOM_UTF8) else 0)
        return read_word2vec(stream, path, words, report)
