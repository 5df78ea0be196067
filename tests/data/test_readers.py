"""Users' own data: every format, and for every fault one line that says where it is."""

import codecs
import csv
import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest

from textcnn.data.datasets import text_files
from textcnn.data.datasets.readers import read_labelled
from textcnn.data.labels import split_labels
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError

# Characters at which str.splitlines would break a sentence in two, and NUL.
ODD = "one\x85two\u2028three\u2029four\x1cfive\x1dsix\x0bseven\x0ceight\x00nine"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the working folder, a temporary one, so that tests can use bare names."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, content: str | bytes, encoding: str = "utf-8") -> str:
        data = content if isinstance(content, bytes) else content.encode(encoding)
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)
        return name

    return write


def rows(*paths: str, **options) -> list[tuple[str, str]]:
    found = read_labelled(paths, Config(**options)).without_bad_rows(False)
    return list(zip(found.labels, found.texts, strict=True))


def error(*paths: str, **options) -> str:
    with pytest.raises(UserError) as caught:
        read_labelled(paths, Config(**options)).without_bad_rows(False)
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestOneFilePerLabel:
    def test_pairs(self, write):
        write("good.txt", "a gorgeous film\r\n\n \t\n  witty \n")
        write("bad.txt", "too slow")
        found = read_labelled(["positive=good.txt", "so so=bad.txt"])
        assert found.texts == ["a gorgeous film", "witty", "too slow"]
        assert found.labels == ["positive", "positive", "so so"]
        assert found.source == "positive=good.txt, so so=bad.txt"

    def test_only_newlines_end_a_sentence(self, write):
        write("good.txt", f"{ODD}\n{ODD}")
        assert rows("x=good.txt") == [("x", ODD), ("x", ODD)]

    def test_a_file_whose_name_holds_an_equals_sign(self, write):
        write("a=b.csv", "text,label\nhello,x\n")
        write("c=d.txt", "hi\n")
        assert rows("a=b.csv", "y=c=d.txt") == [("x", "hello"), ("y", "hi")]

    @pytest.mark.parametrize("given", ["=good.txt", " =good.txt", "good="])
    def test_half_a_pair(self, write, given):
        write("good.txt", "fine\n")
        assert "LABEL=FILE" in error(given)

    def test_faulty_files(self, write):
        write("blank.txt", "\n \n")
        write("empty.txt", "")
        Path("folder").mkdir()
        assert error("x=missing.txt") == "no such file: missing.txt"
        assert "blank.txt holds no sentences" in error("x=blank.txt")
        assert "empty.txt is empty" in error("x=empty.txt")
        assert "folder holds no" in error("x=folder")

    def test_a_label_and_its_folder_of_documents(self, write):
        """As aclImdb/train has it, whose other files are no labels."""
        write("train/urls.txt", "http://example.org\n")
        write("train/pos/1.txt", "a fine\nfilm\n")
        write("train/neg/2.txt", "dull\n")
        found = rows("good=train/pos", "bad=train/neg")
        assert found == [("good", "a fine\nfilm"), ("bad", "dull")]


