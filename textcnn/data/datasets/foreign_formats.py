"""Files that hold text only after a conversion, told by how they begin, with what to do."""

from pathlib import Path

from textcnn.support.errors import UserError

_WORKBOOK = "a workbook: save its sheet as CSV (Save As, CSV UTF-8), and give that"
_ARCHIVE = "{} archive: unpack it and give what is inside"
_COMPRESSED = "compressed with {}: unpack it first, or compress it with gzip instead"
_TABLE = (
    "{} table: convert it first, for instance with Python's pandas: "
    'pandas.{}("{}").to_csv("table.csv", index=False)'
)
_PICKLE = (
    "a pickle, which runs whatever its author put into it: load it where that is trusted, and save "
    "texts and labels as CSV"
)

ZIP_MAGIC = b"PK\x03\x04"

_WHAT = {
    b"ARROW1": _TABLE.format("an Arrow", "read_feather", "FILE"),
    b"ORC": _TABLE.format("an ORC", "read_orc", "FILE"),
    b"FEA1": _TABLE.format("a Feather", "read_feather", "FILE"),
    b"\xff\xff\xff\xff": "an Arrow stream: load it with the library that wrote it, and save a CSV",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _WORKBOOK,
    ZIP_MAGIC: _ARCHIVE.format("a zip"),
    b"7z\xbc\xaf\x27\x1c": _ARCHIVE.format("a 7z"),
    b"Rar!\x1a\x07": _ARCHIVE.format("a RAR"),
    b"\x1f\x8b": "compressed twice: unpack it once more",
    b"BZh91AY&SY": _COMPRESSED.format("bzip2"),
    b"\xfd7zXZ\x00": _COMPRESSED.format("xz"),
    b"\x28\xb5\x2f\xfd": _COMPRESSED.format("zstd"),
    b"textcnn checkpoint ": "a checkpoint: it holds a model, and neither sentences nor vectors",
    b"version https://git-lfs": "what Git LFS keeps in the place of a file: run git lfs pull",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file: export its texts and labels as CSV",
    b"SQLite format 3\x00": "an SQLite database: export the table as CSV",
    **dict.fromkeys((b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95"), _PICKLE),
}
# Of POSIX and of GNU tar.
_TAR_MAGICS, _TAR_OFFSET = (b"ustar\x00", b"ustar  \x00"), 257

LONGEST_MAGIC = 512
"""Bytes from the beginning of a file that are looked at."""


def refuse_foreign(data: bytes, path: Path, advice: str = "") -> None:
    """Raise :class:`UserError` where ``data``, which ``path`` begins with, needs a conversion.

    Args:
        data: the beginning.
        path: the file.
        advice: to be added to what is said.
    """
    if data.startswith(_TAR_MAGICS, _TAR_OFFSET):
        raise UserError(f"{path}: {_ARCHIVE.format('a tar')}")
    for magic, what in _WHAT.items():
        # "ORC" begins a sentence, too; no zero byte follows there.
        if data.startswith(magic) and (magic != b"ORC" or b"\0" in data[:LONGEST_MAGIC]):
            # A workbook is a zip archive of its parts.
            names = (".xlsx", ".xlsm", ".xlsb", ".ods")
            parts = (b"[Content_Types].xml", b"opendocument.spreadsheet")
            if magic == ZIP_MAGIC and (
                path.suffix.lower() in names or any(part in data[:LONGEST_MAGIC] for part in parts)
            ):
                what = _WORKBOOK
            raise UserError(f"{path}: {what.replace('FILE', str(path))}{advice}")
