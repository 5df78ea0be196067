"""Sentences with labels of which some may stand nowhere among them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from textcnn.data.tokenized_data import TokenizedData


@dataclass(frozen=True)
class DeclaredLabels(TokenizedData):
    """The same sentences, their labels told and not gathered.

    Attributes:
        declared: all labels that a network for them has.
    """

    declared: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: TokenizedData, labels: Sequence[str]) -> "DeclaredLabels":
        """``data``, whose labels are among these."""
        fields = {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
        return cls(**{**fields, "declared": tuple(labels)})

    @property
    def label_names(self) -> list[str]:
        """The labels, in the order of their classes."""
        return sorted(self.declared)