class TestFolder:
    def test_labels_are_file_names(self, write):
        write("data/b.good.txt", "fine\n")
        write("data/a.txt", "poor\n")
        write("data/.hidden", "not read\n")
        assert rows("data") == [("a", "poor"), ("b.good", "fine")]

    def test_labels_are_suffixes_where_all_names_are_the_same(self, write):
        write("data/mpqa.pos", "fine\n")
        write("data/mpqa.neg", "poor\n")
        assert rows("data") == [("neg", "poor"), ("pos", "fine")]

    def test_a_single_file_is_called_by_its_name(self, write):
        write("data/good.txt", "fine\n")
        assert rows("data") == [("good", "fine")]

    @pytest.mark.parametrize("names", [("a.x", "a.y", "b.x"), ("a", "a.x")])
    def test_names_that_make_no_labels(self, write, names):
        for name in names:
            write(f"data/{name}", "fine\n")
        assert "LABEL=FILE" in error("data")

    def test_unsupported_folders(self, write):
        write("tables/train.csv", "text,label\n")
        assert f"give the file itself: {Path('tables/train.csv')}" in error("tables")
        Path("none").mkdir()
        assert "holds no files" in error("none")

    def test_parts_of_a_data_set_are_no_labels(self, write):
        for name in ("set/test.txt", "set/train.txt.gz", "docs/Test/1", "docs/unsup/1"):
            write(name, "fine\n")
        train, test = Path("set/train.txt.gz"), Path("set/test.txt")
        assert f"give --data {train} --test-data {test}; if they are labels" in error("set")
        assert f"give --test-data {Path('docs/Test')}; if" in error("docs")
        assert rows(f"train={train}", f"test={test}") == [("train", "fine"), ("test", "fine")]
        write("set/neutral.txt", "so so\n")
        assert len(rows("set")) == 3


class TestFolderPerLabel:
    def test_every_file_is_a_document(self, write):
        write("data/pos/10.txt", "From: me\n\nfine\nfilm\n")
        write("data/pos/2", "")
        write("data/neg/a.b.txt", " poor\r\n")
        write("data/neg/.hidden", "not read\n")
        write("data/.cache/x", "not read\n")
        assert rows("data") == [
            ("neg", "poor"),
            ("pos", "From: me\n\nfine\nfilm"),
            ("pos", ""),
        ]

    def test_links_are_followed(self, write):
        write("elsewhere/good/1", "fine\n")
        Path("data").mkdir()
        Path("data/good").symlink_to(Path("elsewhere/good").resolve())
        assert rows("data") == [("good", "fine")]

    def test_files_beside_folders(self, write):
        write("data/pos/1.txt", "fine\n")
        write("data/urls.txt", "http://\n")
        message = error("data")
        assert message.startswith("data holds files (urls.txt) and folders (pos)")

    def test_other_faults(self, write):
        write("train/pos/1.txt", "fine\n")
        assert "give train itself" in error(".")
        Path("train/neg").mkdir()
        assert "neg holds no files" in error("train")
        write("train/neg/rows.csv.gz", "text,label\n")
        assert f"give the file itself: {Path('train/neg/rows.csv.gz')}" in error("train")
        Path("train/neg/rows.csv.gz").unlink()
        Path("train/neg/gone").symlink_to("nowhere")
        assert "gone is neither a file nor a folder" in error("train")
        Path("train/neg/gone").unlink()
        write("train/neg/2", b"caf\xe9")
        assert f"{Path('train/neg/2')}, line 1: not UTF-8" in error("train")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_is_not_waited_for(self, write):
        write("data/good.txt", "fine\n")
        os.mkfifo("data/bad.txt")
        assert "bad.txt is neither a file nor a folder" in error("data")


