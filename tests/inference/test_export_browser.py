"""The exported page in a browser: headless Chromium, driven by Playwright."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.browsing import Opened
from tests.support.exported import TEXTS, assert_same_predictions, export, train
from tests.support.small_run import labelled_sentences
from tests.support.topics import topical, write
from textcnn.commands import main
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.evaluation.scoring import held_out
from textcnn.inference.classifier import Classifier
from textcnn.training.checkpoint import load_checkpoint

MARKUP = "<img src=x onerror=alert(1)>"


class ModelPage(Opened):
    """An exported page, ready to be typed in."""

    def __init__(self, browser: Any, path: Path, **context: Any):
        super().__init__(browser, path, **context)
        self.page.wait_for_selector("textarea:enabled")

    def probabilities(self, texts: list[str]) -> np.ndarray:
        """(N, C) as the page calculates them."""
        code = "texts => texts.map((text) => model.classify(text).probabilities)"
        return np.array(self.page.evaluate(code, texts))

    def milliseconds(self, texts: list[str]) -> list[float]:
        """How long the page takes, from a text to what it shows of it."""
        code = """texts => texts.map((text) => {
            const box = document.getElementById("text");
            box.value = text;
            const begin = performance.now();
            box.dispatchEvent(new Event("input"));
            return performance.now() - begin;
        })"""
        times: list[float] = self.page.evaluate(code, texts)
        return times


@pytest.fixture(scope="module")
def small_page(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(trained_run, tmp_path_factory.mktemp("page") / "model.html")


def test_typing_changes_the_prediction(browser, small_page):
    opened = ModelPage(browser, small_page)
    keyboard = opened.page.keyboard
    assert opened.text("#prediction") == "No word to read yet."
    # The box has the focus from the start: nobody needs a mouse.
    keyboard.type("a lovely film")
    assert opened.text("#prediction").startswith("good, ")
    good = opened.probabilities(["a lovely film"])[0, 1]
    assert opened.text("#prediction") == f"good, {100 * good:.1f} %"
    assert opened.text("#labels li:nth-child(2)").split("\n")[0] == "good"
    assert "lovely" in opened.text("#ngrams")
    side = opened.page.get_attribute("#tokens .token:nth-child(2)", "data-side")
    assert (opened.text("#tokens .token:nth-child(2)"), side) == ("lovely", "for")
    for _ in "lovely film":
        keyboard.press("Backspace")
    keyboard.type("tedious zorblax")
    assert opened.text("#prediction").startswith("bad, ")
    assert "never seen in training: zorblax" in opened.text("#legend")
    opened.assert_quiet()


def test_a_word_never_seen_is_shown_with_what_its_parts_say(browser, small_page):
    opened = ModelPage(browser, small_page)
    opened.page.keyboard.type("warmth")  # With a part that "warm" and "charming" share.
    assert opened.text("#prediction").startswith("good, ")
    token = opened.page.locator("#tokens .token.new")
    assert (token.inner_text(), token.get_attribute("data-side")) == ("warmth", "for")
    assert "never seen in training: warmth" in opened.text("#legend")
    opened.assert_quiet()


def test_a_screen_reader_is_told_once_typing_pauses(browser, small_page):
    opened = ModelPage(browser, small_page)
    said = opened.page.locator("#said")
    assert said.get_attribute("aria-live") == "polite"
    opened.page.keyboard.type("a lovely film", delay=20)
    assert "lovely" not in said.inner_text()
    said.filter(has_text="lovely").wait_for(state="attached")
    assert said.inner_text().startswith("good, ")
    assert opened.page.get_by_label("A sentence").input_value() == "a lovely film"
    assert opened.page.get_by_role("table", name="The n-grams that say most").is_visible()
    assert opened.page.get_by_role("heading", name="bad or good?").is_visible()
    opened.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_either_theme(browser, small_page, scheme):
    opened = ModelPage(
        browser, small_page, color_scheme=scheme, viewport={"width": 320, "height": 640}
    )
    opened.page.keyboard.insert_text("a lovely " + "very" * 40 + " film")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 320
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground.strip("rgb()").split(", "))) > 384) == (scheme == "light")
    opened.assert_quiet()


def test_the_page_predicts_as_the_checkpoint_does(browser, small_page, trained_run):
    opened = ModelPage(browser, small_page)
    assert_same_predictions(opened.probabilities(TEXTS), trained_run, 0.005)
    opened.assert_quiet()


def test_markup_stays_text(browser, tmp_path):
    corpus = labelled_sentences()
    path = tmp_path / "marked.csv"
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["text", "label"])
        for text, label in zip(corpus.texts, corpus.labels, strict=True):
            rows.writerow([f"{text} {MARKUP}", f"{label} {MARKUP}</script>"])
    run = train(tmp_path / "run", path, tokenizer="unicode")
    opened = ModelPage(browser, export(run, tmp_path / "model.html"))
    opened.page.keyboard.type(f"a lovely film {MARKUP}</textarea>")
    assert opened.text("#prediction").startswith(f"good {MARKUP}</script>, ")
    assert MARKUP in opened.text("#title")
    assert opened.page.locator("img").count() == 0
    opened.assert_quiet()


def test_several_labels(browser, tmp_path):
    run = train(tmp_path / "run", write(tmp_path / "topics.csv", topical(150)), multilabel=True)
    opened = ModelPage(browser, export(run, tmp_path / "model.html"))
    text = "the judge was near the bank"
    opened.page.keyboard.type(text)
    (given,) = Classifier.load(run).predict([text])
    assert opened.text("#prediction") == (given.replace("\t", ", ") or "none of the labels")
    assert opened.page.locator("#labels i").count() == 4
    opened.assert_quiet()


def test_a_page_may_send_nothing(browser, small_page):
    opened = ModelPage(browser, small_page)
    code = "fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"
    assert opened.page.evaluate(code) == "refused"
    assert any("Content Security Policy" in message for message in opened.messages)


@pytest.fixture(scope="module")
def movie_run(movie_reviews: LabelledTexts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of the usual size, trained for a moment."""
    folder = tmp_path_factory.mktemp("movies") / "run"
    words = ["train", "--data", os.environ["TEXTCNN_DATA"], "--out", str(folder)]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--epochs", "1", "--no-refit"])
    assert not ended.value.code
    return folder


@pytest.mark.slow
def test_movie_reviews_are_classified_alike_and_at_once(browser, movie_run, tmp_path):
    path = export(movie_run, tmp_path / "model.html")
    assert path.stat().st_size <= 6_000_000
    checkpoint = load_checkpoint(movie_run / "checkpoints/best.h5")
    texts = held_out(checkpoint, Corpora.read(checkpoint.config, lambda line: None)).texts[::3]
    opened = ModelPage(browser, path)
    theirs, ours = opened.probabilities(texts), Classifier(checkpoint).predict_proba(texts)
    assert (theirs.argmax(axis=1) == ours.argmax(axis=1)).mean() >= 0.999
    assert np.abs(theirs - ours).max() <= 0.01
    opened.page.reload()  # Nothing is remembered.
    opened.page.wait_for_selector("textarea:enabled")
    # The quickest: what else the machine does can only slow one down.
    assert min(opened.milliseconds(texts[:100])) < 10
    assert opened.messages == []
    assert set(opened.requests) == {opened.address}
