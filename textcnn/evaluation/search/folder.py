"""A search's folder.

=================  =====================================================================
``config.toml``    the options of training that it began with
``plan.json``      the options of the search
``journal.jsonl``  every trial, as Optuna writes them (its dashboard can read the file)
``trials.csv``     a line a trial
``best.toml``      the best setting, for ``textcnn train --config``
``vectors.bin``    with ``--vectors``, those of the words at hand
=================  =====================================================================
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from textcnn.evaluation import plan
from textcnn.recipe.config import option
from textcnn.support.result_folder import ResultFolder

_planned = functools.partial(option, "Search", maximum=plan.LARGEST_NUMBER)


@dataclass(frozen=True)
class Plan(plan.Plan):
    """The options of ``textcnn search`` itself."""

    trials: int = _planned(30, "Settings to try.", minimum=1)
    folds: int = _planned(3, "Divisions into train and dev that a setting is scored on.", minimum=2)
    nested: int = _planned(
        0,
        "Also search anew inside each of so many outer folds and test the winners there: the best "
        "of many dev scores is too good to be what new sentences will give.",
        minimum=0,
    )
    vary: tuple[str, ...] = _planned(
        (),
        "An option and its values: dropout=0.3:0.7, learning_rate=1e-4:1e-2:log, "
        "num_filters=50:400, filter_sizes=3,4,5|2,3,4|7, optimizer=adam|adadelta. May be given "
        "several times.",
        default_words="dropout, word_dropout, filter_sizes, num_filters and learning_rate, around "
        "their defaults",
    )

    def _contradictions(self) -> Iterator[str]:
        if self.nested == 1:
            yield "--nested 1: must be 0 or at least 2"
        if not self.vary:
            yield "--vary: nothing is varied"


class SearchFolder(ResultFolder):
    """Paths in the folder."""

    KIND = "search"
    PREFIX = "search-"

    def __init__(self, path: Path):
        super().__init__(path)
        self.plan = self.mark
        self.journal = path / "journal.jsonl"
        self.table = path / "trials.csv"
        self.best = path / "best.toml"
        self.vectors = path / "vectors.bin"

    @property
    def begun(self) -> bool:
        """Whether a trial is finished: where not even the first can be made, nothing is kept."""
        return self.table.exists()