class TestCsv:
    def test_named_columns_in_any_order_and_others_ignored(self, write):
        write("r.csv", "id,label, text \n1,pos,a film\n\n2,neg,\n")
        assert rows("r.csv") == [("pos", "a film"), ("neg", "")]

    def test_other_column_names(self, write):
        write("r.CSV", "sentence,mood\nhello,x\n")
        assert rows("r.CSV", text_column="sentence", label_column="mood") == [("x", "hello")]

    def test_quotation_marks_line_ends_and_odd_characters(self, write):
        with Path(write("r.csv", "")).open("w", newline="", encoding="utf-8") as stream:
            texts = ['he said "hi", twice', "two\nlines", "two\r\nlines", ODD, 'a 5" disc']
            csv.writer(stream).writerows([["text", "label"], *([text, "x"] for text in texts)])
        assert rows("r.csv") == [("x", text) for text in texts]

    def test_line_ends_of_old(self, write):
        write("r.csv", "text,label\rhello,x\rbye,y\r")
        assert rows("r.csv") == [("x", "hello"), ("y", "bye")]

    def test_a_long_field_and_the_csv_modules_limit_left_alone(self, write):
        limit = csv.field_size_limit()
        write("r.csv", f"text,label\n{'word ' * 100_000},x\n")
        assert len(rows("r.csv")[0][1]) == 499_999
        assert csv.field_size_limit() == limit

    def test_errors_name_the_line(self, write):
        write("few.csv", 'text,label\n"two\nlines",x\nhello\n')
        assert error("few.csv").startswith(
            "few.csv, line 4: another number of fields than the header: 1, not 2"
        )
        write("many.csv", "text,label\na,b,c\n")
        assert error("many.csv").startswith("many.csv, line 2: another number of fields")
        write("open.csv", 'text,label\nhello,x\n"open,x\nmore,y\n')
        assert error("open.csv").startswith("open.csv, line 3: not valid CSV")
        write("label.csv", "text,label\nhello,x\nhello, \n")
        assert error("label.csv").startswith("label.csv, line 3: the label is missing")
        write("control.csv", 'text,label\nhello,"x\ny"\n')
        assert error("control.csv") == (
            "control.csv, line 2: a control character in the label 'x\\ny'"
        )

    def test_carriage_returns_that_end_no_line_are_said(self, write):
        write("x.txt", b"one\rtwo\r\nthree\n\r\nfour\r")
        said: list[str] = []
        assert len(read_labelled(["x=x.txt"], report=said.append).texts) == 3
        assert said == ["x.txt: carriage returns in 1 of the lines end none, as line feeds do"]
        write("old.txt", b"one\rtwo\r")
        assert len(read_labelled(["x=old.txt"], report=said.append).texts) == 2
        assert len(said) == 1

    def test_a_file_given_twice(self, write):
        write("r.csv", "text,label\na,x\n")
        with pytest.raises(UserError, match=r"--data r.csv: given more than once"):
            read_labelled(["r.csv", "s.csv", "r.csv"])

    def test_a_file_given_twice_by_two_names(self, write):
        write("r.csv", "text,label\na,x\n")
        Path("link.csv").symlink_to("r.csv")
        for names in (["r.csv", "link.csv"], ["x=r.csv", "x=./link.csv"]):
            with pytest.raises(UserError, match="given more than once"):
                read_labelled(names)
        assert len(read_labelled(["x=r.csv", "y=link.csv"]).texts) == 2

    def test_errors_in_the_header(self, write):
        write("r.csv", "words,label,label\n")
        message = error("r.csv")
        assert "no column 'text'" in message
        assert "'words', 'label'" in message
        assert "--text-column" in message
        message = error("r.csv", text_column="words")
        assert "2 columns 'label'" in message
        assert "--label-column" in message
        assert "both 'label'" in error("r.csv", text_column="label")

    def test_nothing_in_it(self, write):
        write("r.csv", "text,label\n")
        assert error("r.csv") == "r.csv holds no rows"
        write("blank.csv", "\n\n")
        assert "blank; give a table from its first row on" in error("blank.csv")


class TestSeveralTextColumns:
    def test_they_are_joined_by_a_space(self, write):
        write("r.csv", "label,title,text\nx,Short,long\ny,,only\n")
        assert rows("r.csv", text_column="title+text") == [("x", "Short long"), ("y", "only")]
        write("r.jsonl", '{"label": "x", "title": "Short", "text": "long"}\n')
        assert rows("r.jsonl", text_column="title + text") == [("x", "Short long")]

    def test_a_column_of_that_very_name_goes_first(self, write):
        write("r.csv", "label,a+b,a,b\nx,whole,one,two\n")
        assert rows("r.csv", text_column="a+b") == [("x", "whole")]
        write("r.jsonl", '{"label": "x", "a+b": "whole", "a": "one"}\n')
        assert rows("r.jsonl", text_column="a+b") == [("x", "whole")]

    def test_faults(self, write):
        write("r.csv", "label,title\nx,Short\n")
        assert "no column 'body'" in error("r.csv", text_column="title+body")
        assert "no column 'title+'" in error("r.csv", text_column="title+")
        assert "both take column 1" in error("r.csv", text_column="title+label")
        write("r.jsonl", '{"label": "x", "title": "Short"}\n')
        assert "line 1: has no key 'body'" in error("r.jsonl", text_column="title+body")


