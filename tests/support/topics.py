"""Sentences that have several labels, or none."""

import random
from pathlib import Path

TOPICS = {
    "law": ["court", "judge", "trial"],
    "money": ["bank", "price", "market"],
    "rare": ["lava", "volcano"],
    "sport": ["goal", "match", "team"],
}


OTHER = ["a", "the", "of", "in", "on", "it", "was", "and", "to", "near", "they"]


def topical(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Sentences of no, one or several topics, told by a word each; few are of "rare"."""
    choose, rows = random.Random(seed), {}
    while len(rows) < count:
        size = choose.choices([0, 1, 2, 3], [1, 5, 3, 1])[0]
        labels: set[str] = set()
        while len(labels) < size:
            labels.add(choose.choices(list(TOPICS), [3, 3, 0.4, 2])[0])
        words = choose.choices(OTHER, k=choose.randint(3, 9))
        for label in sorted(labels):
            words.insert(choose.randrange(len(words)), choose.choice(TOPICS[label]))
        rows.setdefault(" ".join(words), "|".join(sorted(labels)))
    return list(rows.items())


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path
