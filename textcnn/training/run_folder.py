"""A run's folder: what is in it, and finding the newest.

========================  ==============================================================
``config.toml``           every option; ``--config`` with it repeats the run
``split.json``            row numbers of the train, dev and test sentences
``metrics.jsonl``         one line an evaluation
``checkpoints/best.h5``   the network that dev chose
``checkpoints/last.h5``   where ``--resume`` goes on
``test.json``             the scores on the test sentences
``tensorboard/``          event files, where tensorboardX is installed
``curves.png``            loss and accuracy, where matplotlib is installed
``report.html``           all about the finished run, where Jinja2 is installed too
``members/<n>/``          with --ensemble, the folder of each network's run
========================  ==============================================================
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from textcnn.core.trainer import Evaluation, Progress, history_rows
from textcnn.data.datasets.splits import Split
from textcnn.support.errors import UserError
from textcnn.support.files import fresh_path, make_folder, remove_unfinished, replace_text
from textcnn.training.checkpoint import Checkpoint, save_checkpoint, share_file

RUNS = Path("runs")
HOW_TO_TRAIN = "train one with: python train.py"


class RunFolder:
    """Paths in a run's folder, and its files written.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path):
        self.path = path
        self.config = path / "config.toml"
        self.split = path / "split.json"
        self.metrics = path / "metrics.jsonl"
        self.test = path / "test.json"
        self.curves = path / "curves.png"
        self.report = path / "report.html"
        self.tensorboard = path / "tensorboard"
        self.members = path / "members"
        self.checkpoints = path / "checkpoints"
        self.best = self.checkpoints / "best.h5"
        self.last = self.checkpoints / "last.h5"

    @classmethod
    def create(cls, path: Path | None) -> "RunFolder":
        """Make a new run's folder; without a path, one named after the time, below ``runs/``.

        Raises:
            UserError: the folder holds a run already, or cannot be written in.
        """
        folder = cls(path or fresh_path(RUNS))
        if folder.last.exists():
            raise UserError(
                f"--out {folder.path}: holds a run already; go on with --resume {folder.path}, "
                "or choose another folder"
            )
        if folder.config.exists():
            raise UserError(
                f"--out {folder.path}: holds a config.toml but no checkpoint, perhaps of a run "
                f"stopped before its first; go on with --resume {folder.path}, or choose another "
                "folder"
            )
        make_folder(folder.checkpoints, "--out")
        return folder

    def member(self, number: int) -> "RunFolder":
        """The folder of one network of an ensemble, counted from 1; made if need be."""
        folder = RunFolder(self.members / str(number))
        make_folder(folder.checkpoints, "--out")
        return folder

    @property
    def networks(self) -> list["RunFolder"]:
        """The folders that hold histories: its own, or an ensemble's members' that there are."""
        members = [path for path in self.members.glob("*") if path.name.isdecimal()]
        members.sort(key=lambda path: int(path.name))
        return [RunFolder(path) for path in members] or [self]

    @contextlib.contextmanager
    def removed_unless_begun(self) -> Iterator[None]:
        """Take what was made of a new run's folder away again if setting the run up fails."""
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):  # Not empty: it holds something worth keeping.
                self._remove_unless_begun()
            raise

    def _remove_unless_begun(self) -> None:
        members = [RunFolder(path) for path in self.members.glob("*")]
        if any(folder.last.exists() for folder in (self, *members)):
            return
        for folder in (*members, self):
            made = {folder.config, folder.split, folder.checkpoints, folder.members}
            if set(folder.path.glob("*")) - made:  # --resume finds its options there.
                return
        for folder in (*members, self):
            for written in (folder.config, folder.split):
                written.unlink(missing_ok=True)
            folder.checkpoints.rmdir()
            if folder is self and members:
                self.members.rmdir()
            folder.path.rmdir()

    @classmethod
    def existing(cls, path: Path) -> "RunFolder":
        """The folder of a run to resume; one without a checkpoint begins anew.

        Raises:
            UserError: there is neither a checkpoint in it nor what a run writes before.
        """
        folder = cls(path)
        members = [cls(member) for member in folder.members.glob("*")]
        begun_anew = folder.checkpoints.is_dir() and folder.config.exists()
        if not begun_anew and not any(begun.last.exists() for begun in (folder, *members)):
            raise UserError(f"--resume {path}: no run here ({folder.last} is missing)")
        # A killed run may have left what it was writing.
        for begun in (folder, *members):
            remove_unfinished(begun.checkpoints)
            remove_unfinished(begun.path)
        return folder

    def save_split(self, split: Split) -> None:
        """Write the row numbers of each part."""
        parts = {"train": split.train, "dev": split.dev, "test": split.test}
        rows = {name: part.tolist() for name, part in parts.items()}
        replace_text(self.split, json.dumps(rows) + "\n")

    def save_metrics(self, history: list[Evaluation]) -> None:
        """Write one JSON line for each evaluation.

        The whole file each time: after a resume it then holds what an uninterrupted run's would,
        and never half a line.
        """
        lines = [json.dumps(row) + "\n" for row in history_rows(history)]
        replace_text(self.metrics, "".join(lines))

    def restore_copies(self, progress: Progress, kept: int) -> None:
        """Make the copies of ``last.h5`` that a process killed just after writing it did not make.

        Args:
            progress: of ``last.h5``.
            kept: as for :meth:`save_checkpoint`.
        """
        refitted = progress.refit_steps > 0 and progress.finished
        chosen = progress.refit_steps == 0 and progress.best_step == progress.step
        self._copy_last(progress.step, chosen or refitted, kept)

    def save_checkpoint(self, checkpoint: Checkpoint, is_best: bool, kept: int) -> None:
        """Write ``last.h5`` and, sharing its bytes, ``best.h5`` and a numbered copy.

        Args:
            checkpoint: the state.
            is_best: whether it is the best so far.
            kept: how many numbered copies to keep.
        """
        save_checkpoint(self.last, checkpoint)
        if checkpoint.training is not None:
            self._copy_last(checkpoint.training.progress.step, is_best, kept)

    def _copy_last(self, step: int, is_best: bool, kept: int) -> None:
        if is_best:
            share_file(self.last, self.best)
        if kept:
            share_file(self.last, self.checkpoints / f"step-{step:08d}.h5")
            numbered = sorted(self.checkpoints.glob("step-*.h5"))
            for old in numbered[:-kept]:
                old.unlink()


def find_checkpoint(given: Path | None) -> Path:
    """The checkpoint a user means: a file, a run's best, or the newest run's best.

    Raises:
        UserError: there is none.
    """
    if given is None:
        return newest_run().best
    if given.is_dir():
        best = RunFolder(given).best
        if not best.exists():
            raise UserError(f"{given}: no trained run here ({best} is missing)")
        return best
    if not given.exists():
        raise UserError(f"{given}: no such checkpoint; {HOW_TO_TRAIN}")
    return given


def newest_run() -> RunFolder:
    """The run below ``runs/`` that kept a best checkpoint last.

    Raises:
        UserError: there is none yet.
    """
    found = [RunFolder(best.parent.parent) for best in RUNS.glob("*/checkpoints/best.h5")]
    if not found:
        raise UserError(f"no trained run in {RUNS}/; {HOW_TO_TRAIN}, or name one with --checkpoint")
    return max(found, key=lambda folder: (folder.best.stat().st_mtime_ns, folder.path.name))
