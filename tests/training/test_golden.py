"""Checkpoints that earlier versions wrote are read, to the bit, and predict as they did."""

import gzip
import json

import numpy as np
import pytest

from tests.support.golden import FOLDER, contents_of
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.checkpoint.container import FORMAT_VERSION

HELD = {
    name: held
    for path in sorted(FOLDER.glob("*.json"))
    for name, held in json.loads(path.read_text(encoding="utf-8")).items()
}


def test_there_are_some_of_this_format_and_each_has_its_contents():
    assert {path.stem for path in FOLDER.glob("*.h5.gz")} == set(HELD)
    assert any(name.startswith(f"{FORMAT_VERSION} ") for name in HELD)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 100_000


@pytest.mark.parametrize("name", HELD)
def test_it_is_read_to_the_bit_and_predicts_as_it_did(tmp_path, name):
    held, path = dict(HELD[name]), tmp_path / name
    path.write_bytes(gzip.decompress((FOLDER / f"{name}.gz").read_bytes()))
    found = contents_of(load_checkpoint(path, held["step"] is not None))
    np.testing.assert_allclose(
        found.pop("probabilities"), held.pop("probabilities"), rtol=0, atol=2e-6
    )
    assert found == held
