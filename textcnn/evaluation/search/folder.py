"""A search's folder.

=================  =====================================================================
``config.toml``    the options of training that it began with
``plan.json``      the options of the search
``journal.jsonl``  every trial, as Optuna writes them (its dashboard can read the file)
``trials.csv``     a line a trial
``best.toml``      the best setting, for ``textcnn train --config``
``vectors-1.bin``  with ``--vectors``, those of the words at hand
=================  =====================================================================
"""

from pathlib import Path

from textcnn.support.result_folder import ResultFolder


class SearchFolder(ResultFolder):
    """Paths in the folder."""

    KIND = "search"
    PREFIX = "search-"

    def __init__(self, path: Path):
        super().__init__(path)
        self.plan = path / "plan.json"
        self.journal = path / "journal.jsonl"
        self.table = path / "trials.csv"
        self.best = path / "best.toml"

    @property
    def mark(self) -> Path:
        """See :class:`ResultFolder`."""
        return self.plan

    @property
    def begun(self) -> bool:
        """Whether a trial is finished: where not even the first can be made, nothing is kept."""
        return self.table.exists()

    @property
    def prepared(self) -> list[Path]:
        """See :class:`ResultFolder`."""
        return [self.config, self.plan, self.journal, *self.path.glob("vectors-*.bin")]

    def vectors(self, number: int) -> Path:
        """Where the vectors of the data's words are kept, for each value of ``--vectors``."""
        return self.path / f"vectors-{number}.bin"
