"""Excel's workbooks as data: read as if their sheet had been saved as CSV."""

import datetime
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.small_run import labelled_sentences
from textcnn.data.datasets import text_files
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.readers import read_labelled
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError

openpyxl = pytest.importorskip("openpyxl")


def write(path: Path, *sheets: list[list[object]], titles: tuple[str, ...] = ()) -> Path:
    """A workbook of these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(titles[number] if titles else None)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def read(path: Path, **options: object) -> tuple[LabelledTexts, list[str]]:
    said: list[str] = []
    return read_labelled([str(path)], Config(**options), said.append), said


def pairs(path: Path, **options: object) -> list[tuple[str, str]]:
    found, _ = read(path, **options)
    return list(zip(found.labels, found.texts, strict=True))


HEAD: list[object] = ["Text ", "label", "when"]


def test_cells_of_every_kind(tmp_path):
    day, time = datetime.datetime(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5)
    rows: list[list[object]] = [
        HEAD,
        ["two\nlines", 1, day],
        [404, 1.0, time],
        [None, None, None],
        ["a fine film", True, 0.1],
        [" half ", 0.5, None],
    ]
    path = write(tmp_path / "t.xlsx", rows)
    assert pairs(path) == [
        ("1", "two\nlines"),
        ("1", "404"),
        ("true", "a fine film"),
        ("0.5", "half"),
    ]
    assert pairs(path, text_column="text+when")[1] == ("1", "404 2026-01-02 03:04:05")
    assert pairs(path, text_column="when")[0] == ("1", "2026-01-02")


def test_a_missing_label_is_named_by_its_row_in_excel(tmp_path):
    rows: list[list[object]] = [HEAD, ["a", "x"], [], ["b", None], ["c", "y"]]
    path = write(tmp_path / "t.xlsx", rows)
    found, _ = read(path)
    assert found.texts == ["a", "c"]
    with pytest.raises(UserError, match=r"t.xlsx, row 4: the label is missing"):
        found.without_bad_rows(skip=False)


def test_the_sheet_with_the_columns_is_read_and_said(tmp_path):
    notes: list[list[object]] = [["about this file"], ["made in May"]]
    path = write(tmp_path / "t.xlsx", notes, [HEAD, ["a", "x"]], [], titles=("Notes", "Data", "E"))
    found, said = read(path)
    assert (found.texts, found.labels) == (["a"], ["x"])
    assert said == [f"{path}: of its 2 sheets 'Data' is read"]
    book = openpyxl.load_workbook(path)
    book["Data"].sheet_state = "hidden"
    book.save(path)
    with pytest.raises(UserError, match=r"t.xlsx has no column 'text'; it has 'about"):
        read(path)


def test_titles_and_names_of_columns_as_reports_have_them(tmp_path):
    sheet: list[list[object]] = [["Tickets"], ["message", "class"], ["hello", "x"], ["bye", None]]
    found, said = read(write(tmp_path / "t.xlsx", [["Read me"]], sheet))
    assert (found.texts, found.labels) == (["hello"], ["x"])
    assert "the label is missing" in found.bad_rows[0].fault
    assert "of its 2 sheets 'Sheet1' is read" in said[0]
    assert "named in row 2; left out: 1 row" in said[1]
    assert "--text-column 'message' --label-column 'class'" in said[2]


def test_no_header_and_a_label_of_its_own(tmp_path):
    path = write(tmp_path / "t.xlsx", [[1, "a"], [2, "b"]])
    assert pairs(path, text_column="2", label_column="1") == [("1", "a"), ("2", "b")]
    path = write(tmp_path / "u.xlsx", [HEAD, ["a"]])
    found = read_labelled([f"good={path}"])
    assert (found.texts, found.labels) == (["a"], ["good"])


def test_a_formula_has_its_value_and_is_an_empty_cell_before_it_has_one(tmp_path):
    path = write(tmp_path / "t.xlsx", [HEAD, ["a", '="x"&"y"'], ["b", "z", "=1+1"]])
    found, _ = read(path)
    assert found.texts == ["b"]
    assert found.bad_rows[0].kind == "the label is missing"
    assert found.bad_rows[0].where.endswith("row 2")
    changed(path, "xl/worksheets/sheet1.xml", b"</f><v></v>", b"</f><v>7</v>", b"</f><v />")
    assert pairs(path)[0] == ("7", "a")


def changed(path: Path, part: str, *pieces: bytes) -> None:
    """Put the second of ``pieces`` in the place of the others in a part of a workbook."""
    wanted = pieces[1]
    packed = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in packed.namelist():
            content = packed.read(name)
            if name == part:
                for piece in (pieces[0], *pieces[2:]):
                    content = content.replace(piece, wanted, 1)
                assert wanted in content
            new.writestr(name, content)


def test_what_was_made_to_fill_the_memory_is_refused(tmp_path):
    path = write(tmp_path / "t.xlsx", [HEAD, ["a", "x"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/zeros", bytes(70 * 2**20))
    with pytest.raises(
        UserError, match=r"t.xlsx: unpacks to 70 MiB or more from 0.1, which few texts do"
    ):
        read(path)


SHARED = b"<Override PartName='/xl/sharedStrings.xml' ContentType='application/%s'/></Types>" % (
    b"vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
)


SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.mark.parametrize("cell", ["<c r='A{}' t='s'><v>0</v></c>", "<c r='XFD{}'><v>1</v></c>"])
def test_what_the_file_has_once_or_not_at_all_counts_in_every_row(tmp_path, monkeypatch, cell):
    """A long text that many cells share; rows of 16,384 cells, of which one is there."""
    monkeypatch.setattr(text_files, "ALWAYS_UNPACKED", 2**22)
    path = write(tmp_path / "t.xlsx", [["text", "label"], ["a", "x"]])
    rows = "".join(f"<row r='{number}'>{cell.format(number)}</row>" for number in range(3, 300))
    changed(path, "xl/worksheets/sheet1.xml", b"</sheetData>", f"{rows}</sheetData>".encode())
    changed(path, "[Content_Types].xml", b"</Types>", SHARED)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "xl/sharedStrings.xml", f"<sst xmlns='{SHEET}'><si><t>{'word ' * 6000}</t></si></sst>"
        )
    with pytest.raises(UserError, match=r"unpacks to 4 MiB or more from 0.0, which few texts do"):
        read(path)


# Each entity is ten of the one before: ten thousand million letters.
LAUGHS = b'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">%s]>' % b"".join(
    b'<!ENTITY a%d "%s">' % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10)
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="2"', b'<row r="99999999999"'),
        (b'<row r="2"', b'<row r="two"'),
        (b"<sheetData>", b"<sheetData"),
        (b"<worksheet", LAUGHS + b'<worksheet a="&a9;"'),
        (b'r="A2"', b'r="ZZZZZZZ2"'),
    ],
)
def test_a_damaged_or_hostile_sheet_is_refused_in_a_line(tmp_path, old, new):
    path = write(tmp_path / "t.xlsx", [HEAD, ["a", "x"], ["b", "y"]])
    changed(path, "xl/worksheets/sheet1.xml", old, new)
    with pytest.raises(UserError) as told:
        read(path)
    assert str(told.value).startswith(f"{path}: not a workbook that can be read (")
    assert "\n" not in str(told.value)


def test_cut_short_it_is_refused(tmp_path):
    path = write(tmp_path / "t.xlsx", [HEAD, ["a", "x"]])
    whole = path.read_bytes()
    for end in (100, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:end])
        with pytest.raises(UserError, match="workbook"):
            read(path)


def test_empty_and_without_openpyxl(tmp_path, monkeypatch):
    path = write(tmp_path / "t.xlsx", [])
    with pytest.raises(UserError, match=r"t.xlsx is empty"):
        read(path)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UserError) as told:
        read(path)
    assert "save its sheet as CSV" in str(told.value)
    assert "pip install 'openpyxl>=3.1'" in str(told.value)


@pytest.fixture
def sheet(tmp_path) -> Path:
    corpus = labelled_sentences()
    rows: list[list[object]] = [["Ticket", "Body", "Queue"]]
    rows += [[n, *pair] for n, pair in enumerate(zip(corpus.texts, corpus.labels, strict=True))]
    return write(tmp_path / "tickets.xlsx", rows)


def test_every_command_reads_it(call, sheet, tmp_path):
    columns = ("--text-column", "body", "--label-column", "queue")
    code, out, err = call("data", sheet, *columns)
    assert code == 0, err
    assert "120 rows, 2 labels" in out
    small = ("--epochs", 1, "--num-filters", 4, "--embedding-dim", 8, "--no-refit")
    code, out, err = call("train", "--data", sheet, *columns, *small, "--out", "run")
    assert code == 0, err
    code, out, err = call("eval", "run", "--data", sheet, "--json")
    assert (code, json.loads(out)["sentences"]) == (0, 120), err
    code, out, err = call("explain", "run", "--input", sheet, "--json")
    assert (code, len(out.splitlines())) == (0, 120), err
    code, out, err = call("classify", "run", "--input", sheet)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == "Ticket,Body,Queue,label,probability"
    assert len(lines) == 121
