"""The report: one page about a finished run, and what it may never do."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.small_run import labelled_sentences, options_text, write_csv
from tests.support.topics import topical, write
from textcnn.commands.arguments.options import config_options
from textcnn.commands.arguments.training_config import RunOptions
from textcnn.core.progress import Evaluation
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.evaluation.abstaining import CoveragePoint
from textcnn.evaluation.reliability import Bin, one_class_each
from textcnn.evaluation.scores import surest_mistakes
from textcnn.insight import report
from textcnn.insight.learnt import learnt_ngrams, training_part
from textcnn.insight.report import figures
from textcnn.insight.report import page as report_page
from textcnn.insight.report.figures import Figure
from textcnn.insight.report.page import train_words
from textcnn.insight.run_list import changed_options
from textcnn.recipe.config import Config

pytestmark = pytest.mark.pictures

VOID = {"meta", "br", "img", "link", "input", "hr", "wbr", "source"}


class Page(HTMLParser):
    """A page taken apart: its tags, names, text, and whether every tag is closed."""

    def __init__(self, path: Path):
        super().__init__()
        self.source = path.read_text("utf-8")
        self.tags: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(self.source)
        self.close()
        assert self.open == [], "tags that are never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += " "
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.names.update(value for name, value in attrs if name == "id" and value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data

    @property
    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    def assert_self_contained(self) -> None:
        """No script, nothing fetched, every name once, every reference met."""
        assert not self.tags.keys() & {"script", "img", "link", "iframe", "object", "form", "base"}
        assert max(self.names.values()) == 1
        for tag, name, value in self.attributes:
            if name in ("href", "xlink:href", "src", "data", "action"):
                assert value.startswith("#"), (tag, name, value)
                assert value[1:] in self.names
            if name in ("aria-labelledby", "aria-describedby"):
                assert set(value.split()) <= set(self.names)
            assert not name.startswith("on"), (tag, name)
        assert "@import" not in self.source
        assert set(re.findall(r"url\((.)", self.source)) <= {"#"}
        assert not re.search(r"https?://(?!www\.w3\.org/(2000/svg|1999/xlink))", self.source)


def train(call, path: Path, *options: str | Path) -> Page:
    """Train a small network on a file; the page that the run ends with."""
    small = options_text(epochs=2, learning_rate=0.01)
    code, _, err = call("train", "--data", path, "--out", "run", *small, *options)
    assert code == 0, err
    assert "report: run/report.html" in err
    page = Page(Path("run/report.html"))
    page.assert_self_contained()
    return page


@pytest.fixture
def drawn() -> None:
    """Asked for by tests for which figures must be drawn."""


@pytest.fixture(autouse=True)
def _plain_figures(
    request: pytest.FixtureRequest, reported_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere an empty one stands for each, after ``reported_run`` has had its own drawn."""

    def plain(name: str, title: str, alternative: str, draw: Callable[[Any], None]) -> Figure:
        drawing = figures._inline(name, title, alternative, "</defs></svg>")
        return Figure(name, title, alternative, drawing)

    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(figures, "_drawn", plain)


# The page of a run


def test_every_finished_run_has_one(reported_run):
    page, scores = (
        Page(reported_run / "report.html"),
        json.loads((reported_run / "test.json").read_text()),
    )
    page.assert_self_contained()
    assert f"{100 * scores['accuracy']:.1f} % accuracy on 12 test sentences" in page.words
    low, high = scores["accuracy_95"]
    assert f"95 % interval {100 * low:.1f} % to {100 * high:.1f} %" in page.words
    for row in scores["classes"]:
        numbers = [f"{100 * row[name]:.1f} %" for name in ("precision", "recall", "f1")]
        assert f"{row['label']} {' '.join(numbers)} {row['count']}" in page.words
    for heading in (
        "Scores",
        "Confusion matrix",
        "How training went",
        "How far it can be trusted",
        "What pushes towards each label",
        "Surest mistakes",
        "How to repeat it",
    ):
        assert heading in page.text
    assert page.tags["svg"] == 4


def test_plots_have_words_for_those_who_do_not_see_them(reported_run):
    page = Page(reported_run / "report.html")
    named = [v for tag, name, v in page.attributes if (tag, name) == ("svg", "aria-labelledby")]
    assert named == [
        f"{it}-title {it}-desc" for it in ("loss", "accuracy", "reliability", "coverage")
    ]
    last = [json.loads(line) for line in (reported_run / "metrics.jsonl").read_text().splitlines()][
        -1
    ]
    assert "Over 12.00 epochs loss on dev goes from" in page.words
    assert f"to {last['dev_loss']:.3g};" in page.words
    # And every number stands in a table too.
    assert f"{last['dev_loss']:.4f}" in page.text


