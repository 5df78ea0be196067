r"""``textcnn classify --input`` with a table: as many rows out as in, every column kept."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from tests.support.processes import textcnn
from tests.support.small_run import labelled_sentences, options_text

TEXTS = ["a dull\nand flat film", 'fine; warm, "witty"', "", "so tedious"]
LABELS = ["bad", "good", None, "bad"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run on a semicolon table in cp1252 whose columns have names of their own."""
    folder = tmp_path_factory.mktemp("tickets")
    corpus = labelled_sentences()
    rows = zip(corpus.texts, corpus.labels, strict=True)
    lines = ["Nr;Ticket;Kind\n", *(f"{n};{text};{kind}\n" for n, (text, kind) in enumerate(rows))]
    (folder / "t.csv").write_text("".join(lines), "cp1252")
    options = options_text(epochs=12, patience=0, learning_rate=0.01)
    columns = ("--text-column", "ticket", "--label-column", "kind", "--encoding", "cp1252")
    made = textcnn("train", "--data", "t.csv", *columns, "--out", "run", *options, cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder / "run"


def read(out: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out), delimiter=delimiter))


def csv_text(header: list[str], rows: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([header, *rows])
    return text.getvalue()


def test_a_table_as_in_training_needs_no_option(call, run):
    rows = [[str(number), text, "d\xe9j\xe0"] for number, text in enumerate(TEXTS)]
    Path("new.csv").write_text(csv_text(["Nr", "Ticket", "Note"], rows, ";"), "cp1252")
    code, out, err = call("classify", "--checkpoint", run, "--input", "new.csv")
    assert code == 0, err
    classified = read(out, ";")
    assert [[row["Nr"], row["Ticket"], row["Note"]] for row in classified] == rows
    for row, label in zip(classified, LABELS, strict=True):
        assert label is None or row["label"] == label
        assert 0.5 <= float(row["probability"]) <= 1
    assert "no token: 1 of 4 sentences" in err


def test_a_table_for_a_spreadsheet_holds_no_formula(call, run):
    Path("new.csv").write_text("=Nr,Ticket\n+1,\"=cmd|' /c calc'!A0\"\n")
    code, out, err = call("classify", run, "--input", "new.csv", "--format", "spreadsheet")
    assert code == 0, err
    head, row = csv.reader(io.StringIO(out))
    assert head[:2] == ["'=Nr", "Ticket"]
    assert row[:2] == ["'+1", "'=cmd|' /c calc'!A0"]


def test_a_column_that_is_called_label_stays(call, run):
    Path("new.csv").write_text("Ticket,label\na dull film,true\n")
    code, out, err = call("classify", "--checkpoint", run, "--input", "new.csv", "--proba")
    assert code == 0
    (row,) = read(out)
    assert (row["label"], row["predicted_label"]) == ("true", "bad")
    assert float(row["p(bad)"]) == pytest.approx(float(row["probability"]))
    assert "predicted_label and probability" in err


@pytest.mark.parametrize("name", ["new.jsonl", "new.json.gz", "lines.txt", "packed.txt"])
def test_json_is_classified_in_json_whatever_its_name(call, run, name):
    objects = [{"Ticket": "a dull film", "n": 1}, {"Ticket": "a fine film", "tags": ["x"]}]
    data = "".join(json.dumps(it) + "\n" for it in objects).encode()
    packed = name.startswith("packed") or name.endswith(".gz")
    Path(name).write_bytes(gzip.compress(data) if packed else data)
    code, out, err = call("classify", "--checkpoint", run, "--input", name)
    assert code == 0, err
    classified = [json.loads(line) for line in out.splitlines()]
    assert [row.pop("label") for row in classified] == ["bad", "good"]
    assert all(row.pop("probability") > 0.5 for row in classified)
    assert classified == objects


def test_tabs_and_other_formats(call, run):
    Path("new.tsv").write_text("Ticket\tn\na dull film\t1\n")
    code, out, _ = call("classify", "--checkpoint", run, "--input", "new.tsv")
    assert (code, out.splitlines()[0]) == (0, "Ticket\tn\tlabel\tprobability")
    code, out, _ = call("classify", "--checkpoint", run, "--input", "new.tsv", "--format", "csv")
    assert out.startswith("Ticket,n,label,probability\na dull film,1,bad,")
    words = ("--text-column", "1", "--no-header")
    Path("new.tsv").write_text("a dull film\t1\na fine film\t2\n")
    code, out, _ = call("classify", "--checkpoint", run, "--input", "new.tsv", *words)
    assert [line.split("\t")[:3] for line in out.splitlines()] == [
        ["a dull film", "1", "bad"],
        ["a fine film", "2", "good"],
    ]


def test_a_row_that_cannot_be_used_is_kept_and_said(call, run):
    Path("new.csv").write_text("n,Ticket\n1,a dull film\n2\n3,a fine film,more\n")
    code, out, err = call("classify", "--checkpoint", run, "--input", "new.csv")
    assert code == 2
    classified = read(out)
    assert [row["n"] for row in classified] == ["1", "2", "3"]
    assert [row["label"] for row in classified] == ["bad", "", ""]
    assert classified[2]["3"] == "more"
    assert "new.csv, line 3: another number of fields" in err
    assert "2 of 3 rows have no prediction" in err


def test_another_table_names_what_is_missing(call, run):
    Path("new.csv").write_text("words,n\na dull film,1\n")
    code, out, err = call("classify", "--checkpoint", run, "--input", "new.csv")
    assert (code, out) == (2, "")
    assert "--text-column" in err
    code, out, _ = call(
        "classify", "--checkpoint", run, "--input", "new.csv", "--text-column", "words"
    )
    assert (code, read(out)[0]["label"]) == (0, "bad")


def test_packed_and_wide_lines_are_a_sentence_a_line(call, run):
    expected = call("classify", "--checkpoint", run, "a dull film", "a fine film")[1]
    text = "a dull film\na fine film\n"
    for name, data in (
        ("plain.txt", text.encode()),
        ("packed.txt", gzip.compress(text.encode())),
        ("wide.txt", text.encode("utf-16")),
    ):
        Path(name).write_bytes(data)
        code, out, err = call("classify", "--checkpoint", run, "--input", name)
        assert (code, out) == (0, expected), err
    Path("cut.gz").write_bytes(gzip.compress(text.encode())[:-9])
    code, _, err = call("classify", "--checkpoint", run, "--input", "cut.gz")
    assert code == 2
    assert "cut.gz: damaged or cut short" in err


def test_a_table_in_a_pipe_is_classified(run):
    table = b"Nr;Ticket\n1;a dull film\n2;d\xe9j\xe0 fine\n"
    for given in (table, gzip.compress(table)):
        piped = textcnn("classify", "--checkpoint", run, "--input", "-", input=given)
        assert piped.returncode == 0, piped.stderr
        rows = read(piped.stdout.decode(), ";")
        assert [(row["Nr"], row["label"]) for row in rows] == [("1", "bad"), ("2", "good")]
        assert rows[1]["Ticket"] == "d\xe9j\xe0 fine"
    piped = textcnn("classify", "--checkpoint", run, "-", input=b"Nr;Ticket\n1\n")
    assert piped.returncode == 2
    assert b"standard input, line 2: another number of fields" in piped.stderr


def test_a_bomb_in_a_pipe_is_not_unpacked(run):
    table = gzip.compress(b"Nr;Ticket\n" + b"1;a dull film\n" * 2**23)
    piped = textcnn("classify", "--checkpoint", run, "-", input=table)
    assert piped.returncode == 2
    assert b"standard input: unpacks to 6" in piped.stderr


def test_tables_among_files_keep_their_columns_and_format(call, run):
    Path("new.csv").write_text("Nr;Ticket\n1;a dull film\n")
    Path("new.jsonl").write_text('{"Ticket": "a fine film", "n": 1}\n')
    Path("lines.txt").write_text("a dull film\n")
    words = ("--output", "out", "--jobs", 1)
    code, _, err = call("classify", "--checkpoint", run, "new.*", "lines.txt", *words)
    assert code == 0, err
    (row,) = read(Path("out/new.csv").read_text(), ";")
    assert (row["Nr"], row["Ticket"], row["label"]) == ("1", "a dull film", "bad")
    prediction = json.loads(Path("out/new.jsonl").read_text())
    assert (prediction["n"], prediction["label"]) == (1, "good")
    assert Path("out/lines.tsv").read_text().startswith("bad\t")
    Path("bad.csv").write_text("Nr;Ticket\n1;a dull film\n2\n")
    code, _, err = call("classify", "--checkpoint", run, "bad.csv", *words)
    assert code == 2
    assert "bad.csv, line 3: another number of fields than the header: 1, not 2; 1 of 2" in err
    assert len(read(Path("out/bad.csv").read_text(), ";")) == 2


def test_tables_are_explained_and_scored_by_the_same_columns(call, run):
    Path("new.csv").write_text("Nr;Ticket;Kind\n7;a dull film;bad\n8;a fine film;good\n")
    code, out, _ = call("explain", "--checkpoint", run, "--input", "new.csv", "--json")
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["a dull film", "a fine film"]
    code, out, err = call("eval", run, "--data", "new.csv", "--json", "--predictions", "p.csv")
    assert code == 0, err
    scores = json.loads(out)
    assert (scores["sentences"], scores["rows_given"], scores["accuracy"]) == (2, 2, 1)
    rows = read(Path("p.csv").read_text())
    assert [(row["row"], row["text"]) for row in rows] == [
        ("1", "a dull film"),
        ("2", "a fine film"),
    ]


@pytest.mark.parametrize("name", ["new.csv", "new.jsonl", "new.txt", "-"])
def test_a_column_with_another_usual_name_is_taken_and_said(call, run, monkeypatch, name):
    """The run's own is called Ticket."""
    table = "id,Text\n1,a dull film\n2,a fine film\n"
    if name == "new.jsonl":
        table = '{"Text": "a dull film"}\n{"Text": "a fine film"}\n'
    if name == "-":
        piped = textcnn("classify", "--checkpoint", run, "-", input=table.encode())
        out, err = piped.stdout.decode(), piped.stderr.decode()
    else:
        Path(name).write_text(table)
        _, out, err = call("classify", "--checkpoint", run, "--input", name)
    said = "standard input" if name == "-" else name
    assert err == f"{said}: read with --text-column 'Text', as its columns are called\n"
    if name == "new.jsonl":
        assert [json.loads(line)["label"] for line in out.splitlines()] == ["bad", "good"]
    else:
        assert [row["label"] for row in read(out)] == ["bad", "good"]


def test_a_column_asked_for_is_not_replaced(call, run):
    Path("new.csv").write_text("id,text\n1,a dull film\n")
    words = ("--input", "new.csv", "--text-column", "body")
    assert "no column 'body'" in call("classify", "--checkpoint", run, *words)[2]


def test_another_table_is_scored_and_learnt_from_likewise(call, run):
    corpus = labelled_sentences(40, seed=1)
    rows = zip(corpus.texts, corpus.labels, strict=True)
    Path("new.csv").write_text("text,label\n" + "".join(f"{text},{it}\n" for text, it in rows))
    said = "new.csv: read with --text-column 'text' --label-column 'label', as its columns are"
    code, out, err = call("eval", run, "--data", "new.csv")
    assert code == 0, err
    assert said in err
    assert "40 of 40 rows" in out
    words = ("--out", "more", "--epochs", 1, "--patience", 0)
    code, _, err = call("train", "--init-from", run, "--data", "new.csv", *words)
    assert code == 0, err
    assert said in err


def test_one_column_is_sentences_unless_it_is_said_to_be_a_table(call, run):
    Path("new.txt").write_text("ticket\na dull film\n")
    code, out, err = call("classify", "--checkpoint", run, "--input", "new.txt")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "as a sentence a line; --text-column ticket reads it as a table" in err
    words = ("--input", "new.txt", "--text-column", "ticket")
    code, out, err = call("classify", "--checkpoint", run, *words)
    assert (code, err) == (0, "")
    assert [row["label"] for row in read(out)] == ["bad"]


def test_sentences_that_begin_like_a_header_are_sentences(call, run):
    Path("new.txt").write_text("Comment, dull\na fine film\nso tedious\n")
    code, out, err = call("classify", "--checkpoint", run, "--input", "new.txt")
    assert (code, err, len(out.splitlines())) == (0, "", 3)


def test_objects_without_the_text_are_not_taken_for_sentences(call, run):
    Path("new.txt").write_text('{"words": "a dull film"}\n')
    code, _, err = call("classify", "--checkpoint", run, "--input", "new.txt")
    assert code == 2
    assert "has no key 'ticket', its keys are 'words': choose with --text-column" in err


def test_of_files_as_much_is_said_as_of_one(call, run):
    Path("new.csv").write_text("id;Text;label\n1;a dull film;x\n2;;x\n")
    Path("wide.txt").write_bytes("a dull film\n???\n".encode("utf-16"))
    said = []
    for name in ("new.csv", "wide.txt"):
        said += call("classify", "--checkpoint", run, "--input", name)[2].splitlines()
    words = ("--output", "out", "--jobs", 1)
    code, _, err = call("classify", "--checkpoint", run, "new.csv", "wide.txt", *words)
    assert code == 0, err
    lines = err.replace(f"{Path.cwd()}/", "").splitlines()
    assert [line.strip() for line in lines if line.startswith("  ")] == said
    assert len(said) == 5


def test_a_run_without_a_header_predicts_a_table_with_one(call):
    corpus = labelled_sentences()
    rows = list(zip(corpus.labels, corpus.texts, strict=True))
    Path("bare.csv").write_text("".join(f"{label},{text}\n" for label, text in rows))
    words = ("--label-column", 1, "--text-column", 2, "--out", "run", *options_text(epochs=1))
    assert call("train", "--data", "bare.csv", *words)[0] == 0
    Path("new.csv").write_text("Text,Label\n" + "".join(f"{text},{it}\n" for it, text in rows))
    code, out, err = call("classify", "run", "--input", "new.csv")
    assert code == 0
    assert [row["Text"] for row in read(out)] == corpus.texts
    assert "new.csv: read with --text-column 'Text', as its columns are called" in err
    assert "120 of 120 rows" in call("eval", "run", "--data", "new.csv")[1]
    code, out, _ = call("classify", "run", "--input", "bare.csv")
    assert (code, len(out.splitlines())) == (0, len(rows))
