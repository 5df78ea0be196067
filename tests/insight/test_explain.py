"""``textcnn explain``: terms that add up to the logits, pushes of words, changes that matter."""

import copy
import dataclasses
import io
import itertools
import json
import subprocess
import sys
import tracemalloc
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.processes import PATIENCE, environment, textcnn
from tests.support.small_run import small_config
from textcnn.core import plain_network
from textcnn.core.architecture import MODES, Parameters
from textcnn.core.layers.convolve_and_pool import FilterBank
from textcnn.core.vocabulary import UNKNOWN_WORD, Vocabulary
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import held_out
from textcnn.inference.classifier import Classifier
from textcnn.inference.projected_words import step_sizes
from textcnn.insight import pages
from textcnn.insight.classifier import Classifier as ExplainingClassifier
from textcnn.insight.explanations.as_html import page
from textcnn.insight.explanations.as_text import as_text
from textcnn.insight.explanations.explaining import Explainer, winning_windows
from textcnn.insight.explanations.explanation import FILTERS, Explanation, as_object
from textcnn.insight.explanations.what_if import what_if
from textcnn.recipe.config import Config
from textcnn.recipe.fusion import Fusion
from textcnn.recipe.ngrams.expert import Texts
from textcnn.recipe.ngrams.learning import NgramExamples, fit_expert
from textcnn.support.terminal import Screen
from textcnn.training.checkpoint import Checkpoint, architecture_of, load_checkpoint
from textcnn.training.run import train_in_memory

WORDS = ["able", "baker", "charlie", "dog", "easy"]
SENTENCES = st.lists(st.sampled_from([*WORDS, "new"]), max_size=7).map(" ".join)


def random_parameters(
    shapes: dict[str, tuple[int, ...]], rng: np.random.Generator, integers: bool
) -> Parameters:
    """Parameters in 64 bits; as small whole numbers, so that many windows tie."""
    return {
        name: rng.integers(-1, 2, shape).astype(float) if integers else rng.normal(size=shape)
        for name, shape in shapes.items()
    }


def random_checkpoint(
    seed: int,
    mode: str = "rand",
    filter_sizes: tuple[int, ...] = (2, 3),
    num_classes: int = 3,
    networks: int = 1,
    multilabel: bool = False,
    ngrams: int = 2,
    integers: bool = False,
) -> Checkpoint:
    """A model of :data:`WORDS` whose numbers mean nothing."""
    rng = np.random.default_rng(seed)
    config = dataclasses.replace(
        small_config(
            tokenizer="kim", filter_sizes=filter_sizes, num_filters=3, ngrams=ngrams, subwords=4
        ),
        mode=mode,
        multilabel=multilabel,
        ensemble=networks,
    )
    vocabulary = Vocabulary([UNKNOWN_WORD, *WORDS])
    expert = None
    if ngrams:
        sentences = [rng.choice(WORDS, rng.integers(1, 6)).tolist() for _ in range(12)]
        targets = rng.integers(0, num_classes, 12)
        if multilabel:
            targets = np.eye(num_classes, dtype=bool)[targets]
        texts = Texts.of(sentences, vocabulary)
        labelled = NgramExamples(texts, targets, vocabulary.words, num_classes)
        expert = fit_expert(labelled, ngrams, 4, penalty=0.1)
    architecture = architecture_of(config, len(vocabulary), num_classes)
    every = [random_parameters(architecture.shapes(), rng, integers) for _ in range(networks)]
    return Checkpoint(
        config=config,
        labels=[f"label {number}" for number in range(num_classes)],
        label_counts=np.ones(num_classes, np.int64),
        vocabulary=vocabulary,
        networks=tuple(every),
        ngrams=expert,
        fusion=Fusion(
            rng.uniform(0.5, 2, 2 if ngrams else 1).astype(np.float32),
            rng.normal(size=num_classes).astype(np.float32),
        ),
        train_hashes=np.zeros(0, np.uint64),
        fingerprint="",
        source="",
        thresholds=np.full(num_classes, 0.5) if multilabel else None,
    )


def plainly(checkpoint: Checkpoint, text: str) -> np.ndarray:
    """(C,) logits by the plain network, in the order of the paper."""
    texts = Texts.of([text.split()], checkpoint.vocabulary)
    logits = [
        plain_network.forward(parameters, checkpoint.architecture, texts.sentences)[0][0]
        for parameters in checkpoint.networks
    ]
    fusion = checkpoint.fusion
    total = fusion.weights[0] * np.mean(logits, axis=0) + fusion.bias
    if checkpoint.ngrams is not None:
        total = total + fusion.weights[1] * checkpoint.ngrams.logits(texts)[0]
    return total


