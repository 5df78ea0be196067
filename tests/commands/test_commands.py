"""The commands as people and pipes use them: streams, signals, exit codes, and no traceback."""

import csv
import io
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.processes import (
    PATIENCE,
    REPOSITORY,
    Started,
    command_line,
    environment,
    textcnn,
)
from tests.support.small_run import labelled_sentences, options_text, parameter_bytes, write_csv
from textcnn.commands.arguments.checkpoint import is_checkpoint
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.checkpoint.container import MARK, read_container


def checked(result: tuple[int, str, str], code: int, *parts: str) -> str:
    """The one line with which a command fails, which must hold these parts."""
    got, out, err = result
    assert got == code, err
    assert out == ""
    # What was read before the fault is told in lines of its own.
    err = re.sub(r"^(reading vectors from|vectors:) .*\n", "", err, flags=re.M)
    assert len(err.splitlines()) == 1, err
    assert err.startswith("textcnn: ")
    for part in parts:
        assert part in err
    return err


# Bad input of train: one line, its code, and nothing left behind


def files(tmp_path: Path) -> dict[str, Path]:
    """Data files with one fault each."""
    corpus = labelled_sentences()
    good = write_csv(tmp_path / "good.csv", corpus)
    contents = {
        "empty.csv": b"",
        "header.csv": b"text,label\n",
        "binary.csv": bytes(range(256)) * 8,
        "cp1252.csv": good.read_bytes().replace(b"film", b"caf\xe9"),
        "one-label.csv": good.read_bytes().replace(b",bad", b",good"),
        "few.csv": b"text,label\na film,good\nno film,bad\n",
        "columns.csv": b"words,class\na,b\n",
        "ragged.csv": b"text,label\na,b,c\n",
        "open.csv": b'text,label\n"a,b\n' * 3,
        "half.csv": b"text,label\na,b\nc,\nd,\n",
        "bad.csv": b"text,label\na,\n",
        "lines.jsonl": b'{"text": "a", "label": "b"}\nnot json\n',
        "sentences.txt": b"a film\nanother\n",
        "ragged-vectors.txt": b"film 1 2 3\nstory 1 2\nplot 1 2 3\n",
        "other-vectors.txt": b"xyzzy 1 2 3\nplugh 1 2 4\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {path.name: path for path in tmp_path.iterdir()}


BAD_TRAINING = {
    "no such file": ("--data none.csv", "none.csv"),
    "empty": ("--data empty.csv", "empty.csv is empty"),
    "no rows": ("--data header.csv", "header.csv"),
    "binary": ("--data binary.csv", "binary.csv: no text in any encoding", "export its texts"),
    "not UTF-8": ("--data cp1252.csv", "cp1252.csv, line", "--encoding cp1252"),
    "one label": ("--data one-label.csv", "--data: only one label, good"),
    "too few": ("--data few.csv", "--data: label bad has 1"),
    "other columns": ("--data columns.csv", "'text'", "'words', 'class'", "--text-column"),
    "ragged": ("--data ragged.csv", "ragged.csv, line 2"),
    "open quotation": ("--data open.csv", "open.csv, line", "quotation mark"),
    "not JSON": ("--data lines.jsonl", "lines.jsonl, line 2: not valid JSON"),
    "no format": ("--data sentences.txt", "sentences.txt: cannot tell its format"),
    "bad rows": (
        "--data half.csv",
        "half.csv, line 3: the label is missing (2 of 3 rows cannot be used); --skip-bad-rows",
    ),
    "no good rows": ("--data bad.csv --skip-bad-rows", "bad.csv, line 2: the label is missing"),
    "no delimiter": ("--data good.csv --delimiter ::", "--delimiter '::': give one character"),
    "named columns": ("--data good.csv --no-header", "--no-header: --text-column 'text' is a name"),
    "encoding": ("--data good.csv --encoding klingon", "--encoding: 'klingon'"),
    "ragged vectors": ("--data good.csv --vectors ragged-vectors.txt", "ragged-vectors.txt", "2"),
    "no vectors": ("--data good.csv --vectors none.txt", "none.txt"),
    "other vectors": ("--data good.csv --vectors other-vectors.txt", "other-vectors.txt: no word"),
    "vectors are data": ("--data good.csv --vectors good.csv", "good.csv"),
    "vectors are empty": ("--data good.csv --vectors empty.csv", "empty.csv"),
    "vectors are binary": ("--data good.csv --vectors binary.csv", "binary.csv"),
    "no text for vectors": ("--data good.csv --vectors train --vectors-text none", "none"),
    "sizes": ("--data good.csv --filter-sizes 3,x", "--filter-sizes", "'3,x'"),
    "no sizes": ("--data good.csv --filter-sizes ,", "--filter-sizes"),
    "size 0": ("--data good.csv --filter-sizes 0", "--filter-sizes 0: must be at least 1"),
    "negative rate": ("--data good.csv --learning-rate -1", "--learning-rate -1.0: must be above"),
    "rate of nan": ("--data good.csv --learning-rate nan", "--learning-rate nan: must be a finite"),
    "dropout": ("--data good.csv --dropout 1", "--dropout 1.0: must be below 1"),
    "number": ("--data good.csv --epochs three", "--epochs", "three"),
    "huge number": ("--data good.csv --epochs 99999999999999999999", "--epochs"),
    "choice": ("--data good.csv --optimizer sdg", "--optimizer", "sdg"),
    "unknown option": ("--data good.csv --epoch 3", "--epoch"),
    "word": ("--data good.csv good.csv", "good.csv"),
    "no such config": ("--config none.toml", "--config none.toml"),
    "config is no TOML": ("--config sentences.txt", "--config sentences.txt: not TOML"),
    "mode": ("--data good.csv --mode static", "--mode static needs --vectors"),
    "shares": ("--data good.csv --dev-share 0.6 --test-share 0.5", "--dev-share"),
    "resume and more": ("--resume x --epochs 3", "--resume", "--epochs"),
}


@pytest.mark.parametrize("fault", BAD_TRAINING)
def test_bad_input_of_training_is_one_line_and_leaves_nothing_behind(call, tmp_path, fault):
    words, *parts = BAD_TRAINING[fault]
    files(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    given = ["--out", "run"] if "--resume" not in words else []
    checked(call("train", *words.split(), *given), 2, *parts)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("train", "--data", ""), "--data ''"),
        (("train", "--data", "mr", "--data="), "--data ''"),
        (("train", "--data", "mr", "--vectors", ""), "--vectors ''"),
        (("train", "--out", ""), "'--out'"),
        (("train", "--resume", ""), "'--resume'"),
        (("data", ""), "--data ''"),
        (("classify", "--checkpoint", "", "a film"), "'--checkpoint'"),
        (("classify", "--input="), "'--input'"),
        (("eval", ""), "CHECKPOINT"),
        (("runs", ""), "FOLDER"),
    ],
)
def test_an_empty_path_is_not_the_working_folder(call, tmp_path, words, option):
    checked(call(*words), 2, option, "is a variable")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["classify --format json", "explain --json"])
