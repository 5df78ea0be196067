"""A search scores settings on dev sentences only, and comes to the same end however it is run."""

import csv
import dataclasses
import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.processes import Started
from tests.support.small_run import SMALL, labelled_sentences, options_text, small_config, write_csv

pytest.importorskip("optuna", reason="needs the extra search")

from textcnn.commands import main
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.search import trials as trials_module
from textcnn.evaluation.search.folder import Plan
from textcnn.evaluation.search.session import learnt_rows
from textcnn.evaluation.search.space import Space, default_specs
from textcnn.evaluation.search.trials import dev_splits, folds_within
from textcnn.recipe.config import Config, read_toml
from textcnn.support.errors import RunError
from textcnn.support.read_back import SEAL, seal_each

VARIED = ("--vary", "dropout=0.3:0.7", "--vary", "filter_sizes=3,4,5|2")

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Run ``textcnn search`` in this process and a folder of its own: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["search", *map(str, words)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def start(reviews: Path) -> list[str]:
    """The words that begin a small search, one fold at a time."""
    return ["--data", str(reviews), *options_text(epochs=1), "--jobs", "1", *VARIED]


class Fits:
    """In the place of training: dev accuracies by a formula, and a note of what was asked for."""

    def __init__(self, accuracy: Callable[[Config, int], float]):
        self.accuracy = accuracy
        self.configs: list[Config] = []
        self.splits = []
        self.stop_at = -1

    def __call__(
        self, config: Config, data: TokenizedData, report: object
    ) -> tuple[None, SimpleNamespace]:
        if len(self.configs) == self.stop_at:
            self.stop_at = -1
            raise KeyboardInterrupt
        self.configs.append(config)
        self.splits.append(data.split)
        accuracy = self.accuracy(config, int(data.split.dev[0]))
        return None, SimpleNamespace(best=[SimpleNamespace(dev_accuracy=accuracy)])


def by_dropout(config: Config, first_dev_row: int) -> float:
    """The more dropout the better; a little different in each fold."""
    return config.dropout - 0.001 * first_dev_row


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Fits:
    """Fits where more dropout is better."""
    made = Fits(by_dropout)
    monkeypatch.setattr(trials_module, "train_in_memory", made)
    return made


def table(folder: Path | str) -> list[dict[str, str]]:
    """The trials of ``trials.csv``."""
    with (Path(folder) / "trials.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


# What is varied


def test_a_spec_is_a_range_of_numbers_or_choices_of_anything():
    specs = (
        "dropout=0.3:0.7",
        "--num-filters=50:400",
        "filter_sizes=3,4,5|7",
        "optimizer=sgd|adam",
    )
    space = Space.parse([*specs, "learning_rate=1e-4:1e-2:log"], small_config())
    kinds = [type(one).__name__ for one in space.distributions().values()]
    assert kinds == [
        "FloatDistribution",
        "IntDistribution",
        "CategoricalDistribution",
        "CategoricalDistribution",
        "FloatDistribution",
    ]
    drawn = {
        "dropout": 0.4,
        "num_filters": 60,
        "filter_sizes": "7",
        "optimizer": "sgd",
        "learning_rate": 0.01,
    }
    config = space.config(drawn)
    assert config == small_config(
        dropout=0.4, num_filters=60, filter_sizes=(7,), optimizer="sgd", learning_rate=0.01
    )


def test_another_optimizer_has_its_own_learning_rate():
    space = Space.parse(["optimizer=adam|adadelta"], small_config(learning_rate=0.002))
    assert space.config({"optimizer": "adam"}).learning_rate == 0.002
    assert space.config({"optimizer": "adadelta"}).resolved().learning_rate == 1.0


def test_the_default_space_holds_the_default_options_of_every_optimizer():
    for optimizer in ("adam", "adadelta", "sgd"):
        config = Config(optimizer=optimizer)
        start = Space.parse(default_specs(config), config).drawn_start()
        assert start is not None
        assert start["filter_sizes"] == "3,4,5"
        assert start["learning_rate"] == config.resolved().learning_rate


BAD_SPECS = {
    "dropout": "write OPTION=LOW:HIGH",
    "=0.1:0.2": "write OPTION=LOW:HIGH",
    "dropuot=0.1:0.2": "no option is called dropuot",
    "dropout=0.3:1": "--dropout 1.0: must be below 1",
    "dropout=0.7:0.3": "from the lower number to the higher",
    "dropout=0.3:nan": "from the lower number to the higher",
    "l2=0:inf": "must be a finite number",
    "dropout=0.3:0.7:linear": "LOW:HIGH:log",
    "dropout=a:b": "'a' is not a number",
    "l2=0:1:log": "must begin above 0",
    "num_filters=1.5:3": "'1.5' is not a whole number",
    "num_filters=0:3": "--num-filters 0: must be at least 1",
    "filter_sizes=3,x|4": "'x' is not a whole number",
    "filter_sizes=3,3|4": "each height once",
    "filter_sizes=3|3": "3 stands there twice",
    "optimizer=adam": "nothing to choose from; give --optimizer",
    "optimizer=adam|sdg": "choose from adam, adadelta, sgd",
    "mode=rand|static": "--mode static needs --vectors",
    "seed=0:9": "--seed is the same for all trials",
    "test_share=0.1:0.2": "--test-share is the same for all trials",
    "vectors=a|b": "--vectors is the same for all trials",
}


@pytest.mark.parametrize("spec", BAD_SPECS)
def test_a_bad_spec_is_one_line_that_names_it(call, tmp_path, spec):
    code, out, err = call("--vary", spec, "--out", "search")
    assert (code, out) == (2, "")
    assert err.startswith(f"textcnn: --vary {spec}: ")
    assert BAD_SPECS[spec] in err
    assert err.count("\n") == 1
    assert not any(tmp_path.iterdir())


BAD_OPTIONS = {
    "--trials 0": "--trials 0: must be at least 1",
    "--folds 1": "--folds 1: must be at least 2",
    "--folds 90": "--folds 90: label bad has",
    "--nested 1": "--nested 1: must be 0 or at least 2",
    "--nested 90": "--nested 90: label bad has",
    "--nested 50 --folds 54": "--folds 54: label bad has",
    "--jobs 0": "--jobs 0: must be at least 1",
    "--vary dropout=0.1:0.2": "--dropout is varied already",
    "--vectors none.txt": "none.txt",
    "--data none.csv": "none.csv",
}


@pytest.mark.parametrize("words", BAD_OPTIONS)
def test_bad_options_are_one_line_and_leave_nothing_behind(call, start, tmp_path, words):
    code, out, err = call(*start, *words.split(), "--out", "search")
    assert (code, out) == (2, "")
    assert BAD_OPTIONS[words] in err.splitlines()[-1]
    assert not any(tmp_path.iterdir())


def test_without_optuna_the_line_says_how_to_install_it(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, err = call()
    assert code == 2
    assert err == "textcnn: search needs Optuna: pip install 'textcnn[search]'\n"


# Which sentences score


def repeated_sentences() -> TokenizedData:
    """Sentences of which every third one stands there twice."""
    once = labelled_sentences(90)
    texts, labels = [*once.texts, *once.texts[::3]], [*once.labels, *once.labels[::3]]
    return TokenizedData.prepare(LabelledTexts(texts, labels, "repeated"), small_config())


def test_each_sentence_is_dev_once_and_none_of_the_test_part_is_seen():
    data = repeated_sentences()
    rows = data.everything_but_test
    splits = dev_splits(data, rows, 3, seed=0)
    assert len(splits) == 3
    assert sorted(np.concatenate([split.dev for split in splits])) == rows.tolist()
    for split in splits:
        assert sorted([*split.train, *split.dev]) == rows.tolist()
        train, dev = (set(map(tuple, data.tokens.take(part))) for part in (split.train, split.dev))
        assert train.isdisjoint(dev)


def test_sentences_with_several_labels_are_divided_though_some_stand_together_once():
    corpus = labelled_sentences(60)
    labels = ["awful\tlovely", "", *corpus.labels[2:]]
    data = TokenizedData.prepare(
        LabelledTexts(corpus.texts, labels, "several"), small_config(multilabel=True)
    )
    rows = data.everything_but_test
    splits = dev_splits(data, rows, 3, seed=0)
    assert sorted(np.concatenate([split.dev for split in splits])) == rows.tolist()


def test_an_outer_fold_keeps_its_test_part_from_the_search_inside():
    data = repeated_sentences()
    folds = folds_within(data, data.everything_but_test, 3, 0.1, 0)
    tested = np.concatenate([fold.split.test for fold in folds])
    assert sorted(tested) == data.everything_but_test.tolist()
    for fold in folds:
        inside = set(map(tuple, data.tokens.take(learnt_rows(fold))))
        assert inside.isdisjoint(map(tuple, data.tokens.take(fold.split.test)))


def test_no_trial_is_given_a_sentence_of_the_test_part(call, start, fits):
    assert call(*start, "--trials", "2", "--out", "search", "--ensemble", "3")[0] == 0
    data = TokenizedData.prepare(labelled_sentences(), small_config())
    for split in fits.splits:
        assert np.union1d(split.train, split.dev).tolist() == data.everything_but_test.tolist()
        assert not len(split.test)
    # One network a fold, chosen by dev and not refitted with it, whatever the winner is to be.
    assert len(fits.configs) == 2 * 3
    assert {(config.ensemble, config.refit) for config in fits.configs} == {(1, False)}
    best = read_toml(Path("search/best.toml"))
    assert (best["ensemble"], best["refit"]) == (3, True)


# What comes of it


def test_a_search_ends_with_a_table_and_a_file_to_train_from(call, start):
    code, out, err = call(*start, "--trials", "3", "--out", "search")
    assert code == 0
    lines = re.findall(r"^ +(\d) of 3  dev +[\d.]+ %  dropout (\S+)", err, re.M)
    assert [number for number, _ in lines] == ["1", "2", "3"]
    assert lines[0][1] == "0.5"  # The options as given.
    trials = table("search")
    scores = [float(trial["dev_accuracy"]) for trial in trials]
    for trial, score in zip(trials, scores, strict=True):
        folds = [float(trial[f"fold_{n}"]) for n in (1, 2, 3)]
        assert np.mean(folds) == pytest.approx(score, abs=1e-6)
    best = trials[int(np.argmax(scores))]
    assert best["outcome"] == "best"
    assert out.splitlines()[1].split()[2] == best["trial"]
    assert f"{100 * max(scores):.2f} %, is too good" in out
    assert "test accuracy" not in out + err
    command = out.splitlines()[-1].partition("-m textcnn ")[2]
    assert command == "train --config search/best.toml"
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 0
    assert str(read_toml(Path("search/best.toml"))["dropout"]) == best["dropout"]


def test_the_best_is_what_scored_highest(call, start, fits):
    out = call(*start, "--trials", "12", "--out", "search")[1]
    whole = [trial for trial in table("search") if trial["outcome"] in ("best", "scored")]
    best = max(whole, key=lambda trial: float(trial["dropout"]))
    assert best["outcome"] == "best"
    rows = [line.split() for line in out.splitlines()[1 : 1 + min(len(whole), 10)]]
    assert [row[2] for row in rows] == [
        trial["trial"]
        for trial in sorted(whole, key=lambda trial: float(trial["dropout"]), reverse=True)
    ][:10]


def test_a_poor_setting_is_cut_short(call, start, fits):
    err = call(*start, "--trials", "15", "--out", "search")[2]
    trials = table("search")
    cut = [trial for trial in trials if trial["outcome"] == "cut short"]
    assert cut
    assert all(trial["fold_1"] and not trial["fold_3"] for trial in cut)
    assert err.count("cut short after fold") == len(cut)
    run = sum(bool(trial[f"fold_{n}"]) for trial in trials for n in (1, 2, 3))
    assert len(fits.configs) == run < 3 * 15


def test_a_setting_that_was_tried_before_is_not_trained_again(call, start, fits):
    words = [word for word in start if word not in VARIED]
    call(*words, "--vary", "optimizer=adam|sgd", "--trials", "8", "--out", "search")
    assert len(table("search")) == 8
    assert len(fits.configs) == 2 * 3


def test_a_setting_whose_training_diverges_is_no_end_of_the_search(call, start, monkeypatch):
    def diverging(config: Config, first_dev_row: int) -> float:
        if config.dropout > 0.5:
            raise RunError("the loss is nan at step 3")
        return 0.7

    monkeypatch.setattr(trials_module, "train_in_memory", Fits(diverging))
    code, _, err = call(*start, "--trials", "8", "--out", "search")
    assert code == 0
    assert "failed" in {trial["outcome"] for trial in table("search")}
    assert "(the loss is nan at step 3)" in err
    assert read_toml(Path("search/best.toml"))["dropout"] <= 0.5


def test_where_nothing_can_be_trained_the_search_says_why(call, start, monkeypatch):
    def diverging(config: Config, first_dev_row: int) -> float:
        raise RunError("the loss is nan at step 3")

    monkeypatch.setattr(trials_module, "train_in_memory", Fits(diverging))
    code, out, err = call(*start, "--trials", "2", "--out", "search")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith(
        "textcnn: no setting could be trained; the last: the loss"
    )


# However it is run


def test_the_result_does_not_depend_on_how_many_folds_run_at_once(call, start):
    for jobs in ("1", "2"):
        words = ["--vary", "learning_rate=1e-4:0.1:log", "--ngrams", "0", "--trials", "10"]
        assert call(*start, *words, "--jobs", jobs, "--out", jobs)[0] == 0
    # Two jobs trained a fold more of a setting that the first fold would have cut short.
    assert any(trial["fold_1"] and not trial["fold_2"] for trial in table("1"))
    for name in ("trials.csv", "best.toml"):
        assert Path("1", name).read_bytes() == Path("2", name).read_bytes()


def test_a_stopped_search_goes_on_to_the_same_end(call, start, fits):
    call(*start, "--trials", "14", "--out", "whole")
    whole = len(fits.configs)
    fits.configs.clear()
    fits.stop_at = whole // 2
    code, _, err = call(*start, "--trials", "14", "--out", "stopped")
    assert code == 130
    assert err.splitlines()[-1].endswith("-m textcnn search --resume stopped")
    # What a kill in the middle of a line would leave.
    with Path("stopped/journal.jsonl").open("a") as journal:
        journal.write('{"op_code": 5, "wor')
    assert call("--resume", "stopped", "--jobs", "1")[0] == 0
    for name in ("trials.csv", "best.toml"):
        assert Path("whole", name).read_bytes() == Path("stopped", name).read_bytes()
    assert len(fits.configs) == whole  # Nothing was trained twice, not even a fold.


def test_a_search_killed_after_its_last_trial_is_told_of_whole(call, start):
    call(*start, "--trials", "4", "--out", "whole")
    kept = {name: Path("whole", name).read_bytes() for name in ("trials.csv", "best.toml")}
    # The journal is written first: these are of a trial before.
    Path("whole/best.toml").write_text("dropout = 0.9\n")
    Path("whole/trials.csv").unlink()
    assert call("--resume", "whole", "--jobs", "1")[0] == 0
    assert all(Path("whole", name).read_bytes() == content for name, content in kept.items())


def test_a_journal_that_cannot_be_written_is_one_line(call, start, monkeypatch):
    call(*start, "--trials", "2", "--out", "whole")
    with monkeypatch.context() as full:
        full.setattr("textcnn.evaluation.search.trials.os", SimpleNamespace(fsync=no_space_left))
        code, out, err = call("--resume", "whole", "--trials", "3", "--jobs", "1")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == (
        "textcnn: writing whole/journal.jsonl failed: No space left on device"
    )
    assert call("--resume", "whole", "--trials", "3", "--jobs", "1")[0] == 0


def no_space_left(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_finished_search_can_be_gone_on_with(call, start, fits):
    call(*start, "--trials", "5", "--out", "whole")
    call(*start, "--trials", "3", "--out", "longer")
    call("--resume", "longer", "--trials", "5", "--jobs", "1")
    assert table("longer") == table("whole")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing on Windows")
def test_ctrl_c_stops_every_process_with_one_line(tmp_path, reviews):
    words = ["--data", reviews, *options_text(epochs=20, patience=0), "--jobs", "2"]
    words += ["--trials", "1000", "--out", "search"]
    with Started(
        "search", *words, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while not re.match(rb" +1 of 1000", process.stderr.readline()):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # As a terminal does: to the folds' processes too.
        said = process.communicate()[1].decode().splitlines()
    assert process.returncode == 130
    assert said[-1].endswith("-m textcnn search --resume search")
    assert all(re.match(r" +\d+ of 1000", line) for line in said[:-1])


# Nested


@pytest.fixture
def nested(
    call: Call, start: list[str], fits: Fits, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str, list[Config]]]:
    """Output and messages of a nested search, and the settings that were tested."""
    tested = []

    def run_fold(config, data, fold, baselines):
        tested.append(config)
        return SimpleNamespace(accuracy=0.6 + 0.1 * fold.number)

    monkeypatch.setattr("textcnn.evaluation.search.session.run_fold", run_fold)
    code, out, err = call(*start, "--trials", "3", "--nested", "3", "--out", "search")
    assert code == 0
    return out, err, tested


def test_only_a_nested_search_reports_a_test_score(nested):
    out, err, tested = nested
    assert "test accuracy of 3 such searches  70.00 % (standard error" in out
    assert re.findall(r"^outer fold (\d) of 3: test ([\d.]+) %", err, re.M) == [
        ("1", "60.00"),
        ("2", "70.00"),
        ("3", "80.00"),
    ]
    assert len(tested) == 3
    assert all(config.refit for config in tested)  # As train would have it.


def test_a_search_inside_an_outer_fold_never_sees_its_test_part(nested, fits):
    data = TokenizedData.prepare(labelled_sentences(), small_config(**SMALL))
    rows = data.everything_but_test
    inner = fits.splits[9:]  # The main search has three trials of three folds.
    folds = folds_within(data, rows, 3, small_config().dev_share, small_config().seed)
    assert len(inner) == 3 * 9
    for number, split in enumerate(inner):
        seen = np.union1d(split.train, split.dev)
        assert seen.tolist() == learnt_rows(folds[number // 9]).tolist()


def test_a_nested_search_that_is_gone_on_with_tests_nothing_twice(nested, call):
    out, _, tested = nested
    assert call("--resume", "search")[1] == out
    assert len(tested) == 3


def test_a_nested_search_trains_and_tests_for_real(call, start):
    code, out, err = call(*start, "--trials", "1", "--folds", "2", "--nested", "2", "--out", "s")
    assert code == 0
    (mean,) = re.findall(r"such searches  ([\d.]+) %", out)
    tests = [float(test) for test in re.findall(r"of 2: test ([\d.]+) %", err)]
    assert float(mean) == pytest.approx(np.mean(tests), abs=0.011)


# Folders that are not what they should be


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def forged(journal: str) -> str:
    """The lines with true seals, of the plan that is there now."""
    plan = Path("search/plan.json")
    before = dataclasses.replace(Plan.load(plan), trials=1).sealed(plan)[SEAL]
    logs = [json.loads(line) for line in journal.splitlines()]
    bare = [{name: value for name, value in log.items() if name != SEAL} for log in logs]
    return "".join(json.dumps(log) + "\n" for log in seal_each(bare, before))


def test_what_cannot_be_gone_on_with_is_one_line(call, start, fits, tmp_path):
    moved = write_csv(tmp_path / "reviews.csv", labelled_sentences())
    words = ["--data", str(moved), *start[2:]]
    assert call(*words, "--trials", "2", "--out", "search")[0] == 0

    def said(*given: str) -> str:
        code, out, err = call(*given)
        assert (code, out) == (2, "")
        return err.splitlines()[-1]

    assert "holds a search already; go on with --resume search" in said(*words, "--out", "search")
    assert "leave out --dropout" in said("--resume", "search", "--dropout", "0.3")
    assert "leave out --vary" in said("--resume", "search", "--vary", "dropout=0:0.5")
    assert "no search here (none/plan.json is missing)" in said("--resume", "none")
    write_csv(moved, labelled_sentences(seed=1))
    assert "is not what it was started with" in said("--resume", "search")
    moved.unlink()
    assert "if it has been moved, say where to with --data" in said("--resume", "search")
    moved = write_csv(tmp_path / "elsewhere.csv", labelled_sentences())
    assert call("--resume", "search", "--data", moved)[0] == 0
    assert str(moved) in Path("search/best.toml").read_text()
    journal, plan = Path("search/journal.jsonl"), Path("search/plan.json")
    lines = journal.read_text().splitlines(keepends=True)
    whole = "".join(lines)
    for damaged in (
        "".join([*lines[:3], "not JSON\n", *lines[3:]]),
        "".join([*lines[:3], "[]\n", *lines[3:]]),
        "".join([*lines[:3], *lines[4:]]),
        "".join([*lines[:3], lines[4], lines[3], *lines[5:]]),
        whole.replace('"accuracies":[0.', '"accuracies":[0.1'),
        forged(whole.replace('"accuracies":[0', '"accuracies":[7')),
        forged(whole.replace('"param_value_internal":0.', '"param_value_internal":5.')),
        forged(whole.replace('"param_value_internal":0.', '"param_value_internal":1e300,"x":0.')),
        forged(whole.replace('"param_value_internal":1', '"param_value_internal":1e999')),
    ):
        assert damaged != whole
        journal.write_text(damaged)
        assert said("--resume", "search").startswith("textcnn: search/journal.jsonl: damaged (")
    journal.unlink()
    journal.mkdir()
    assert said("--resume", "search").startswith("textcnn: search/journal.jsonl: Is a directory")
    journal.rmdir()
    journal.write_text(whole)
    kept = plan.read_text()
    plan.write_text(kept.replace("dropout=0.3:0.7", "dropout=0.3:0.8"))
    assert "plan.json: damaged" in said("--resume", "search")
    dataclasses.replace(Plan.load(written(plan, kept)), folds=4).save(plan)
    assert "journal.jsonl: damaged" in said("--resume", "search")
    varied = ("dropout=0.3:0.8", VARIED[-1])
    dataclasses.replace(Plan.load(written(plan, kept)), vary=varied).save(plan)
    journal.write_text(forged(whole))
    assert "trial 0 is of another search" in said("--resume", "search")
    plan.write_text('{"trials": "many"}')
    assert said("--resume", "search").startswith("textcnn: search/plan.json: damaged")


def test_a_config_that_was_made_for_something_else_is_left_alone(call, start, tmp_path):
    (tmp_path / "config.toml").write_text("seed = 1\n")
    code, _, err = call(*start, "--out", tmp_path)
    assert code == 2
    assert "of something else" in err
    assert (tmp_path / "config.toml").read_text() == "seed = 1\n"


def test_vectors_are_read_once_for_all_trials(call, start, fits, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("film 1 2 3\nstory 1 2 4\n")
    code, _, err = call(*start, "--trials", "2", "--vectors", vectors, "--out", "search")
    assert code == 0
    assert err.count(f"reading vectors from {vectors}") == 1
    assert {config.vectors for config in fits.configs} == {str(Path("search/vectors.bin"))}
    assert read_toml(Path("search/best.toml"))["vectors"] == str(vectors)


def test_a_range_needs_no_start_inside_it(call, start, fits):
    code, _, err = call(*start, "--dropout", "0.1", "--trials", "2", "--out", "search")
    assert code == 0
    assert "the options given lie outside what is varied, and are not tried" in err
    assert all(0.3 <= config.dropout <= 0.7 for config in fits.configs)
