"""The reading path of docs/architecture.md, with lines and minutes: ``python -m docs.pages``."""

from collections.abc import Iterable
from pathlib import Path

from docs.pages import CLONE

LINES_A_MINUTE = 20
"""Read, not skimmed."""

PATH = {
    "textcnn/reference.py": "convolution and pooling as loops, formula by formula",
    "docs/how-it-works.md": "from these loops to the fast kernel, in seven steps with a pencil",
    "textcnn/core/sentences.py": "how a batch is laid out: one sentence after another",
    "textcnn/core/gradients.py": "what a backward pass returns: arrays, or a few rows of a table",
    "textcnn/core/layers/": "the loops as NumPy, a layer a file: each returns its output and its "
    "own backward pass; the letters of all shapes stand in its `__init__.py`",
    "textcnn/core/architecture.py": "the parameters: names, shapes, first values",
    "textcnn/core/plain_network.py": "the network in the order of the paper",
    "textcnn/core/layers/convolve_and_pool.py": "the fast kernel: steps 5 to 7 of how it works",
    "textcnn/core/network.py": "the same network with it",
    "textcnn/core/objective.py": "loss and probabilities, of one class a sentence or of several",
    "textcnn/core/step.py": "one training step, short of the update",
    "textcnn/core/optimizers.py": "Adam, Adadelta and SGD",
    "textcnn/core/progress.py": "where training stands, and the events that tell of it",
    "textcnn/core/trainer.py": "the loop, as a generator of events",
    "textcnn/core/vocabulary.py": "tokens to token ids",
    "examples/kim.py": "all of this at work: Kim's network on the movie reviews",
    "textcnn/recipe/ngrams/expert.py": "beyond the paper: the linear model of n-grams",
    "textcnn/recipe/fusion.py": "how far each of the two is trusted",
}
"""What to read, in this order, and what it is."""


def lines_of(name: str) -> int:
    """How many lines a file has, or those modules of a folder that the path does not name."""
    path = CLONE / name
    files: Iterable[Path] = path.rglob("*.py") if path.is_dir() else [path]
    apart = {CLONE / other for other in PATH if other != name}
    return sum(len(file.read_text("utf-8").splitlines()) for file in files if file not in apart)


def reading_path() -> str:
    """The table, lines rounded to tens so that it does not change with every commit."""
    counts = {name: round(lines_of(name), -1) for name in PATH}
    table = ["| | read | it is | lines | minutes |", "|---|---|---|---|---|"]
    for number, (name, what) in enumerate(PATH.items(), 1):
        link = name.removeprefix("docs/") if name.startswith("docs/") else f"../{name}"
        lines = counts[name]
        table.append(f"| {number} | [`{name}`]({link}) | {what} | {lines} | {minutes(lines)} |")
    total = sum(counts.values())
    table.append(f"| | all of it | | {total} | {minutes(total)} |")
    return "\n".join(table) + "\n"


def minutes(lines: int) -> int:
    """How long so many lines take to read."""
    return max(1, round(lines / LINES_A_MINUTE))
