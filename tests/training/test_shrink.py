"""Small copies of checkpoints: fewer bits for each number."""

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.changed_checkpoints import change
from tests.support.small_run import options_text
from textcnn.inference.classifier import Classifier
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import WIDTHS, load_checkpoint, save_checkpoint
from textcnn.training.checkpoint.container import read_container
from textcnn.training.checkpoint.quantised import quantise, restore

TEXTS = ["a lovely film", "the plot was dull", "unknown", ""]


@given(st.integers(0, 999), st.sampled_from(["embedding/tuned", "dense/weights"]))
def test_a_byte_is_off_by_half_a_step_of_its_row(seed, name):
    rng = np.random.default_rng(seed)
    array = (rng.normal(size=(5, 7)) * rng.uniform(0, 10, (5, 1))).astype(np.float32)
    array[2] = 0
    kept, scales = quantise(name, array, "int8")
    assert scales is not None
    assert kept.dtype == np.int8
    off = np.abs(restore(kept, scales) - array)
    assert (off <= np.abs(array).max(axis=1, keepdims=True) / 254 * 1.0001 + 1e-9).all()
    assert not restore(kept, scales)[2].any()


def test_filters_have_a_scale_each_and_biases_stay():
    filters = np.random.default_rng(0).normal(size=(4, 3, 2)).astype(np.float32)
    filters[..., 1] *= 100
    kept, scales = quantise("convolution/weights", filters, "int8")
    assert scales is not None
    assert scales.shape == (1, 1, 2)
    np.testing.assert_allclose(restore(kept, scales), filters, atol=2.5)
    np.testing.assert_allclose(restore(kept, scales)[..., 0], filters[..., 0], atol=0.02)
    bias = np.ones(3, np.float32)
    assert quantise("dense/bias", bias, "int8") == (bias, None)
    counts, scales = quantise("ngrams/words/values", filters[0], "int8")
    assert (counts.dtype, scales) == (np.float16, None)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_small_copy_predicts_nearly_the_same(call, trained_run, tmp_path, width):
    out = tmp_path / "small.h5"
    code, text, err = call("shrink", trained_run, "--quantize", width, "--out", out)
    assert code == 0, err
    assert "times smaller" in text
    assert "labels    0 changed" in text
    whole, small = (Classifier.load(path).predict_proba(TEXTS) for path in (trained_run, out))
    tolerance = {"float32": 0, "float16": 2e-3, "int8": 0.05}[width]
    np.testing.assert_allclose(small, whole, atol=tolerance)
    assert small.dtype == np.float32
    code, _, err = call("train", "--resume", out)
    assert code == 2
    with pytest.raises(UserError, match="holds only what predicts"):
        load_checkpoint(out, for_training=True)


def test_fewer_bits_take_less_room(trained_run, tmp_path):
    model = load_checkpoint(trained_run / "checkpoints/best.h5")
    sizes = []
    for width in WIDTHS:
        save_checkpoint(tmp_path / width, model, width)
        sizes.append(read_container(tmp_path / width).arrays["networks/0/embedding/tuned"].nbytes)
    assert sizes[0] == 2 * sizes[1] == 4 * sizes[2]


def test_an_ensemble_is_shrunk_as_well(call, reviews, tmp_path):
    small = options_text(epochs=1, ensemble=3)
    assert call("train", "--data", reviews, "--out", "run", *small)[0] == 0
    code, out, err = call("shrink", "run", "--quantize", "int8")
    assert code == 0, err
    target = tmp_path / "run/checkpoints/best.small.h5"
    assert str(target.relative_to(tmp_path)) in out
    assert len(load_checkpoint(target).networks) == 3


def test_a_training_state_keeps_all_of_its_bits(trained_run, tmp_path):
    whole = load_checkpoint(trained_run / "checkpoints/last.h5", for_training=True)
    with pytest.raises(ValueError, match="fewer bits"):
        save_checkpoint(tmp_path / "small.h5", whole, "int8")
    assert not (tmp_path / "small.h5").exists()


def test_the_checkpoint_itself_is_not_replaced(call, trained_run):
    best = trained_run / "checkpoints/best.h5"
    before = best.read_bytes()
    code, _, err = call("shrink", trained_run, "--out", best)
    assert code == 2
    assert "would replace what is read" in err
    assert best.read_bytes() == before


@pytest.mark.parametrize("damage", ["missing", "shape", "huge"])
def test_damaged_scales_are_refused(trained_run, tmp_path, damage):
    path = tmp_path / "small.h5"
    save_checkpoint(path, load_checkpoint(trained_run / "checkpoints/best.h5"), "int8")
    name = "scales/networks/0/dense/weights"
    if damage == "missing":
        change(path, lambda kept: kept.arrays.pop(name))
    elif damage == "shape":
        change(path, lambda kept: kept.arrays.update({name: np.ones((3, 3), np.float32)}))
    else:
        change(path, lambda kept: kept.arrays[name].fill(3e38))
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path)


def test_the_newest_run_is_shrunk_by_default(call, trained_run, tmp_path):
    shutil.copytree(trained_run, tmp_path / "runs/one")
    code, out, err = call("shrink")
    assert code == 0, err
    assert "best.small.h5" in out
