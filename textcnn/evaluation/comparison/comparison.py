"""Two models' answers to the same sentences, and what comes of them."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from textcnn.evaluation.comparison.mcnemar import McNemar, Paired, difference_interval, mcnemar_test
from textcnn.evaluation.comparison.shared_sentences import Sentences, Side
from textcnn.evaluation.scores import wilson_interval
from textcnn.recipe.config import Config, Value


@dataclass(frozen=True)
class Comparison:
    """What came of it.

    Attributes:
        sides: A and B.
        sentences: the N sentences.
        names: of the C labels.
        answers: (2, N) the classes that A and B answer.
        sureness: (2, N) their probabilities.
        paired: the sentences by who was right.
        test: whether the difference could be chance.
        interval: 95 % interval of A's accuracy minus B's.
    """

    sides: list[Side]
    sentences: Sentences
    names: list[str]
    answers: np.ndarray
    sureness: np.ndarray
    paired: Paired
    test: McNemar
    interval: tuple[float, float]

    @classmethod
    def of(cls, sides: list[Side], sentences: Sentences) -> "Comparison":
        """Let both answer."""
        names = sides[0].classifier.labels
        number = {name: index for index, name in enumerate(names)}
        true = np.array([number[label] for label in sentences.labels])
        answers, sureness = [], []
        for side in sides:
            columns = [side.classifier.labels.index(name) for name in names]
            probabilities = side.classifier.predict_proba(sentences.texts)[:, columns]
            answers.append(probabilities.argmax(axis=1))
            sureness.append(probabilities.max(axis=1))
        paired = Paired.of(answers[0] == true, answers[1] == true)
        return cls(
            sides,
            sentences,
            names,
            np.array(answers),
            np.array(sureness),
            paired,
            mcnemar_test(paired),
            difference_interval(paired),
        )

    def flipped(self) -> np.ndarray:
        """Rows of the sentences that get another answer; both together surest of it first."""
        rows = np.flatnonzero(self.answers[0] != self.answers[1])
        return rows[np.argsort(-self.sureness[:, rows].sum(axis=0), kind="stable")]

    def accuracies(self) -> list[tuple[str, int, tuple[float, float]]]:
        """Of A and B: the name, how many were right, the 95 % interval."""
        paired = self.paired
        return [
            (name, right, wilson_interval(right, paired.count))
            for name, right in (("A", paired.right_a), ("B", paired.right_b))
        ]

    def different_options(self) -> dict[str, tuple[Value, Value]]:
        """Options whose values are not the same, by name, with A's and B's."""
        return different_options(*(side.config for side in self.sides))


def different_options(a: Config, b: Config) -> dict[str, tuple[Value, Value]]:
    """Options whose values are not the same, by name, with both values."""
    ours, theirs = vars(a.resolved()), vars(b.resolved())
    names = [field.name for field in dataclasses.fields(Config)]
    return {name: (ours[name], theirs[name]) for name in names if ours[name] != theirs[name]}
