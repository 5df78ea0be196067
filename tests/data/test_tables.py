"""Tables as programs write them: delimiters, headers, quoting, encodings, JSON and Parquet."""

import codecs
import csv
import gzip
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from textcnn.data.datasets.cells import Selection
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.readers import read_labelled
from textcnn.data.datasets.rows import listed_labels, plain_label
from textcnn.data.datasets.tables import read_table
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError

ROWS = [("x", "hello, you"), ("y", "bye; now"), ("x", "tab\there | bar")]


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the working folder, a temporary one."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return Path(name)

    return write


def opened(path: Path, labels: tuple[str, ...] | None = None, **options) -> Any:
    """A table, and what is said when it is opened."""
    said: list[str] = []
    table = read_table(path, Selection(Config(**options), labels, report=said.append))
    return SimpleNamespace(**vars(table), said=tuple(said))


def rows(path: Path, **options) -> list[tuple[str, str]]:
    """The rows of a table all of which can be used."""
    found = list(opened(path, **options).rows)
    assert [str(row.fault) for row in found if row.fault] == []
    return [(row.labels[0].strip(), row.text.strip()) for row in found]


def line_of(row):
    """The line that errors name."""
    return int(row.where.rpartition(" ")[2])


def faults(path: Path, **options) -> dict[int, str]:
    """What is wrong with rows, by line."""
    return {line_of(row): str(row.fault) for row in opened(path, **options).rows if row.fault}