class TestNoHeader:
    # AG News: the label 3 of the first row is no reason to take that row for a header.
    AG = '"3","Wall St.","Bears, back"\n"1","Title","Text"\n'

    def test_numbers_count_columns(self, write):
        write("ag.csv", self.AG)
        assert rows("ag.csv", label_column="1", text_column="2+3") == [
            ("3", "Wall St. Bears, back"),
            ("1", "Title Text"),
        ]
        write("r.tsv", "x\thello\ny\tbye\n")
        assert rows("r.tsv", label_column="1", text_column="2") == [("x", "hello"), ("y", "bye")]

    def test_numbers_that_a_header_names_are_names(self, write):
        write("r.csv", "2,0,1\n,x,hello\n")
        asked = {"label_column": "0", "text_column": "1"}
        assert "say --header or --no-header" in error("r.csv", **asked)
        assert rows("r.csv", **asked, header=True) == [("x", "hello")]

    def test_faults(self, write):
        write("ag.csv", self.AG)
        hint = "where there is no header count columns, as in --text-column 2 --label-column 1"
        assert hint in error("ag.csv")
        assert hint in error("ag.csv", label_column="1")
        assert "--no-header: --text-column 'text' is a name" in error("ag.csv", header=False)
        message = error("ag.csv", label_column="0", text_column="2")
        assert message == "ag.csv: --label-column 0: its first line has 3 columns, counted from 1"
        assert "--text-column 4" in error("ag.csv", label_column="1", text_column="2+4")
        assert "both take column 2" in error("ag.csv", label_column="2", text_column="02")
        assert "no column '999" in error("ag.csv", label_column="1", text_column="9" * 5000)
        write("few.csv", "x,hello\ny\n")
        message = error("few.csv", label_column="1", text_column="2")
        assert message.startswith("few.csv, line 2: another number of fields than the first line: ")


class TestTsv:
    def test_a_row_is_a_line_and_quotation_marks_are_plain(self, write):
        write("r.tsv", f'label\ttext\r\nx\t"open\r\n\ny\t{ODD}\nz\t\n')
        assert rows("r.tsv") == [("x", '"open'), ("y", ODD), ("z", "")]

    def test_errors_name_the_line(self, write):
        write("r.tsv", "label\ttext\nx\ta\tb\n")
        assert error("r.tsv").startswith(
            "r.tsv, line 2: another number of fields than the header: 3"
        )
        write("label.tsv", "label\ttext\n\t\n")
        assert error("label.tsv") == "label.tsv, line 2: the label is missing"


class TestJsonLines:
    def test_labels_of_several_kinds(self, write):
        labels = ["x", 3, -1, True, False]
        lines = [json.dumps({"text": ODD, "more": [1], "label": label}) for label in labels]
        write("r.jsonl", "\n".join([*lines, "", ' {"label": "e", "text": ""} \r']))
        texts = [(label, ODD) for label in ("x", "3", "-1", "true", "false")]
        assert rows("r.jsonl") == [*texts, ("e", "")]

    def test_line_separators_may_stand_in_a_string_unescaped(self, write):
        write("r.ndjson", '{"label": "x", "text": "a\u2028b\x85c"}\n')
        assert rows("r.ndjson") == [("x", "a\u2028b\x85c")]

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ("{", "not valid JSON"),
            ("[" * 100_000, "not valid JSON"),
            ('{"text": "a", "label": ' + "9" * 5000 + "}", "not valid JSON"),
            ('["a", "b"]', "not a JSON object"),
            ("{}", "no key 'text', its keys are none"),
            ('{"text": "a", "mood": "x"}', "no key 'label', its keys are 'text', 'mood'"),
            ('{"text": 3, "label": "x"}', "text must be a string, not a number"),
            ('{"text": null, "label": "x"}', "text is missing"),
            ('{"text": "a", "label": 0.5}', 'label must be .* not a number; .* write "0.5"'),
            ('{"text": "a", "label": null}', "label is missing"),
            (
                '{"text": "a", "label": ["x"]}',
                "label must be .* not a list; for several labels give --multilabel",
            ),
            ('{"text": "a", "label": " "}', "label is missing"),
            ('{"text": "a", "label": "x\\u0000"}', "control character"),
            (r'{"text": "\ud83d", "label": "x"}', "half a character"),
            (r'{"text": "a", "label": "\ud83d"}', "half a character"),
        ],
    )
    def test_errors_name_the_line(self, write, line, fault):
        write("r.jsonl", f'{{"text": "a", "label": "x"}}\n\n{line}\n')
        with pytest.raises(UserError, match=f"^r.jsonl, line 3: .*{fault}"):
            read_labelled(["r.jsonl"]).without_bad_rows(False)


