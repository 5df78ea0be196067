"""Running folds side by side, each in a process of its own."""

import contextlib
import functools
import os
import signal
import threading
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool

from textcnn.config import Config
from textcnn.crossval.fold_run import FoldResult, run_fold
from textcnn.crossval.folds import Fold
from textcnn.errors import RunError
from textcnn.experiment import TokenizedData


def run_folds(
    config: Config,
    data: TokenizedData,
    folds: Sequence[Fold],
    baselines: tuple[str, ...],
    jobs: int,
) -> Generator[FoldResult]:
    """Yield the folds' results as they come.

    To be closed (:func:`contextlib.closing`) where it is not exhausted, so that no process stays.

    Args:
        config, data, baselines: as in :func:`run_fold`.
        folds: to be run.
        jobs: how many at once; the results do not depend on it.

    Raises:
        UserError, RunError: as in :func:`run_fold`, or a process was killed.
    """
    # Imported here: joblib takes longer to load than a sentence to classify.
    from joblib import Parallel, delayed, parallel_config

    task = delayed(functools.partial(_run_for, os.getpid()))
    with parallel_config(backend="loky", inner_max_num_threads=1):
        # Without memory maps, which a killed process would leave behind.
        parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", max_nbytes=None)
        with _interrupts_ignored():
            # The processes start here, and inherit that they ignore Ctrl-C, which a terminal
            # sends to them too: it is this process that stops them, and they need say nothing.
            results = parallel(task(config, data, fold, baselines) for fold in folds)
    try:
        yield from results
    except BrokenProcessPool as error:
        raise RunError(
            "a process that ran a fold was killed, most likely for want of memory; go on with "
            f"--resume and fewer --jobs than {jobs}"
        ) from error
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # That not all folds were waited for is meant.
            results.close()


def _run_for(
    parent: int,
    config: Config,
    data: TokenizedData,
    fold: Fold,
    baselines: tuple[str, ...],
) -> FoldResult:
    if os.getpid() != parent:  # With one job, there is no other process.
        _end_with(parent)
    return run_fold(config, data, fold, baselines)


@functools.cache
def _end_with(parent: int) -> None:
    """See to it that this process ends when ``parent`` does, be it killed.

    joblib's would otherwise wait for more work for ever, with all of their memory.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
