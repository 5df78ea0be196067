"""``textcnn data`` as people and scripts call it."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path):
    """Write a file of labelled rows."""

    def write(name: str, *lines: str) -> str:
        (tmp_path / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
        return name

    return write


def test_a_sound_file(call, reviews):
    code, out, err = call("data", reviews)
    assert (code, err) == (0, "")
    assert f"data: {reviews}\n120 rows, 2 labels\n" in out
    assert "bad      60  50.0 %" in out
    assert "50.0 % (always predicting bad)" in out
    assert "no sign of a wrong encoding" in out
    assert "\nnothing to do\n\nnext: " in out


def test_files_and_data_are_put_together(call, reviews, write):
    write("more.txt", "one more", "and more", "and yet another")
    code, out, _ = call("data", "--data", reviews, "other=more.txt")
    assert code == 0
    assert "123 rows, 3 labels" in out


def test_all_findings_with_their_rows(call, write):
    name = write(
        "rows.csv",
        "text,label",
        "a film,good",
        "A film .,bad",
        "...,bad",
        "cafÃ©,good",
        "gone \ufffd,good",
        "\x1b[2J,good",
    )
    code, out, _ = call("data", name, "--tokenizer", "kim")
    assert code == 0
    assert "row 1 good, row 2 bad: a film" in out
    assert "no token      1 row (3)" in out
    assert "mojibake      UTF-8 taken for another encoding (Ã©): 1 row (4)" in out
    assert "lost          U+FFFD for a character: 1 row (5)" in out
    assert "control       control characters (U+001B): 1 row (6)" in out
    assert "\x1b" not in out
    assert "too rare      fewer than 3 different sentences: " in out
    assert "suggestions\n" in out


def test_many_labels_are_cut_short(call, write):
    lines = [f"word{row} and more,label{row % 50:02d}" for row in range(200)]
    _, out, _ = call("data", write("rows.csv", "text,label", *lines))
    assert "label19" in out
    assert "label20" not in out
    assert "\n... 30 more\n" in out


def test_several_labels(call, write):
    lines = [f"some words {row};{'a/b' if row % 2 else ''}" for row in range(10)]
    name = write("rows.tsv", "text\tlabel", *(line.replace(";", "\t") for line in lines))
    code, out, _ = call("data", name, "--multilabel", "--label-separator", "/")
    assert code == 0
    assert "labels a row  1.00; 5 rows without" in out
    assert "50.0 % (always predicting no label)" in out


def test_all_bad_rows_are_counted(call, write):
    name = write(
        "rows.csv",
        "text,label",
        "a film,good",
        "no label,",
        "one too many,bad,x",
        "none,",
        "a story,bad",
    )
    code, out, err = call("data", name)
    assert code == 0
    assert err.splitlines() == [
        "rows.csv, line 3: the label is missing",
        "rows.csv, line 4: another number of fields than the header: 3, not 2",
    ]
    assert "2 rows, 2 labels\nbad rows      3 of 5, left out of all below" in out
    assert "2: the label is missing (rows.csv, line 3; rows.csv, line 5)" in out
    assert "--skip-bad-rows: 3 of 5 rows cannot be used, and training stops at them" in out
    facts = json.loads(call("data", name, "--json")[1])
    assert [row["where"] for row in facts["bad_rows"]] == [f"rows.csv, line {n}" for n in (3, 4, 5)]


def test_where_all_rows_are_bad_the_first_is_named(call, write):
    code, out, err = call("data", write("rows.csv", "text,label", "one,", "two,"))
    assert (code, out) == (2, "")
    assert err == "textcnn: rows.csv, line 2: the label is missing (2 of 2 rows cannot be used)\n"


def test_what_was_found_out_about_a_file_is_said(call, write):
    code, out, err = call("data", write("rows.csv", "Text;LABEL", "a film;good", "a story;bad"))
    assert (code, err) == (0, "rows.csv: fields are parted by semicolons\n")
    assert "2 rows, 2 labels" in out


def test_labels_that_look_alike(call, write):
    name = write(
        "rows.csv",
        "text,label",
        *(f"word{n} film,{['Good', 'good', 'bad'][n % 3]}" for n in range(30)),
    )
    _, out, _ = call("data", name)
    assert (
        "--merge-labels: labels look alike (with how many rows each has): 'Good' (10), 'good' (10)"
        in out
    )
    _, out, _ = call("data", name, "--merge-labels")
    assert "30 rows, 2 labels" in out
    assert "look alike" not in out


def test_vectors(call, reviews, write):
    write("v.txt", "film 1 2 3", "story 1 2 4", "elsewhere 2 3 4")
    code, out, _ = call("data", reviews, "--vectors", "v.txt")
    assert code == 0
    assert "v.txt has " in out
    assert "other --vectors, or --vectors train" in out


def test_json_holds_all_of_it(call, write):
    lines = [f"a film,{label}" for label in ("good", "bad", "good")] + ["x,good"] * 9
    code, out, _ = call("data", write("rows.csv", "text,label", *lines), "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["rows"] == 12
    assert facts["labels"][0] == {"name": "good", "rows": 11, "share": 11 / 12, "sentences": 2}
    assert facts["one_token"] == list(range(4, 13))
    assert facts["conflicts"] == [
        {"text": "a film", "rows": [1, 2, 3], "labels": [["good"], ["bad"], ["good"]]}
    ]
    assert facts["surplus_rows"] == 10
    assert facts["rare_labels"] == ["good", "bad"]
    assert {"do", "why", "stops"} == set(facts["suggestions"][0])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("none.csv", "no such file: none.csv"),
        ("sentences.txt", "sentences.txt: cannot tell its format"),
        ("sentences.txt --encoding klingon", "--encoding: 'klingon'"),
        ("x=sentences.txt --vectors none.txt", "none.txt"),
        ("x=sentences.txt --vectors train", "--vectors train"),
        ("x=sentences.txt --tokenizer none", "--tokenizer"),
    ],
)
def test_what_cannot_be_read_is_one_line(call, write, words, part):
    write("sentences.txt", "a film", "another")
    code, out, err = call("data", *words.split())
    assert (code, out) == (2, "")
    assert part in err
    assert len(err.splitlines()) == 1


def test_the_movie_reviews_where_nothing_is_named(call, movie_reviews, monkeypatch):
    folder = Path(movie_reviews.source.split(",")[0])
    monkeypatch.setenv("TEXTCNN_DATA", str(folder))
    code, out, _ = call("data")
    assert code == 0
    assert "10,662 rows, 2 labels" in out
