"""Two cross-validations compared on the same folds."""

from dataclasses import dataclass
from pathlib import Path

from textcnn.evaluation.comparison.comparison import different_options
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.crossval.statistics import (
    Difference,
    Mean,
    mean_interval,
    paired_difference,
)
from textcnn.recipe.config import Config, Value, read_toml
from textcnn.support import read_back
from textcnn.support.errors import UserError


@dataclass(frozen=True)
class FoldsCompared:
    """What two cross-validations found on the same folds.

    Attributes:
        paths: their folders, A and B.
        folds: how many.
        accuracies: of each over the folds.
        difference: of A less B, paired fold by fold.
        options: those that differ, with the values of both.
    """

    paths: tuple[Path, Path]
    folds: int
    accuracies: tuple[Mean, Mean]
    difference: Difference
    options: dict[str, tuple[Value, Value]]


def is_cross_validation(path: Path) -> bool:
    """Whether a path is the folder of a cross-validation."""
    folder = CrossValidationFolder(path)
    return folder.plan.exists() and folder.folds.is_dir()


def compare_folds(a: Path, b: Path) -> FoldsCompared:
    """Compare finished cross-validations by the corrected resampled t-test.

    Args:
        a, b: their folders.

    Raises:
        UserError: one is not finished or is damaged, or they tested other sentences.
    """
    sides = [CrossValidationFolder(path) for path in (a, b)]
    plans = [Plan.load(side.plan) for side in sides]
    if plans[0].fingerprint != plans[1].fingerprint:
        raise UserError(f"{a} and {b}: are of other data, so they cannot be compared")
    found = [_accuracies(side) for side in sides]
    if list(found[0]) != list(found[1]):
        raise UserError(
            f"{a} and {b}: have other folds (--folds, --repeats, --seed, --tokenizer), so they "
            "cannot be compared"
        )
    ours, theirs = (list(accuracies.values()) for accuracies in found)
    share = plans[0].test_to_train
    configs = [Config.from_mapping(read_toml(it.config), str(it.config)) for it in sides]
    return FoldsCompared(
        paths=(a, b),
        folds=len(ours),
        accuracies=(mean_interval(ours, share), mean_interval(theirs, share)),
        difference=paired_difference(ours, theirs, share),
        options=different_options(*configs),
    )


def _accuracies(side: CrossValidationFolder) -> dict[tuple[int, ...], float]:
    """The accuracy of each fold, by its repeat and the rows that it tested."""
    try:
        results = read_back.read_json(side.summary, side.summary.stat().st_size)
        accuracies = {}
        for fold in results["folds"]:
            path = side.folds / f"{int(fold['repeat'])}-{int(fold['fold'])}.json"
            rows = read_back.read_json(path, path.stat().st_size)["rows"]
            key = (int(fold["repeat"]), *(int(row) for row in rows))
            accuracies[key] = read_back.share(fold["accuracy"])
    except FileNotFoundError as error:
        raise UserError(
            f"{side.path}: not finished ({error.filename} is missing); go on with it first"
        ) from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{side.path}: damaged ({error}); run it anew") from error
    return accuracies
