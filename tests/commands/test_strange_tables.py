"""Tables as strangers have them: what is odd about them is said, or the refusal says what to do."""

import json
from pathlib import Path

import pytest

from tests.support.small_run import options_text

ROWS = [
    (f"a {word} film number {number}", label)
    for number in range(8)
    for word, label in (("fine", "pos"), ("dull", "neg"))
]


def write(name: str, label_of=lambda number, label: label, text_of=lambda text: text) -> str:
    lines = [f"{text_of(text)},{label_of(n, label)}\n" for n, (text, label) in enumerate(ROWS)]
    Path(name).write_text("text,label\n" + "".join(lines))
    return name


def test_whole_numbers_with_and_without_a_fraction_look_alike(call):
    name = write("t.csv", lambda n, label: ("1.0" if n % 4 else "1") if label == "pos" else "0")
    code, out, _ = call("data", name)
    assert code == 0
    assert "--merge-labels: labels look alike" in out
    assert out.splitlines()[-1].endswith("train --data t.csv --merge-labels")
    code, out, _ = call("data", name, "--merge-labels")
    assert "16 rows, 2 labels" in out
    assert "look alike" not in out


def test_html_is_said(call):
    code, out, _ = call("data", write("t.csv", text_of=lambda text: f"<p>{text}</p>&nbsp;"))
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("markup"))
    assert "&nbsp;" in line
    assert "16 rows" in line
    assert (
        "markup" not in call("data", write("u.csv", text_of=lambda text: f"{text} < 3 & 4 > 2"))[1]
    )


def test_the_next_command_is_one_that_works(call):
    code, out, _ = call("data", write("one.csv", lambda n, label: "pos"))
    assert code == 0
    assert "add --data of another label" in out
    assert "next:" not in out
    Path("a folder").mkdir()
    code, out, _ = call("data", write("a folder/a file.csv"))
    assert out.splitlines()[-1].endswith("train --data 'a folder/a file.csv'")
    code, out, _ = call("data", "a folder/a file.csv", "--skip-bad-rows", "--no-multilabel")
    assert out.splitlines()[-1].count("--skip-bad-rows") == 1


@pytest.mark.parametrize(("rare", "options"), [(0, ""), (1, None), (2, " --test-share 0"), (3, "")])
def test_the_next_command_is_not_one_that_is_refused(call, rare, options):
    lines = [f"word{number} and more,{'ab'[number % 2]}" for number in range(20)]
    lines += [f"rare{number} and more,c" for number in range(rare)]
    Path("t.csv").write_text("\n".join(["text,label", *lines, ""]))
    out = call("data", "t.csv")[1]
    if options is None:
        assert "next:" not in out
    else:
        assert out.splitlines()[-1].endswith(f"train --data t.csv{options}")


def test_labels_that_look_like_several_are_said_before_training_too(call):
    labels = ("a", "b", "a;c", "b;c") * 9
    lines = [f"word{number} and more,{label}" for number, label in enumerate(labels)]
    Path("t.csv").write_text("\n".join(["text,label", *lines, ""]))
    said = "some labels look like several, with ; between"
    options = "--multilabel --label-separator"
    out = call("data", "t.csv")[1]
    assert said in out
    assert out.splitlines()[-1].endswith(f"train --data t.csv {options} ';'")
    code, _, err = call("train", "--data", "t.csv", "--out", "r", *options_text())
    assert code == 0
    assert f'{said}: {options} ";"' in err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("blank.csv", "\n\n", "blank.csv, line 1: blank; give a table from its first row on"),
        ("white.csv", "  \n \n", "white.csv, line 1: blank"),
        ("", "", "https:/example.com/a.csv: an address and no file; fetch it first"),
    ],
)
def test_refusals_say_what_to_do(call, name, content, message):
    if name:
        Path(name).write_text(content)
    code, out, err = call("data", name or "https://example.com/a.csv")
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_sentence_that_looks_like_an_option_or_like_standard_input(call, trained_run):
    words = ("classify", "--checkpoint", trained_run)
    assert "stands after --" in call(*words, "-5 stars")[2]
    assert call(*words, "--", "-5 stars")[0] == 0
    assert "- is standard input, and stands alone" in call(*words, "-", "a film")[2]


