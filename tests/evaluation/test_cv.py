"""``textcnn cv``: what it leaves and prints, and that nothing but the folds decides its numbers."""

import contextlib
import dataclasses
import importlib.util
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.cv_runs import rows_of, without_seconds, words_for
from tests.support.pictures import draw
from tests.support.processes import PATIENCE, Started, textcnn
from tests.support.small_run import labelled_sentences, small_config, write_csv
from textcnn.commands import main
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.evaluation.crossval import fold_run
from textcnn.evaluation.crossval.fold_run import FoldResult, run_fold
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.crossval.setup import divide_corpora, read_corpora
from textcnn.evaluation.crossval.summary import SHARES, mean_interval, mean_predictions
from textcnn.recipe.presets import PRESETS
from textcnn.support.read_back import seal

FINISHED = ("--folds", "3", "--repeats", "2", "--baselines")
NAMES = ("network", "n-grams", "majority", "tfidf", "nbsvm")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, noisy: Path) -> Path:
    """The folder of a finished cross-validation; not to be changed."""
    folder = tmp_path_factory.mktemp("cv") / "cv"
    with pytest.MonkeyPatch.context() as patch:
        draw(patch)
        with pytest.raises(SystemExit) as ended:
            main(words_for(noisy, folder, *FINISHED, "--jobs", "1"))
    assert ended.value.code == 0
    return folder


# What it leaves and prints


def test_it_leaves_what_the_documentation_lists(finished):
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    expected = {"config.toml", "plan.json", "results.csv", "results.json", "predictions.csv"}
    expected |= {f"folds/{repeat}-{fold}.json" for repeat in (1, 2) for fold in (1, 2, 3)}
    if importlib.util.find_spec("matplotlib"):
        expected.add("folds.png")
    assert names == expected


def test_every_sentence_is_predicted_once_a_repeat(finished, noisy):
    predictions = rows_of(finished / "predictions.csv")
    sentences = rows_of(noisy)
    for repeat in ("1", "2"):
        mine = [row for row in predictions if row["repeat"] == repeat]
        assert sorted(int(row["row"]) for row in mine) == list(range(1, 91))
    for row in predictions:
        sentence = sentences[int(row["row"]) - 1]
        assert (row["text"], row["label"]) == (sentence["text"], sentence["label"])


def test_the_tables_follow_from_the_predictions(finished):
    results = json.loads((finished / "results.json").read_text())
    accuracies = []
    for row in rows_of(finished / "results.csv"):
        mine = [
            prediction["label"] == prediction["predicted"]
            for prediction in rows_of(finished / "predictions.csv")
            if (prediction["repeat"], prediction["fold"]) == (row["repeat"], row["fold"])
        ]
        assert float(row["accuracy"]) == pytest.approx(sum(mine) / len(mine), abs=1e-6)
        accuracies.append(sum(mine) / len(mine))
    assert [fold["accuracy"] for fold in results["folds"]] == pytest.approx(accuracies)
    expected = mean_interval(accuracies, 1 / 2, SHARES)
    assert results["accuracy"] == pytest.approx(vars(expected))
    assert len(set(accuracies)) > 1
    for name in NAMES:
        rival = results["baselines"][name]
        theirs = [fold[name] for fold in results["folds"]]
        assert rival["accuracy"]["mean"] == pytest.approx(np.mean(theirs))
        difference = rival["network_minus_baseline"]["mean"]
        assert difference == pytest.approx(np.mean(accuracies) - np.mean(theirs))


def test_a_table_is_printed_with_a_line_a_fold_and_the_means(call, finished):
    code, out, err = call("cv", "--resume", finished)
    assert code == 0
    assert len(re.findall(r"^ +[12] +[123] +\d+\.\d\d %", out, re.M)) == 6
    interval = r"\(standard error \d+\.\d\d, 95 % interval \d+\.\d\d to \d+\.\d\d\)"
    assert re.search(rf"^accuracy +\d+\.\d\d % {interval}$", out, re.M)
    for name in NAMES:
        assert re.search(rf"^{name} +\d+\.\d\d % {interval}$", out, re.M)
    differences = re.findall(r"textcnn's difference: [+-]\d+\.\d\d points \(95 %.*p = ", out)
    assert len(differences) == len(NAMES)
    assert "finished before: 6 folds" in err
    assert "\x1b" not in out + err