class TestFastText:
    def test_one_label_a_line(self, write):
        write("train.txt", f"\n__label__x a film\r\n  __label__y\t{ODD}\n__label__z\n")
        assert rows("train.txt") == [("x", "a film"), ("y", ODD), ("z", "")]

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ("hello", "does not begin with __label__"),
            ("__label__a __label__b hello", "has several labels; give --multilabel"),
            ("__label__a hello __label__b", "has several labels; give --multilabel"),
            ("__label__ hello", "label is missing"),
        ],
    )
    def test_errors_name_the_line(self, write, line, fault):
        write("train.txt", f"__label__x fine\n{line}\n")
        assert error("train.txt").startswith("train.txt, line 2: ")
        assert fault in error("train.txt")

    def test_the_marker_inside_a_word_is_text(self, write):
        write("train.txt", "__label__x my__label__y\n")
        assert rows("train.txt") == [("x", "my__label__y")]


class TestTrec:
    LINES = "DESC:manner How did serfdom develop ?\n\nNUM:date  When ?\r\nABBR:exp\n"

    def test_coarse_and_fine_labels(self, write):
        write("TREC.train", self.LINES)
        texts = ["How did serfdom develop ?", "When ?", ""]
        assert rows("TREC.train", format="trec") == list(
            zip(["DESC", "NUM", "ABBR"], texts, strict=True)
        )
        assert rows("TREC.train", format="trec-fine") == list(
            zip(["DESC:manner", "NUM:date", "ABBR:exp"], texts, strict=True)
        )

    def test_not_told_but_proposed(self, write):
        write("TREC.train", self.LINES)
        assert "looks like TREC's: say --format trec" in error("TREC.train")

    def test_numbers_before_sentences_may_be_labels(self, write):
        write("stsa.train", "1 a fine film\n0 too slow\n")
        assert "sed 's/^/__label__/' stsa.train > labelled.txt" in error("stsa.train")
        lines = Path("stsa.train").read_text().splitlines()
        write("labelled.txt", "".join(f"__label__{line}\n" for line in lines))
        assert rows("labelled.txt") == [("1", "a fine film"), ("0", "too slow")]

    def test_errors_name_the_line(self, write):
        write("a", "DESC:manner How ?\nHow did it ?\n")
        fault = "a, line 2: does not begin with a label such as DESC:manner"
        assert error("a", format="trec").startswith(fault)


