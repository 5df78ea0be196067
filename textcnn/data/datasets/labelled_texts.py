"""What every reader of training data returns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelledTexts:
    """Sentences and their labels, row by row, as read and before any cleaning.

    Attributes:
        texts: N sentences.
        labels: N label names, ``labels[i]`` belonging to ``texts[i]``.
        source: one line that says where they came from, for summaries.
    """

    texts: list[str]
    labels: list[str]
    source: str

    def __len__(self) -> int:
        return len(self.texts)
