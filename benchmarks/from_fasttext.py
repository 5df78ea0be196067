"""fastText's three commands on the movie reviews, and ours in their place.

    python -m benchmarks.from_fasttext FOLDER [--fasttext PYTHON]

Writes ``reviews.train`` and ``reviews.valid``, every tenth review, in fastText's format to FOLDER.
Then trains, tests and predicts with both: with fastText in the Python that has its package.
"""

import argparse
import os
import random
import subprocess
import sys
from pathlib import Path

from textcnn.data.datasets.corpus import load_corpus
from textcnn.recipe.config import Config

SENTENCE = "a gorgeous , witty film"

FASTTEXT = f"""
import fasttext
model = fasttext.train_supervised("reviews.train", lr=1.0, epoch=25, wordNgrams=2, verbose=0)
count, precision, recall = model.test("reviews.valid")
print(f"N {{count}}  P@1 {{precision:.3f}}  R@1 {{recall:.3f}}")
labels, shares = model.predict({SENTENCE!r}, k=2)
print(*(f"{{label}} {{share:.4f}}" for label, share in zip(labels, shares)))
"""
"""``supervised``, ``test`` and ``predict-prob``, with the options of fastText's tutorial."""

OURS = (
    ("train", "--data", "reviews.train", "--test-data", "reviews.valid", "--out", "model"),
    ("eval", "model", "--data", "reviews.valid", "--top-k", "1"),
    ("classify", "model", "--top-k", "2", SENTENCE),
)


def write_reviews(folder: Path) -> None:
    """The movie reviews in fastText's format, each tenth for testing."""
    corpus = load_corpus(Config(), lambda line: None)
    lines = [
        f"__label__{label} {text}\n"
        for label, text in zip(corpus.labels, corpus.texts, strict=True)
    ]
    random.Random(0).shuffle(lines)  # fastText takes them as they come.
    parts = {"valid": lines[::10], "train": [line for n, line in enumerate(lines) if n % 10]}
    for name, part in parts.items():
        (folder / f"reviews.{name}").write_text("".join(part), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fasttext", metavar="PYTHON", help="A Python with the package fasttext.")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    write_reviews(given.folder)
    calls = [(sys.executable, "-m", "textcnn", *words) for words in OURS]
    if given.fasttext:
        calls.insert(0, (given.fasttext, "-c", FASTTEXT))
    for call in calls:
        before = os.times()
        done = subprocess.run(call, cwd=given.folder, capture_output=True, text=True, check=True)
        after = os.times()
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
        name = "fastText" if call[1] == "-c" else " ".join(call[2:])
        print(f"## {name}  ({used:.0f} processor seconds)\n{done.stdout}")


if __name__ == "__main__":
    main()
