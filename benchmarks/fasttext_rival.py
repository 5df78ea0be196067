"""fastText: trained on the movie reviews, and labelling a file from Python.

As a program, ``python -m benchmarks.fasttext_rival MODEL INPUT OUTPUT`` labels a file.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def train(texts: Sequence[str], labels: Sequence[str], path: Path, threads: int) -> None:
    """Train on word bigrams, 100 numbers a word, and write the model to ``path``.

    The table of bigrams is far smaller than fastText's default, which would only make it slower to
    load and to predict with.
    """
    import fasttext

    lines = path.with_suffix(".txt")
    pairs = zip(labels, texts, strict=True)
    lines.write_text("".join(f"__label__{label} {text}\n" for label, text in pairs), "utf-8")
    model = fasttext.train_supervised(
        str(lines), dim=100, wordNgrams=2, bucket=100_000, epoch=5, thread=threads, verbose=0
    )
    model.save_model(str(path))


def load(path: Path) -> Any:
    """A model from its file."""
    import fasttext

    return fasttext.load_model(str(path))


def label_file(model: Any, source: Path, target: Path) -> None:
    """Write the most probable label of each line of ``source`` to ``target``."""
    lines = source.read_text("utf-8").split("\n")[:-1]
    labels, _ = model.predict(lines)
    prefix = len("__label__")
    target.write_text("".join(f"{best[prefix:]}\n" for (best,) in labels), "utf-8")


if __name__ == "__main__":
    label_file(load(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]))