class TestSeveralLabels:
    def sets(self, *paths: str, **options) -> list[tuple[list[str], str]]:
        found = rows(*paths, multilabel=True, **options)
        return [(split_labels(labels), text) for labels, text in found]

    def test_a_cell_of_a_table(self, write):
        write("r.csv", "text,label\nhello,b | a||b\nbye,\n")
        assert self.sets("r.csv") == [(["a", "b"], "hello"), ([], "bye")]
        write("r.tsv", "text\tlabel\nhello\tb, a\n")
        assert self.sets("r.tsv", label_separator=",") == [(["a", "b"], "hello")]

    def test_json(self, write):
        labels = [["b", "a", "b", " "], [3, True], [], "a|b", "", 3, ["a|b"]]
        write("r.jsonl", "".join(json.dumps({"text": "t", "label": x}) + "\n" for x in labels))
        found = [names for names, _ in self.sets("r.jsonl")]
        assert found == [["a", "b"], ["3", "true"], [], ["a", "b"], [], ["3"], ["a|b"]]

    def test_fasttext(self, write):
        write("r.txt", "__label__b __label__a hello __label__a you\nbye\n__label__c\n")
        assert self.sets("r.txt") == [(["a", "b"], "hello  you"), ([], "bye"), (["c"], "")]

    def test_files_and_folders_give_one_each(self, write):
        write("data/a|b.txt", "fine\n")
        assert self.sets("data") == [(["a|b"], "fine")]
        assert self.sets(f"x|y={Path('data/a|b.txt')}") == [(["x|y"], "fine")]

    def test_without_it_a_separator_is_part_of_the_label(self, write):
        write("r.csv", "text,label\nhello,a|b\n")
        assert rows("r.csv") == [("a|b", "hello")]

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ('{"text": "a", "label": null}', "the label is missing; for none give an empty list"),
            ('{"text": "a", "label": ["x", null]}', "the label is missing"),
            ('{"text": "a", "label": [["x"]]}', "not a list"),
            ('{"text": "a", "label": ["x\\ty"]}', "control character"),
            ('{"text": "a", "label": ["\\ud83d"]}', "half a character"),
        ],
    )
    def test_errors_name_the_line(self, write, line, fault):
        write("r.jsonl", line)
        assert error("r.jsonl", multilabel=True).startswith("r.jsonl, line 1: ")
        assert fault in error("r.jsonl", multilabel=True)

    def test_other_faults(self, write):
        write("r.csv", 'text,label\nhello,"a|b\tc"\n')
        assert "control character" in error("r.csv", multilabel=True)
        assert error("r.csv", multilabel=True, label_separator=" ").startswith("--label-separator")
        write("r.txt", "__label__a __label__ hello\n")
        assert error("r.txt", multilabel=True) == "r.txt, line 1: the label is missing"


