"""A training run killed at any moment leaves a checkpoint, and can be finished."""

import random
import time
from pathlib import Path

import pytest

from tests.support.processes import Started, textcnn
from tests.support.small_run import options_text, parameter_bytes
from textcnn.training.checkpoint import load_checkpoint


def killed_after(words: list[str], last: Path, checkpoints: int, seconds: float) -> bool:
    """Start the command, and kill it so long after it has written so many checkpoints.

    Returns:
        False if it ended by itself before.
    """
    written = last.stat().st_mtime_ns if last.exists() else 0
    with Started(*words) as process:
        while process.poll() is None:
            now = last.stat().st_mtime_ns if last.exists() else written
            checkpoints -= now != written
            written = now
            if checkpoints <= 0:
                time.sleep(seconds)
                process.kill()
                break
            time.sleep(0.002)
    return process.wait() < 0


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.torture)])
def test_killed_again_and_again_it_leaves_a_checkpoint_and_ends_in_the_same_bytes(
    tmp_path, reviews, kills
):
    # More steps than are made until all the kills.
    options = options_text(
        checkpoint_every=1, checkpoints_kept=2, evaluate_every=5, patience=0, epochs=kills + 2
    )
    run, choose = tmp_path / "run", random.Random(0)
    last = run / "checkpoints" / "last.h5"
    words = ["train", "--data", str(reviews), *options, "--out", str(run)]
    steps = []
    for _ in range(kills):
        # More than one now and then, or a busy machine would never come far.
        assert killed_after(words, last, choose.randint(1, 2), choose.uniform(0, 0.05))
        training = load_checkpoint(last, for_training=True).training
        assert training is not None
        steps.append(training.progress.step)
        best = run / "checkpoints" / "best.h5"
        if best.exists():
            load_checkpoint(best)
        words = ["train", "--resume", str(run)]
    assert steps == sorted(steps)
    assert len(set(steps)) > kills // 2

    assert textcnn(*words).returncode == 0
    whole = tmp_path / "whole"
    assert textcnn("train", "--data", reviews, *options, "--out", whole).returncode == 0
    for name in ("last.h5", "best.h5"):
        killed, uninterrupted = (
            load_checkpoint(folder / "checkpoints" / name) for folder in (run, whole)
        )
        assert parameter_bytes(killed.networks[0]) == parameter_bytes(uninterrupted.networks[0])
        assert killed.tokenizer_chosen
        assert uninterrupted.tokenizer_chosen
    names = [
        sorted(path.name for path in (folder / "checkpoints").iterdir()) for folder in (run, whole)
    ]
    assert names[0] == names[1]
    for name in ("metrics.jsonl", "test.json", "split.json"):
        assert (run / name).read_text() == (whole / name).read_text()
