"""Whole files that hold what no training can have left: refused, or still a classifier."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.support.hostile_checkpoints import hostile_contents, make
from tests.support.hostile_containers import read_within_limits
from tests.support.small_run import run, small_experiment
from textcnn.core.vocabulary import Vocabulary
from textcnn.training.checkpoint import WIDTHS, Checkpoint, save_checkpoint

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs limits on memory"
)

CLASSIFIED = {
    # Numbers that can be added up, texts that are texts, and other words than it was trained on.
    *("a trust of next to nothing", "a trust of 1e-300", "a trust of 1e300"),
    *("a bias beyond all numbers", "two biases that cancel"),
    *("a bias of the network beyond all numbers", "parts of words beyond all numbers"),
    *("one token a sentence", "a source that is an object", "labels that steer a terminal"),
    *("a word of a million letters", "words of nothing"),
}


@pytest.fixture(scope="module")
def trained() -> Checkpoint:
    experiment = small_experiment()
    run(experiment)
    return dataclasses.replace(experiment.checkpoint(), training=None)


@pytest.mark.slow
def test_each_is_refused_with_one_line_or_classified_within_the_limits(trained, tmp_path):
    original, folder = tmp_path / "original.h5", tmp_path / "hostile"
    save_checkpoint(original, trained)
    folder.mkdir()
    paths = list(make(original, folder))
    assert len(paths) == len(hostile_contents())
    endings = read_within_limits([original, *paths], "--classify")
    assert endings[str(original)] == "classified"
    for path in paths:
        expected = "classified" if path.stem in CLASSIFIED else "refused: "
        assert endings[str(path)].startswith(expected), (path.stem, endings[str(path)])


@pytest.mark.parametrize("width", WIDTHS)
def test_the_memory_that_a_large_one_takes(trained, tmp_path, width):
    words = ["<unknown>", *(f"word{number}" for number in range(2**18))]
    rows = np.random.default_rng(0).standard_normal((len(words), 64)).astype(np.float32)
    config = dataclasses.replace(trained.config, embedding_dim=64, ngrams=0)
    filters = np.zeros((64, *trained.networks[0]["convolution/weights"].shape[1:]), np.float32)
    network = {**trained.networks[0], "embedding/tuned": rows, "convolution/weights": filters}
    large = dataclasses.replace(
        trained,
        config=config,
        ngrams=None,
        fusion=dataclasses.replace(trained.fusion, weights=np.ones(1, np.float32)),
        vocabulary=Vocabulary(words),
        networks=(network,),
    )
    path = tmp_path / f"{width}.h5"
    save_checkpoint(path, large, width)
    assert read_within_limits([path], "--load") == {str(path): "read"}