def test_a_sentence_that_is_no_text_is_refused(trained_run, words):
    sentence = os.fsdecode(b"a fin\xe9 film")
    run = textcnn(*words.split(), "--checkpoint", trained_run, sentence)
    assert (run.returncode, run.stdout) == (2, b"")
    (line,) = run.stderr.splitlines()
    assert b"sentence 1 is not utf-8; give it in a file" in line


@pytest.mark.parametrize(
    ("out", "part"),
    [("file", "--out: cannot write in file"), ("/proc/none/run", "--out: cannot write in /proc")],
)
def test_a_folder_that_cannot_be_written_is_said_before_anything_else(call, tmp_path, out, part):
    (tmp_path / "file").touch()
    checked(call("train", "--data", "none.csv", "--out", out), 2, part)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path):
    name = os.fsdecode(b"na\xefve.csv")
    write_csv(tmp_path / name, labelled_sentences())
    run = textcnn("train", "--data", name, "--out", "run", cwd=tmp_path)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert b"rename the file" in line
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_is_not_overwritten(call, trained_run, reviews):
    before = {path: path.read_bytes() for path in trained_run.rglob("*") if path.is_file()}
    line = checked(call("train", "--data", reviews, "--out", trained_run), 2, "holds a run already")
    assert f"--resume {trained_run}" in line
    assert before == {path: path.read_bytes() for path in trained_run.rglob("*") if path.is_file()}


