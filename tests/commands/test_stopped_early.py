"""What was killed before its first result is gone on with, or begun again by the same command."""

import shutil
from pathlib import Path

import pytest

from tests.support.cv_runs import without_seconds, words_for
from tests.support.small_run import options_text, parameter_bytes
from textcnn.training.checkpoint import load_checkpoint


def left(whole: Path, folder: Path, *names: str) -> Path:
    """A folder with so much of a finished one; a name that ends in / is an empty folder."""
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(whole / name, path)
    (folder / ".config.toml.x1.part").write_text("half")
    return folder


@pytest.mark.parametrize("ensemble", ["1", "2"])
def test_a_run_without_a_checkpoint_begins_anew(call, tmp_path, reviews, ensemble):
    words = ("train", "--data", reviews, *options_text(epochs=1), "--ensemble", ensemble)
    assert call(*words, "--out", "whole")[0] == 0
    for out, names in (("early", ["config.toml"]), ("later", ["config.toml", "split.json"])):
        early = left(tmp_path / "whole", tmp_path / out, "checkpoints/", *names)
        code, _, err = call(*words, "--out", out)
        assert code == 2
        assert f"go on with --resume {out}, or choose another folder" in err
        assert call("train", "--resume", out)[0] == 0
        assert not list(early.glob(".*.part"))
        mine, theirs = (
            parameter_bytes(load_checkpoint(Path(name, "checkpoints/best.h5")).networks[0])
            for name in (out, "whole")
        )
        assert mine == theirs


def test_a_folder_that_is_no_run_is_not_gone_on_with(call, tmp_path, reviews):
    Path("other").mkdir()
    code, _, err = call("train", "--resume", "other")
    assert code == 2
    assert "no run here" in err
    # Nor one that nothing was written in: the same command begins there.
    Path("empty/checkpoints").mkdir(parents=True)
    assert call("train", "--resume", "empty")[0] == 2
    words = ("train", "--data", reviews, *options_text(epochs=1), "--out", "empty")
    assert call(*words)[0] == 0


def test_a_cross_validation_without_a_fold(call, tmp_path, noisy):
    more = ("--folds", "2", "--jobs", "1")
    assert call(*words_for(noisy, "whole", *more))[0] == 0
    left(tmp_path / "whole", tmp_path / "planned", "folds/", "config.toml", "plan.json")
    assert call("cv", "--resume", "planned", "--jobs", "1")[0] == 0
    left(tmp_path / "whole", tmp_path / "unplanned", "folds/", "config.toml")
    assert call(*words_for(noisy, "unplanned", *more))[0] == 0
    whole = without_seconds(tmp_path / "whole")
    for name in ("planned", "unplanned"):
        assert without_seconds(tmp_path / name) == whole


def test_a_search_without_a_plan(call, tmp_path, reviews):
    pytest.importorskip("optuna")
    words = ("search", "--data", reviews, *options_text(epochs=1), "--jobs", "1")
    words = (*words, "--vary", "dropout=0.3:0.6", "--trials", "2", "--folds", "2")
    assert call(*words, "--out", "whole")[0] == 0
    # The file may as well be the user's own, so nothing is written over it.
    left(tmp_path / "whole", tmp_path / "early", "config.toml")
    before = Path("early/config.toml").read_bytes()
    code, _, err = call(*words, "--out", "early")
    assert code == 2
    assert "of a search that could not begin; choose another folder" in err
    assert Path("early/config.toml").read_bytes() == before


def test_a_device_that_never_ends_is_no_data(call):
    """A checkpoint from elsewhere can name any file, and eval, inspect and shrink read it."""
    code, out, err = call("train", "--data", "/dev/zero", "--out", "run")
    assert (code, out, err) == (2, "", "textcnn: cannot read /dev/zero: Not a regular file\n")


def test_an_empty_folder_that_was_there_is_left(call, tmp_path):
    (tmp_path / "mine").mkdir()
    assert call("train", "--data", "nothing.csv", "--out", "mine")[0] == 2
    assert list((tmp_path / "mine").iterdir()) == []
    assert call("train", "--data", "nothing.csv", "--out", "new")[0] == 2
    assert not (tmp_path / "new").exists()
