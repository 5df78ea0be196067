"""A model's file that is looked at again and again: read anew once it has been replaced."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from textcnn.training.checkpoint import Checkpoint, load_checkpoint

Made = TypeVar("Made")


class ModelFile(Generic[Made]):
    """The newest whole model that a file has held.

    Args:
        path: a checkpoint.
        make: what its model is made into.
        say: is told, once, of each replacement.

    Attributes:
        model: what ``make`` made.
        loaded: when, in seconds since 1970.
        replaced: how many replacements were read.
        refused: how many could not be used.
        fault: why the file as it is now is not the model; empty where it is.

    Raises:
        UserError: there is no model in the file to begin with.
    """

    def __init__(self, path: Path, make: Callable[[Checkpoint], Made], say: Callable[[str], None]):
        self.path, self._make, self._say = path, make, say
        # Before it is read: what is written meanwhile is another file.
        self._seen = self._state()
        self.model = make(load_checkpoint(path))
        self.loaded = time.time()
        self.replaced = self.refused = 0
        self.fault = ""

    def look(self) -> None:
        """Read the file if it is another one than before; keep the old model if it is damaged."""
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self.model = self._make(load_checkpoint(self.path))
        except Exception as error:  # Whatever it is, the next file is to be looked at.
            self.fault = " ".join(str(error).split()) or type(error).__name__
            self.refused += 1
            self._say(f"{self.fault}; the model read before goes on answering")
            return
        self.loaded, self.fault = time.time(), ""
        self.replaced += 1
        self._say(f"{self.path} was replaced; the new model answers")

    def _state(self) -> tuple[int, ...] | None:
        """What changes when the file does; None where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