def most_rounded(checkpoint: Checkpoint) -> np.ndarray:
    """(C,) how much the rounding of projected words can add to a logit, or take off."""
    architecture = checkpoint.architecture
    rows = np.repeat(architecture.filter_sizes, architecture.num_filters)
    each = [
        np.abs(parameters["dense/weights"]) @ (step_sizes(parameters, architecture) * rows / 2)
        for parameters in checkpoint.networks
    ]
    return checkpoint.fusion.weights[0] * np.mean(each, axis=0)


def added_up(explanation: Explanation) -> np.ndarray:
    return explanation.bias + sum(term.values for term in explanation.terms)


@settings(max_examples=75, deadline=None)
@given(
    text=SENTENCES,
    seed=st.integers(0, 99),
    mode=st.sampled_from(MODES),
    filter_sizes=st.sampled_from([(1,), (2, 3), (5, 1), (3, 9)]),
    num_classes=st.integers(2, 4),
    networks=st.integers(1, 3),
    multilabel=st.booleans(),
    ngrams=st.integers(0, 3),
    integers=st.booleans(),
)
def test_the_terms_add_up_to_the_logits_of_any_network(
    text, seed, mode, filter_sizes, num_classes, networks, multilabel, ngrams, integers
):
    model = random_checkpoint(
        seed, mode, filter_sizes, num_classes, networks, multilabel, ngrams, integers
    )
    explanation = Explainer(model).explain(text)
    difference = np.abs(added_up(explanation) - plainly(model, text))
    assert (difference <= most_rounded(model) + 1e-5).all()
    np.testing.assert_allclose(added_up(explanation), explanation.logits, atol=1e-5)
    _, filters, counts, _ = explanation.sums
    np.testing.assert_allclose(
        explanation.bias + filters + counts, added_up(explanation), atol=1e-9
    )
    if text:  # Every term belongs to words.
        by_word = explanation.bias + explanation.words.sum(axis=0)
        np.testing.assert_allclose(by_word, added_up(explanation), atol=1e-9)


def test_they_add_up_on_real_sentences(some_movie_reviews):
    config = Config(embedding_dim=30, num_filters=20, epochs=1, refit=False)
    corpora = Corpora(some_movie_reviews)
    model, _ = train_in_memory(config, TokenizedData.prepare(corpora, config), lambda line: None)
    texts = held_out(model, corpora).texts
    explainer, classifier = Explainer(model), Classifier(model)
    explanations = [explainer.explain(text) for text in texts]
    sums = np.array([added_up(explanation) for explanation in explanations])
    assert len(texts) > 170
    np.testing.assert_allclose(sums, classifier.logits(texts), atol=1e-5, rtol=0)
    predictions = [model.labels[explanation.predicted[0]] for explanation in explanations]
    assert predictions == classifier.predict(texts)


def test_the_prediction_is_the_classifiers(trained_run):
    texts = ["a lovely film", "the plot was dull", "", "unheard", "film"]
    explainer, classifier = (
        Explainer(load_checkpoint(trained_run / "checkpoints/best.h5")),
        Classifier.load(trained_run),
    )
    for text in texts:
        explanation = explainer.explain(text)
        alone = classifier.predict_proba([text])[0]
        assert explanation.probabilities.tobytes() == alone.tobytes()


def test_a_copied_classifier_still_explains(trained_run):
    copied = copy.deepcopy(ExplainingClassifier.load(trained_run))
    assert copied.explain("a lovely film").predicted


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.integers(0, 3), max_size=6),
    sizes=st.sampled_from([(1,), (2, 4), (3, 1, 7)]),
    seed=st.integers(0, 99),
)
def test_the_winner_is_the_first_of_the_largest_windows(words, sizes, seed):
    bank = FilterBank(sizes, 3)
    P = np.random.default_rng(seed).integers(-1, 2, (5, bank.num_rows * 3)).astype(float)
    P[-1] = 0
    maxima, starts = winning_windows(P, np.array(words, int), bank.rows())
    rows = P.reshape(5, bank.num_rows, 3)
    for index, (height, first) in enumerate(bank.offsets()):
        for number in range(3):
            values = {
                start: sum(
                    rows[words[start + j], first + j, number]
                    for j in range(height)
                    if 0 <= start + j < len(words)
                )
                for start in range(1 - height, max(len(words), 2 - height))
            }
            best = max(values.values())
            column = index * 3 + number
            assert maxima[column] == best
            assert starts[column] == next(at for at, value in values.items() if value == best)