class TestGzip:
    @pytest.mark.parametrize("name", ["r.csv.gz", "r.CSV.GZ", "r.csv"])
    def test_told_by_content(self, write, name):
        write(name, gzip.compress(b"text,label\nhello,x\n"))
        assert rows(name) == [("x", "hello")]

    def test_a_plain_file_may_be_called_gz(self, write):
        write("r.csv.gz", "text,label\nhello,x\n")
        assert rows("r.csv.gz") == [("x", "hello")]

    def test_every_layout(self, write):
        write("r.jsonl.gz", gzip.compress(b'{"text": "a", "label": "x"}\n'))
        write("lines.gz", gzip.compress(b"__label__y b\n"))
        write("one.gz", gzip.compress(b"c\n"))
        write("files/pos.txt.gz", gzip.compress(b"d\n"))
        write("files/neg.txt", "e\n")
        write("suffixes/mpqa.pos.gz", gzip.compress(b"f\n"))
        write("suffixes/mpqa.neg.gz", gzip.compress(b"g\n"))
        write("documents/good/1.gz", gzip.compress(b"h\n"))
        write("documents/good/2.gz", gzip.compress(b""))
        found = rows("r.jsonl.gz", "lines.gz", "z=one.gz", "files", "suffixes", "documents")
        assert "".join(text for _, text in found) == "abcedgfh"
        assert [label for label, _ in found] == [
            *("x", "y", "z", "neg", "pos", "neg", "pos", "good", "good")
        ]

    def test_the_same_label_twice(self, write):
        write("data/pos.txt.gz", gzip.compress(b"a\n"))
        write("data/pos.txt", "b\n")
        assert "LABEL=FILE" in error("data")

    def test_errors_name_the_line_inside(self, write):
        write("r.csv.gz", gzip.compress(b"text,label\nfine,x\ncaf\xe9,x\n"))
        assert error("r.csv.gz").startswith("r.csv.gz, line 3: not UTF-8")

    def test_damaged(self, write):
        whole = gzip.compress(b"text,label\n" + b"hello,x\n" * 100)
        flipped = bytearray(whole)
        flipped[len(flipped) // 2] ^= 0xFF
        for content in (whole[:-9], whole[:5], bytes(flipped), whole + b"more"):
            write("r.csv.gz", content)
            assert error("r.csv.gz").startswith("r.csv.gz: a gzip file that is damaged or cut sh")
        write("r.csv.gz", gzip.compress(b""))
        assert "is empty" in error("r.csv.gz")
        write("r.csv.gz", gzip.compress(whole))
        assert "compressed twice" in error("r.csv.gz")

    def test_a_bomb_is_not_unpacked(self, write, monkeypatch):
        monkeypatch.setattr(text_files, "ALWAYS_UNPACKED", 2**20)
        write("r.csv.gz", gzip.compress(bytes(2**20)))
        assert "unpacks to" not in error("r.csv.gz")
        write("r.csv.gz", gzip.compress(bytes(2**20 + 1)))
        assert error("r.csv.gz").startswith("r.csv.gz: unpacks to 1 MiB or more")


class TestOtherFiles:
    """What holds text only after a conversion says which."""

    @pytest.mark.parametrize(
        ("name", "content", "advice"),
        [
            ("a.parquet", b"PAR1....PAR1", "not a Parquet table that can be read"),
            ("a.arrow", b"ARROW1..", "pandas.read_feather"),
            ("a.orc", b"ORC\x11\0\0....", "an ORC table: convert it first"),
            ("x=a", b"ORC\x11\0\0....", "an ORC table: convert it first"),
            ("x=a", b"version https://git-lfs.github.com/spec/v1\noid x\n", "Git LFS keeps"),
            ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid x\n", "git lfs pull"),
            ("a.h5", b"textcnn checkpoint 4\n", "a model, and neither sentences nor vectors"),
            ("a.arrow", b"\xff\xff\xff\xff....", "an Arrow stream"),
            ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "save its sheet as CSV"),
            ("a.pkl", pickle.dumps(["a", "x"], 2), "a pickle, which runs whatever"),
            ("a.pkl", pickle.dumps(["a", "x"], 4), "a pickle, which runs whatever"),
            ("a.bz2", b"BZh91AY&SY....", "compressed with bzip2: unpack it first"),
            ("a.xz", b"\xfd7zXZ\x00....", "compressed with xz"),
            ("a.zst", b"\x28\xb5\x2f\xfd....", "compressed with zstd"),
        ],
    )
    def test_told_by_how_they_begin(self, write, name, content, advice):
        file = write(name.removeprefix("x="), content)
        assert error(name).startswith(f"{file}: ")
        assert advice in error(name)

    def test_a_sentence_may_begin_with_orc(self, write):
        write("a", "ORCs are ugly\n")
        assert rows("x=a") == [("x", "ORCs are ugly")]

    def test_archives(self, write):
        write("a.csv", "text,label\nhello,x\n")
        with zipfile.ZipFile("a.zip", "w") as archive:
            archive.write("a.csv")
        assert error("a.zip") == "a.zip: a zip archive: unpack it and give what is inside"
        assert "zip archive" in error("x=a.zip")
        Path("a.xlsx").write_bytes(Path("a.zip").read_bytes())
        assert (
            error("a.xlsx")
            == "a.xlsx: a workbook: save its sheet as CSV (Save As, CSV UTF-8), and give that"
        )
        for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT):
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz", format=form) as tar:
                tar.add("a.csv")
            write("a.tar.gz", packed.getvalue())
            assert "a tar archive" in error("a.tar.gz")


