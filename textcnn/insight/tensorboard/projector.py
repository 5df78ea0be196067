"""The word vectors, for TensorBoard's embedding projector."""

import json
import math
from pathlib import Path

import numpy as np

from textcnn.recipe.ngrams.item_counts import ItemCounts
from textcnn.support.files import replace_text, replacing
from textcnn.support.text import printable
from textcnn.training.checkpoint import Checkpoint

MOST_WORDS = 10_000
"""Words that are shown, the most frequent: as many as the projector's t-SNE takes, and what is
rarer has hardly been trained."""

MOST_NUMBERS = 3_000_000
"""Numbers in a file of vectors, 12 MB: fewer words are shown where vectors are long."""

CLEARLY = math.log(2) / 2
"""How strongly a word speaks for a label at least; of two labels, one is then twice as likely."""

NO_LABEL = "no label"
"""What a word speaks for that speaks for none clearly."""


def write_projector(folder: Path, checkpoint: Checkpoint, counts: ItemCounts) -> None:
    """Write ``words.tsv``, a file of vectors for each channel, and what the projector opens.

    Of several networks, the first one's.

    Args:
        folder: of an event file, which TensorBoard lists as a run.
        checkpoint: whose words; the unknown word is left out.
        counts: of its other words, in training.

    Raises:
        RunError: writing failed, for instance because the disk is full.
    """
    sizes = checkpoint.architecture
    number = min(MOST_WORDS, max(MOST_NUMBERS // sizes.embedding_dim, 1))
    # Those that training sentences hold come first already, but for a network that went on.
    frequent = np.argsort(-counts.counts.sum(axis=1), kind="stable")[:number]
    replace_text(folder / "words.tsv", _table(checkpoint, counts, frequent))
    embeddings = []
    for name in sizes.channels:
        file = f"{name.replace('/', '-')}.bin"
        vectors = checkpoint.parameters[name][1 + frequent]
        _write_vectors(folder / file, vectors)
        embeddings.append(_embedding(name, file, vectors.shape))
    replace_text(folder / "projector_config.pbtxt", "".join(embeddings))


def _table(checkpoint: Checkpoint, counts: ItemCounts, rows: np.ndarray) -> str:
    """A header and a line for each word, in columns parted by tabs."""
    sentences = counts.counts.sum(axis=1) if counts.sentences is None else counts.sentences
    values = counts.log_likelihoods()
    classes = values.argmax(axis=1)
    strengths = values.max(axis=1)
    labels = [printable(label) for label in checkpoint.labels]
    lines = ["word\tsentences\tspeaks for\thow strongly\n"]
    for row in rows.tolist():
        word, strength = printable(checkpoint.vocabulary.words[1 + row]), strengths[row]
        label = labels[classes[row]] if strength >= CLEARLY else NO_LABEL
        lines.append(f"{word}\t{sentences[row]}\t{label}\t{strength:.3f}\n")
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
