"""Where the states of a run are kept: in memory, or in a folder that a stopped run goes on from."""

import copy
import dataclasses
from dataclasses import dataclass

from textcnn.data.tokenized_data import Report
from textcnn.recipe.config import write_toml
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, share_file
from textcnn.training.experiment import Experiment
from textcnn.training.resuming import options_of_run
from textcnn.training.run_folder import RunFolder


class MemoryKeeper:
    """Keeps the best state of each network in memory, and begins anew each time.

    Attributes:
        checkpoint: the finished model; None before.
    """

    checkpoint: Checkpoint | None = None

    def last(self) -> Checkpoint | None:
        """The state to go on from, with its training state, or None to begin."""
        return None

    def begin(self, experiment: Experiment) -> None:
        """Training begins, or goes on, with this experiment."""

    def keep(self, experiment: Experiment, is_best: bool) -> None:
        """Keep the state of the experiment as the last one, and perhaps as the best."""
        refitting = experiment.first_half is not None
        # The first half of a run with a second one leaves nothing but its choices.
        if is_best and refitting == experiment.config.refit:
            now = experiment.checkpoint()
            # Further steps change its arrays in place; after the second half there are none.
            if not refitting:
                now = dataclasses.replace(
                    now,
                    networks=copy.deepcopy(now.networks),
                    training=copy.deepcopy(now.training),
                )
            self.checkpoint = now

    def best(self) -> Checkpoint:
        """The best state, and the training state of the last."""
        if self.checkpoint is None:
            raise ValueError("a run that is trained to its end has a best state")
        return self.checkpoint

    def member(self, number: int) -> "MemoryKeeper":
        """Where one network of an ensemble is kept, counted from 1."""
        return MemoryKeeper()

    def keep_ensemble(self, checkpoint: Checkpoint) -> None:
        """Keep the model that the networks make together."""
        self.checkpoint = checkpoint


@dataclass(frozen=True)
class FolderKeeper:
    """Keeps the states of a network's training in a folder.

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
        return dataclasses.replace(last, config=options_of_run(self.folder.config, last.config))

    def begin(self, experiment: Experiment) -> None:
        """Write the options that the vectors decided; make up for what a killed run did not do."""
        progress = experiment.trainer.progress
        if progress.step == 0 and experiment.first_half is None:
            write_toml(self.folder.config, experiment.config)
        elif progress.step == 0:
            share_file(self.folder.best, self.folder.chosen)
        if self.folder.last.exists() and progress.step:
            refitting = experiment.first_half is not None
            is_best = progress.finished if refitting else progress.best_step == progress.step
            last = dataclasses.replace(load_checkpoint(self.folder.last), config=experiment.config)
            self._keep_besides(experiment, last, is_best)
            self.report(f"going on at step {progress.step:,}")

    def keep(self, experiment: Experiment, is_best: bool) -> None:
        """Write ``last.h5`` and, where they are due, ``best.h5`` and a numbered copy."""
        now = experiment.checkpoint()
        save_checkpoint(self.folder.last, now)
        self._keep_besides(experiment, now, is_best)

    def _keep_besides(self, experiment: Experiment, now: Checkpoint, is_best: bool) -> None:
        """What follows from ``last.h5``; ``best.h5`` holds only what predicts."""
        if is_best:
            save_checkpoint(self.folder.best, dataclasses.replace(now, training=None))
        # Steps are counted anew in the second half, and numbered copies would mix them up.
        if experiment.first_half is None:
            step = experiment.trainer.progress.step
            self.folder.copy_last(step, experiment.config.checkpoints_kept)
        choice = experiment.first_half or experiment.trainer.progress
        self.folder.save_metrics(choice.history)

    def best(self) -> Checkpoint:
        """What ``best.h5`` predicts with, and the state that ``last.h5`` ended in."""
        last = load_checkpoint(self.folder.last, for_training=True)
        return dataclasses.replace(load_checkpoint(self.folder.best), training=last.training)

    def member(self, number: int) -> "FolderKeeper":
        """A keeper in the folder ``members/<number>``."""
        return FolderKeeper(self.folder.member(number), self.report)

    def keep_ensemble(self, checkpoint: Checkpoint) -> None:
        """Write ``best.h5``."""
        save_checkpoint(self.folder.best, checkpoint)


Keeper = MemoryKeeper | FolderKeeper