def test_as_json_it_prints_the_results_and_nothing_else(call, finished):
    code, out, _ = call("cv", "--resume", finished, "--json")
    assert code == 0
    assert json.loads(out) == CrossValidationFolder(finished).load_summary()


def result_of(repeat: int, rows: list[int], classes: list[int], predictions: list[list[float]]):
    probabilities = np.array(predictions, np.float32)
    return FoldResult(
        repeat, 0, np.array(rows), np.array(classes), probabilities, None, {}, 1.0, 1.0, 0.0
    )


def test_a_sentence_tested_twice_has_the_mean_of_the_predictions():
    results = [
        result_of(0, [4, 7, 9], [0, 1, 1], [[0.1, 0.9], [0.75, 0.25], [0.4, 0.6]]),
        result_of(1, [9, 7, 4], [1, 1, 0], [[0.5, 0.5], [0.75, 0.25], [0.5, 0.5]]),
    ]
    rows, classes, means = mean_predictions(results)
    assert (rows.tolist(), classes.tolist()) == ([4, 7, 9], [0, 1, 1])
    assert means == pytest.approx(np.array([[0.3, 0.7], [0.75, 0.25], [0.45, 0.55]]))


# What may decide its numbers


def test_a_network_knows_no_word_of_its_test_part(monkeypatch):
    """Each sentence has a word of its own, so that a leak would show."""
    texts = [f"w{number} film" for number in range(40)]
    corpus = LabelledTexts(texts, ["bad", "good"] * 20, "")
    config, plan = small_config(epochs=1), Plan(folds=4)
    data, folds = divide_corpora(Corpora(corpus), config, plan, print)
    models = []

    def train(*arguments):
        model, outcome = original(*arguments)
        models.append(model)
        return model, outcome

    original = fold_run.train_in_memory
    monkeypatch.setattr(fold_run, "train_in_memory", train)
    for fold in folds:
        result = run_fold(config, data, fold, ())
        tested = {f"w{row}" for row in result.rows}
        known = set(models[-1].vocabulary.words)
        assert not tested & known
        # All others, dev's included: it is trained on too, once it has chosen the epoch.
        assert {f"w{row}" for row in range(40)} - tested <= known


def test_equal_sentences_are_tested_in_the_same_fold(call, tmp_path):
    corpus = labelled_sentences(40)
    write_csv(tmp_path / "d.csv", LabelledTexts(corpus.texts * 2, corpus.labels * 2, ""))
    call(*words_for(tmp_path / "d.csv", "out", "--folds", "4", "--jobs", "1"))
    fold_of: dict[str, set[str]] = {}
    for row in rows_of(tmp_path / "out" / "predictions.csv"):
        fold_of.setdefault(row["text"], set()).add(row["fold"])
    assert len(fold_of) == 40
    assert all(len(folds) == 1 for folds in fold_of.values())


def test_the_seed_decides_the_folds(call, tmp_path, noisy):
    for seed in ("0", "1"):
        call(*words_for(noisy, seed, "--folds", "3", "--seed", seed, "--jobs", "1"))
    zero, one = (json.loads((tmp_path / seed / "folds" / "1-1.json").read_text()) for seed in "01")
    assert zero["rows"] != one["rows"]


def test_variances_are_corrected_for_folds_that_share_sentences():
    assert Plan(folds=10).test_to_train == pytest.approx(1 / 9)
    assert Plan(folds=10, train_share=0.5).test_to_train == pytest.approx(2 / 9)
    assert Plan(folds=10, test_data=("test.csv",)).test_to_train == 0


# Data with a test part, vectors and presets


def test_a_given_test_part_is_tested_in_every_repeat(call, tmp_path, noisy):
    tested = labelled_sentences(30, seed=5)
    first = rows_of(noisy)[0]
    texts, labels = [*tested.texts, first["text"]], [*tested.labels, first["label"]]
    test = write_csv(tmp_path / "test.csv", LabelledTexts(texts, labels, ""))
    options = ("--test-data", str(test), "--repeats", "2", "--jobs", "1")
    code, out, err = call(*words_for(noisy, "out", *options))
    assert code == 0
    assert "left out of training, since they are tested: 1 sentences" in err
    assert "by the size of the test part" in out
    predictions = rows_of(tmp_path / "out" / "predictions.csv")
    assert [row["text"] for row in predictions] == texts * 2
    assert call("cv", "--resume", "out")[0] == 0