def test_tables_can_be_read_aloud_and_scrolled_by_keyboard(reported_run):
    page = Page(reported_run / "report.html")
    assert page.tags["caption"] == page.tags["table"]
    scopes = [v for tag, name, v in page.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == page.tags["th"]
    scrolled = [
        v for tag, name, v in page.attributes if (tag, name, v) == ("div", "class", "scroll")
    ]
    stops = [v for tag, name, v in page.attributes if (tag, name) == ("div", "tabindex")]
    assert stops == ["0"] * len(scrolled)


def test_it_is_the_same_page_each_time(call, reported_run, drawn):
    before = (reported_run / "report.html").read_bytes()
    assert call("report", reported_run, "--out", "again.html")[0] == 0
    assert Path("again.html").read_bytes() == before


WEAK = ("--ngrams", "0", "--subwords", "0", "--epochs", "1")
"""Options with which little is learnt, so that there are mistakes to be shown."""

HOSTILE = "<script>alert(1)</script>"


def test_markup_in_the_data_stays_text(call, tmp_path):
    corpus = labelled_sentences()
    texts = [f"{text} {HOSTILE} <img src=x onerror=alert(1)>" for text in corpus.texts]
    names = {"good": '<b onclick="alert(2)">good</b>', "bad": "bad & {{ 7 * 7 }}'\""}
    quoted = [names[label].replace('"', '""') for label in corpus.labels]
    rows = [f'"{text}","{label}"\n' for text, label in zip(texts, quoted, strict=True)]
    path = tmp_path / "hostile.csv"
    path.write_text("text,label\n" + "".join(rows))
    page = train(call, path, "--tokenizer", "unicode", "--test-share", "0.5")
    assert page.tags["b"] == 0
    for name in names.values():
        assert name in page.text
    # The sentences classified wrongly are shown, and of two thirds of them some are.
    assert "classified" in page.text.partition("Surest mistakes")[2]


def test_control_characters_do_not_reach_the_page(call, tmp_path):
    corpus = labelled_sentences()
    path = write_csv(
        tmp_path / "reviews.csv",
        LabelledTexts([f"{text} \x1b[31mred\x9b" for text in corpus.texts], corpus.labels, ""),
    )
    page = train(call, path, "--tokenizer", "unicode", "--test-share", "0.5")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page.source)


def test_several_labels(call, tmp_path, drawn):
    page = train(call, write(tmp_path / "topics.csv", topical(200)), "--multilabel", *WEAK)
    assert "F1 of all predictions together (micro)" in page.words
    assert "threshold" in page.text
    assert "of a yes or no for each label" in page.words
    assert "Confusion matrix" not in page.text
    assert page.tags["svg"] == 3
    assert "true: " in page.text


def test_an_ensemble(call, reviews, drawn):
    page = train(call, reviews, "--ensemble", "2")
    assert "Evaluations of network 2" in page.text
    assert "2 networks. Of the first: Over 2.00 epochs loss" in page.words
    assert "2 networks, each" in page.words


def test_without_a_test_part_it_says_so(call, reviews):
    page = train(call, reviews, "--test-share", "0")
    assert "The run kept no test sentences (--test-share 0)" in page.words
    assert "Surest mistakes" not in page.text
    assert page.tags["svg"] == 2


def test_many_labels_list_the_commonest_confusions(call, tmp_path):
    rows = [
        (f"word{number} of {other} and {more}", f"label{number}")
        for number in range(24)  # Of which nothing but the words in common is left.
        for other in ("one", "two", "three", "four")
        for more in ("some", "none", "few")
    ]
    weak = (*WEAK, "--tokenizer", "kim", "--min-count", "20")
    page = train(call, write(tmp_path / "many.csv", rows), "--test-share", "0.3", *weak)
    assert "Confusion matrix" not in page.text
    assert "The commonest confusions" in page.text


def test_what_is_looked_at_is_said_where_it_is_not_all(call, tmp_path, reported_run, monkeypatch):
    whole = Page(reported_run / "report.html").text
    assert "over those of the 108 training sentences, in which" in whole
    assert "Looked at are" not in whole
    monkeypatch.setattr(learnt_ngrams, "MOST_LABELS", 1)
    monkeypatch.setattr(training_part, "MOST_SENTENCES", 10)
    run = shutil.copytree(reported_run, tmp_path / "run")
    assert call("report", run)[0] == 0
    page = Page(run / "report.html")
    assert "10 of the 108 training sentences, drawn at random, in which" in page.text
    assert "Looked at are the 1 labels with the most training sentences, of 2 labels." in page.text


