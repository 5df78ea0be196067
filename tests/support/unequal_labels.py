"""Sentences of which one label is rare."""

import random

from textcnn.data.datasets.labelled_texts import LabelledTexts


def unequal(count: int, seed: int) -> LabelledTexts:
    """One sentence in twenty is an alarm, and is told by a word that others may have too."""
    choose, texts, labels = random.Random(seed), [], []
    for number in range(count):
        alarm = number % 20 == 0
        words = choose.choices([f"word{n}" for n in range(40)], k=8)
        if choose.random() < (0.8 if alarm else 0.1):
            words[choose.randrange(8)] = choose.choice(["smoke", "fire", "alert"])
        texts.append(" ".join(words))
        labels.append("alarm" if alarm else "calm")
    return LabelledTexts(texts, labels, "generated")
