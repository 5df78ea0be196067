"""The same bytes, whatever order Python's sets have and however many threads classify.

Jobs of a cross-validation, processes of a stream and batches have tests of their own, in
``tests/evaluation/test_cv.py``, ``tests/inference/test_streams.py`` and ``test_inference.py``.
"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.processes import environment
from tests.support.small_run import labelled_sentences, options_text
from textcnn.inference import classifier as module
from textcnn.inference.classifier import Classifier
from textcnn.training.checkpoint import load_checkpoint

# One process for all, as imports take longer than any.
TRAIN_AND_ANSWER = """
import sys
from textcnn.commands import main
from textcnn.data.vectors import train_vectors
from textcnn.insight import report

report.NEEDED = ("no_such_package",)  # Pictures take longer than training.
for words in (sys.argv[1:], ["classify", "--checkpoint", "run", "a witty plot"]):
    try:
        main(words)
    except SystemExit as ended:
        assert not ended.code
sentences = [["a", "good", "film"], ["a", "bad", "film"]] * 20
for algorithm in ("word2vec", "fasttext"):
    vectors = train_vectors(
        sentences, ["film", "bad"], algorithm=algorithm, dim=8, seed=3, epochs=2
    )
    print(algorithm, vectors.matrix.tobytes().hex())
"""


def run_with_seed(seed: str, folder: Path, *words: str | Path) -> str:
    """What the program prints, in a process with this seed of Python's hashes."""
    finished = subprocess.run(
        # All warnings are shown, as none may reach the user.
        [sys.executable, "-W", "always", "-c", TRAIN_AND_ANSWER, *words],
        env={**environment(), "PYTHONHASHSEED": seed},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert "Warning" not in finished.stderr
    return finished.stdout


@pytest.mark.slow
def test_other_hash_seeds_train_and_predict_the_same(tmp_path, reviews):
    left = []
    for seed in ("0", "4242"):
        folder = tmp_path / seed
        folder.mkdir()
        train = ("train", "--data", reviews, "--out", "run", *options_text(epochs=1))
        printed = run_with_seed(seed, folder, *train)
        assert "\ta witty plot\n" in printed
        assert len(re.findall("^(?:word2vec|fasttext) [0-9a-f]{128}$", printed, re.M)) == 2
        names = ("checkpoints/best.h5", "checkpoints/last.h5", "split.json", "metrics.jsonl")
        files = [folder / "run" / name for name in (*names, "config.toml", "test.json")]
        left.append((printed, *(path.read_bytes() for path in files)))
    for other in left[1:]:
        assert other == left[0]


def test_any_number_of_threads_predicts_the_same(trained_run, monkeypatch):
    texts = labelled_sentences(120).texts * 20
    checkpoint = load_checkpoint(trained_run / "checkpoints" / "best.h5")
    found = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(module, "processors", lambda threads=threads: threads)
        found.append(Classifier(checkpoint).predict_proba(texts).tobytes())
    assert len(set(found)) == 1
    one_by_one = [Classifier(checkpoint).predict_proba([text]) for text in texts[:120]]
    assert np.concatenate(one_by_one).tobytes() * 20 == found[0]
