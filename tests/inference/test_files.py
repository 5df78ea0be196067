"""``textcnn classify --output``: many files, each classified whole or not at all."""

import gzip
import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.changed_checkpoints import change
from tests.support.processes import PATIENCE, Started, textcnn
from tests.support.small_run import labelled_sentences
from textcnn.inference.files import Shard, ShardOptions, classify_shard, digest_of, output_name


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A folder with three files of sentences, two of them compressed."""
    folder = tmp_path / "shards"
    folder.mkdir()
    texts = labelled_sentences(90).texts
    (folder / "a.txt").write_text("\n".join(texts[:30]) + "\n")
    for name, part in (("b", texts[30:60]), ("c", [*texts[60:], "", "a last line without an end"])):
        (folder / f"{name}.txt.gz").write_bytes(gzip.compress("\n".join(part).encode()))
    return folder


@pytest.fixture
def classify(call, trained_run):
    """Classify files in this process: exit code and the lines that are said."""

    def run(*words: str | Path) -> tuple[int, list[str]]:
        model = () if "--checkpoint" in words else ("--checkpoint", trained_run)
        code, out, err = call("classify", *model, "--output", "out", *words)
        assert out == ""
        return code, err.splitlines()

    return run


def plain(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


# What it writes


@pytest.mark.parametrize("words", [(), ("--format", "json"), ("--format", "csv", "--proba")])
def test_each_file_is_classified_as_it_would_be_alone(
    classify, call, tmp_path, trained_run, shards, words
):
    code, lines = classify("shards/*", "--jobs", "1", *words)
    assert (code, lines[0]) == (0, "3 files to out")
    assert len(lines) == 5
    assert lines[-1].startswith("  no token: 1 of 32 sentences")
    form = words[1] if words else "tsv"
    for path in shards.iterdir():
        (tmp_path / "alone.txt").write_bytes(plain(path))
        given = ("--checkpoint", trained_run, "--input", "alone.txt")
        expected = call("classify", *given, *words)[1]
        assert plain(tmp_path / "out" / output_name(path.name, form)) == expected.encode()


def test_the_name_of_a_prediction_says_how_it_is_written():
    assert output_name("a.txt.gz", "tsv") == "a.tsv.gz"
    assert output_name("a.txt", "json") == "a.jsonl"
    assert output_name("a.txt.gz", "auto") == "a.tsv.gz"
    assert output_name("a.csv", "auto") == "a.csv"
    assert output_name("a.xlsx", "auto") == "a.csv"
    assert output_name("a.json.gz", "auto") == "a.jsonl.gz"
    assert output_name("a.csv", "tsv") == "a.tsv"
    assert output_name("reviews.2024.gz", "csv") == "reviews.2024.csv.gz"


def test_processes_and_repetition_change_no_byte(classify, tmp_path, shards):
    assert classify("shards/*", "--jobs", "1")[0] == 0
    (tmp_path / "out").rename(tmp_path / "before")
    assert classify("shards/*", "--jobs", "2")[0] == 0
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["a.tsv", "b.tsv.gz", "c.tsv.gz", "model.json"]
    for name in files:
        content = (tmp_path / "out" / name).read_bytes()
        assert content == (tmp_path / "before" / name).read_bytes()
        if name.endswith(".gz"):
            assert content[4:8] == bytes(4)  # Where gzip's header would tell the second.


def test_what_is_classified_is_not_classified_again(classify, tmp_path, shards):
    assert classify("shards/a.txt", "shards/b.txt.gz")[0] == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("?.tsv*")}
    assert len(before) == 2
    code, lines = classify("shards/*.gz", "shards/a.txt", "shards/?.txt")
    assert code == 0
    assert lines[:3] == ["3 files to out", "classified before: 2", "1 of 1  c.tsv.gz  32 lines"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_predictions_for_other_files_or_to_what_a_file_held_before_are_not_taken_for_these(
    classify, tmp_path, shards
):
    assert classify("shards/a.txt")[0] == 0
    before = (tmp_path / "out" / "a.tsv").read_bytes()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("a film\n")
    code, (said,) = classify("other/a.txt")
    assert code == 2
    assert "out/a.tsv holds the predictions for " in said
    assert f"/shards/a.txt, not for {tmp_path}/other/a.txt; choose another --output" in said
    (shards / "a.txt").write_text("a film\n")
    code, (said,) = classify("shards/*")
    assert code == 2
    assert f"shards/a.txt has changed since {tmp_path}/out/a.tsv classified it; remove that" in said
    assert (tmp_path / "out" / "a.tsv").read_bytes() == before
    (tmp_path / "out" / "a.tsv").unlink()
    assert classify("shards/*")[0] == 0
    assert plain(tmp_path / "out" / "a.tsv").count(b"\n") == 1
    assert classify("shards/*")[1] == ["3 files to out", "classified before: 3"]


def test_lines_that_cannot_be_decoded_are_classified_and_counted(classify, tmp_path, shards):
    (shards / "latin.txt").write_bytes(b"a dull film\ncaf\xe9\na witty film\n")
    code, lines = classify("shards/latin.txt", "shards/a.txt")
    assert code == 2
    assert re.match(r".*/shards/latin.txt, line 2: not utf-8; every line was classified", lines[-2])
    assert lines[-1] == "textcnn: 1 files have lines or rows without a prediction"
    assert (tmp_path / "out" / "latin.tsv").read_text().count("\n") == 3


# Files that are not what they should be


def damaged(path: Path) -> dict[str, bytes]:
    whole = path.read_bytes()
    return {
        "cut.txt.gz": whole[:-20],
        "more.txt.gz": whole + b"more",
        "changed.txt.gz": whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:],
        "plain.txt.gz": b"a dull film\n",
        "empty.txt.gz": b"",
    }


def test_a_damaged_file_is_one_line_and_the_others_are_classified(classify, tmp_path, shards):
    names = damaged(shards / "b.txt.gz")
    for name, data in names.items():
        (shards / name).write_bytes(data)
    code, lines = classify("shards/*")
    assert code == 2
    assert len(lines) == 1 + 4 + len(names) + 1
    for name in names:
        assert sum(f"/shards/{name}: damaged or cut short (" in line for line in lines) == 1
    assert lines[-1] == (
        "textcnn: 5 files could not be classified; the same command tries them again"
    )
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"a.tsv", "b.tsv.gz", "c.tsv.gz", "model.json"}

    for name in names:
        shutil.copy(shards / "b.txt.gz", shards / name)
    code, lines = classify("shards/*")
    assert (code, lines[1]) == (0, "classified before: 3")
    assert plain(tmp_path / "out" / "cut.tsv.gz") == plain(tmp_path / "out" / "b.tsv.gz")


def test_a_line_that_does_not_end_is_refused_before_it_fills_the_memory(classify, tmp_path, shards):
    bomb = gzip.compress(b"\0" * (200 << 20))
    assert len(bomb) < 300_000
    (shards / "b.txt.gz").write_bytes(bomb)
    code, lines = classify("shards/*")
    assert code == 2
    assert "/shards/b.txt.gz, line 1: more than 1,048,576 characters without an end" in lines[-2]
    assert not (tmp_path / "out" / "b.tsv.gz").exists()


def test_a_file_that_is_gone_is_an_outcome(tmp_path, trained_run):
    model = trained_run / "checkpoints" / "best.h5"
    shard = Shard(tmp_path / "gone.txt", tmp_path / "gone.tsv")
    outcome = classify_shard(shard, ShardOptions(), digest_of(model), model)
    assert str(outcome.error) == f"{tmp_path}/gone.txt: No such file or directory"
    assert not any(tmp_path.iterdir())


def test_a_checkpoint_that_is_replaced_meanwhile_predicts_nothing(tmp_path, trained_run, shards):
    shard = Shard(shards / "a.txt", tmp_path / "a.tsv")
    model = trained_run / "checkpoints" / "best.h5"
    outcome = classify_shard(shard, ShardOptions(), "0" * 64, model)
    assert "best.h5 has changed" in str(outcome.error)
    assert not shard.output.exists()


# What cannot be

BAD = {
    "'none/*.txt'": "no file is called, or matches, none/*.txt",
    "none.txt": "no file is called, or matches, none.txt",
    "shards": "shards is a folder; name its files, such as 'shards/*.txt'",
    "shards/a.txt other/a.txt": "cannot both be a.tsv there",
    "shards/a.txt shards/a": "cannot both be a.tsv there",
    "--input shards/a.txt": "--output takes files or patterns",
    "": "--output takes files or patterns",
    "shards/a.txt --jobs 0": "--jobs",
    "shards/a.txt --encoding klingon": "--encoding",
    "shards/a.txt --checkpoint none.h5": "none.h5: no such checkpoint",
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(classify, tmp_path, shards, words):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("a film\n")
    (shards / "a").write_text("a film\n")
    code, lines = classify(*(word.strip("'") for word in words.split()))
    assert code == 2
    assert len(lines) == 1
    assert BAD[words] in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_prediction_never_takes_the_place_of_a_question(classify, tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("a.txt", "a.tsv"):
        (tmp_path / "out" / name).write_text("a film\n")
    code, lines = classify("out/*")
    assert code == 2
    assert "cannot both be a.tsv there" in lines[0]
    assert (tmp_path / "out" / "a.tsv").read_text() == "a film\n"


def test_without_output_there_are_no_jobs_and_no_scheduler(call, trained_run):
    for words in (("--jobs", "2"), ("--scheduler", "x:1")):
        code, _, err = call("classify", "--checkpoint", trained_run, "a film", *words)
        assert code == 2
        assert "give --output FOLDER too" in err


def test_a_folder_of_another_model_or_with_other_options_is_left_alone(
    classify, tmp_path, trained_run, shards
):
    assert classify("shards/a.txt")[0] == 0
    before = (tmp_path / "out" / "a.tsv").read_bytes()
    another = tmp_path / "another.h5"
    shutil.copy(trained_run / "checkpoints" / "last.h5", another)
    change(another, lambda kept: kept.arrays["fusion/bias"].fill(0.5))
    for words, line in {
        ("--checkpoint", str(another)): "holds predictions of another model",
        ("--proba",): "holds predictions with proba False, not True",
        ("--format", "json"): "holds predictions with format auto, not json",
        ("--encoding", "cp1252"): "holds predictions with encoding utf-8, not cp1252",
    }.items():
        code, (said,) = classify("shards/*", *words)
        assert code == 2
        assert line in said
    manifest = tmp_path / "out" / "model.json"
    kept = json.loads(manifest.read_text())
    for text in (
        "",
        "[]",
        '{"checkpoint": 1}',
        json.dumps({**kept, "options": 3}),
        json.dumps({**kept, "files": {"a.tsv": ["a.txt"]}}),
    ):
        manifest.write_text(text)
        code, (said,) = classify("shards/*")
        assert code == 2
        assert "model.json: damaged (" in said
    manifest.unlink()
    code, (said,) = classify("shards/*")
    assert code == 2
    assert "a.tsv is there already, but no out/model.json to say by what model, and" in said
    assert (tmp_path / "out" / "a.tsv").read_bytes() == before


# Stopped and killed


LINES = 10_000
"""Of a file that takes a moment."""


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder with files that take a moment each."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(6):
        text = "".join(f"a dull film of {word}\n" for word in range(LINES))
        (folder / f"{number}.txt.gz").write_bytes(gzip.compress(text.encode(), 1))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_anywhere_it_leaves_whole_predictions_and_is_gone_on_with(
    tmp_path, trained_run, many, number
):
    words = ("classify", "--checkpoint", trained_run, "many/*", "--output", "out")
    with Started(*words, "--jobs", "2", cwd=tmp_path, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob("out/*.gz")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert err.decode().splitlines()[-1] == "stopped; the same command goes on"
    for path in tmp_path.glob("out/*.gz"):
        assert gzip.decompress(path.read_bytes()).count(b"\n") == LINES
    run = textcnn(*words, "--jobs", "1", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert b"classified before: " in run.stderr
    predictions = {path.read_bytes() for path in tmp_path.glob("out/*.gz")}
    assert len(predictions) == 1
    assert len(list((tmp_path / "out").iterdir())) == 7