@pytest.mark.parametrize("spoil", ["missing", "not hdf5", "truncated", "newer"])
def test_a_run_that_cannot_be_resumed(call, tmp_path, trained_run, spoil):
    folder = tmp_path / "run"
    shutil.copytree(trained_run, folder)
    last = folder / "checkpoints" / "last.h5"
    data = last.read_bytes()
    if spoil == "missing":
        last.unlink()
    elif spoil == "newer":
        last.write_bytes(data.replace(b"textcnn checkpoint 4\n", b"textcnn checkpoint 9\n", 1))
    else:
        last.write_bytes(b"text" if spoil == "not hdf5" else data[: len(data) // 2])
    words = {"missing": "no run here", "newer": "newer textcnn"}.get(spoil, "damaged")
    checked(call("train", "--resume", folder), 2, str(last), words)


# Training


def test_a_run_leaves_what_the_documentation_lists(trained_run):
    names = {str(path.relative_to(trained_run)) for path in trained_run.rglob("*")}
    expected = {"config.toml", "split.json", "metrics.jsonl", "test.json"}
    assert {f"checkpoints/{name}.h5" for name in ("best", "last")} | expected <= names
    rows = json.loads((trained_run / "split.json").read_text())
    assert [len(rows[part]) for part in ("train", "dev", "test")] == [96, 12, 12]
    lines = (trained_run / "metrics.jsonl").read_text().splitlines()
    metrics = [json.loads(line) for line in lines]
    assert all(row.pop("sha256") for row in metrics)
    assert [row["step"] for row in metrics] == [6 * epoch for epoch in range(1, 13)]
    last = load_checkpoint(trained_run / "checkpoints" / "last.h5", for_training=True)
    assert last.training is not None
    assert [vars(row) for row in last.training.choice.history] == metrics
    # The network trained anew on train and dev, once dev had chosen for how long.
    assert last.training.first_half is not None
    assert last.training.progress.finished
    best = load_checkpoint(trained_run / "checkpoints" / "best.h5")
    assert [vars(row) for row in best.history] == metrics
    for name, array in last.networks[0].items():
        assert best.networks[0][name].tobytes() == array.tobytes()
    # What only resuming needs is in one of the two.
    names = read_container(trained_run / "checkpoints" / "best.h5").arrays
    assert not [name for name in names if name.startswith("training/")]


def test_training_prints_the_test_score_and_what_to_type_next(call, tmp_path, reviews):
    code, out, err = call("train", "--data", reviews, "--out", "r", *options_text())
    assert code == 0
    assert re.search(r"^accuracy +\d+\.\d %  \(95 % interval .*, 12 of 120 rows\)$", out, re.M)
    assert "true \\ predicted" in out
    assert "next: python -m textcnn classify --checkpoint r" in out
    assert "python -m textcnn eval r --predictions" in out
    assert "\x1b" not in err
    assert "\r" not in err
    assert len([line for line in err.splitlines() if line.startswith("epoch ")]) == 3


def test_what_to_type_next_is_no_option(call, reviews):
    header, *rows = Path(reviews).read_text().splitlines()
    Path("dashed.csv").write_text("\n".join([header, *(f"--{row}" for row in rows)]))
    out = call("train", "--data", "dashed.csv", "--out", "r", *options_text(epochs=1))[1]
    assert "classify --checkpoint r --input dashed.csv > labelled.csv" in out


def test_a_network_that_would_know_no_word_is_not_trained(call, reviews):
    code, _, err = call("train", "--data", reviews, "--out", "r", "--min-count", 1000)
    assert code == 2
    assert err.splitlines()[-1].startswith("textcnn: --min-count 1000: no word of the training")
    assert not Path("r").exists()


def test_without_a_test_part_nothing_is_to_be_scored_next(call, reviews):
    words = ["--data", reviews, "--out", "r", "--test-share", 0]
    code, out, _ = call("train", *words, *options_text())
    assert code == 0
    assert "next: python -m textcnn classify --checkpoint r" in out
    assert "textcnn eval" not in out


def test_the_config_of_a_run_repeats_it(call, tmp_path, reviews):
    call("train", "--data", reviews, "--out", "first", *options_text(seed=5))
    code, _, _ = call("train", "--config", "first/config.toml", "--out", "second")
    assert code == 0
    first, second = (
        load_checkpoint(tmp_path / name / "checkpoints" / "last.h5") for name in ("first", "second")
    )
    assert parameter_bytes(first.networks[0]) == parameter_bytes(second.networks[0])
    assert first.config == second.config


def test_the_checkpoints_kept_are_the_newest(call, tmp_path, reviews):
    options = options_text(checkpoint_every=4, checkpoints_kept=2, patience=0)
    call("train", "--data", reviews, "--out", "r", *options)
    kept = sorted(path.name for path in (tmp_path / "r" / "checkpoints").iterdir())
    numbered = ["step-00000016.h5", "step-00000018.h5"]
    assert kept == ["best.h5", "chosen.h5", "last.h5", *numbered]


def test_without_out_a_run_is_made_below_runs_and_found_again(call, tmp_path, reviews):
    assert call("train", "--data", reviews, *options_text())[0] == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"\d{8}-\d{6}", run.name)
    code, out, _ = call("eval")
    assert code == 0
    assert f"checkpoint runs/{run.name}/checkpoints/best.h5" in out


def test_without_a_test_share_there_is_no_test_score(call, tmp_path, reviews):
    code, out, _ = call("train", "--data", reviews, "--out", "r", *options_text(test_share=0))
    assert code == 0
    assert "accuracy" not in out
    assert not (tmp_path / "r" / "test.json").exists()
    checked(call("eval", "r"), 2, "--test-share 0", "--data")


def test_a_loss_that_is_no_number_is_a_fault_of_the_run(call, tmp_path, reviews):
    options = options_text(learning_rate=1e38, optimizer="sgd", row_norm=0)
    code, _, err = call("train", "--data", reviews, "--out", "r", *options)
    assert code == 1
    assert len([line for line in err.splitlines() if line.startswith("textcnn: ")]) == 1
    assert "Warning" not in err
    assert "Traceback" not in err
    load_checkpoint(tmp_path / "r" / "checkpoints" / "last.h5", for_training=True)


# Long enough that the signal comes before the end.
LONG = options_text(epochs=8, patience=0, optimizer="adadelta")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, reviews):
    """The folder of a run that nothing has stopped."""
    folder = tmp_path_factory.mktemp("never") / "whole"
    assert textcnn("train", "--data", reviews, *LONG, "--out", folder).returncode == 0
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_resuming_ends_in_the_same_bytes(tmp_path, reviews, whole, number):
    words = ["train", "--data", reviews, *LONG, "--out", tmp_path / "stopped"]
    with Started(*words, stderr=subprocess.PIPE) as process:
        lines = []
        for line in process.stderr:
            lines.append(line.decode())
            if line.startswith(b"epoch  2"):
                process.send_signal(number)
    assert process.wait() == 130
    assert "Traceback" not in "".join(lines)
    assert lines[-2].startswith("stopped at step ")
    assert lines[-1].endswith(f"python -m textcnn train --resume {tmp_path / 'stopped'}\n")

    assert textcnn("train", "--resume", tmp_path / "stopped").returncode == 0
    for name in ("last.h5", "best.h5"):
        mine, theirs = (
            load_checkpoint(run / "checkpoints" / name).networks[0]
            for run in (tmp_path / "stopped", whole)
        )
        assert parameter_bytes(mine) == parameter_bytes(theirs)
    for name in ("metrics.jsonl", "split.json", "test.json", "config.toml"):
        assert (tmp_path / "stopped" / name).read_text() == (whole / name).read_text()


