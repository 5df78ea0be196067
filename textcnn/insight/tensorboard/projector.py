"""The word vectors, for TensorBoard's embedding projector."""

import json
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from textcnn.support.files import replace_text, replacing
from textcnn.support.text import printable
from textcnn.training.checkpoint import Checkpoint

MOST_WORDS = 10_000
"""Words that are shown, the most frequent: as many as the projector's t-SNE takes, and what is
rarer has hardly been trained."""

MOST_NUMBERS = 3_000_000
"""Numbers in a file of vectors, 12 MB: fewer words are shown where vectors are long."""


def write_projector(folder: Path, checkpoint: Checkpoint, counts: csr_array) -> None:
    """Write ``words.tsv``, a file of vectors for each channel, and what the projector opens.

    Of several networks, the first one's.

    Args:
        folder: of an event file, which TensorBoard lists as a run.
        checkpoint: whose words; the unknown word is left out.
        counts: (V, C) how often each word stands in training sentences of each class.

    Raises:
        RunError: writing failed, for instance because the disk is full.
    """
    sizes = checkpoint.architecture
    number = min(MOST_WORDS, max(MOST_NUMBERS // sizes.embedding_dim, 1))
    # Those that training sentences hold come first already, but for a network that went on.
    totals = np.asarray(counts.sum(axis=1)).ravel()
    frequent = 1 + np.argsort(-totals[1:], kind="stable")[:number]
    replace_text(folder / "words.tsv", _table(checkpoint, counts, frequent))
    embeddings = []
    for name in sizes.channels:
        file = f"{name.replace('/', '-')}.bin"
        vectors = checkpoint.networks[0][name][frequent]
        _write_vectors(folder / file, vectors)
        embeddings.append(_embedding(name, file, vectors.shape))
    replace_text(folder / "projector_config.pbtxt", "".join(embeddings))


def _table(checkpoint: Checkpoint, counts: csr_array, words: np.ndarray) -> str:
    """A header and a line for each word, in columns parted by tabs."""
    rows = counts[words]
    classes, most = rows.argmax(axis=1), rows.max(axis=1).toarray()
    totals = np.maximum(rows.sum(axis=1), 1)
    labels = [printable(label) for label in checkpoint.labels]
    lines = ["word\ttimes in training\tmost often with\tshare\n"]
    for word, index, times, total in zip(
        words.tolist(), classes.tolist(), most.tolist(), totals.tolist(), strict=True
    ):
        name = printable(checkpoint.vocabulary.words[word])
        lines.append(f"{name}\t{total}\t{labels[index]}\t{times / total:.3f}\n")
    return "".join(lines)


def _write_vectors(path: Path, vectors: np.ndarray) -> None:
    """Write them as float32, row by row."""
    content = bytearray(vectors.astype("<f4").tobytes())
    # TensorBoard takes a file for text until it finds it is not. No text in UTF-8 begins with this
    # byte, the last of the first number's mantissa, which it changes by less than 2e-5 of itself.
    content[:1] = b"\xff"
    with replacing(path) as aside:
        aside.write_bytes(content)


def _embedding(name: str, file: str, shape: tuple[int, ...]) -> str:
    """An entry of the projector's configuration, a protocol buffer as text."""
    lines = [
        f"  tensor_name: {json.dumps(name)}",
        f"  tensor_path: {json.dumps(file)}",
        *(f"  tensor_shape: {size}" for size in shape),
        '  metadata_path: "words.tsv"',
    ]
    return "\n".join(["embeddings {", *lines, "}\n"])