class TestWhichFormat:
    def test_told_from_the_first_line(self, write):
        write("a", '\n {"text": "a", "label": "x"}\n')
        write("b.json", '{"text": "b", "label": "y"}\n')
        write("c.txt", "\ufeff\n__label__z c\n")
        assert rows("a", "b.json", "c.txt") == [("x", "a"), ("y", "b"), ("z", "c")]

    def test_said(self, write):
        write("a.txt", "text,label\na,x\n")
        assert rows("a.txt", format="csv") == [("x", "a")]
        write("b.csv", "text\tlabel\nb\ty\n")
        assert rows("b.csv", format="tsv") == [("y", "b")]

    def test_neither(self, write):
        write("a.txt", "a fine film\n")
        message = error("a.txt")
        assert "--format csv, tsv, jsonl or fasttext" in message
        assert "LABEL=a.txt" in message
        assert "--format xml: choose from" in error("a.txt", format="xml")


class TestEncodings:
    def test_other_encodings(self, write):
        write("a.csv", "text,label\ncafé …,x\n", "cp1252")
        assert rows("a.csv", encoding="cp1252") == [("x", "café …")]
        write("b.csv", "text,label\r\ncafé,x\r\n", "utf-16")
        assert rows("b.csv", encoding="utf-16") == [("x", "café")]

    def test_byte_order_mark(self, write):
        write("a.csv", codecs.BOM_UTF8 + b"text,label\nhello,x\n")
        assert rows("a.csv") == [("x", "hello")]
        assert rows("a.csv", encoding="utf-8-sig") == [("x", "hello")]
        write("good.txt", codecs.BOM_UTF8 + b"hello\n")
        assert rows("y=good.txt") == [("y", "hello")]

    def test_not_utf8(self, write):
        write("a.csv", b"text,label\nfine,x\ncaf\xe9,x\n")
        assert error("a.csv").startswith("a.csv, line 3: not UTF-8")
        assert "--encoding cp1252" in error("a.csv")

    def test_not_what_was_said(self, write):
        write("good.txt", b"fine\n\x81\xff\n")
        message = error("x=good.txt", encoding="cp1252")
        assert message.startswith("good.txt, line 2: not cp1252")
        assert "--encoding latin-1" in message
        assert "--encoding latin-1" in error("x=good.txt")  # 81 is nothing in cp1252
        write("good.txt", "fine\nnaïve\n")
        assert "--encoding utf-8" in error("x=good.txt", encoding="ascii")

    def test_one_damaged_character_is_no_other_encoding(self, write):
        write("good.txt", "naïve café\n".encode() + b"caf\xe9\n")
        message = error("x=good.txt")
        assert message.startswith("good.txt, line 2: a damaged character in a file that is other")

    @pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "undefined", "idna", "a\0b", ""])
    def test_no_encoding(self, write, name):
        write("good.txt", "fine\n")
        assert error("x=good.txt", encoding=name).startswith("--encoding")


class TestFaultyPaths:
    def test_several_are_read_in_order(self, write):
        for name in "abcde":
            write(f"{name}.txt", f"__label__x {name}\n")
        found = read_labelled([f"{name}.txt" for name in "edcba"])
        assert found.texts == list("edcba")
        assert found.source == "e.txt, d.txt, c.txt, 2 more"

    def test_one_clear_line_each(self, write):
        write("empty.csv", "")
        assert error("missing.csv") == "no such file: missing.csv"
        assert "empty.csv is empty" in error("empty.csv")
        assert "cannot read" in error("x" * 5000)
        assert "cannot read" in error("a\0b")
        assert "no data given" in error()

    def test_no_permission(self, write, monkeypatch):
        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        write("a.csv", "text,label\nhello,x\n")
        monkeypatch.setattr(text_files, "open_regular", refuse)
        assert error("a.csv") == "cannot read a.csv: Permission denied"

    def test_binary_garbage(self, write):
        write("a.csv", bytes(range(256)) * 9)
        assert error("a.csv").startswith("a.csv: no text in any encoding; export")
        write("b.csv", bytes(1000))
        assert "b.csv: holds zero bytes" in error("b.csv")