def test_sentences_of_equal_length_are_looked_at_together():
    rng = np.random.default_rng(8)
    bank = FilterBank((2, 4), 3)
    P = rng.integers(-9, 9, (30, bank.num_rows * 3)).astype(np.int16)
    for length in (0, 1, 6):
        words = rng.integers(0, 29, (length, 5))
        one_by_one = [winning_windows(P, column, bank.rows()) for column in words.T]
        together = winning_windows(P, words, bank.rows())
        np.testing.assert_array_equal(together, np.stack(one_by_one, axis=1))


def test_a_term_says_where_its_window_reaches_beyond_the_sentence():
    model = random_checkpoint(0, filter_sizes=(4,), ngrams=0)
    terms = Explainer(model).explain("able dog").terms
    assert terms
    for term in terms:
        assert term.kind == FILTERS
        assert term.height == 4
        assert term.before + term.after >= 2
        assert 0 <= term.start < term.end <= 2
    shown = as_text(Explainer(model).explain("able dog"), 10, Screen())
    assert "[start]" in shown or "[end]" in shown
    (empty,) = Explainer(model).explain("").terms
    assert (empty.start, empty.end, empty.height) == (0, 0, 4)
    assert "[no words]" in as_text(Explainer(model).explain(""), 10, Screen())


def test_a_push_is_against_the_mean_of_the_labels_unless_each_is_decided_by_itself():
    one, several = (
        Explainer(random_checkpoint(0, multilabel=many)).explain("able dog")
        for many in (False, True)
    )
    values = np.array([[1.0, 2.0, 6.0]])
    assert one.pushes(values).tolist() == [[-2, -1, 3]]
    assert several.pushes(values).tolist() == values.tolist()
    sizes = [np.abs(one.pushes(term.values)[one.predicted[0]]) for term in one.strongest()]
    assert sizes == sorted(sizes, reverse=True)


def test_the_word_that_tells_the_label_pushes_most(trained_run):
    explanation = Explainer(load_checkpoint(trained_run / "checkpoints/best.h5")).explain(
        "the film was lovely"
    )
    assert explanation.labels[explanation.predicted[0]] == "good"
    pushes = explanation.pushes(explanation.words)[:, explanation.predicted[0]]
    assert explanation.tokens[int(pushes.argmax())] == "lovely"


# What if


def changes_of(tokens: list[str]) -> list[list[str]]:
    deletions = [tokens[:at] + tokens[at + 1 :] for at in range(len(tokens))]
    swaps = []
    for at in range(len(tokens) - 1):
        swapped = list(tokens)
        swapped[at : at + 2] = reversed(swapped[at : at + 2])
        swaps.append(swapped)
    return deletions + swaps


@settings(max_examples=30, deadline=None)
@given(text=SENTENCES, seed=st.integers(0, 99), multilabel=st.booleans())
def test_the_change_found_is_the_smallest_that_flips(text, seed, multilabel):
    explainer, classifier = (
        kind(random_checkpoint(seed, multilabel=multilabel)) for kind in (Explainer, Classifier)
    )
    tokens = text.split()
    change = what_if(explainer.model, tokens)
    if not tokens:
        assert change is None
        return
    assert change is not None
    before = classifier.predict([text])[0]
    tried = [
        (changed, classifier.predict([" ".join(changed)])[0]) for changed in changes_of(tokens)
    ]
    flipping = [changed for changed, prediction in tried if prediction != before]
    assert change.flips == bool(flipping)
    shares = classifier.predict_proba([" ".join(changed) for changed, _ in tried])
    if flipping:
        assert change.tokens in flipping
        fewest = min(len(changed) for changed in flipping)
        assert (change.kind == "deletion") == (fewest < len(tokens))
    elif not multilabel:
        label = change.label
        moved = np.abs(shares[:, label] - classifier.predict_proba([text])[0, label])
        assert abs(change.drop) == pytest.approx(moved.max(), abs=1e-6)
    if flipping and not multilabel:
        same = [
            row[change.label]
            for (changed, prediction), row in zip(tried, shares, strict=True)
            if prediction != before and (len(changed) < len(tokens)) == (change.kind == "deletion")
        ]
        assert change.probabilities[change.label] == pytest.approx(min(same), abs=1e-6)