def test_killed_between_the_last_checkpoint_and_the_best_it_makes_up_for_it(
    call, tmp_path, trained_run
):
    run = tmp_path / "run"
    shutil.copytree(trained_run, run)
    best = run / "checkpoints" / "best.h5"
    expected = load_checkpoint(best)
    best.unlink()
    (run / "checkpoints" / ".best.h5.abc.part").touch()
    assert call("train", "--resume", run)[0] == 0
    assert best.exists()
    again = load_checkpoint(trained_run / "checkpoints" / "last.h5")
    last = load_checkpoint(run / "checkpoints" / "last.h5")
    assert parameter_bytes(last.networks[0]) == parameter_bytes(again.networks[0])
    assert parameter_bytes(load_checkpoint(best).networks[0]) == parameter_bytes(
        expected.networks[0]
    )
    assert not list((run / "checkpoints").glob(".*"))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few hundred kilobytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_training_and_leaves_the_checkpoint_before(small_disk, reviews):
    options = options_text(checkpoint_every=1, checkpoints_kept=9)
    run = textcnn("train", "--data", reviews, "--out", small_disk / "r", *options)
    err = run.stderr.decode()
    assert run.returncode == 1, err
    assert "Traceback" not in err
    assert "Error" not in err
    assert re.fullmatch(
        r"textcnn: writing .* failed: No space left on device", err.splitlines()[-1]
    )
    assert not list((small_disk / "r" / "checkpoints").glob(".*"))
    load_checkpoint(small_disk / "r" / "checkpoints" / "last.h5", for_training=True)


