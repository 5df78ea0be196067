"""The folder that a command makes, and goes on with after an interrupt."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

from textcnn.support.errors import UserError
from textcnn.support.files import fresh_path, make_folder, remove_unfinished

RUNS = Path("runs")
"""Where folders are made whose place the user does not name."""


WHERE_DATA_IS = ("data", "dev_data", "test_data", "rehearse")
"""Options that may change in what is gone on with: data can be moved, and has a fingerprint."""


class ResultFolder:
    """A run's, a cross-validation's or a search's folder.

    Attributes:
        path: the folder.
        config: the options of training, ``config.toml``.
    """

    KIND: ClassVar[str]
    """What it holds, for messages."""

    PREFIX: ClassVar[str] = ""
    """How the name of a folder begins that the user did not name."""

    FOLDERS: ClassVar[tuple[str, ...]] = ()
    """Those in it that are always made."""

    def __init__(self, path: Path):
        self.path = path
        self.config = path / "config.toml"
        self._is_new = self._was_there = False

    @property
    def mark(self) -> Path:
        """The file without which there is nothing to go on with, written last before it begins."""
        return self.path / "plan.json"

    @property
    def begun(self) -> bool:
        """Whether there is something worth going on with."""
        return self.mark.exists()

    @property
    def resumable(self) -> bool:
        """Whether it can be gone on with."""
        return self.begun or self.mark.exists()

    @property
    def half_made(self) -> bool:
        """Whether one was killed here while it was set up; the same command begins it anew."""
        return False

    @classmethod
    def create(cls, path: Path | None) -> Self:
        """Make a new one; without a path, named after the time, below ``runs/``.

        Raises:
            UserError: it holds something already, or cannot be written in.
        """
        folder = cls(path or fresh_path(RUNS, cls.PREFIX))
        if folder.resumable:
            raise UserError(
                f"--out {folder.path}: holds a {cls.KIND} already; go on with --resume "
                f"{folder.path}, or choose another folder"
            )
        if folder.config.exists() and not folder.half_made:
            raise UserError(
                f"--out {folder.path}: holds {folder.config.name} of something else, or of a "
                f"{cls.KIND} that could not begin; choose another folder"
            )
        folder._is_new = not any(folder.path.glob("*"))
        folder._was_there = folder.path.exists()
        with folder.removed_unless_begun():
            for part in (folder.path, *(folder.path / name for name in cls.FOLDERS)):
                make_folder(part, "--out")
        return folder

    @classmethod
    def existing(cls, path: Path) -> Self:
        """The folder of one to go on with.

        Raises:
            UserError: there is none.
        """
        folder = cls(path)
        if not folder.resumable:
            others = {"plan.json": "cv or search", "checkpoints": "train"}
            there = [command for name, command in others.items() if (path / name).exists()]
            hint = f"; what is there is of {there[0]}" if there else ""
            raise UserError(f"--resume {path}: no {cls.KIND} here ({folder.mark} is missing){hint}")
        # A killed process may have left what it was writing.
        for part in (path, *filter(Path.is_dir, path.rglob("*"))):
            remove_unfinished(part)
        return folder

    def check_same_data(self, now: str, before: str, source: str) -> None:
        """Refuse to go on with other data.

        Args:
            now, before: the fingerprints.
            source: a line about the data now read.

        Raises:
            UserError: they differ.
        """
        if now != before:
            raise UserError(
                f"--resume {self.path}: the data ({source}) is not what it was started with; "
                f"restore it, or start a new {self.KIND}"
            )

    @contextlib.contextmanager
    def removed_unless_begun(self) -> Iterator[None]:
        """Take what is in a new folder away again, and it, if setting up what it is for fails.

        One that was there, and empty, is left so: it may be where the user's shell stands.
        """
        try:
            yield
        except (Exception, KeyboardInterrupt):  # Not SystemExit, with which a command may end.
            if self._is_new and not self.begun:
                # What is told of is the error that brought us here.
                emptied = list(self.path.glob("*")) if self._was_there else [self.path]
                for part in emptied:
                    if part.is_dir():
                        shutil.rmtree(part, ignore_errors=True)
                    else:
                        part.unlink(missing_ok=True)
            raise