def error(path: Path, **options) -> str:
    with pytest.raises(UserError) as caught:
        list(opened(path, **options).rows)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def table(delimiter: str, header: bool = True) -> str:
    """ROWS as the csv module writes them."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([["label", "text"]] * header + [list(row) for row in ROWS])
    return stream.getvalue()


class TestDelimiters:
    @pytest.mark.parametrize(
        ("delimiter", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
    )
    @pytest.mark.parametrize("header", [True, False])
    def test_found_and_said(self, write, delimiter, name, header):
        path = write("r.csv", table(delimiter, header))
        asked = {} if header else {"label_column": "1", "text_column": "2"}
        assert rows(path, **asked) == ROWS
        said = opened(path, **asked).said
        assert said[0] == f"r.csv: fields are parted by {name}"
        assert len(said) == (1 if header else 2)

    def test_the_usual_one_is_not_spoken_of(self, write):
        found = opened(write("r.csv", table(",")))
        assert (found.said, found.delimiter, found.columns) == ((), ",", ("label", "text"))

    def test_the_columns_asked_for_decide(self, write):
        path = write("r.csv", "a,b;text;label\n1,2;hello;x\n3,4;bye;y\n")
        assert rows(path) == [("x", "hello"), ("y", "bye")]
        path = write("r.csv", "text,label;more\nhello,x;1\n")
        assert rows(path, label_column="label;more") == [("x;1", "hello")]

    def test_rows_of_another_width_do_not_hide_it(self, write):
        path = write("r.csv", "text;mood\na, b;x\nbad\nc;y\nd, e, f;x;1\n")
        assert opened(path, label_column="mood").delimiter == ";"
        assert "it has 'text', 'mood'" in error(path)

    @pytest.mark.parametrize("given", ["@", "tab", r"\t", "\t", "~"])
    def test_forced(self, write, given):
        character = "\t" if "t" in given else given
        path = write("r.dat", f"text{character}label\nhello, you{character}x\n")
        assert rows(path, delimiter=given) == [("x", "hello, you")]
        assert opened(path, delimiter=given).said == ()

    @pytest.mark.parametrize("given", ["::", '"', "\n", " "])
    def test_no_delimiter(self, given):
        with pytest.raises(UserError, match=r"--delimiter .*give one character"):
            Config(delimiter=given).check()

    def test_a_key_of_json_that_stands_twice_is_not_chosen_between(self, write):
        good = '{"text": "b", "label": "y"}\n'
        path = write("r.jsonl", '{"text": "a", "text": "b", "label": "x"}\n' + good)
        assert "the key 'text' stands twice" in str(next(opened(path).rows).fault)

    def test_none_in_json(self, write):
        path = write("r.jsonl", '{"text": "a", "label": "x"}\n')
        assert "--delimiter is for CSV and TSV" in error(path, delimiter=";")

    def test_one_that_is_not_looked_for_is_asked_for(self, write):
        assert "--delimiter" in error(write("r.csv", "text@label\nhello@x\n"))

    @pytest.mark.parametrize("line", ["sep=;\r\n", "SEP=;\n", '"sep=;"\n', "sep=;;\n"])
    def test_excels_first_line(self, write, line):
        path = write("r.csv", line + "text;label\r\nhello, you;x\r\nbad\r\n")
        first, second = opened(path).rows
        assert (first.text, first.labels, line_of(first)) == ("hello, you", ("x",), 3)
        assert line_of(second) == 4
        assert "1, not 2" in str(second.fault)

    def test_a_tsv_of_something_else(self, write):
        path = write("r.tsv", 'text;label\n"open;x\n')
        assert rows(path) == [("x", '"open')]

    def test_a_table_in_a_file_of_any_name(self, write):
        for delimiter in ",;\t|":
            path = write(
                "r.txt", f"id{delimiter}Text{delimiter}LABEL\n1{delimiter}hi{delimiter}x\n"
            )
            assert rows(path) == [("x", "hi")]


class TestHeaders:
    def test_case_spaces_and_marks_are_not_looked_at(self, write):
        path = write("r.csv", "\ufeff\ufeffTEXT, Label \nhello,x\n")
        assert rows(path) == [("x", "hello")]
        assert rows(path, text_column=" text", label_column="LABEL") == [("x", "hello")]
        path = write("r.csv", "Text,text,label\nA,b,x\n")
        assert rows(path) == [("x", "b")]
        assert "2 columns 'TEXT'" in error(path, text_column="TEXT")

    def test_composed_and_decomposed_names_are_equal(self, write):
        path = write("r.csv", "cafe\u0301,label\nhello,x\n")
        assert rows(path, text_column="caf\u00e9") == [("x", "hello")]

    def test_json_and_parquet_keys_too(self, write):
        path = write("r.jsonl", '{"Text": "a", "LABEL": "x"}\n')
        assert rows(path) == [("x", "a")]

    def test_numbers_in_the_first_row_are_no_reason_to_drop_it(self, write):
        path = write("r.csv", "1,3,dull\n5,2,fine\n")
        asked = {"label_column": "1", "text_column": "3"}
        assert "say --header or --no-header" in error(path, **asked)
        assert rows(path, **asked, header=False) == [("1", "dull"), ("5", "fine")]
        assert rows(path, **asked, header=True) == [("5", "2")]

    def test_columns_of_a_table_with_a_header_can_be_counted(self, write):
        path = write("r.csv", "note,mood\nhello,x\n")
        assert rows(path, text_column="1", label_column="mood") == [("x", "hello")]
        assert rows(path, text_column="1", label_column="2", header=True) == [("x", "hello")]

    def test_a_table_without_header_is_said_to_be_one(self, write):
        path = write("r.csv", "x,hello\n")
        asked = {"label_column": "1", "text_column": "2"}
        assert opened(path, **asked).said == (
            "r.csv: no header, as columns are asked for by number; give --header where there is "
            "one",
        )
        assert opened(path, **asked, header=False).said == ()
        assert opened(path, **asked).columns == ("1", "2")

    def test_another_usual_name_is_taken_where_no_other_can_be_meant(self, write):
        path = write("r.csv", "id;Review;Sentiment\n1;hello;x\n")
        assert rows(path) == [("x", "hello")]
        found = opened(path)
        assert found.asked == ("Review", "Sentiment")
        assert found.said[-1] == (
            "r.csv: read with --text-column 'Review' --label-column 'Sentiment', as its columns "
            "are called"
        )
        path = write("r.jsonl", '{"sentence": "a", "label": "x"}\n')
        assert rows(path) == [("x", "a")]
        assert opened(path).said == (
            "r.jsonl: read with --text-column 'sentence', as its columns are called",
        )
        assert "no column 'text'" in error(write("r.csv", "review,comment,label\na,b,x\n"))
        assert "no column 'body'" in error(write("r.csv", "text,label\na,x\n"), text_column="body")
        path = write("r.csv", "text,label,review,class\na,x,b,y\n")
        assert rows(path) == [("x", "a")]
        assert opened(path).said == ()

    def test_the_header_once_more_is_no_row(self, write):
        path = write("r.csv", "text,label\nhello,x\ntext,label\nbye,y\n")
        faults = [str(row.fault) for row in opened(path).rows if row.fault]
        assert faults == ["the header once more"]
        path = write("m.csv", "\ufefftext,label\nhello,x\n\ufefftext,label\nbye,y\n")
        assert [str(row.fault) for row in opened(path).rows if row.fault] == faults

    def test_titles_above_the_header_are_left_out_and_that_is_said(self, write):
        path = write("r.csv", "Export of tickets\n\nMay 2026\ntext;label\nhello, you;x\n")
        assert rows(path) == [("x", "hello, you")]
        said = "r.csv: its columns are named in line 4; left out: 2 lines"
        assert opened(path).said[-1] == said
        path = write("r.csv", "a,b\ntext,label\nhello,x\n")
        assert "it has 'a', 'b'" in error(path)

    def test_columns_without_a_name_and_of_the_same(self, write):
        found = opened(write("r.csv", "text,,a,a,label\nhello,1,2,3,x\n"))
        assert found.columns == ("text", "2", "a", "a (2)", "label")
        assert next(found.rows).cells == {
            "text": "hello",
            "2": "1",
            "a": "2",
            "a (2)": "3",
            "label": "x",
        }


class TestQuoting:
    def test_spaces_about_quotation_marks(self, write):
        path = write("r.csv", 'text, label\n"hello, you" , "x"\nbye, "y" \n"say ""hi"" , now", z\n')
        assert rows(path) == [("x", "hello, you"), ("y", "bye"), ("z", 'say "hi", now')]

    def test_what_is_wrong_in_one_line_is_that_rows_fault(self, write):
        path = write("r.csv", 'text,label\n"hi" said,x\nbye,y\n')
        (fault,) = faults(path).items()
        assert fault[0] == 2
        assert "not valid CSV" in fault[1]
        assert "--format tsv" in fault[1]

    def test_what_swallows_rows_ends_the_reading(self, write):
        path = write("r.csv", 'text,label\nhello,x\n"open,x\nbye,y\n')
        assert error(path).startswith("r.csv, line 3: not valid CSV")

    def test_a_delimiter_too_many_at_the_end(self, write):
        path = write("r.csv", "text,label\nhello,x,\nbye,y, ,\n,y,z\n")
        assert list(faults(path)) == [4]

    def test_quoted_fields_of_a_tsv_are_pointed_out(self, write):
        path = write("r.tsv", 'text\tlabel\n"two\nlines"\tx\n')
        assert "give --format csv" in faults(path)[2]
        assert rows(path, format="csv", delimiter="tab") == [("x", "two\nlines")]


class TestLineNumbers:
    def test_a_carriage_return_inside_a_cell_ends_no_line(self, write):
        path = write("r.csv", 'text,label\r\n"a\rb",x\r\n"a\nb",x\r\nbad\r\n')
        assert list(faults(path)) == [5]
        assert "bad" in path.read_bytes().decode().split("\n")[4]

    def test_files_of_nothing_but_carriage_returns(self, write):
        path = write("r.csv", "text,label\ra,x\rbad\r")
        assert list(faults(path)) == [3]
        path = write("r.tsv", "text\tlabel\ra\tx\rbad\r")
        assert list(faults(path)) == [3]
        write("good.txt", "one\rtwo\r")
        assert read_labelled(["x=good.txt"]).texts == ["one", "two"]


class TestEncodings:
    CONTENT = "text,label\r\nпривет как дела,x\r\nhello,y\r\n"

    @pytest.mark.parametrize("mark", [True, False])
    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_utf16_is_found_and_said(self, write, encoding, mark):
        content = ("\ufeff" if mark else "") + self.CONTENT
        path = write("r.csv", content, encoding)
        found = opened(path)
        assert found.said[0].startswith("r.csv: read as UTF-16")
        assert rows(path) == [("x", "привет как дела"), ("y", "hello")]
        assert rows(path, encoding="cp1252")[0] == ("x", "привет как дела")
        assert opened(path, encoding=encoding).said == ()

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32"])
    def test_in_every_layout(self, write, encoding):
        write("a.txt", "good day\ngood night\n", encoding)
        write("b.txt", "__label__y hello there\n", encoding)
        write("c.jsonl", '{"text": "a b", "label": "z"}\n', encoding)
        said: list[str] = []
        found = read_labelled(["x=a.txt", "b.txt", "c.jsonl"], report=said.append)
        assert found.texts == ["good day", "good night", "hello there", "a b"]
        assert len(said) == 3

    def test_letters_with_zeros_of_their_own(self, write):
        path = write("r.csv", "text,label\n" + "一看一听,x\n" * 9, "utf-16-be")
        assert rows(path)[0] == ("x", "一看一听")

    def test_long_lines_of_letters_without_zeros_are_hinted_at(self, write):
        text = "这部电影很好看非常精彩值得看" * 20
        path = write("r.csv", f"text,label\n{text},x\n", "utf-16-le")
        assert "--encoding utf-16-le" in error(path)

    def test_utf16_that_is_none(self, write):
        path = write("r.csv", "text,label\nab,x\n")
        assert "not utf-16" in error(path, encoding="utf-16")

    def test_zero_bytes_of_no_text(self, write):
        assert "holds zero bytes" in error(write("r.csv", "text,label\na,x\n", "utf-32-le"))

    def test_a_mark_before_gzip_was_put_around_it(self, write):
        path = write("r", gzip.compress(codecs.BOM_UTF8 + b"text;label\nhello;x\n"))
        assert rows(path) == [("x", "hello")]


OBJECTS = [{"text": "one", "label": "x"}, {"text": "two", "label": "y"}]


class TestJson:
    @pytest.mark.parametrize(
        "content",
        [
            json.dumps(OBJECTS),
            json.dumps(OBJECTS, indent=2),
            ",\n".join(map(json.dumps, OBJECTS)),
            "".join(json.dumps(row) + ",\n" for row in OBJECTS),
            "[" + ",\n".join(map(json.dumps, OBJECTS)) + "\n]\n",
        ],
    )
    @pytest.mark.parametrize("name", ["r.json", "r.jsonl", "r"])
    def test_objects_however_they_are_laid_out(self, write, content, name):
        assert rows(write(name, content)) == [("x", "one"), ("y", "two")]

    def test_objects_of_an_array_are_counted(self, write):
        path = write("r.json", '[\n {"text": "a",\n "label": "x"},\n {"text": "b"}]')
        assert faults(path) == {
            2: "has no key 'label', its keys are 'text': choose with --label-column"
        }
        assert [row.where for row in opened(path).rows if row.fault] == ["r.json, object 2"]

    def test_one_broken_line_is_one_fault(self, write):
        path = write("r.jsonl", '{"text": \n{"text": "a", "label": "x"}\n["b"]\n')
        assert list(faults(path)) == [1, 3]

    @pytest.mark.parametrize(
        "content", ['{"text": "a",\n"label": "x"}', json.dumps(OBJECTS[0]) * 2]
    )
    def test_objects_that_have_no_line_to_themselves(self, write, content):
        fault = faults(write("r.json", content))[1]
        assert "not valid JSON" in fault
        assert "give a whole object a line, or an array of objects" in fault

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (
                '[{"text": "a", "label": "x"}',
                "r.json: not valid JSON (Expecting ',' delimiter: line 1",
            ),
            ('[{"text": "a", "label": "x"}] more', "not valid JSON (Extra data: line 1"),
            ("[" * 100_000, "not valid JSON"),
        ],
    )
    def test_faults_that_end_the_reading(self, write, content, fault):
        assert fault in error(write("r.json", content))

    @pytest.mark.parametrize(
        ("value", "fault"),
        [
            ({"data": OBJECTS}, "has no key 'text', its keys are 'data'"),
            ({"text": {"0": "a"}, "label": {"0": "x"}}, "to_json(orient='records', lines=True)"),
            ({"text": ["a"], "label": ["x"]}, "to_json(orient='records', lines=True)"),
            ({"columns": ["text"], "data": [["a"]]}, "to_json(orient='records', lines=True)"),
            ({"0": {"text": "a", "label": "x"}}, "to_json(orient='records', lines=True)"),
            ({"text": "a", "label": float("nan")}, "the label is missing"),
            (["a", "b"], "not a JSON object"),
        ],
    )
    def test_objects_that_are_no_rows(self, write, value, fault):
        assert fault in " ".join(faults(write("r.json", json.dumps(value))).values())


class TestParquet:
    def write_rows(self, path: Path, rows: list[dict[str, object]]) -> Path:
        pyarrow = pytest.importorskip("pyarrow", reason="needs the extra tables")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        return path

    def test_rows(self, tmp_path):
        path = self.write_rows(
            tmp_path / "r",
            [{"id": 1, "text": "hello", "label": 3}, {"id": 2, "text": None, "label": 4}],
        )
        found = opened(path)
        assert found.columns == ("id", "text", "label")
        good, bad = found.rows
        assert (good.text, good.labels, good.cells["id"]) == ("hello", ("3",), 1)
        assert (bad.where, str(bad.fault)) == (f"{path}, row 2", "the text is missing")

    def test_lists_of_labels(self, tmp_path):
        rows = [{"text": "a", "label": ["x", "y"]}, {"text": "b", "label": []}]
        found = opened(self.write_rows(tmp_path / "r", rows), multilabel=True)
        assert [row.labels for row in found.rows] == [("x", "y"), ()]

    def test_texts_kept_as_bytes(self, tmp_path):
        rows = [{"text": text.encode("utf-8"), "label": b"x"} for text in ("caf\xe9", "the")]
        path = self.write_rows(tmp_path / "r", [*rows, {"text": b"caf\xe9", "label": b"x"}])
        *found, bad = opened(path).rows
        assert [(row.text, row.labels) for row in found] == [("caf\xe9", ("x",)), ("the", ("x",))]
        assert str(bad.fault) == "the text must be a string, not bytes in another --encoding"
        assert [row.text for row in opened(path, encoding="cp1252").rows][2] == "caf\xe9"

    def test_texts_that_are_lists(self, tmp_path):
        path = self.write_rows(tmp_path / "r", [{"text": ["a"], "label": "x"}])
        (bad,) = opened(path).rows
        assert str(bad.fault) == "the text must be a string, not a list"

    def test_faults(self, tmp_path):
        path = self.write_rows(tmp_path / "r.parquet", [{"text": "a", "mood": "x"}])
        assert "has no column 'label'; it has 'text', 'mood'" in error(path)
        whole = path.read_bytes()
        path.write_bytes(whole[:-12])
        assert "not a Parquet table that can be read" in error(path)
        path.write_bytes(whole[:20] + bytes(40) + whole[60:])
        assert "not a Parquet table that can be read" in error(path, label_column="mood")

    @pytest.mark.parametrize(
        ("rows", "text"), [(5000, "word " * 6000), (5_000_000, "a"), (1000, ["word " * 200] * 100)]
    )
    def test_what_the_file_has_once_counts_in_every_row(self, tmp_path, rows, text):
        pyarrow = pytest.importorskip("pyarrow", reason="needs the extra tables")
        parquet = pytest.importorskip("pyarrow.parquet")
        column = pyarrow.array([text]).take(pyarrow.array(np.zeros(rows, np.int32)))
        table = pyarrow.table({"text": column, "label": ["x"] * rows})
        parquet.write_table(table, tmp_path / "r", compression="zstd")
        assert (tmp_path / "r").stat().st_size < 2**20
        assert "MiB or more from 0.0, which few texts do" in error(tmp_path / "r")


class TestOneReaderForAll:
    def test_rows_without_labels_need_no_column_of_them(self, write):
        (row,) = opened(write("r.csv", "id,text\n7,hello\n"), labels=()).rows
        assert (row.text, row.labels, row.cells) == ("hello", (), {"id": "7", "text": "hello"})
        (row,) = opened(write("r.txt", "__label__x hello\n"), labels=()).rows
        assert (row.text.strip(), row.labels) == ("hello", ())
        (row,) = opened(write("r.jsonl", '{"text": "hello"}'), labels=("y",)).rows
        assert (row.text, row.labels) == ("hello", ("y",))

    def test_a_label_and_its_table(self, write):
        write("good.csv", "id;text\n1;hello\n2;bye\n")
        write("bad.jsonl", '{"text": "no"}\n')
        found = read_labelled(["good=good.csv", "bad=bad.jsonl"])
        assert found.texts == ["hello", "bye", "no"]
        assert found.labels == ["good", "good", "bad"]

    @pytest.mark.parametrize("content", ["__label__x hello\n", '{"text": "hello"}\n'])
    def test_a_label_and_lines_that_are_no_sentences(self, write, content):
        write("good.txt", content)
        with pytest.raises(UserError, match="no plain lines, as good=good"):
            read_labelled(["good=good.txt"])

    @pytest.mark.parametrize("name", ["", "  "])
    def test_an_empty_name_is_not_the_working_folder(self, write, name):
        write("good.txt", "fine\n")
        with pytest.raises(UserError, match="an empty name"):
            read_labelled([name])


class TestBadRows:
    CONTENT = "text,label\nhello,x\n,y\nbye\nagain,\nmore,y\nlast, \n"

    def test_refused_with_how_many_of_how_many(self, write):
        write("r.csv", self.CONTENT)
        with pytest.raises(UserError) as caught:
            read_labelled(["r.csv"]).without_bad_rows(skip=False)
        assert str(caught.value) == (
            "r.csv, line 4: another number of fields than the header: 1, not 2 (3 of 6 rows cannot "
            "be used); --skip-bad-rows leaves such rows out"
        )

    def test_left_out_and_said(self, write):
        write("r.csv", self.CONTENT)
        said: list[str] = []
        found = read_labelled(["r.csv"], Config(skip_bad_rows=True), said.append)
        assert found.without_bad_rows(skip=True).texts == ["hello", "more"]
        assert said == [
            "left out 4 of 6 rows (2: the label is missing; 1: the text is empty; "
            "1: another number of fields than the header)"
        ]

    def test_where_no_row_is_good_none_can_be_left_out(self, write):
        write("r.csv", "text,label\nhello,\n")
        found = read_labelled(["r.csv"], Config(skip_bad_rows=True))
        with pytest.raises(UserError, match=r"line 2: the label is missing$"):
            found.without_bad_rows(skip=True)


class TestLabels:
    def test_a_whole_number_with_a_fraction(self, write):
        path = write("r.jsonl", '{"text": "a", "label": 1.0}\n{"text": "b", "label": 0.5}\n')
        first, second = opened(path).rows
        assert first.labels == ("1",)
        assert 'write "0.5"' in str(second.fault)

    @pytest.mark.parametrize(
        "names",
        [
            ["Not spam", "not  spam", "NOT SPAM", " not\u00a0spam"],
            ["caf\u00e9", "cafe\u0301", "CAF\u00c9"],
            ["pos", "pos\u200b", "\ufeffpos", "p\u00ados", "pos\u200e"],
            ["\u2764", "\u2764\ufe0f"],
            ["pos", "p\u043es", "'pos'", "pos."],
            ["very-good", "very\u2013good", "Very\u2010Good"],
            ["very good", "very_good", "Very-good"],
            ["\u0130yi", "iyi"],
            ["R&D", "R&amp;D"],
            ["1", "01", "1.0"],
            ["-1", "\u22121"],
        ],
    )
    def test_those_that_look_alike_have_one_plain_form(self, names):
        assert len({plain_label(name) for name in names}) == 1

    def test_others_have_their_own(self):
        names = ["a", "b", "a b", "ab", "a+b", "é", "e", "1", "10", "-1", "0", "+", "-", "c", "c++"]
        assert len({plain_label(name) for name in names}) == len(names)

    def test_merged(self, write):
        write("r.csv", "text,label\na,Spam\nb,spam \nc,SPAM\u200b\nd,ham|Spam\ne,Spam\u200b\n")
        lines = []
        found = read_labelled(["r.csv"], Config(merge_labels=True), lines.append)
        assert found.labels == ["Spam", "Spam", "Spam", "ham|Spam", "Spam"]
        assert lines[0].startswith("labels merged, with how many rows each had: 'spam' (1) as 'Sp")
        found = read_labelled(["r.csv"], Config(merge_labels=True, multilabel=True))
        assert found.labels[3] == "Spam\tham"

    def test_all_parts_are_spelled_alike_and_as_a_model_spells(self):
        parts = [
            LabelledTexts(["a", "b"], ["Bad", "good"], "a"),
            LabelledTexts(["c", "d", "e"], ["BAD", "BAD", "1.0"], "b"),
        ]
        merged = Corpora(parts[0], None, parts[1]).merged()
        assert merged.all_texts.labels == ["BAD", "good", "BAD", "BAD", "1"]
        assert merged.test.labels == ["BAD", "BAD", "1"]
        merged = Corpora(parts[0], None, parts[1]).merged(["bad", "Good"])
        assert merged.all_texts.labels == ["bad", "Good", "bad", "bad", "1"]

    def test_one_that_nobody_can_see_is_missing(self, write):
        assert (
            "invisible"
            in read_labelled([str(write("r.csv", "text,label\na,\u200b\n"))]).bad_rows[0].fault
        )

    @pytest.mark.parametrize(
        ("cell", "labels"),
        [
            ("['a', 'b c']", ("a", "b c")),
            ('["it\'s"]', ("it's",)),
            ("['a' 'b']", ("a", "b")),
            ("('a',)", ("a",)),
            ("{'a', 'b'}", ("a", "b")),
            ("[1, 2]", ("1", "2")),
            (" [] ", ()),
            ("[a, b", None),
            ("a [b]", None),
            ("['a'] ['b']", None),
            ("[" + "a " * 50_000, None),
        ],
    )
    def test_lists_written_as_text(self, cell, labels):
        assert listed_labels(cell) == labels

    def test_lists_in_cells_are_read_as_such(self, write):
        write("r.csv", "text,label\na,\"['x', 'y']\"\nb,[]\nc,x|y\n")
        found = read_labelled(["r.csv"], Config(multilabel=True))
        assert found.labels == ["x\ty", "", "x\ty"]

    @pytest.mark.parametrize(
        "line",
        [
            "__label__a,__label__b hello",
            "__label__a, __label__b hello",
            "__label__a|__label__b hello",
            "__label__a__label__b hello",
            "__label__b hello __label__a",
            "__label__a|b hello",
        ],
    )
    def test_marks_that_are_joined(self, write, line):
        write("r.txt", line + "\n")
        found = read_labelled(["r.txt"], Config(multilabel=True))
        assert (found.labels, found.texts[0]) == (["a\tb"], "hello")

    def test_joined_marks_are_several_labels(self, write):
        write("r.txt", "__label__a,__label__b hello\n__label__a you\n")
        (bad,) = read_labelled(["r.txt"]).bad_rows
        assert bad.fault == "has several labels; give --multilabel"