@pytest.mark.parametrize(
    "option",
    [
        *(("classify", name) for name in ("--input", "--checkpoint", "--vectors")),
        *(("train", name) for name in ("--vectors", "--init-from", "--text-column")),
    ],
)
def test_a_file_is_not_dropped_for_another(call, trained_run, option):
    command, name = option
    code, out, err = call(command, name, trained_run, name, "other")
    assert (code, out) == (2, "")
    assert f"{name} is given 2 times" in err


@pytest.mark.parametrize(("first", "second"), [("good=.9", "good=.1"), (".9", ".1")])
def test_a_threshold_is_not_dropped_for_another(call, trained_run, first, second):
    words = ("classify", "--checkpoint", trained_run, "a film", "--threshold", first)
    code, out, err = call(*words, "--threshold", second)
    assert (code, out) == (2, "")
    assert f"--threshold {second}: " in err
    assert "has one already" in err
    assert call(*words, "--threshold", "bad=.1")[0] == 0


def test_lines_without_a_token_are_counted(call, trained_run):
    Path("lines.txt").write_text("a fine film\n\n電影\n")
    code, out, err = call("classify", trained_run, "--input", "lines.txt")
    assert (code, out.count("\n")) == (0, 3)
    assert err.startswith("no token: 2 of 3 sentences (1 empty) have none by --tokenizer kim")


def test_lines_that_end_at_carriage_returns(call, trained_run):
    Path("old.txt").write_bytes(b"a fine film\rdull\ra plot")
    assert call("classify", trained_run, "--input", "old.txt")[1].count("\n") == 3


def test_one_zero_byte_does_not_make_utf_16(call, trained_run):
    Path("zero.txt").write_bytes(b"a fine\0film\n")
    code, out, err = call("classify", trained_run, "--input", "zero.txt")
    assert (code, err) == (0, "")
    assert "a fine" in out


def test_predictions_for_fasttext_lines_keep_their_labels(call, trained_run):
    Path("lines.txt").write_text("__label__pos __label__film a fine film\n")
    _, out, _ = call("classify", trained_run, "--input", "lines.txt")
    assert out.splitlines()[1].startswith("pos|film,a fine film,")


def test_numbers_that_json_has_not_are_null(call, trained_run):
    Path("rows.jsonl").write_text('{"text": "a fine film", "score": NaN, "list": [1, Infinity]}\n')
    _, out, _ = call("classify", trained_run, "--input", "rows.jsonl")
    row = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert (row["score"], row["list"]) == (None, [1, None])


def test_files_of_lines_in_utf_16(call, trained_run):
    Path("wide.txt").write_bytes("a fine film\ndull\n".encode("utf-16"))
    assert call("classify", trained_run, "--output", "out", "wide.txt")[0] == 0
    assert Path("out/wide.tsv").read_text().endswith("dull\n")


