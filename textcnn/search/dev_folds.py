"""The score of a setting: how right it is about dev sentences, in several divisions of them."""

import contextlib
import dataclasses
import functools
import math
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.config import Config
from textcnn.crossval.folds import make_folds
from textcnn.datasets.splits import Split
from textcnn.errors import RunError
from textcnn.experiment import TokenizedData
from textcnn.fitting import fit


@dataclass(frozen=True)
class FoldScore:
    """What came of a setting in one division.

    Attributes:
        accuracy: of the best evaluation on dev; not a number where training diverged.
        fault: how it did; empty where it did not.
    """

    accuracy: float
    fault: str = ""


@dataclass(frozen=True)
class DevFolds:
    """Divisions of sentences into train and dev, on which settings are scored.

    Attributes:
        data: all sentences.
        splits: the divisions; none has test rows.
        vectors: where the word vectors of the sentences are kept, by the value of ``--vectors``.
        jobs: how many divisions to train at once; scores do not depend on it.
    """

    data: TokenizedData
    splits: Sequence[Split]
    vectors: Mapping[str, Path]
    jobs: int

    def score(self, config: Config, first: int) -> list[FoldScore]:
        """Train a setting on as many divisions as there are jobs, and score it on dev.

        Args:
            config: the setting.
            first: the number of the first division, counted from 0.

        Raises:
            UserError: the setting cannot be used with the data.
            RunError: a process was killed.
        """
        # Imported here: joblib takes longer to load than a sentence to classify.
        from joblib import Parallel, delayed, parallel_config

        config = with_kept_vectors(config, self.vectors)
        waiting = self.splits[first : first + self.jobs]
        # Without memory maps, which a killed process would leave behind.
        parallel = Parallel(n_jobs=len(waiting), return_as="generator", max_nbytes=None)
        with parallel_config(backend="loky", inner_max_num_threads=1), _interrupts_ignored():
            # The processes start here, and inherit that they ignore Ctrl-C, which a terminal
            # sends to them too: it is this process that stops them, and they need say nothing.
            results = parallel(
                delayed(_score)(
                    _trial_config(config, number),
                    dataclasses.replace(self.data, split=split),
                    os.getpid(),
                )
                for number, split in enumerate(waiting, start=first)
            )
        return _gathered(results)


def dev_splits(data: TokenizedData, rows: np.ndarray, folds: int, seed: int) -> list[Split]:
    """Divide rows so that each is once a dev row and else trains; there are no test rows.

    Args:
        data: all sentences.
        rows: those that may be used.
        folds: how many divisions, at least 2.
        seed: decides them.

    Raises:
        UserError: a label has too few different sentences.
    """
    # What a cross-validation would test is dev here; its own dev part goes back to train, so that
    # its share plays no role.
    made = make_folds(*keys_and_labels(data, rows), folds, 1, 0.5, seed)
    nothing = np.arange(0)
    return [
        Split(rows[np.union1d(fold.split.train, fold.split.dev)], rows[fold.split.test], nothing)
        for fold in made
    ]


def keys_and_labels(data: TokenizedData, rows: np.ndarray) -> tuple[list[str], list[str]]:
    """What tells these rows' sentences apart, and their labels, as what divides them takes them."""
    keys = ["\0".join(sentence) for sentence in data.part_tokens(rows)]
    return keys, [data.labels[row] for row in rows]


def with_kept_vectors(config: Config, vectors: Mapping[str, Path]) -> Config:
    """The same options, their word vectors read from where they are kept."""
    kept = vectors.get(config.vectors or "")
    return config if kept is None else dataclasses.replace(config, vectors=str(kept))


def _trial_config(config: Config, number: int) -> Config:
    """The setting for one network on a division, which has a network seed of its own."""
    sequence = np.random.SeedSequence(config.resolved().network_seed, spawn_key=(number,))
    seed = int(sequence.generate_state(1)[0])
    return dataclasses.replace(config, network_seed=seed, ensemble=1, refit=False)


def _score(config: Config, data: TokenizedData, parent: int) -> FoldScore:
    from threadpoolctl import threadpool_limits

    if os.getpid() != parent:
        _end_with(parent)
    # How many threads share a product can change the last bits of its sums. joblib limits those of
    # its processes, but a single job runs in this one.
    with threadpool_limits(1):
        try:
            (chosen,) = fit(config, data, lambda line: None).chosen
        except RunError as error:
            return FoldScore(math.nan, str(error))
    return FoldScore(chosen.dev_accuracy)


@functools.cache
def _end_with(parent: int) -> None:
    """End this process once ``parent`` has; joblib's would wait for ever for a killed one."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _gathered(results: Iterator[FoldScore]) -> list[FoldScore]:
    try:
        return list(results)
    except BrokenProcessPool as error:
        raise RunError(
            "a process that trained a network was killed, most likely for want of memory; go on "
            "with --resume and fewer --jobs"
        ) from error
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # That not all folds were waited for is meant.
            results.close()  # type: ignore[attr-defined] # joblib has no types.


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
