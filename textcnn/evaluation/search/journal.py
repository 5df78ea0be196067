"""Optuna's journal file: a line of JSON for each thing that happened to a trial."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replacing

if TYPE_CHECKING:
    from optuna import Study

DAMAGE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What Optuna raises where the journal is not one, or says what cannot be."""


def require_optuna() -> None:
    """Raise a UserError where Optuna is not installed; keep it quiet where it is."""
    try:
        import optuna  # An extra, and slow to import.
    except ImportError as error:
        raise UserError("search needs Optuna: pip install 'textcnn[search]'") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)


class Journal:
    """The journal of a search, begun or new.

    A process that was killed can leave half a line, to which Optuna would append the next one; it
    is removed first.

    Args:
        path: the file.

    Raises:
        UserError: it is damaged.
    """

    def __init__(self, path: Path):
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        class Backend(JournalFileBackend):
            def append_logs(self, logs: list[dict[str, Any]]) -> None:
                try:
                    super().append_logs(logs)
                except OSError as error:
                    raise RunError(f"writing {path} failed: {error.strerror}") from error

        lock: Any = _NoLock()  # Optuna keeps the class that it should be of to itself.
        self._path = path
        _remove_half_a_line(path)
        with self.checked():
            self._storage = JournalStorage(Backend(str(path), lock))

    @contextlib.contextmanager
    def checked(self) -> Iterator[None]:
        """Turn what a damaged journal makes Optuna, or a reader of trials, raise into one line."""
        try:
            yield
        except DAMAGE as error:
            reason = " ".join(f"{type(error).__name__} {error}".split())
            raise UserError(f"{self._path}: damaged ({reason}); start a new search") from error

    def study(self, name: str) -> "Study":
        """The search of this name, new or begun, whose unfinished trials are given up.

        Its sampler is set before each trial (see :mod:`textcnn.evaluation.search.trials`).
        """
        import optuna
        from optuna.trial import TrialState

        with self.checked():
            study = optuna.create_study(
                storage=self._storage,
                study_name=name,
                direction="maximize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
                load_if_exists=True,
            )
            for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                study.tell(trial.number, state=TrialState.FAIL)
            return study


class _NoLock:
    """What Optuna takes for a lock: the search's folder is locked, so no other process writes."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _remove_half_a_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with replacing(path) as aside:
            aside.write_bytes(content[:whole])
