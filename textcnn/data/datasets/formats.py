"""The formats of files whose rows carry their labels, and how to tell them."""

import re
from pathlib import Path

from textcnn.data.datasets.text_files import without_gz
from textcnn.support.errors import UserError

# The rest is only read when asked for: any text with a colon early on could be TREC's.
_TOLD = "csv, tsv, jsonl or fasttext"
_FORMAT_OF_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_NO_TEXT = ("parquet", "xlsx")
_LIKE_JSON = re.compile(r"\{|\[\s*\{")
_LIKE_TREC = re.compile(r"[A-Z]{2,}:[a-z]+ \S")
_LIKE_SST = re.compile(r"\d{1,2}[ \t]\S")


def format_of_suffix(path: Path) -> str | None:
    """The format that the name of ``path`` says, whether compressed or not; or None."""
    return _FORMAT_OF_SUFFIX.get(without_gz(path).suffix.lower())


def detected_format(path: Path, text: str) -> str | None:
    """The format of ``path``, which holds ``text``, by its suffix or how it begins; or None."""
    by_suffix = format_of_suffix(path)
    if by_suffix is not None and by_suffix not in _NO_TEXT:
        return by_suffix
    beginning = text.lstrip()
    if beginning.startswith("__label__"):
        return "fasttext"
    return "jsonl" if _LIKE_JSON.match(beginning) else None


def undetected_format(path: Path, text: str) -> UserError:
    """The error for a file whose format shows neither in its name nor in how it begins."""
    beginning = text.lstrip()
    advice = f"say --format {_TOLD}, or, where all its lines have one label, LABEL={path}"
    if _LIKE_TREC.match(beginning):
        advice = (
            "its first line looks like TREC's: say --format trec for the labels before the colon, "
            "or --format trec-fine for the whole ones"
        )
    elif _LIKE_SST.match(beginning):
        advice = (
            "if the numbers at the beginning of its lines are labels, make fastText's lines of "
            f"them: sed 's/^/__label__/' {path} > labelled.txt"
        )
    return UserError(f"{path}: cannot tell its format; {advice}")