def test_given_parts_are_kept_and_repeats_differ_in_the_networks_only(call, tmp_path, noisy):
    parts = {}
    for number, name in enumerate(("dev", "test")):
        corpus = labelled_sentences(24, seed=number + 5)
        first = rows_of(noisy)[number]
        texts, labels = [*corpus.texts, first["text"]], [*corpus.labels, first["label"]]
        parts[name] = write_csv(tmp_path / f"{name}.csv", LabelledTexts(texts, labels, ""))
    given = ("--test-data", str(parts["test"]), "--dev-data", str(parts["dev"]), "--repeats", "2")
    code, _, err = call(*words_for(noisy, "out", *given, "--jobs", "1"))
    assert code == 0, err
    assert "left out of training, since they are tested: 2 sentences" in err
    first, second = (rows_of(tmp_path / "out/predictions.csv")[start::2] for start in (0, 1))
    tested = [row["text"] for row in rows_of(tmp_path / "out/predictions.csv")]
    assert tested == [row["text"] for row in rows_of(parts["test"])] * 2
    assert first != second
    assert call("cv", "--resume", "out")[0] == 0
    for words, wrong in (
        (given[2:], "--dev-data goes with --test-data"),
        ((*given, "--train-share", "0.5"), "with --dev-data all of --data is trained on"),
        (("--test-data", str(parts["dev"]), *given[2:]), "--dev-data: every sentence also stands"),
    ):
        code, _, err = call(*words_for(noisy, "other", *words))
        assert code == 2
        assert wrong in err
    assert not (tmp_path / "other").exists()


def test_labels_that_look_alike_are_one_in_all_parts_where_that_is_asked_for(call, tmp_path, noisy):
    corpus = labelled_sentences(24, seed=5)
    other = LabelledTexts(corpus.texts, [label.upper() for label in corpus.labels], "")
    test = write_csv(tmp_path / "test.csv", other)
    words = words_for(noisy, "out", "--test-data", str(test), "--jobs", "1")
    code, _, err = call(*words)
    assert code == 2
    assert "--test-data: label" in err
    code, _, err = call(*words, "--merge-labels")
    assert code == 0, err
    assert "2 labels" in err
    assert call("cv", "--resume", "out")[0] == 0


def test_vectors_are_read_once_and_not_needed_to_go_on(call, tmp_path, noisy):
    words = sorted({word for row in rows_of(noisy) for word in row["text"].split()})
    choose = random.Random(0)
    lines = [" ".join([w, *(f"{choose.gauss(0, 1):.6f}" for _ in range(5))]) for w in words[:-2]]
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("\n".join([*lines, "elsewhere 1 2 3 4 5"]) + "\n")
    options = ("--preset", "kim-static", "--vectors", "vectors.txt", "--folds", "2", "--jobs", "1")
    code, _, err = call(*words_for(noisy, "out", *options))
    assert code == 0
    assert f"{len(words) - 2} of {len(words)} words" in err
    assert b"elsewhere" not in (tmp_path / "out" / "vectors.bin").read_bytes()

    config = small_config(vectors="vectors.txt", **kim_static())
    plan = Plan(folds=2)
    corpora = read_corpora(small_config(data=(str(noisy),)), plan, print)
    data, folds = divide_corpora(corpora, config, plan, print)
    straight = run_fold(config, data, folds[1], ())
    kept = json.loads((tmp_path / "out" / "folds" / "1-2.json").read_text())
    assert np.array_equal(straight.probabilities, np.array(kept["probabilities"], np.float32))

    vectors.unlink()
    (tmp_path / "out" / "folds" / "1-2.json").unlink()
    assert call("cv", "--resume", "out", "--jobs", "1")[0] == 0
    again = json.loads((tmp_path / "out" / "folds" / "1-2.json").read_text())
    assert again["probabilities"] == kept["probabilities"]


