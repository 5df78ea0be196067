"""Labels that files and folders stand for: a sentence a line, or a document a file."""

from collections.abc import Iterator
from pathlib import Path

from textcnn.data.datasets.cells import Selection, names_texts
from textcnn.data.datasets.delimited import names_its_columns
from textcnn.data.datasets.formats import detected_format, format_of_suffix
from textcnn.data.datasets.parquet import PARQUET_MAGIC
from textcnn.data.datasets.rows import Row
from textcnn.data.datasets.text_files import (
    Report,
    decode,
    lines_of_text,
    read_bytes,
    split_lines,
    without_gz,
)
from textcnn.support.errors import UserError
from textcnn.support.text import some

_PARTS = {
    "train": "--data",
    **dict.fromkeys(("dev", "valid", "validation", "val"), "--dev-data"),
    "test": "--test-data",
    "unsup": "",
}
"""What the parts of a data set are called, and the option that each is for."""


def one_label_rows(path: Path, label: str, encoding: str, report: Report) -> Iterator[Row]:
    """A row for each line of a file that is not blank.

    Raises:
        UserError: it cannot be read, has no sentences, or is a table or lines with labels.
    """
    data = read_bytes(path)
    text = decode(data, path, encoding, report)
    named = names_its_columns(text, Selection(labels=()))
    if data.startswith(PARQUET_MAGIC) or named or detected_format(path, text) is not None:
        raise UserError(
            f"{path}: its rows are no plain lines, as {label}={path} needs; give it by itself, "
            "with a label in each row, or as a table called .csv, .jsonl or .parquet"
        )
    for header in filter(names_texts, split_lines(text)[:1]):
        report(f"{path}, line 1: {header!r} is read as a sentence; take it out if it is a header")
    rows = [
        Row(f"{path}, line {number}", line, (label,))
        for number, line in lines_of_text(text, path, report)
    ]
    if not rows:
        raise UserError(f"{path} holds no sentences, only blank lines")
    yield from rows


def folder_rows(folder: Path, encoding: str, report: Report) -> Iterator[Row]:
    """The rows of a folder: of a file per label, or of a folder of documents per label."""
    members = _visible(folder, "put a file, or a folder of documents, per label there")
    folders = [member for member in members if member.is_dir()]
    files = [member for member in members if not member.is_dir()]
    if folders and files:
        raise UserError(
            f"{folder} holds files ({_some(files)}) and folders ({_some(folders)}): give it a file "
            "per label or a folder per label, and nothing else"
        )
    _check_no_parts([(member.name, member) for member in folders], folder)
    for label_folder in folders:
        if not label_folder.name.strip():
            raise UserError(f"{folder} holds a folder whose name makes no label")
        yield from document_rows(label_folder, label_folder.name, encoding, report)
    if files:
        _check_plain(files, folder, "one plain text file per label")
        labelled = _labels_of_files(files, folder)
        _check_no_parts(labelled, folder)
        for label, file in labelled:
            yield from one_label_rows(file, label, encoding, report)


def document_rows(folder: Path, label: str, encoding: str, report: Report) -> Iterator[Row]:
    """One row for each file: the whole text."""
    documents = _visible(folder, "put the documents of this label there")
    inner = [document.name for document in documents if document.is_dir()]
    if inner:
        raise UserError(
            f"{folder} holds a folder ({inner[0]}), but a label's folder holds only documents; "
            f"if its folders are the labels, give {folder} itself"
        )
    _check_plain(documents, folder, "one plain text document per file")
    for document in documents:
        data = read_bytes(document, may_be_empty=True)
        yield Row(str(document), decode(data, document, encoding, report), (label,))


def _labels_of_files(files: list[Path], folder: Path) -> list[tuple[str, Path]]:
    """Pair each file with its label, in the order of their names."""
    names = [without_gz(file) for file in files]
    shared_stem = len(files) > 1 and len({name.stem for name in names}) == 1
    label_of: dict[str, Path] = {}
    for file, name in zip(files, names, strict=True):
        label = (name.suffix.removeprefix(".") if shared_stem else name.stem).strip()
        if not label or label in label_of:
            raise UserError(
                f"{folder}: the file names do not give each file its own label "
                f"({_some(files)}); name them good.txt, bad.txt or the like, or give LABEL=FILE "
                "pairs"
            )
        label_of[label] = file
    return list(label_of.items())


def _check_no_parts(labelled: list[tuple[str, Path]], folder: Path) -> None:
    """Refuse a data set's parts, which would be learnt as if their names were the labels."""
    options = [(_PARTS.get(label.lower()), path) for label, path in labelled]
    if len(options) > 1 and all(option is not None for option, _ in options):
        advice = " ".join(sorted(f"{option} {path}" for option, path in options if option))
        label, path = labelled[0]
        raise UserError(
            f"{folder}: {_some([path for _, path in labelled])} look like the parts of a data set "
            f"and not like labels: give {advice or 'a labelled part'}; if they are labels, give "
            f"each as LABEL=FILE, as in {label}={path}"
        )


def _visible(folder: Path, advice: str) -> list[Path]:
    """The members of ``folder``, in the order of their names."""
    try:
        members = sorted(member for member in folder.iterdir() if not member.name.startswith("."))
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror}") from error
    if not members:
        raise UserError(f"{folder} holds no files: {advice}")
    return members


def _check_plain(files: list[Path], folder: Path, wanted: str) -> None:
    for file in files:
        if not file.is_file():
            raise UserError(f"{file} is neither a file nor a folder; take it out")
        if format_of_suffix(file) is not None:
            raise UserError(
                f"{folder} holds {file.name}, but a folder is read as {wanted}; "
                f"give the file itself: {file}, or LABEL={file} where all its rows have one label"
            )


def _some(paths: list[Path]) -> str:
    return some([path.name for path in paths])
