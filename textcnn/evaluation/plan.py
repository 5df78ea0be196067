"""What a cross-validation or a search is to do, beside the options of training."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from textcnn.recipe.config import Options
from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text
from textcnn.support.result_folder import WHERE_DATA_IS

LARGEST_NUMBER = 100_000
"""Trials, folds or repeats that a plan may ask for."""


@dataclass(frozen=True)
class Plan(Options):
    """The options of a command besides those of training, kept as JSON in its folder.

    It is sealed together with ``config.toml``, which stands beside it, so that nothing is gone on
    with once either is another, but for :data:`WHERE_DATA_IS`; and results are sealed with the
    plan's seal.

    Attributes:
        fingerprint: SHA-256 of all data.
    """

    fingerprint: str = ""

    def save(self, path: Path) -> None:
        """Write it; the options of training are there already."""
        replace_text(path, json.dumps(self.sealed(path), indent=2) + "\n")

    def sealed(self, path: Path) -> dict[str, Any]:
        """What is to be in the file."""
        values = dataclasses.asdict(self)
        seal = read_back.seal(_without_places(values), _options(path))[read_back.SEAL]
        return {**values, read_back.SEAL: seal}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it back.

        Raises:
            UserError: the file is not such a plan.
        """
        try:
            values = read_back.read_json(path)
            seal = values.pop(read_back.SEAL, None)
            plan = cls.from_mapping(values, path.name)
            if seal != plan.sealed(path)[read_back.SEAL]:
                raise ValueError(f"{read_back.SEAL} is not that of both")
        except (OSError, ValueError, TypeError, AttributeError, UserError) as error:
            raise UserError(
                f"{path}: damaged, or config.toml is not the one it was made with ({error}); "
                "restore it, or start anew"
            ) from error
        return plan


def _options(plan: Path) -> str:
    """The options of training that stand beside a plan."""
    options = read_back.read_toml(plan.with_name("config.toml"))
    return json.dumps(_without_places(options), sort_keys=True)


def _without_places(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in WHERE_DATA_IS}