def test_long_runs_and_long_words_do_not_fill_the_page(call, tmp_path, monkeypatch, drawn):
    monkeypatch.setattr(report_page, "MOST_EVALUATIONS", 10)
    corpus = labelled_sentences()
    texts = [f"{text} {'very' * 5000}{row}" for row, text in enumerate(corpus.texts)]
    path = write_csv(tmp_path / "long.csv", LabelledTexts(texts, corpus.labels, ""))
    often = ("--evaluate-every", "1", "--epochs", "6", "--patience", "0", *WEAK[:4])
    page = train(call, path, "--test-share", "0.4", *often)
    evaluations = len(Path("run/metrics.jsonl").read_text().splitlines())
    assert evaluations > 20
    shown = page.source.partition("Evaluations</caption>")[2].partition("</table>")[0]
    assert 5 <= shown.count("<tr>") - 1 <= 11
    assert shown.count("<td>yes</td>") == 1
    assert f"of {evaluations:,}; metrics.jsonl has them all" in page.words
    assert "veryvery" in page.text
    assert len(page.source) < 500_000


def test_words_and_mistakes_as_many_as_asked_for(call, reported_run):
    def shown(*options: str) -> Page:
        assert call("report", reported_run, "--out", "page.html", *options)[0] == 0
        return Page(Path("page.html"))

    few = shown("--top", "2", "--mistakes", "0")
    by_filters = few.source.partition("By the filters</caption>")[2].partition("</table>")[0]
    assert by_filters.count("<tr>") == 1 + 2
    assert few.source.count('class="mistake"') == 0


# What can go wrong


def test_a_run_whose_sentences_are_gone(call, tmp_path):
    path = write_csv(tmp_path / "moved.csv", labelled_sentences())
    train(call, path)
    path.rename(tmp_path / "elsewhere.csv")
    before = Path("run/report.html").read_bytes()
    code, _, err = call("report", "run")
    assert code == 2
    assert "not replaced by one without scores" in err
    assert Path("run/report.html").read_bytes() == before
    code, _, err = call("report", "run", "--out", "page.html")
    assert code == 0
    assert "the sentences are not at hand" in err
    page = Page(Path("page.html"))
    page.assert_self_contained()
    assert "moved.csv" in page.text
    assert "How training went" in page.text
    assert page.tags["svg"] == 2


def test_sentences_that_have_been_moved(call, tmp_path):
    path = write_csv(tmp_path / "before.csv", labelled_sentences())
    before = train(call, path)
    moved, other = tmp_path / "after.csv", write_csv(tmp_path / "other.csv", labelled_sentences(60))
    path.rename(moved)
    assert call("report", "run", "--data", moved, "--out", "page.html")[0] == 0
    assert Page(Path("page.html")).words.replace("after", "before") == before.words
    code, out, err = call("inspect", "run", "--data", moved)
    assert code == 0
    assert "n-grams of the 108 training sentences" in out
    code, _, err = call("report", "run", "--data", other, "--out", "page.html")
    assert "is not what the run was given" in err


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda run: shutil.rmtree(run / "checkpoints"), "best.h5"),
        (lambda run: (run / "metrics.jsonl").unlink(), "metrics.jsonl: missing or empty"),
        (lambda run: (run / "metrics.jsonl").write_text("{}\n"), "metrics.jsonl cannot be read"),
        (lambda run: (run / "metrics.jsonl").write_text("\xff\n"), "metrics.jsonl cannot be read"),
        (lambda run: (run / "test.json").unlink(), "finish it with"),
        (lambda run: (run / "config.toml").write_text("seed = "), "config.toml"),
        (shutil.rmtree, "no run's folder"),
    ],
)
def test_a_run_that_is_not_whole(call, reported_run, spoil, complaint):
    run = Path("run")
    shutil.copytree(reported_run, run, copy_function=shutil.copy2)
    before = (run / "report.html").read_bytes()
    if complaint == "finish it with":
        (run / "metrics.jsonl").write_text(
            (run / "metrics.jsonl").read_text().split("\n")[0] + "\n"
        )
    spoil(run)
    code, out, err = call("report", run)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
    if run.exists():
        assert (run / "report.html").read_bytes() == before


def test_a_cross_validation_is_none(call, reviews):
    small = options_text(epochs=1)
    assert (
        call("cv", "--data", reviews, "--folds", "2", "--jobs", "1", "--out", "cv", *small)[0] == 0
    )
    code, _, err = call("report", "cv")
    assert code == 2
    assert "a cross-validation" in err