def kim_static() -> dict[str, object]:
    """The preset, but for the sizes that words_for makes small."""
    small = ("embedding_dim", "num_filters", "batch_size", "epochs")
    return {name: value for name, value in PRESETS["kim-static"].items() if name not in small}


def test_a_preset_may_set_what_means_nothing_here(call, tmp_path, noisy):
    options = ("--preset", "dennybritz", "--folds", "2", "--jobs", "1")
    code, _, _ = call(*words_for(noisy, "out", *options))
    assert code == 0
    config = (tmp_path / "out" / "config.toml").read_text()
    assert "evaluate_every = 100\n" in config
    assert "checkpoints_kept = 0\n" in config


# Stopped, killed and gone on with


def processes_of(session: int) -> dict[int, int]:
    """The processes of a session that have not ended, and what began each."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, _, owner = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # It has just ended.
            continue
        if int(owner) == session and state != "Z":
            found[int(path.parent.name)] = int(parent)
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
SLOW = ("--folds", "4", "--jobs", "2", "--epochs", "20", "--patience", "0")


def started(*words: str, cwd: Path | None = None) -> Started:
    """A process that leads a session of its own, as one on a terminal does."""
    pipe = subprocess.PIPE
    return Started(*words, cwd=cwd, stdout=pipe, stderr=pipe, start_new_session=True)


def wait_for_a_fold(process: Started, folder: Path) -> None:
    while not list(folder.glob("folds/*.json")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def wait_for_the_end_of_all(session: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while processes_of(session):
        assert time.monotonic() < deadline, processes_of(session)
        time.sleep(0.05)


@pytest.mark.slow
@needs_proc
def test_two_jobs_killed_and_gone_on_with_by_one_end_in_its_bytes(tmp_path, noisy, finished):
    folder = tmp_path / "killed"
    with started(*words_for(noisy, folder, *FINISHED, "--jobs", "2")) as process:
        wait_for_a_fold(process, folder)
        process.kill()
    before = {path: path.stat().st_mtime_ns for path in folder.glob("folds/*.json")}
    assert len(before) < 6
    # The folds that were being run are not left running.
    wait_for_the_end_of_all(process.pid)
    assert textcnn("cv", "--resume", folder, "--jobs", "1").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert without_seconds(folder) == without_seconds(finished)
    assert not list(folder.rglob("*.part"))


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_line_that_says_how_to_go_on(tmp_path, noisy, number):
    with started(*words_for(noisy, "out", *SLOW), cwd=tmp_path) as process:
        wait_for_a_fold(process, tmp_path / "out")
        # Ctrl-C reaches every process on the terminal; another signal, the one it is sent to.
        send = os.killpg if number == signal.SIGINT else os.kill
        send(process.pid, number)
        out, err = process.communicate()
    assert process.returncode == 130
    assert out == b""
    lines = err.decode().splitlines()
    assert lines[-1] == "stopped; go on with: python -m textcnn cv --resume out"
    assert all(re.match(r" *\d+ of 4 ", line) for line in lines[4:-1]), lines
    wait_for_the_end_of_all(process.pid)
    assert list((tmp_path / "out" / "folds").glob("*.json"))


@needs_proc
def test_a_process_that_the_system_kills_is_one_line(tmp_path, noisy):
    with started(*words_for(noisy, "out", *SLOW), cwd=tmp_path) as process:
        wait_for_a_fold(process, tmp_path / "out")
        # Its own children are the server that forks them, and Python's for what is shared.
        workers = [
            pid
            for pid, parent in processes_of(process.pid).items()
            if process.pid not in (pid, parent)
        ]
        os.kill(workers[0], signal.SIGKILL)
        _, err = process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in err.decode()
    last = err.decode().splitlines()[-1]
    assert last.startswith("textcnn: a process was killed")
    assert "--resume and fewer --jobs than 2" in last


def test_a_fault_in_another_process_is_its_one_line(tmp_path, noisy):
    options = ("--learning-rate", "1e38", "--optimizer", "sgd", "--row-norm", "0")
    run = textcnn(*words_for(noisy, "out", *options, "--folds", "3", "--jobs", "2"), cwd=tmp_path)
    assert run.returncode == 1
    lines = run.stderr.decode().splitlines()
    assert len(lines) == 5, lines
    assert re.match(r"textcnn: repeat 1 fold \d: the loss is \w+ at step", lines[-1])


# Bad input: one line, its code, and nothing left behind

BAD = {
    "one fold": ("--folds 1", "--folds", "1"),
    "too many folds": ("--folds 80", "--folds 80: label bad has", "fewer folds"),
    "no repeats": ("--repeats 0", "--repeats"),
    "no share": ("--train-share 0", "--train-share"),
    "more than all": ("--train-share 1.5", "--train-share"),
    "share of nan": ("--train-share nan", "--train-share nan"),
    "no jobs": ("--jobs 0", "--jobs"),
    "folds and a test part": ("--folds 3 --test-data test.csv", "leave out --folds"),
    "no such test part": ("--test-data none.csv", "none.csv"),
    "another label": ("--test-data test.csv", "--test-data: label awful"),
    "a test share": ("--test-share 0.1", "--test-share"),
    "no vectors for a preset": ("--preset kim-static", "--mode static needs --vectors"),
    "no such vectors": ("--vectors none.txt", "none.txt: no such file"),
    "vectors of other words": ("--vectors other.txt", "no word of the sentences is in it"),
    "resume and more": ("--resume x --folds 3", "leave out --"),
    "resume without rivals": ("--resume x --no-baselines", "leave out --"),
    "too many repeats": ("--repeats 100001", "--repeats 100001: must be at most 100000"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_one_line_and_leaves_nothing_behind(call, tmp_path, noisy, fault):
    words, *parts = BAD[fault]
    (tmp_path / "test.csv").write_text("text,label\na film,awful\n")
    (tmp_path / "other.txt").write_text("xyzzy 1 2 3\nplugh 1 2 4\n")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = call(*words_for(noisy, "out", *words.split()))
    err = re.sub(r"^(reading vectors from|vectors:|tokenizer:) .*\n", "", err, flags=re.M)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    for part in ("textcnn: ", *parts):
        assert part in err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_is_taken_is_not_overwritten(call, tmp_path, finished, noisy, trained_run):
    for folder, words in ((finished, f"--resume {finished}"), (trained_run, "of something else")):
        code, _, err = call(*words_for(noisy, folder))
        assert code == 2
        assert words in err


def test_what_another_command_made_is_gone_on_with_by_that(call, finished, trained_run):
    for command, folder, words in (
        ("train", finished, "no run here (checkpoints/last.h5 is missing); what is there is of cv"),
        ("cv", trained_run, "no cross-validation here (plan.json is missing); what is there is of"),
    ):
        code, out, err = call(command, "--resume", folder)
        assert (code, out) == (2, "")
        assert words in err.replace(f"({folder}/", "(")


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("plan.json", None, ("--resume", "no cross-validation here", "plan.json")),
        ("plan.json", "[]", ("plan.json: damaged",)),
        ("plan.json", "[" * 10**5, ("plan.json: damaged", "(more than 32 levels")),
        ("config.toml", "epochs = 3\n", ("or config.toml is not the one it was made with",)),
        ("config.toml", "epochs = " + "[" * 10**5, ("config.toml: not TOML",)),
        ("folds/1-2.json", "{", ("1-2.json: damaged", "remove it")),
        ("folds/1-2.json", '{"rows": []}', ("1-2.json: damaged",)),
        ("folds/1-2.json", "[]", ("1-2.json: damaged (not an object)",)),
    ],
)
def test_a_folder_that_is_damaged_is_said_to_be(call, tmp_path, finished, name, text, parts):
    folder = tmp_path / "cv"
    shutil.copytree(finished, folder)
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)
    code, out, err = call("cv", "--resume", folder)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert all(part in err for part in parts), err


@pytest.mark.parametrize(
    ("options", "plan", "said"),
    [
        ("epochs = 0", {}, "config.toml: --epochs 0"),
        ("epochs = " + "[" * 10**5, {}, "config.toml: not TOML: more than 32"),
        ("dropout = 1e999", {}, "config.toml: not TOML: 1e999 is too large"),
        (f"epochs = 1{'0' * 5000}", {}, "config.toml"),
        (f"epochs = '{'0' * 5000}'", {}, "config.toml: epochs must be a whole number, not '000"),
        ("", {"folds": "3"}, "(plan.json: folds must be a whole number, not '3')"),
        ("", {"folds": 10**12}, "(plan.json: --folds 1000000000000: must be at most 100000)"),
    ],
)
def test_a_folder_that_was_forged_is_refused(call, tmp_path, finished, options, plan, said):
    """With seals that are true."""
    folder = tmp_path / "cv"
    shutil.copytree(finished, folder)
    with (folder / "config.toml").open("a") as stream:
        stream.write(options)
    if options:
        lines = (folder / "config.toml").read_text().splitlines(keepends=True)
        own = [line for line in lines[:-1] if not line.startswith(options.split()[0])]
        (folder / "config.toml").write_text("".join([*own, lines[-1]]))
    with contextlib.suppress(ValueError):  # What cannot be read needs no seal.
        dataclasses.replace(Plan.load(finished / "plan.json"), **plan).save(folder / "plan.json")
    code, out, err = call("cv", "--resume", folder)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert len(err) < 2000
    assert said in err


@pytest.mark.parametrize(
    ("column", "spoil"),
    [
        ("rows", lambda rows: rows[::-1]),
        ("rows", lambda rows: [row + 0.5 for row in rows]),
        ("rows", lambda rows: [10**30, *rows[1:]]),
        ("probabilities", lambda rows: [row[:1] for row in rows]),
        ("probabilities", lambda rows: [[float("nan")] * 2, *rows[1:]]),
        ("probabilities", lambda rows: [[2.0, -1.0], *rows[1:]]),
        ("probabilities", lambda rows: [[0.4, 0.4], *rows[1:]]),
        ("probabilities", lambda rows: [["1", "0"], *rows[1:]]),
        ("epoch", lambda epoch: float("inf")),
        ("epoch", lambda epoch: 10**400),
        ("dev_accuracy", lambda accuracy: "0.5"),
        ("dev_accuracy", lambda accuracy: 1.5),
        ("seconds", lambda seconds: [[]] * 10**6),
        ("baselines", lambda baselines: {}),
    ],
)
def test_a_fold_that_was_tampered_with_is_refused(call, tmp_path, finished, column, spoil):
    folder = tmp_path / "cv"
    shutil.copytree(finished, folder)
    path = folder / "folds" / "1-2.json"
    values = json.loads(path.read_text())
    del values["sha256"]
    before = json.loads((folder / "plan.json").read_text())["sha256"] + path.name
    path.write_text(json.dumps(seal(values, before)))
    assert call("cv", "--resume", folder)[0] == 0
    path.write_text(json.dumps(seal({**values, column: spoil(values[column])}, before)))
    code, _, err = call("cv", "--resume", folder)
    assert code == 2
    assert "1-2.json: damaged" in err


def test_data_that_has_changed_is_not_gone_on_with(call, tmp_path):
    data = write_csv(tmp_path / "d.csv", labelled_sentences(30))
    call(*words_for(data, "out", "--folds", "2", "--jobs", "1"))
    write_csv(data, labelled_sentences(30, seed=1))
    code, _, err = call("cv", "--resume", "out")
    assert code == 2
    assert "is not what it was started with" in err


def test_data_that_has_been_moved_is_named_and_found_from_then_on(call, tmp_path):
    data = write_csv(tmp_path / "d.csv", labelled_sentences(30))
    test = write_csv(tmp_path / "t.csv", labelled_sentences(10, seed=1))
    words = ("--test-data", str(test), "--repeats", "2", "--jobs", "1")
    _, out, _ = call(*words_for(data, "out", *words))
    moved, tested = data.rename(tmp_path / "moved.csv"), test.rename(tmp_path / "tested.csv")
    code, _, err = call("cv", "--resume", "out")
    assert code == 2
    assert f"no such file: {data}; if it has been moved, say where to with --data" in err
    resume = ("cv", "--resume", "out", "--jobs", "1")
    assert call(*resume, "--data", moved, "--test-data", tested)[:2] == (0, out)
    assert call(*resume)[:2] == (0, out)
