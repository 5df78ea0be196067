"""Where results go: never over what is read, and whether or not somebody reads them to the end."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.processes import Started
from tests.support.small_run import options_text


@pytest.fixture
def run(trained_run, reviews, tmp_path) -> Path:
    """A run that may be changed, its data beside it as ``own.csv``, with a link and a folder."""
    shutil.copytree(trained_run, tmp_path / "run")
    shutil.copy(reviews, tmp_path / "own.csv")
    os.link(tmp_path / "own.csv", tmp_path / "linked.csv")
    (tmp_path / "here").symlink_to(tmp_path)
    return tmp_path / "run"


@pytest.mark.parametrize(
    "words",
    [
        "eval run --data own.csv --predictions own.csv",
        "eval run --data own.csv --predictions linked.csv",
        "eval run --data good=own.csv --predictions here/own.csv",
        "explain --checkpoint run --input own.csv --html own.csv",
        "report run --data own.csv --out own.csv",
        "shrink run --data own.csv --out own.csv",
        "classify run own.csv --output .",
        "classify run own.csv --output here",
    ],
)
def test_what_is_read_is_not_replaced(call, run, words):
    before = Path("own.csv").read_bytes()
    code, _, err = call(*words.split())
    assert code == 2
    assert "would replace what is read; choose another" in err
    assert Path("own.csv").read_bytes() == before


def test_nor_is_what_the_run_itself_was_trained_on(call, run, reviews):
    before = reviews.read_bytes()
    assert call("eval", run, "--predictions", reviews)[0] == 2
    assert reviews.read_bytes() == before


def test_predictions_may_be_written_again(call, run):
    for _ in range(2):
        assert call("eval", run, "--predictions", "predictions.csv")[0] == 0


@pytest.mark.slow
def test_a_run_is_finished_though_its_reader_has_gone(tmp_path, reviews):
    out = tmp_path / "run"
    words = ("train", "--data", reviews, "--out", out, *options_text(epochs=1))
    reading, writing = os.pipe()
    os.close(reading)
    process = Started(*words, stdout=writing, stderr=writing, pictures=True)
    os.close(writing)
    assert process.wait() == 0
    assert (out / "test.json").exists()
    assert (out / "report.html").exists()


@pytest.mark.parametrize("command", ["cv", "search"])
@pytest.mark.parametrize(
    "asked", ["classify FOLDER film", "eval FOLDER", "train --init-from FOLDER"]
)
def test_a_folder_of_many_runs_has_no_network_to_predict(call, tmp_path, command, asked):
    folder = tmp_path / command
    folder.mkdir()
    for name in ("config.toml", "plan.json", *(["best.toml"] if command == "search" else [])):
        (folder / name).touch()
    code, _, err = call(*asked.replace("FOLDER", command).split())
    best = "search/best.toml" if command == "search" else "cv/config.toml"
    assert code == 2
    assert "no run, but a cross-validation or a search; train a network with: " in err
    assert err.endswith(f"train --config {best}\n")
