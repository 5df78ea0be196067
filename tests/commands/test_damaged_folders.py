"""Folders of cross-validations and searches in which any file is another: refused, or as before.

Each case spoils one file of a finished folder and calls a command that reads it. It must end in one
line and leave every file as it was, or say what it said of the whole folder.
"""

import os
import random
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cv_runs import words_for
from tests.support.small_run import options_text
from tests.support.spoilt import mutants, other_kinds

pytest.importorskip("optuna", reason="needs the extra search")

from textcnn.commands import main
from textcnn.support.result_folder import WHERE_DATA_IS

Call = Callable[..., tuple[int, str, str]]

COMMANDS = {
    "cv": (("cv", "--resume", "a", "--jobs", "1"), ("plan.json", "config.toml", "folds/1-2.json")),
    "compare": (("compare", "a", "b"), ("plan.json", "config.toml", "results.json")),
    "search": (("search", "--resume", "a", "--jobs", "1"), ("plan.json", "journal.jsonl")),
}
"""By the name of a case what is called, and the files of "a" that it believes."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, noisy: Path) -> dict[str, Path]:
    """By the name of a case, a folder with what it reads."""
    made = {name: tmp_path_factory.mktemp(name) for name in COMMANDS}
    folds = ("--folds", "2", "--jobs", "1")
    search = ("--vary", "dropout=0.3:0.7", "--vary", "filter_sizes=3,4|2", "--trials", "3")
    for words in (
        words_for(noisy, made["cv"] / "a", *folds),
        words_for(noisy, made["compare"] / "b", *folds, "--ngrams", "0"),
        ("search", "--data", str(noisy), *options_text(epochs=1), *search, *folds,
         "--out", str(made["search"] / "a")),
    ):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
    shutil.copytree(made["cv"] / "a", made["compare"] / "a")
    return made


def spoilt(path: Path, count: int, seed: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """So many ways to spoil a file, and all ways to put something else in its place."""
    content = path.read_bytes()
    for number, other in enumerate(mutants(content, count, seed)):
        if other != content:
            yield f"mutant {number} of seed {seed}", lambda other=other: path.write_bytes(other)
    digits = [at for at, byte in enumerate(content) if byte in b"0123456789"]
    for at in random.Random(seed).sample(digits, min(count, len(digits))):
        other = bytearray(content)
        other[at] = ord("0") + (other[at] - ord("0") + 1) % 10
        yield f"another digit at {at}", lambda other=other: path.write_bytes(bytes(other))
    yield from other_kinds(path)


def contents(folder: Path) -> dict[Path, bytes]:
    """Of every file but those too long to be ours."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {path: path.read_bytes() for path in found if path.stat().st_size < 10**6}


def options_of(folder: str) -> dict[str, object]:
    """The options of training, but for where the data is, which may change."""
    options = tomllib.loads((Path(folder) / "a" / "config.toml").read_text())
    return {name: value for name, value in options.items() if name not in WHERE_DATA_IS}


def try_all(call: Call, folders: dict[str, Path], case: str, count: int) -> int:
    """Try so many mutants of each file, and as many other digits; how many cases there were."""
    words, files = COMMANDS[case]
    shutil.copytree(folders[case], "whole")
    os.chdir("whole")
    _, expected, _ = call(*words)
    os.chdir("..")
    tried = 0
    for file in files:
        shutil.copytree("whole", "spoilt", dirs_exist_ok=True)
        for name, spoil in list(spoilt(Path.cwd() / "spoilt" / "a" / file, count, 0)):
            shutil.rmtree("spoilt")
            shutil.copytree("whole", "spoilt")
            spoil()
            before = contents(Path("spoilt"))
            os.chdir("spoilt")
            code, out, err = call(*words)
            os.chdir("..")
            tried += 1
            if code == 0:
                moved = file == "config.toml" and options_of("spoilt") == options_of("whole")
                assert out == expected or moved, (file, name)
                continue
            lines = [line for line in err.splitlines() if line.startswith("textcnn: ")]
            assert (out, lines) == ("", err.splitlines()[-1:]), (file, name, err)
            assert len(lines[0]) < 2000, (file, name)
            assert contents(Path("spoilt")) == before, (file, name)
        shutil.rmtree("spoilt")
    return tried


@pytest.mark.slow
@pytest.mark.parametrize("case", COMMANDS)
def test_a_spoilt_file_is_refused_or_changes_nothing(call, folders, case):
    assert try_all(call, folders, case, 4) >= 30


@pytest.mark.torture
@pytest.mark.parametrize("case", COMMANDS)
def test_many_spoilt_files(call, folders, case):
    print(case, try_all(call, folders, case, 100), "files")
