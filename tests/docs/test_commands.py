"""Every command line that README.md and docs/ show is run, on small files of the names they use."""

import gzip
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from docs.pages import pages
from tests.support.small_run import labelled_sentences, options_text, write_csv
from tests.support.topics import topical
from tests.support.unequal_labels import unequal
from textcnn.commands import COMMANDS, main

RUN = "runs/20261124-101500"
QUICK = options_text(epochs=1)
NEEDS_THE_NETWORK = "word2vec-google-news-300"
ELSEWHERE = ("--scheduler", "tcp:", "textcnn serve", "textcnn selfcheck")
"""Marks of commands that other tests run: those on a cluster, what never ends, or takes long."""


CALLS = r"(?:^|\| )(?:python (?:(train|eval)\.py|-m textcnn)|textcnn)(?: |$)"
"""How a command is called; train.py and eval.py are commands by themselves."""


def commands() -> list[str]:
    """The ``textcnn`` commands in all shell blocks, but the two that set everything up."""
    text = "\n".join(pages().values())
    text = re.sub(r"<!-- (?:train|test) command -->\n```sh\n.*?```", "", text, flags=re.S)
    lines = []
    for block in re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.S):
        for line in block.replace("\\\n", " ").splitlines():
            if re.search(CALLS, line):
                lines.append(line.partition("  #")[0].strip())
    return list(dict.fromkeys(lines))


def words_of(line: str) -> list[str]:
    """What stands after ``textcnn``."""
    call = re.search(CALLS, line)
    assert call is not None
    words = shlex.split(line[call.end() :].partition(" > ")[0], comments=True)
    return [call.group(1), *words] if call.group(1) else words


def quickened(words: list[str]) -> list[str]:
    """The same command on little data, with a little network."""
    name, given = words[0], words[1:]
    if "--resume" in given or name not in ("train", "cv", "search", "data"):
        if name == "search":
            return [*words[: words.index("--resume") + 2], "--trials", "2", "--jobs", "1"]
        return words
    if "--out" in given and name == "train":  # There is a run of that name for the others.
        place = words.index("--out")
        words = words[:place] + words[place + 2 :]
    if name != "data" and "--config" not in given:
        quick = options_text(epochs=1)
        if "--init-from" in given:
            quick = ["--epochs", "1"]
        elif "--vectors" in given:
            quick = ["--epochs", "1", "--num-filters", "4"]
        words = [*words, *quick]
    elif name == "train":
        words = [*words, "--epochs", "1"]
    named = "--data" in given or "--config" in given
    if not named and (name != "data" or not any("." in word for word in given)):
        words = [*words, "--data", "reviews.csv"]
    if name == "cv":  # The last of two values is taken.
        words += ["--jobs", "1", "--repeats", "1"]
        words += [] if "--test-data" in given else ["--folds", "2"]
    if name == "search":
        words += ["--trials", "1", "--jobs", "1", "--folds", "2"]
        words = ["2" if word == "5" and "--nested" in words else word for word in words]
    return words


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, trained_run: Path) -> Path:
    """A folder with every file that the examples name."""
    folder = tmp_path_factory.mktemp("docs")
    corpus = labelled_sentences()
    for number, name in enumerate(("reviews", "more", "new", "train", "dev", "test")):
        count = 40 if name in ("dev", "test") else 120
        write_csv(folder / f"{name}.csv", labelled_sentences(count, seed=number))
    marked = [
        f"__label__{label} {text}\n"
        for label, text in zip(corpus.labels, corpus.texts, strict=True)
    ]
    (folder / "reviews.train").write_text("".join(marked[:100]))
    (folder / "reviews.valid").write_text("".join(marked[100:]))
    write_csv(folder / "alarms.csv", unequal(400, seed=0))
    for label in ("good", "bad"):
        texts = [t for t, given in zip(corpus.texts, corpus.labels, strict=True) if given == label]
        (folder / f"{label}.txt").write_text("\n".join(texts) + "\n")
    rows = zip(corpus.texts, corpus.labels, strict=True)
    news = [f"{text},{text} and more,{label}\n" for text, label in rows]
    (folder / "news.csv").write_text("title,body,section\n" + "".join(news))
    rows = zip(corpus.texts, corpus.labels, strict=True)
    headless = [f'"{label}","{text}","{text} and more"\n' for text, label in rows]
    (folder / "agnews.csv").write_text("".join(headless))
    rows = zip(corpus.texts, corpus.labels, strict=True)
    tickets = [f"{text};{label};{text};{label}\n" for text, label in rows]
    (folder / "tickets.csv").write_text("text;label;body;queue\n" + "".join(tickets))
    lost = "".join(f"my password was stolen from the {text},security\n" for text in corpus.texts)
    (folder / "security.csv").write_text("text,label\n" + lost)
    topics = topical(200)
    lines = [f"{text},{labels}\n" for text, labels in topics]
    (folder / "topics.csv").write_text("text,label\n" + "".join(lines))
    lines = [f'{text},"{labels.replace("|", ",")}"\n' for text, labels in topics]
    (folder / "tags.csv").write_text("text,label\n" + "".join(lines))
    objects = [{"text": text, "label": [it for it in labels.split("|") if it]}
               for text, labels in topics]  # fmt: skip
    (folder / "topics.jsonl").write_text("".join(json.dumps(it) + "\n" for it in objects))
    (folder / "sentences.txt").write_text("a lovely film\ntoo slow\n")
    (folder / "comments.log").write_text("a lovely film\ntoo slow\n")
    words = sorted({word for text in corpus.texts for word in text.split()})
    vectors = [f"{word} 0.1 {n / 10} -0.3\n" for n, word in enumerate(words)]
    (folder / "glove.6B.100d.txt").write_text("".join(vectors))
    (folder / "shards").mkdir()
    with gzip.open(folder / "shards/one.txt.gz", "wt") as shard:
        shard.write("a lovely film\ntoo slow\n")
    for name in (RUN, "runs/a", "runs/b", "runs/as-there", "runs/tickets", "model"):
        shutil.copytree(trained_run, folder / name)
    make = {
        "runs/cv-20261124-101500": ["cv", "--folds", "2", "--jobs", "1"],
        "runs/search-20261124-101500": ["search", "--trials", "1", "--folds", "2", "--jobs", "1"],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("TEXTCNN_DATA", raising=False)
        for name, command in make.items():
            with pytest.raises(SystemExit) as ended:
                main([*command, "--data", "reviews.csv", "--out", name, *QUICK])
            assert ended.value.code == 0
    return folder


@pytest.mark.parametrize("line", commands())
def test_the_commands_run(line, workspace, monkeypatch, capsys):
    if NEEDS_THE_NETWORK in line or any(mark in line for mark in ELSEWHERE):
        pytest.skip("needs more than this machine")
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("TEXTCNN_DATA", raising=False)
    with (workspace / "comments.log").open(encoding="utf-8") as piped:
        if " | " in line:
            monkeypatch.setattr(sys, "stdin", piped)
        with pytest.raises(SystemExit) as ended:
            main(quickened(words_of(line)))
    out, err = capsys.readouterr()
    assert not ended.value.code, err
    assert out or err


def test_there_are_examples_of_every_command():
    assert {words_of(line)[0] for line in commands()} >= set(COMMANDS)
