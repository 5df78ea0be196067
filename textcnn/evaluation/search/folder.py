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

import contextlib
from collections.abc import Iterator
from pathlib import Path

from textcnn.support.errors import RunError, UserError
from textcnn.support.files import fresh_path, make_folder, remove_unfinished


class SearchFolder:
    """Paths in the folder.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path):
        self.path = path
        self.config = path / "config.toml"
        self.plan = path / "plan.json"
        self.journal = path / "journal.jsonl"
        self.table = path / "trials.csv"
        self.best = path / "best.toml"

    @classmethod
    def new(cls, path: Path | None, runs: Path) -> "SearchFolder":
        """A folder for a new search; without a path, one named after the time, below ``runs``.

        Raises:
            UserError: it holds a search or a run already.
        """
        folder = cls(path or fresh_path(runs, "search-"))
        if folder.plan.exists():
            raise UserError(
                f"--out {folder.path}: holds a search already; go on with --resume {folder.path}, "
                "or choose another folder"
            )
        # Nothing but the options: one that was killed before its plan was written begins anew.
        names = {path.name for path in folder.path.glob("*") if path.suffix != ".part"}
        if folder.journal.exists() or (folder.config.exists() and len(names) > 1):
            raise UserError(f"--out {folder.path}: holds something else; choose another folder")
        return folder

    def make(self) -> None:
        """Make it.

        Raises:
            UserError: it cannot be written in.
        """
        make_folder(self.path, "--out")

    @classmethod
    def existing(cls, path: Path) -> "SearchFolder":
        """The folder of a search to go on with."""
        folder = cls(path)
        if folder.path.is_dir():
            remove_unfinished(folder.path)
        return folder

    def vectors(self, number: int) -> Path:
        """Where the vectors of the data's words are kept, for each value of ``--vectors``."""
        return self.path / f"vectors-{number}.bin"

    @contextlib.contextmanager
    def removed_unless_begun(self) -> Iterator[None]:
        """Take a new folder away again if not even the first trial can be made."""
        try:
            yield
        except (UserError, RunError):
            if not self.table.exists():
                kept = self.path.glob("vectors-*.bin")
                for written in (self.config, self.plan, self.journal, *kept):
                    written.unlink(missing_ok=True)
                with contextlib.suppress(OSError):  # Not empty: something of the user's own.
                    self.path.rmdir()
            raise