def test_without_the_packages_that_make_it(call, reviews, monkeypatch):
    monkeypatch.setattr(report, "NEEDED", ("no_such_package",))
    small = options_text(epochs=1)
    code, _, err = call("train", "--data", reviews, "--out", "run", *small)
    assert code == 0
    assert "report" not in err
    assert not Path("run/report.html").exists()
    code, _, err = call("report", "run")
    assert code == 2
    assert "pip install 'textcnn[report]'" in err


# Its parts


@pytest.mark.parametrize("several", [False, True])
def test_the_surest_mistakes_are_found_as_by_looking_at_each(several):
    rng = np.random.default_rng(5)
    probabilities = rng.dirichlet(np.ones(3), 40).astype(np.float32)
    targets = rng.random((40, 3)) < 0.4 if several else rng.integers(0, 3, 40)
    thresholds = np.array([0.2, 0.5, 0.4]) if several else None
    found = surest_mistakes(probabilities, targets, thresholds, 15)
    expected = []
    for row, shares in enumerate(probabilities.tolist()):
        for label, share in enumerate(shares):
            if several:
                given, true = share >= thresholds[label], targets[row, label]
            else:
                given, true = label == int(np.argmax(shares)), label == targets[row]
                if not given:
                    continue
            if given != true:
                expected.append((share if given else 1 - share, row, label, bool(given)))
    expected.sort(key=lambda it: -it[0])
    assert [it[:3] for it in found] == [it[1:] for it in expected[:15]]
    assert [it[3] for it in found] == pytest.approx([it[0] for it in expected[:15]])


def test_several_labels_are_so_many_questions():
    probabilities = np.array([[0.9, 0.2], [0.4, 0.5]])
    targets = np.array([[True, False], [False, True]])
    predictions, classes = one_class_each(probabilities, targets)
    assert predictions.tolist() == pytest.approx(
        np.array([[0.1, 0.9], [0.8, 0.2], [0.6, 0.4], [0.5, 0.5]])
    )
    assert classes.tolist() == [1, 0, 0, 1]


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "data": st.just(("reviews.csv", "a file.csv")),
        "seed": st.integers(0, 99),
        "mode": st.just("rand"),
        "vectors": st.sampled_from(["train", "glove-6b-50d"]),
        "filter_sizes": st.lists(st.integers(1, 7), min_size=1, max_size=3, unique=True).map(tuple),
        "learning_rate": st.floats(1e-5, 1),
        "optimizer": st.sampled_from(["adam", "adadelta", "sgd"]),
        "refit": st.booleans(),
        "multilabel": st.booleans(),
        "label_separator": st.sampled_from(["|", ",", "--"]),
        "max_tokens": st.integers(0, 5),
        "dev_data": st.just(("dev.csv",)),
        "text_column": st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    },
)


@settings(max_examples=60, deadline=None)
@given(OPTIONS)
def test_the_command_repeats_the_options(options):
    import click

    if "vectors" in options and "mode" in options:
        options = {**options, "mode": "static"}
    config = Config(**options).resolved()
    words = train_words(config)

    @click.command("train")
    @config_options()
    def parsed(options: dict[str, Any]) -> Config:
        return RunOptions(None, None, None, None).training_config(options)

    if options.get("text_column", "").startswith("-"):
        return  # Which click reads as an option of its own.
    repeated = parsed.main(words[1:], standalone_mode=False).resolved()
    assert repeated.data == config.data
    assert changed_options(repeated) == changed_options(config)


def test_figures_take_the_pages_colours(drawn):
    history = [Evaluation(step, step / 10, 0.5, 0.7, 0.6, 0.8, 0.8) for step in (10, 20)]
    drawn = [
        *figures.curves([history, history], [10, 20]),
        figures.reliability_figure([Bin(0.5, 0.6, 3, 0.55, 0.5), Bin(0.9, 1.0, 1, 0.95, 1.0)], 0.1),
        figures.coverage_figure([CoveragePoint(0.0, 1.0, 0.5), CoveragePoint(0.9, 0.25, 1.0)]),
    ]
    for figure in drawn:
        for stand_in in figures.VARIABLES:
            assert stand_in not in figure.svg
        assert "var(--second)" in figure.svg
        assert "<metadata" not in figure.svg
        assert "<style" not in figure.svg
        assert f'<title id="{figure.name}-title">{figure.title}</title>' in figure.svg
        assert figure.alternative in figure.svg
    assert "when only the surest 25 % are, 100.0 %" in drawn[-1].alternative
