"""Tables as strangers have them: what is odd about them is said, or the refusal says what to do."""

from pathlib import Path

import pytest

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