def test_a_long_document_is_tried_in_parts(monkeypatch):
    explainer = Explainer(random_checkpoint(1))
    tokens = [word for word, _ in itertools.product(WORDS, range(3))]
    whole = what_if(explainer.model, tokens)
    monkeypatch.setattr("textcnn.insight.explanations.what_if.WORDS_AT_ONCE", 20)
    parts = what_if(explainer.model, tokens)
    assert (whole.kind, whole.at, whole.drop) == (parts.kind, parts.at, parts.drop)


def test_what_a_long_document_becomes_is_never_in_memory_all_at_once(monkeypatch):
    explainer, tokens = Explainer(random_checkpoint(1)), WORDS[:3] * 200
    monkeypatch.setattr("textcnn.insight.explanations.what_if.WORDS_AT_ONCE", 6_000)
    tracemalloc.start()
    assert what_if(explainer.model, tokens) is not None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 600 * 1200 * 8 / 2  # Half of what the lists of their words would take.


# What is shown


def test_in_a_pipe_words_have_their_push_in_brackets(call, trained_run):
    code, out, err = call("explain", "--checkpoint", trained_run, "the film was lovely")
    assert code == 0, err
    assert out.startswith("good ")
    assert "lovely[+" in out
    assert "\033" not in out
    assert "what pushed most" in out
    sums = next(line for line in out.splitlines() if line.startswith("label"))
    assert sums.split("  ")[-1] == "probability"
    assert "+ n-grams  = logit" in sums


def test_on_a_terminal_words_are_coloured(trained_run, monkeypatch):
    model = load_checkpoint(trained_run / "checkpoints/best.h5")
    explanation = Explainer(model).explain("the film was lovely")
    shown = as_text(explanation, 5, Screen(80, colour=True))
    assert "\033[32m\033[1mlovely\033[0m" in shown
    assert "lovely[" not in shown
    for variable, value, colour in (("TERM", "xterm", True), ("TERM", "dumb", False),
                                    ("NO_COLOR", "1", False)):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.delenv("NO_COLOR", raising=False)
            patch.setenv("TERM", "xterm")
            patch.setenv(variable, value)
            stream = io.StringIO()
            patch.setattr(stream, "isatty", lambda: True, raising=False)
            patch.setattr(sys, "stdout", stream)
            assert Screen.of(sys.stdout).colour is colour
            assert Screen.of(sys.stdout).width is not None


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("width", [30, 45, 80])
def test_no_line_is_wider_than_the_window(trained_run, width, colour):
    model = load_checkpoint(trained_run / "checkpoints/best.h5")
    explainer = Explainer(model)
    explanation = explainer.explain("the film was lovely and the music was slow " * 3)
    change = what_if(explainer.model, explanation.tokens)
    shown = as_text(explanation, 10, Screen(width, colour), change)
    for line in shown.replace("\033[32m", "").splitlines():
        for code in ("\033[35m", "\033[1m", "\033[0m"):
            line = line.replace(code, "")
        assert len(line) <= max(width, 42), line


def test_wide_characters_and_control_characters_are_told(trained_run):
    model = load_checkpoint(trained_run / "checkpoints/best.h5")
    model = dataclasses.replace(
        model, config=dataclasses.replace(model.config, tokenizer="characters")
    )
    explanation = Explainer(model).explain("電影 \x1b[31m lovely")
    shown = as_text(explanation, 30, Screen(50))
    assert "\x1b" not in shown
    assert "\ufffd" in shown
    assert "電" in shown


def test_words_that_training_never_saw_are_named(call, trained_run):
    _, out, _ = call("explain", "--checkpoint", trained_run, "the zebra was lovely")
    assert "not seen in training: zebra" in out


def test_every_classified_label_is_explained():
    model = random_checkpoint(3, multilabel=True)
    for text in ("able dog easy", "baker", "dog dog"):
        explanation = Explainer(model).explain(text)
        shown = as_text(explanation, 3, Screen())
        for label in explanation.predicted:
            assert f"pushes towards label {label})" in shown
        if not explanation.predicted:
            assert "no label; nearest is" in shown
        assert as_object(explanation)["label"] == [f"label {n}" for n in explanation.predicted]


def test_many_labels_are_cut_short():
    model = random_checkpoint(0, num_classes=9)
    shown = as_text(Explainer(model).explain("able dog"), 3, Screen())
    assert "and 5 labels more" in shown