SENTENCES = "".join(f"{text}\n" for text, _ in ROWS)
MARKED = "".join(f"__label__{label},{text}\n" for text, label in ROWS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("pos=header.txt neg=plain.txt", "header.txt, line 1: 'text' is read as a sentence;"),
        ("pos=own.csv neg=plain.txt", "own.csv: its column 'label' is not read, as all is 'pos'"),
        ("comma.txt", "comma.txt: '__label__pos,a' is read as a label; it ends at the first white"),
    ],
)
def test_what_may_not_be_meant_is_said(call, words, said):
    Path("header.txt").write_text("text\n" + SENTENCES)
    Path("plain.txt").write_text("so it goes\nand so on\nuntil the end\n")
    Path("comma.txt").write_text(MARKED)
    write("own.csv")
    code, _, err = call("data", *words.split())
    assert code == 0
    assert said in err
    assert call("data", "pos=plain.txt", "neg=own.csv")[2].count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("pos=table.txt", "table.txt: its rows are no plain lines"),
        ("t.csv ./t.csv", "--data ./t.csv: given more than once"),
        ("gb.csv", "for instance --encoding gb18030, shift_jis or cp1251"),
        ("latin.csv", "for instance --encoding cp1252"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, words, message):
    Path("table.txt").write_text(
        "id,text\n" + "".join(f"{n},{t}\n" for n, (t, _) in enumerate(ROWS))
    )
    Path("gb.csv").write_text(
        "text,label\n\u8fd9\u90e8\u7535\u5f71\u5f88\u597d\u770b,x\n", "gb18030"
    )
    Path("latin.csv").write_text("text,label\n" + "caf\xe9 and so on and on,x\n" * 9, "latin-1")
    write("t.csv")
    code, out, err = call("data", *words.split())
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("magic", "what"),
    [
        (b"BZh91AY&SY", "compressed with bzip2"),
        (b"\xfd7zXZ\x00", "compressed with xz"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook"),
        (b"PK\x03\x04", "a zip archive"),
    ],
)
def test_what_holds_no_sentences_is_not_classified(call, trained_run, magic, what):
    Path("lines.txt").write_bytes(magic + b"a fine film\n" * 9)
    for words in (("--input", "lines.txt"), ("--output", "out", "lines.txt")):
        code, out, err = call("classify", "--checkpoint", trained_run, *words)
        assert (code, out) == (2, "")
        assert f"lines.txt: {what}" in err


def test_a_label_of_another_case_is_scored_when_asked_to(call, trained_run):
    Path("t.csv").write_text("text,label\na dull film,BAD\na fine film,GOOD\n")
    err = call("eval", trained_run, "--data", "t.csv")[2]
    assert "; --merge-labels takes those that look alike for one" in err
    assert call("eval", trained_run, "--data", "t.csv", "--merge-labels")[0] == 0


def test_tabs_in_what_is_read_as_sentences_are_said(call, trained_run):
    Path("t.txt").write_text("1\ta dull film\n2\ta fine film\n")
    words = ("classify", "--checkpoint", trained_run, "--input", "t.txt")
    assert "--text-column 2 reads it as a table" in call(*words)[2]
    out = call(*words, "--text-column", "2")[1]
    assert [line.split("\t")[:3] for line in out.splitlines()] == [
        ["1", "a dull film", "bad"],
        ["2", "a fine film", "good"],
    ]


@pytest.mark.parametrize(
    ("cell", "options", "advice"),
    [
        ("{'LABEL': 1}", "--multilabel", "write each label without brackets: labels are written"),
        ("array(['LABEL'])", "", "write each label without brackets: labels are written as lists"),
        ("['LABEL']", "", "--multilabel, or write each label without brackets"),
        ("all|LABEL", "--multilabel", "take out what every row has: nothing can be learnt of a"),
    ],
)
def test_labels_that_are_no_names_are_no_nothing_to_do(call, cell, options, advice):
    name = write("t.csv", lambda n, label: cell.replace("LABEL", label))
    code, out, _ = call("data", name, *options.split())
    assert code == 0
    assert advice in out
    assert "nothing to do" not in out


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("\U0001f600", "--tokenizer unicode: kim drops letters of 100.0 % of the words"),
        ("\u2014", "--tokenizer unicode: kim makes no token of the text of 16 rows"),
    ],
)
def test_sentences_of_which_nothing_is_left_are_no_nothing_to_do(call, word, advice):
    Path("t.csv").write_text(
        "text,label\n" + "".join(f"{word * n},{n % 2}\n" for n in range(1, 17))
    )
    assert advice in call("data", "t.csv", "--tokenizer", "kim")[1]
    chosen = call("data", "t.csv")[1]
    assert ("no token      none" in chosen) == (word == "\U0001f600")