def test_a_disk_full_from_the_start_says_so_at_each_try(small_disk, reviews):
    (small_disk / "fill").write_bytes(b"x" * 140 * 1024)
    for _ in range(2):
        run = textcnn("train", "--data", reviews, "--out", small_disk / "r", *options_text())
        assert run.returncode in (1, 2)
        assert b"Traceback" not in run.stderr
        assert b"textcnn: " in run.stderr.splitlines()[-1]


# eval


def test_eval_scores_the_runs_own_test_sentences(call, trained_run):
    code, out, err = call("eval", trained_run)
    assert (code, err) == (0, "")
    assert "the run's own test sentences" in out
    assert "seen      none of these sentences were in the training part" in out
    scores = json.loads((trained_run / "test.json").read_text())
    assert f"accuracy  {100 * scores['accuracy']:.1f} %" in out


def test_eval_says_how_many_sentences_the_network_has_seen(call, trained_run, reviews):
    code, out, _ = call("eval", trained_run / "checkpoints" / "best.h5", "--data", reviews)
    assert code == 0
    assert "seen      108 of these 120 sentences were in the training part" in out


def test_eval_as_json_is_json_and_nothing_else(call, trained_run, reviews):
    code, out, _ = call("eval", trained_run, "--json", "--data", reviews)
    values = json.loads(out)
    assert code == 0
    assert (values["sentences"], values["seen_in_training"]) == (120, 108)
    assert values["checkpoint"].endswith("best.h5")


