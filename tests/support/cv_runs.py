"""Small cross-validations, and what they leave."""

import csv
import io
import re
from pathlib import Path

from tests.support.small_run import options_text


def words_for(noisy: Path, out: Path | str, *more: str) -> list[str]:
    """The words of a small cross-validation."""
    return ["cv", "--data", str(noisy), "--out", str(out), *options_text(), *more]


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def without_seconds(folder: Path) -> dict[str, str]:
    """The text of every file, but for how long things took."""
    texts = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".json", ".csv", ".toml"):
            text = re.sub(r'"seconds": [0-9.e-]+', '"seconds": 0', path.read_text())
            if '"seconds"' in text:  # Their digest with them.
                text = re.sub(r'"sha256": "\w+"', '"sha256": ""', text)
            # The last column of the folds' table.
            text = (
                re.sub(r",[0-9.]+$", "", text, flags=re.M) if "results.csv" in str(path) else text
            )
            texts[str(path.relative_to(folder))] = text
    return texts
