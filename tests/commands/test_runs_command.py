"""The list of runs: what their small files say, and what is damaged."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.small_run import options_text
from textcnn.core.progress import Evaluation, Progress
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.search.folder import Plan as SearchPlan
from textcnn.insight import run_list
from textcnn.insight.run_list import best_evaluation, changed_options, read_run
from textcnn.recipe.config import Config, write_toml
from textcnn.support.read_back import seal
from textcnn.training.checkpoint import container, load_checkpoint, storage


@pytest.fixture
def runs(call, tmp_path, trained_run) -> Path:
    """A folder ``runs`` in the present one that holds a run, ``20260102-030405``."""
    shutil.copytree(trained_run, tmp_path / "runs" / "20260102-030405", copy_function=shutil.copy2)
    return tmp_path / "runs"


def one(folder: Path) -> Path:
    (run,) = folder.iterdir()
    return run


def lines(out: str) -> list[str]:
    """The table without its header."""
    return out.splitlines()[1:]


def cross_validation(path: Path, mean: float = 0.8, error: float | None = 0.004) -> Path:
    """A finished cross-validation of two folds."""
    path.mkdir(parents=True)
    write_toml(path / "config.toml", Config(test_share=0.0, seed=9))
    folder = CrossValidationFolder(path)
    Plan(folds=2).save(folder.plan)
    low, high = (None, None) if error is None else (mean - 0.01, mean + 0.01)
    accuracy = {"mean": mean, "standard_error": error, "low": low, "high": high}
    folds = [{"dev_accuracy": 0.7, "epoch": 1.5}, {"dev_accuracy": 0.8, "epoch": 2.5}]
    folder.save_summary({"accuracy": accuracy, "folds": folds})
    return path


def sealed(values: dict[str, Any]) -> bytes:
    """What a file holds that says no less than it did."""
    return json.dumps(seal(values)).encode() + b"\n"


def search(path: Path, trials: int) -> Path:
    """A search with two finished trials of so many."""
    path.mkdir(parents=True)
    write_toml(path / "config.toml", Config())
    SearchPlan("", trials, vary=("dropout=0.3:0.7",)).save(path / "plan.json")
    table = "trial,dev_accuracy,outcome\n1,0.7,scored\n2,0.75,best\n"
    (path / "trials.csv").write_text(table)
    return path


# Runs


def test_a_finished_run_is_one_line(call, runs):
    code, out, err = call("runs")
    assert (code, err) == (0, "")
    scores = json.loads((one(runs) / "test.json").read_text())
    (line,) = lines(out)
    assert line.startswith("20260102-030405  2026-01-02 03:04  reviews.csv  ")
    low, high = scores["accuracy_95"]
    assert f"{100 * scores['accuracy']:.1f} % ({100 * low:.1f} to {100 * high:.1f})" in line
    changed = "embedding_dim=8 num_filters=4 learning_rate=0.01 batch_size=16 epochs=12 patience=0"
    assert line.endswith(changed)


def test_the_best_evaluation_is_the_checkpoints(runs):
    found = read_run(one(runs))
    checkpoint = load_checkpoint(one(runs) / "checkpoints" / "best.h5")
    (best,) = (past for past in checkpoint.history if past.step == checkpoint.best_step)
    assert (found.chosen.accuracy, found.chosen.loss) == (best.dev_accuracy, best.dev_loss)
    assert (found.chosen.epoch, found.chosen.epochs) == (best.epoch, 12)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.sampled_from([0.2, 0.5, 0.7])] * 3), min_size=1, max_size=6),
    best_by=st.sampled_from(["loss", "accuracy", "macro-f1"]),
)
def test_the_best_is_what_training_calls_the_best(rows, best_by):
    progress = Progress()
    for step, (loss, accuracy, f1) in enumerate(rows):
        evaluation = Evaluation(step, 0.0, 0.0, 0.0, loss, accuracy, f1)
        progress.add(evaluation, np.zeros((0, 0)), best_by)
    assert best_evaluation(progress.history, best_by).step == progress.best_step


def test_no_checkpoint_is_opened(call, runs, monkeypatch):
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a checkpoint was opened")

    monkeypatch.setattr(container, "read_container", refuse)
    monkeypatch.setattr(storage, "read_container", refuse)
    assert call("runs")[0] == 0


def unfinish(run: Path, looks: int) -> None:
    """Leave what a run has that was stopped after so many evaluations."""
    (run / "test.json").unlink()
    rows = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(rows[:looks]))


@pytest.mark.parametrize(
    ("looks", "words"), [(5, "stopped past step 30"), (0, "stopped before its first evaluation")]
)
def test_a_stopped_run_says_how_far_it_came_and_how_to_go_on(call, runs, looks, words):
    unfinish(one(runs), looks)
    code, out, err = call("runs")
    assert code == 0
    assert words in lines(out)[0]
    assert "python -m textcnn train --resume runs/20260102-030405" in err
    # The hint is a command that works, and then there is nothing left to go on with.
    assert call("train", "--resume", one(runs))[0] == 0
    assert "stopped" not in call("runs")[1]


def test_a_run_stopped_while_training_anew(call, runs):
    unfinish(one(runs), 12)
    checkpoints = one(runs) / "checkpoints"
    os.utime(checkpoints / "best.h5", ns=(1, 1))
    assert "stopped while training anew on train and dev" in call("runs")[1]
    shutil.copy2(checkpoints / "last.h5", checkpoints / "best.h5")
    assert "stopped before its test" in call("runs")[1]


def test_a_run_that_has_not_begun(call, runs):
    unfinish(one(runs), 0)
    shutil.rmtree(one(runs) / "checkpoints")
    code, out, err = call("runs")
    assert (code, err) == (0, "")
    assert "not begun" in out


def test_a_run_without_a_test_part(call, tmp_path, reviews):
    options = options_text(test_share=0, epochs=1)
    call("train", "--data", reviews, "--out", "runs/r", *options)
    assert "finished, no test part" in call("runs")[1]


def test_an_ensemble(call, tmp_path, reviews):
    options = options_text(ensemble=2, epochs=1)
    call("train", "--data", reviews, "--out", "runs/r", *options)
    run = tmp_path / "runs" / "r"
    found = read_run(run)
    dev = [
        json.loads((run / "members" / name / "metrics.jsonl").read_text())["dev_loss"]
        for name in "12"
    ]
    assert found.chosen.loss == pytest.approx(np.mean(dev))
    (run / "test.json").unlink()
    (run / "checkpoints" / "best.h5").unlink()
    assert "stopped after network 2 of 2" in call("runs")[1]
    (run / "members" / "2" / "metrics.jsonl").unlink()
    assert "stopped in network 2 of 2, before its first evaluation" in call("runs")[1]


# Cross-validations and searches


def test_a_cross_validation_has_its_mean_and_standard_error(call, runs):
    cross_validation(runs / "cv-20250101-000000")
    line = lines(call("runs")[1])[0]
    assert line.startswith("cv-20250101-000000  2025-01-01 00:00  mr ")
    assert "80.00 % ± 0.40, 2 folds" in line
    assert "75.0 %" in line
    # What it makes no use of, it was not given.
    assert line.endswith(" seed=9")


def test_a_cross_validation_of_a_single_fold_has_no_standard_error(call, runs):
    cross_validation(runs / "cv-20250101-000000", error=None)
    line = lines(call("runs")[1])[0]
    assert "80.0 %" in line
    assert "±" not in line


def test_a_cross_validation_that_was_stopped(call, runs):
    path = cross_validation(runs / "cv-20270101-000000")
    (path / "results.json").unlink()
    (path / "folds").mkdir()
    (path / "folds" / "1-1.json").write_text("{}")
    _, out, err = call("runs")
    assert "stopped after 1 of 2 folds" in lines(out)[1]
    assert "-m textcnn cv --resume runs/cv-20270101-000000" in err


@pytest.mark.parametrize(
    ("trials", "words"), [(2, "best of 2 settings"), (30, "stopped after 2 of 30 settings")]
)
def test_a_search_has_its_best_dev_accuracy_and_no_test_accuracy(call, runs, trials, words):
    search(runs / "search-20270101-000000", trials)
    _, out, err = call("runs")
    assert words in lines(out)[1]
    assert "75.0 %" in lines(out)[1]
    assert ("-m textcnn search --resume" in err) == (trials > 2)


# The list


def test_the_oldest_comes_first_or_the_most_accurate(call, runs):
    cross_validation(runs / "cv-20250101-000000", 0.5)
    cross_validation(runs / "cv-20270101-000000", 0.6)
    search(runs / "search-20240101-000000", 2)

    def order(*words: str) -> list[str]:
        return [line.split()[0] for line in lines(call("runs", *words)[1])]

    by_time = ["search-20240101-000000", "cv-20250101-000000", "20260102-030405"]
    assert order() == [*by_time, "cv-20270101-000000"]
    by_accuracy = ["20260102-030405", "cv-20270101-000000", "cv-20250101-000000"]
    assert order("--sort", "accuracy") == [*by_accuracy, "search-20240101-000000"]


def test_a_name_without_a_time_is_ordered_by_when_its_options_were_written(call, runs):
    path = cross_validation(runs / "mine")
    seconds = 1_735_732_800  # 2025-01-01
    os.utime(path / "config.toml", (seconds, seconds))
    assert lines(call("runs")[1])[0].startswith("mine ")


def test_as_json_it_is_json_and_nothing_else(call, runs):
    search(runs / "search-20270101-000000", 30)
    assert call("runs", "--format", "csv") == call("runs", "--as", "csv")
    code, out, err = call("runs", "--json")
    assert (code, err) == (0, "")
    run, other = json.loads(out)
    assert run["changed_options"]["batch_size"] == 16
    assert run["test"]["count"] == 12
    assert (other["kind"], other["unfinished"], other["test"]) == ("search", True, None)


def test_what_is_no_run_is_passed_over(call, runs):
    (runs / "notes").mkdir()
    (runs / "README.md").write_text("mine")
    assert len(lines(call("runs")[1])) == 1


@pytest.mark.parametrize("folder", ["nothing", "empty"])
def test_without_a_run_there_is_one_clear_line(call, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    code, out, err = call("runs", folder)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert folder in err
    assert "python -m textcnn train" in err


# Damage


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.toml", b"seed = [", "config.toml: not TOML"),
        ("config.toml", b"\xff\xfe", "config.toml: not TOML"),
        ("config.toml", b"depth = 3\n", "no option is called depth"),
        ("config.toml", b"seed = -1\n", "config.toml: --seed -1"),
        ("config.toml", None, "config.toml is missing"),
        ("metrics.jsonl", b'{"step": 6, "ep', "metrics.jsonl cannot be read"),
        ("metrics.jsonl", sealed({"step": 6}), "metrics.jsonl cannot be read: no 'epoch'"),
        ("metrics.jsonl", b'{"step": 6}\n', "metrics.jsonl cannot be read: sha256 is not"),
        ("metrics.jsonl", b"[1]\n", "metrics.jsonl cannot be read"),
        ("metrics.jsonl", b"[" * 100_000, "metrics.jsonl cannot be read"),
        ("test.json", b"", "test.json cannot be read"),
        ("test.json", b"[]", "test.json cannot be read: not an object"),
        ("test.json", sealed({"accuracy": 0.5}), "test.json cannot be read: no 'accuracy_95'"),
        (
            "test.json",
            sealed({"accuracy": 7, "accuracy_95": [0, 1], "sentences": 3}),
            "test.json cannot be read: 7 is not a share",
        ),
        (
            "test.json",
            b'{"accuracy": NaN, "accuracy_95": [0, 1], "sentences": 3}',
            "test.json cannot be read: NaN is not a number",
        ),
    ],
)
def test_a_damaged_run_is_said_and_does_not_stop_the_list(call, runs, name, content, words):
    cross_validation(runs / "cv-20270101-000000")
    path = runs / "20260102-030405" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    code, out, _ = call("runs")
    assert code == 0
    damaged, whole = lines(out)
    start, _, reason = damaged.partition("  damaged: ")
    assert start.split() == ["20260102-030405", "2026-01-02", "03:04"]
    assert words in reason
    assert "80.00 %" in whole
    assert json.loads(call("runs", "--json")[1])[0]["damage"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.json", "{}"),
        ("results.json", '{"accuracy": {"mean": 0.5}, "folds": []}'),
        ("trials.csv", "trial,outcome\n1,best\n"),
        ("trials.csv", 'trial,dev_accuracy,outcome\n1,"0.7\0,best\n'),
        ("plan.json", "null"),
    ],
)
def test_a_damaged_cross_validation_or_search(call, runs, name, content):
    path = cross_validation(runs / "cv-20270101-000000")
    if name != "results.json":
        path = search(runs / "search-20280101-000000", 2)
    (path / name).write_text(content)
    code, out, _ = call("runs")
    assert code == 0
    assert re.search(f"damaged: .*{name}(: damaged| cannot be read)", lines(out)[-1])


def test_a_file_too_large_to_be_one_of_ours_is_not_read(call, runs):
    with (one(runs) / "metrics.jsonl").open("wb") as stream:
        stream.truncate(10**12)  # A hole, which takes no room.
    assert "metrics.jsonl cannot be read: longer than 20,000,000 bytes" in call("runs")[1]


def test_a_pipe_in_a_files_place_does_not_make_it_wait(call, runs):
    path = one(runs) / "test.json"
    path.unlink()
    os.mkfifo(path)
    assert "Not a regular file" in call("runs")[1]


def test_a_folder_that_may_not_be_looked_into(call, runs, monkeypatch):
    cross_validation(runs / "cv-20270101-000000")

    def forbidden(listed: run_list.ListedRun) -> run_list.ListedRun:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(run_list, "_run", forbidden)
    code, out, _ = call("runs")
    assert code == 0
    assert "damaged: Permission denied" in lines(out)[0]
    assert "80.00 %" in lines(out)[1]


def test_a_name_that_would_steer_the_terminal(call, runs):
    one(runs).rename(runs / "a\x1b[2Jb\nc")
    (line,) = lines(call("runs")[1])
    assert line.startswith("a\ufffd[2Jb c ")


# Options


def test_what_was_not_given_is_no_change():
    assert changed_options(Config()) == {}
    assert changed_options(Config(data=("x.csv",)).resolved()) == {}
    assert changed_options(Config(optimizer="sgd").resolved()) == {"optimizer": "sgd"}
    assert changed_options(Config(seed=3).resolved()) == {"seed": 3}
    assert changed_options(Config(learning_rate=0.001)) == {}
    given = changed_options(Config(filter_sizes=(2, 3), refit=False))
    assert given == {"filter_sizes": (2, 3), "refit": False}


def test_the_width_of_vectors_from_a_file_is_no_option_of_the_user():
    config = Config(vectors="v.txt", embedding_dim=50)
    assert changed_options(config.resolved()) == {"vectors": "v.txt"}
    trained = changed_options(Config(vectors="train", embedding_dim=50))
    assert trained == {"vectors": "train", "embedding_dim": 50}
