"""Training in a run's folder: states go to its checkpoints, and a stopped run goes on from them."""

from dataclasses import dataclass

from textcnn.data.tokenized_data import Report
from textcnn.recipe.config import write_toml
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.experiment import Experiment
from textcnn.training.resuming import check_options
from textcnn.training.run_folder import RunFolder


@dataclass(frozen=True)
class FolderKeeper:
    """Keeps the states of a network's training in a folder; a :class:`textcnn.training.run.Keeper`.

    Attributes:
        folder: of the run, or of one network of an ensemble.
        report: told, in one line, where a stopped run goes on.
    """

    folder: RunFolder
    report: Report

    def last(self) -> Checkpoint | None:
        """The state in ``last.h5``, if there is one."""
        if not self.folder.last.exists():
            return None
        last = load_checkpoint(self.folder.last, for_training=True)
        check_options(self.folder.config, last.config)
        return last

    def begin(self, experiment: Experiment) -> None:
        """Write the options that the vectors decided; make up for what a killed run did not do."""
        progress = experiment.trainer.progress
        if progress.step == 0 and experiment.chosen is None:
            write_toml(self.folder.config, experiment.config)
        elif progress.step == 0:
            save_checkpoint(self.folder.chosen, load_checkpoint(self.folder.best))
        if self.folder.last.exists() and progress.step:
            refitting = experiment.chosen is not None
            is_best = progress.finished if refitting else progress.best_step == progress.step
            self.folder.copy_last(progress.step, is_best, self._copies(experiment))
            self._save_metrics(experiment)
            self.report(f"going on at step {progress.step:,}")

    def keep(self, experiment: Experiment, is_best: bool) -> None:
        """Write ``last.h5`` and, sharing its bytes, ``best.h5`` and a numbered copy."""
        save_checkpoint(self.folder.last, experiment.checkpoint())
        step = experiment.trainer.progress.step
        self.folder.copy_last(step, is_best, self._copies(experiment))
        self._save_metrics(experiment)

    def best(self) -> Checkpoint:
        """The state in ``best.h5``."""
        return load_checkpoint(self.folder.best, for_training=True)

    def member(self, number: int) -> "FolderKeeper":
        """A keeper in the folder ``members/<number>``."""
        return FolderKeeper(self.folder.member(number), self.report)

    def keep_ensemble(self, checkpoint: Checkpoint) -> None:
        """Write ``best.h5``."""
        save_checkpoint(self.folder.best, checkpoint)

    def _copies(self, experiment: Experiment) -> int:
        # Steps are counted anew in the second half, and numbered copies would mix them up.
        return 0 if experiment.chosen is not None else experiment.config.checkpoints_kept

    def _save_metrics(self, experiment: Experiment) -> None:
        choice = experiment.chosen or experiment.trainer.progress
        self.folder.save_metrics(choice.history)