def test_json_has_everything_on_a_line(call, trained_run):
    code, out, err = call(
        "explain", "--checkpoint", trained_run, "--json", "--what-if", "a lovely film", "dull"
    )
    assert code == 0, err
    first, second = map(json.loads, out.splitlines())
    assert first["tokens"] == ["a", "lovely", "film"]
    for label, logit in first["logits"].items():
        parts = sum(part["values"][label] for part in first["contributions"])
        assert parts + first["bias"][label] == pytest.approx(logit, abs=1e-5)
        by_word = sum(word["values"][label] for word in first["words"])
        assert by_word + first["bias"][label] == pytest.approx(logit, abs=1e-5)
    kinds = {part["kind"] for part in first["contributions"]}
    assert kinds == {"filters", "words", "2-grams"}
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert (first["label"], second["label"]) == ("good", "bad")
    assert second["what_if"]["kind"] == "deletion"
    assert second["what_if"]["tokens"] == []


class Page(HTMLParser):
    """Collects what is in a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def test_a_page_stands_alone(call, trained_run, tmp_path):
    code, out, err = call("explain", "--checkpoint", trained_run, "--html", "why.html",
                          "--what-if", "a lovely film", "")  # fmt: skip
    assert code == 0, err
    assert out == ""
    text = (tmp_path / "why.html").read_text(encoding="utf-8")
    found = Page(text)
    assert "script" not in found.tags
    assert not {name for name, _ in found.attributes} & {"src", "href", "style", "onclick"}
    assert "url(" not in text
    assert "http:" not in text
    assert "https:" not in text
    assert "prefers-color-scheme: dark" in text
    assert {"title", "caption", "main", "h1", "h2", "th"} <= set(found.tags)
    assert "lovely" in found.texts
    assert found.tags.count("section") == 2


def test_without_jinja_there_is_no_page(call, trained_run, monkeypatch):
    monkeypatch.setattr("textcnn.commands.explain.find_spec", lambda name: None)
    code, _, err = call("explain", "--checkpoint", trained_run, "--html", "why.html", "a film")
    assert (code, err.count("\n")) == (2, 1)
    assert "--html needs Jinja2: pip install 'textcnn[report]'" in err
    monkeypatch.setitem(sys.modules, "jinja2", None)
    pages._environment.cache_clear()
    explanation = Explainer(random_checkpoint(0)).explain("able")
    assert explanation._repr_html_() is None
    assert "able" in str(explanation)


def test_no_text_becomes_markup():
    model = random_checkpoint(0)
    nasty = '<script>alert("1")</script>&amp;'
    model = dataclasses.replace(
        model,
        labels=[nasty, "<b>", "</style>"],
        config=dataclasses.replace(model.config, tokenizer="unicode"),
    )
    explainer = Explainer(model)
    explanation = explainer.explain(f"able <img src=x onerror=alert(1)> dog \ud800 \x1b {nasty}")
    change = what_if(explainer.model, explanation.tokens)
    text = page([(explanation, change)], 50, "</title><script>")
    found = Page(text)
    assert not {"script", "img", "b"} & set(found.tags)
    assert found.tags.count("style") == 1
    assert nasty in found.texts
    text.encode("utf-8")


# The command


def test_sentences_come_from_files_and_pipes(call, trained_run, tmp_path):
    (tmp_path / "in.txt").write_text("a lovely film\n\ndull\n")
    code, out, err = call("explain", "--checkpoint", trained_run, "--input", "in.txt", "--json")
    assert code == 0, err
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["a lovely film", "", "dull"]
    piped = textcnn("explain", "--checkpoint", trained_run, "-", input=b"a lovely film\ncaf\xe9\n")
    assert piped.returncode == 2
    assert b"lovely[+" in piped.stdout
    assert b"line 2: not utf-8" in piped.stderr


def test_who_stops_reading_is_no_error(trained_run):
    command = [sys.executable, "-m", "textcnn", "explain", "--checkpoint", str(trained_run), "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(),
    ) as process:  # fmt: skip
        process.stdout.close()
        process.stdin.write(b"a lovely film\n" * 50)
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give sentences"),
        (["a film", "--input", "in.txt"], "give sentences"),
        (["--input", "nowhere.txt"], "nowhere.txt: No such file"),
        (["a film", "--encoding", "klingon"], "--encoding is for --input FILE"),
        (["a film", "--json", "--html", "x.html"], "choose one"),
        (["a film", "--html", "nowhere/x.html"], "nowhere/x.html"),
        (["a film", "--top", "-1"], "--top"),
    ],
)
def test_mistakes_are_told_in_a_line(call, trained_run, words, message):
    code, out, err = call("explain", "--checkpoint", trained_run, *words)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert out == ""


def test_a_run_is_needed(call):
    code, _, err = call("explain", "a film")
    assert code == 2
    assert "no trained run" in err