def test_eval_writes_the_predictions(call, tmp_path, trained_run, reviews):
    words = ("eval", trained_run, "--data", reviews, "--predictions", "p.csv", "--json")
    accuracy = json.loads(call(*words)[1])["accuracy"]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "p.csv").read_text(encoding="utf-8"))))
    corpus = labelled_sentences()
    assert [row["text"] for row in rows] == corpus.texts
    assert [row["label"] for row in rows] == corpus.labels
    right = [row["label"] == row["predicted"] for row in rows]
    assert sum(right) / len(right) == pytest.approx(accuracy)
    for row in rows:
        shares = {label: float(row[f"p({label})"]) for label in ("bad", "good")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert max(shares, key=lambda label: shares[label]) == row["predicted"]


def test_bad_input_of_eval_is_one_line(call, tmp_path, trained_run, reviews):
    write_csv(tmp_path / "other.csv", labelled_sentences())
    (tmp_path / "awful.csv").write_text("text,label\na,awful\n")
    (tmp_path / "text.h5").write_text("hello")
    checked(call("eval"), 2, "no trained run in runs/; train one with: python -m textcnn train")
    checked(call("eval", "none.h5"), 2, "none.h5: no such checkpoint")
    checked(call("eval", tmp_path), 2, "no trained run here")
    checked(call("eval", "text.h5"), 2, "text.h5: not a textcnn checkpoint")
    checked(call("eval", trained_run, "--data", "none.csv"), 2, "none.csv")
    checked(call("eval", trained_run, "--data", "awful.csv"), 2, "label 'awful'", "bad, good")
    checked(call("eval", trained_run, "--encoding", "cp1252"), 2, "--encoding describes --data")
    words = ("eval", trained_run, "--data", reviews, "--predictions", "none/p.csv")
    checked(call(*words), 2, "cannot write none/p.csv")


def test_eval_of_a_run_whose_data_is_gone_or_changed(call, tmp_path):
    data = write_csv(tmp_path / "d.csv", labelled_sentences())
    call("train", "--data", data, "--out", "r", *options_text(epochs=1))
    write_csv(data, labelled_sentences(seed=1))
    checked(call("eval", "r"), 2, "is not what the run was given", "--data")
    checked(call("train", "--resume", "r"), 2, "--resume: the data", "is not what the run")
    data.unlink()
    checked(call("eval", "r"), 2, str(data))


# classify


def test_classify_predicts_each_sentence_in_a_line(call, trained_run):
    code, out, err = call("classify", "--checkpoint", trained_run, "a witty film", "dull")
    assert (code, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert [(label, text) for label, _, text in rows] == [("good", "a witty film"), ("bad", "dull")]
    assert all(0.5 <= float(share) <= 1 for _, share, _ in rows)


# One line of input each, whatever the line holds.
LINES = [
    b"a witty film",
    b"",
    b"   ",
    b"nel \xc2\x85 and line separator \xe2\x80\xa8 inside",
    b"nul \0 inside",
    b"tab\tinside",
    b"back\\slash",
    b"\x0b\x0c\x1c\x1d\x1e",
    b"carriage \r return inside",
    b'"quoted", and, commas',
    b"invalid \xff\xfe utf-8 \xc3",
    "плохо 很好 👍".encode(),
    b"x" * 3000,
    b"dull",
]


@pytest.fixture(scope="module")
def classified(trained_run):
    """What classify writes for LINES in each format."""

    def classify(*words: str, end: bytes = b"\n", last: bytes = b"\n") -> tuple[int, bytes, bytes]:
        data = end.join(LINES) + last
        run = textcnn("classify", "--checkpoint", trained_run, "-", *words, input=data)
        return run.returncode, run.stdout, run.stderr

    return classify


def test_one_line_out_for_each_line_in(classified):
    code, out, err = classified()
    rows = out.decode().removesuffix("\n").split("\n")
    assert len(rows) == len(LINES)
    texts = [row.split("\t", 2)[2] for row in rows]
    escaped = [
        line.decode(errors="replace")
        .replace("\\", "\\\\")
        .replace("\t", "\\t")
        .replace("\r", "\\r")
        for line in LINES
    ]
    assert texts == escaped
    assert code == 2  # Every line was classified, but one could not be read.
    no_token, message = err.decode().splitlines()
    assert no_token.startswith("no token: 4 of 14 sentences")
    assert "standard input, line 11: not utf-8; every line was classified" in message
    assert "--encoding" in message


@pytest.mark.parametrize(("end", "last"), [(b"\r\n", b"\r\n"), (b"\n", b""), (b"\r\n", b"")])
def test_line_ends_make_no_difference(classified, end, last):
    assert classified(end=end, last=last)[1] == classified()[1]


def test_json_lines(classified):
    _, out, _ = classified("--format", "json", "--proba")
    rows = [json.loads(line) for line in out.decode().removesuffix("\n").split("\n")]
    assert [row["text"] for row in rows] == [line.decode(errors="replace") for line in LINES]
    for row in rows:
        assert set(row["probabilities"]) == {"bad", "good"}
        assert sum(row["probabilities"].values()) == pytest.approx(1)
        assert row["probability"] == max(row["probabilities"].values())
        assert row["probabilities"][row["label"]] == row["probability"]


def test_csv_has_a_header_and_can_be_read_back(classified):
    _, out, _ = classified("--format", "csv", "--proba")
    rows = list(csv.DictReader(io.StringIO(out.decode(), newline="")))
    assert [row["text"] for row in rows] == [line.decode(errors="replace") for line in LINES]
    assert set(rows[0]) == {"label", "probability", "text", "p(bad)", "p(good)"}
    assert out.count(b"\n") == len(LINES) + 1


def test_all_probabilities_in_tsv(call, trained_run):
    _, out, _ = call("classify", "--checkpoint", trained_run, "--proba", "dull")
    assert re.fullmatch(r"bad\tbad=[01]\.\d{4} good=0\.\d{4}\tdull\n", out)


def test_a_file_gives_what_a_pipe_gives(call, tmp_path, trained_run, classified):
    (tmp_path / "lines.txt").write_bytes(b"\n".join(LINES) + b"\n")
    run = textcnn("classify", "--checkpoint", trained_run, "--input", tmp_path / "lines.txt")
    assert (run.returncode, run.stdout) == classified()[:2]
    assert f"textcnn: {tmp_path / 'lines.txt'}, line 11: ".encode() in run.stderr


def test_another_encoding_and_a_byte_order_mark(tmp_path, trained_run):
    for encoding, data in {
        "cp1252": b"caf\xe9\x85\n",
        "utf-8": "\ufeffcafé…\n".encode(),
        "utf-16": "café…\n".encode("utf-16"),
    }.items():
        words = ("classify", "--checkpoint", trained_run, "-", "--encoding", encoding)
        run = textcnn(*words, input=data)
        assert run.returncode == 0, run.stderr
        assert run.stdout.decode().split("\t")[2] == "café…\n"


def test_half_a_character_that_an_encoding_can_spell_is_classified(trained_run):
    words = ("classify", "--checkpoint", trained_run, "-", "--encoding", "utf-7")
    run = textcnn(*words, input=b"a +2AA- film\ndull\n")
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.count(b"\n") == 2


def test_no_input_no_output(trained_run):
    run = textcnn("classify", "--checkpoint", trained_run, "-", input=b"")
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def test_more_lines_than_are_read_at_once_all_have_their_prediction(trained_run):
    lines = [f"sentence {number} is dull" for number in range(60_000)]
    words = ("classify", "--checkpoint", trained_run, "-", "--format", "json")
    run = textcnn(*words, input="\n".join(lines).encode())
    assert [json.loads(row)["text"] for row in run.stdout.splitlines()] == lines


def test_a_slow_pipe_is_classified_line_by_line(trained_run):
    command = command_line("classify", "--checkpoint", trained_run, "-")
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in (b"a witty film", b"", "длинный".encode(), b"dull"):
            half = len(text) // 2  # Not even whole characters need come together.
            for part in (text[:half], text[half:] + b"\n"):
                process.stdin.write(part)
                process.stdin.flush()
                time.sleep(0.01)
            assert process.stdout.readline().endswith(b"\t" + text + b"\n")
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_a_reader_that_has_had_enough_is_no_error(tmp_path, trained_run):
    # What is left to write is more than a pipe holds.
    (tmp_path / "lines.txt").write_text("a dull film\n" * 200_000)
    words = command_line("classify", "--checkpoint", trained_run, "--input", tmp_path / "lines.txt")
    with subprocess.Popen(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"bad\t")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) in (0, -signal.SIGPIPE)


def memory_of(pid: int) -> int:
    """Resident kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_does_not_grow_with_the_input(trained_run):
    command = command_line("classify", "--checkpoint", trained_run, "-")
    block = b"".join(b"a film of new words w%d\n" % number for number in range(40_000))
    with (
        Path(os.devnull).open("wb") as nowhere,
        subprocess.Popen(
            command, env=environment(), stdin=subprocess.PIPE, stdout=nowhere
        ) as process,
    ):
        assert process.stdin is not None
        sizes = []
        for _ in range(8):
            process.stdin.write(block)
            process.stdin.flush()
            sizes.append(memory_of(process.pid))
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    assert sizes[-1] < sizes[2] + 40_000, sizes


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_the_output_is_one_line(trained_run):
    with Path("/dev/full").open("wb") as full:
        words = command_line("classify", "--checkpoint", trained_run, "dull")
        run = subprocess.run(words, env=environment(), stdout=full, stderr=subprocess.PIPE)
        # What eval imports takes longer than all else of it.
        forked = Started("eval", trained_run, stdout=full.fileno(), stderr=subprocess.PIPE)
        with forked:
            _, err = forked.communicate()
    for code, said in ((run.returncode, run.stderr), (forked.returncode, err)):
        assert code == 1
        (line,) = said.decode().splitlines()
        assert line == "textcnn: writing standard output failed: No space left on device"


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stream_is_one_line(trained_run, closed):
    words = " ".join(command_line("classify", "--checkpoint", trained_run, "-"))
    run = subprocess.run(
        ["sh", "-c", f"echo dull | {words} {closed}"], env=environment(), capture_output=True
    )
    assert run.returncode in (1, 2)
    (line,) = run.stderr.decode().splitlines()
    assert "is closed" in line


def test_a_label_that_the_terminal_cannot_show_is_no_error(call, tmp_path):
    corpus = labelled_sentences()
    rows = zip(corpus.texts, corpus.labels, strict=True)
    text = "".join(f"{text},{'плохо' if label == 'bad' else label}\n" for text, label in rows)
    (tmp_path / "d.csv").write_text("text,label\n" + text, encoding="utf-8")
    options = options_text(epochs=1)
    assert call("train", "--data", "d.csv", "--out", "r", *options)[0] == 0
    environ = {**environment(), "PYTHONIOENCODING": "latin-1"}
    pipe = subprocess.PIPE
    with Started("eval", "r", env=environ, stdout=pipe, stderr=pipe) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert rb"\u043f\u043b\u043e\u0445\u043e" in out


def test_bad_input_of_classify_is_one_line(call, tmp_path, trained_run):
    (tmp_path / "text.h5").write_text("hello")
    line = checked(call("classify", "a film"), 2, "no trained run in runs/")
    assert "python -m textcnn train" in line
    checked(call("classify"), 2, "give sentences")
    checked(call("classify", "a", "--input", "b"), 2, "give sentences")
    checked(call("classify", "--checkpoint", "none.h5", "a"), 2, "none.h5: no such checkpoint")
    checked(call("classify", "--checkpoint", "text.h5", "a"), 2, "not a textcnn checkpoint")
    given = ("classify", "--checkpoint", trained_run)
    checked(call(*given, "--input", "none.txt"), 2, "--input none.txt: No such file")
    checked(
        call(*given, "--input", tmp_path), 2, f"--input {tmp_path}: a folder; give one of its files"
    )
    checked(call(*given, "--format", "xml", "a"), 2, "--format", "xml")
    for encoding in ("klingon", "hex", "idna"):
        (tmp_path / "a.txt").write_text("a\n")
        words = (*given, "--input", "a.txt", "--encoding", encoding)
        checked(call(*words), 2, "--encoding", encoding)


def test_the_newest_run_predicts(call, tmp_path, trained_run):
    for number, name in enumerate(("older", "newer")):
        shutil.copytree(trained_run, tmp_path / "runs" / name)
        best = tmp_path / "runs" / name / "checkpoints" / "best.h5"
        os.utime(best, (1000 + number, 1000 + number))
    (tmp_path / "runs" / "begun" / "checkpoints").mkdir(parents=True)
    code, _, err = call("classify", "dull")
    assert (code, err) == (0, "model: runs/newer\n")
    assert "runs/newer" in call("eval")[1]


def test_an_unfinished_run_predicts_last_and_is_named(call, tmp_path, trained_run):
    stopped = tmp_path / "runs" / "stopped"
    shutil.copytree(trained_run, stopped)
    (stopped / "test.json").unlink()
    code, _, err = call("classify", "dull")
    assert code == 0
    assert err.startswith("model: runs/stopped, which is not finished: stopped")
    shutil.copytree(trained_run, tmp_path / "runs" / "finished")
    best = tmp_path / "runs" / "finished" / "checkpoints" / "best.h5"
    os.utime(best, (1000, 1000))  # Older by far.
    assert call("classify", "dull")[2] == "model: runs/finished\n"


def test_a_checkpoint_is_given_in_one_way_everywhere(call, tmp_path, trained_run):
    expected = call("classify", "--checkpoint", trained_run, "a dull film")
    assert expected[0] == 0
    assert call("classify", trained_run, "a dull film") == expected
    assert call("classify", trained_run / "checkpoints" / "best.h5", "a dull film") == expected
    assert call("explain", trained_run, "dull") == call(
        "explain", "--checkpoint", trained_run, "dull"
    )
    assert call("eval", "--checkpoint", trained_run) == call("eval", trained_run)
    assert call("inspect", "--checkpoint", trained_run) == call("inspect", trained_run)
    checked(call("eval", trained_run, "--checkpoint", trained_run), 2, "give one checkpoint")


def test_the_path_of_a_file_is_no_sentence(call, tmp_path, trained_run):
    (tmp_path / "new.txt").write_text("a dull film\n")
    for command in ("classify", "explain"):
        words = (command, "--checkpoint", trained_run, "new.txt")
        checked(call(*words), 2, "new.txt: there is a file", "--input new.txt")


def test_the_scripts_of_a_clone_are_the_commands(capsys, monkeypatch):
    for script, word in (("train.py", "--tokenizer"), ("eval.py", "--predictions")):
        monkeypatch.setattr(sys, "argv", [script, "--help"])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(REPOSITORY / script), run_name="__main__")
        assert ended.value.code == 0
        assert word in capsys.readouterr().out


def test_the_command_without_a_command_and_with_an_unknown_one(call):
    assert "classify" in call("--help")[1]
    checked(call("clasify"), 2, "clasify")
    versions = r"textcnn \S+ \(Python 3\.\S+, NumPy \d\S+, HDF5 \d\S+\)\n"
    assert re.fullmatch(versions, call("--version")[1])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_among_the_sentences_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
    os.write(descriptor, MARK)
    assert not is_checkpoint(str(tmp_path / "pipe"))
    os.close(descriptor)
