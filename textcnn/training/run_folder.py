"""A run's folder: what is in it, and finding the newest.

========================  ==============================================================
``config.toml``           every option; ``--config`` with it repeats the run
``split.json``            row numbers of the train, dev and test sentences
``metrics.jsonl``         one line an evaluation
``checkpoints/best.h5``   the network that dev chose
``checkpoints/chosen.h5`` with --refit, the network before it was trained on dev sentences too
``checkpoints/last.h5``   where ``--resume`` goes on: a network with its optimizer's arrays
``test.json``             the scores on the test sentences
``tensorboard/``          event files, where tensorboardX is installed
``report.html``           all about the finished run, where matplotlib and Jinja2 are installed
``members/<n>/``          with --ensemble, the folder of each network's run
``initial/checkpoints/``  with --init-from, the ``best.h5`` and ``chosen.h5`` that it went on from
========================  ==============================================================
"""

import json
from collections.abc import Callable
from pathlib import Path

from textcnn.core.progress import Evaluation, history_rows
from textcnn.data.datasets.splits import Split
from textcnn.support.errors import UserError
from textcnn.support.files import make_folder, replace_text
from textcnn.support.program import command_line, how_to_train
from textcnn.support.read_back import seal_each
from textcnn.support.result_folder import RUNS, ResultFolder
from textcnn.training.checkpoint import share_file


class RunFolder(ResultFolder):
    """Paths in a run's folder, and its files written."""

    KIND = "run"
    FOLDERS = ("checkpoints",)

    def __init__(self, path: Path):
        super().__init__(path)
        self.split = path / "split.json"
        self.metrics = path / "metrics.jsonl"
        self.test = path / "test.json"
        self.report = path / "report.html"
        self.tensorboard = path / "tensorboard"
        self.members = path / "members"
        self.checkpoints = path / "checkpoints"
        self.best = self.checkpoints / "best.h5"
        self.chosen = self.checkpoints / "chosen.h5"
        self.last = self.checkpoints / "last.h5"

    @property
    def initial(self) -> "RunFolder":
        """Where a run keeps the network that it goes on from."""
        return RunFolder(self.path / "initial")

    @property
    def mark(self) -> Path:
        """See :class:`ResultFolder`."""
        return self.last

    @property
    def begun(self) -> bool:
        """Whether a network, its own or one of an ensemble, has been kept."""
        return any(network.last.exists() for network in self.networks)

    @property
    def resumable(self) -> bool:
        """Also one that was killed before its first checkpoint: it begins anew."""
        made = self.config.exists() and self.checkpoints.is_dir()
        return self.begun or (made and not any(self.checkpoints.glob("*.h5")))

    def member(self, number: int) -> "RunFolder":
        """The folder of one network of an ensemble, counted from 1; made if need be."""
        folder = RunFolder(self.members / str(number))
        make_folder(folder.checkpoints, "--out")
        return folder

    @property
    def networks(self) -> list["RunFolder"]:
        """The folders that hold histories: its own, or an ensemble's members' that there are."""
        return self._members or [self]

    @property
    def _members(self) -> list["RunFolder"]:
        paths = [path for path in self.members.glob("*") if path.name.isdecimal()]
        return [RunFolder(path) for path in sorted(paths, key=lambda path: int(path.name))]

    def save_split(self, split: Split) -> None:
        """Write the row numbers of each part."""
        rows = {name: part.tolist() for name, part in vars(split).items()}
        replace_text(self.split, json.dumps(rows) + "\n")

    def save_metrics(self, history: list[Evaluation]) -> None:
        """Write one JSON line for each evaluation.

        The whole file each time: after a resume it then holds what an uninterrupted run's would,
        and never half a line.
        """
        lines = [json.dumps(row) + "\n" for row in seal_each(history_rows(history))]
        replace_text(self.metrics, "".join(lines))

    def copy_last(self, step: int, count: int) -> None:
        """Make a numbered copy of ``last.h5``, sharing its bytes.

        Args:
            step: at which it was written.
            count: how many numbered copies to keep, or 0 for none.
        """
        if count:
            share_file(self.last, self.checkpoints / f"step-{step:08d}.h5")
            numbered = sorted(self.checkpoints.glob("step-*.h5"))
            for old in numbered[:-count]:
                old.unlink()


def find_checkpoint(path: Path) -> Path:
    """The checkpoint a user means: a file, or a run's best.

    Raises:
        UserError: there is none.
    """
    if path.is_dir():
        folder = RunFolder(path)
        if not folder.best.exists():
            raise UserError(f"{path}: {_without_network(folder)}")
        return folder.best
    if not path.exists():
        raise UserError(f"{path}: no such checkpoint; {how_to_train()}")
    return path


def _without_network(folder: RunFolder) -> str:
    """Why a folder has no best network, and what makes one of it."""
    # A cross-validation and a search keep a plan, and the latter the options it found best.
    for options in (folder.path / "best.toml", folder.config):
        if (folder.path / "plan.json").exists() and options.exists():
            train = command_line("train", "--config", options)
            return f"no run, but a cross-validation or a search; train a network with: {train}"
    return f"no trained run here ({folder.best} is missing)"


def newest_run(is_preferred: Callable[[RunFolder], bool]) -> RunFolder:
    """The run below ``runs/`` that kept a best checkpoint last.

    Args:
        is_preferred: whether a run goes before all those for which this is false.

    Raises:
        UserError: there is none yet.
    """
    found = [RunFolder(best.parent.parent) for best in RUNS.glob("*/checkpoints/best.h5")]
    if not found:
        raise UserError(
            f"no trained run in {RUNS}/; {how_to_train()}, or name one with --checkpoint"
        )
    found.sort(key=lambda folder: (folder.best.stat().st_mtime_ns, folder.path.name), reverse=True)
    return next(filter(is_preferred, found), found[0])
