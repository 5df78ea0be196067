"""``textcnn inspect``: where a network came from, what it has learnt, what each part is worth."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support.changed_checkpoints import change
from tests.support.small_run import (
    BAD,
    GOOD,
    labelled_sentences,
    options_text,
    write_csv,
)
from tests.support.topics import topical, write
from textcnn.core.layers.softmax import softmax_cross_entropy
from textcnn.inference.classifier import Classifier
from textcnn.inference.model import Model
from textcnn.insight.explanations.explaining import Explainer, winning_features
from textcnn.insight.explanations.explanation import FILTERS
from textcnn.insight.learnt import learnt_ngrams as learnt_ngrams_module
from textcnn.insight.learnt import scan as scan_module
from textcnn.insight.learnt import training_part as training_part_module
from textcnn.insight.learnt.filters import filter_dictionary
from textcnn.insight.learnt.learnt_ngrams import learnt_ngrams, ngram_items, shown_labels
from textcnn.insight.learnt.neighbours import neighbours, word_table
from textcnn.insight.learnt.scan import scan
from textcnn.insight.learnt.training_part import TrainingPart, training_part
from textcnn.recipe.ngrams.expert import USUAL_LENGTH
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint


def silent(line: str) -> None:
    """Told what is being read."""


@pytest.fixture(scope="module")
def model(trained_run: Path) -> Checkpoint:
    return load_checkpoint(trained_run / "checkpoints/best.h5")


@pytest.fixture(scope="module")
def part(model: Checkpoint) -> TrainingPart:
    return training_part(model, silent)


def texts_of(part: TrainingPart, model: Checkpoint) -> list[str]:
    words = np.split(part.train.token_ids, np.cumsum(part.train.lengths)[:-1])
    return [" ".join(model.vocabulary.words[number] for number in row) for row in words]


# The command


def test_a_run_is_shown(call, trained_run, reviews):
    code, out, err = call("inspect", trained_run)
    assert code == 0, err
    assert f"checkpoint  {trained_run}/checkpoints/best.h5" in out
    assert str(reviews) in out
    assert "num_filters=4" in out
    assert "learning_rate=0.01" in out
    assert "textcnn " in out
    assert "embedding/tuned" in out
    assert "epoch" in out
    assert "  best" in out
    assert "n-grams of the 108 training sentences" in out
    for label, words in (("good", GOOD), ("bad", BAD)):
        shown = out.partition("(their parts included)\n")[2].splitlines()
        (line,) = [line for line in shown[:2] if line.startswith(f"{label}: ")]
        assert set(words) <= {part.split()[0] for part in line.partition(": ")[2].split(", ")}


def test_json_holds_all_of_it(call, trained_run):
    code, out, err = call(
        "inspect", trained_run, "--json", "--top", "3", "--filters", "2", "--words", "dull film"
    )
    assert code == 0, err
    found = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert found["labels"] == {"bad": 54, "good": 54}
    assert found["changed_options"]["num_filters"] == 4
    assert found["arrays"]["dense/weights"] == {"shape": [2, 12], "numbers": 24}
    assert {word: len(near) for word, near in found["nearest_words"].items()} == {
        "dull": 3,
        "film": 3,
    }
    assert len(found["filters"]) == 2
    assert {"good", "bad"} == set(found["ngrams"])
    assert len(found["history"]) == 12
    assert found["best_step"] in {past["step"] for past in found["history"]}
    assert found["training_sentences"] == {"looked_at": 108, "total": 108}


def test_filters_and_words_are_shown_in_words(call, trained_run):
    code, out, err = call("inspect", trained_run, "--filters", "3", "--words", "dull",
                          "--words", "film lovely")  # fmt: skip
    assert code == 0, err
    assert "would miss most" in out
    assert "on which it was trained too (--refit)" in out
    assert out.count("without it dev accuracy") == 3
    assert len(re.findall(r"^(dull|film|lovely): \w", out, re.M)) == 3


def test_without_the_data_it_says_so_and_shows_the_rest(call, tmp_path):
    path = write_csv(tmp_path / "mine.csv", labelled_sentences())
    assert call("train", "--data", path, "--out", "run", *options_text(epochs=1))[0] == 0
    path.unlink()
    code, out, err = call("inspect", "run", "--filters", "2")
    assert code == 0, err
    assert "cannot be shown without the training sentences" in out
    assert "mine.csv" in out
    assert "what pushes most by the n-gram expert" in out
    assert "would miss most" not in out
    write_csv(path, labelled_sentences(seed=5))
    _, out, _ = call("inspect", "run")
    assert "is not what the run was given" in out
    _, out, _ = call("inspect", "run", "--json")
    assert json.loads(out)["training_sentences"] is None


def test_a_checkpoint_of_other_labels_than_its_data_is_shown_without_it(
    call, tmp_path, trained_run
):
    path = tmp_path / "forged.h5"
    shutil.copy(trained_run / "checkpoints" / "best.h5", path)
    change(path, lambda kept: kept.texts["labels"].__setitem__(1, "no label of the data"))
    code, out, err = call("inspect", path)
    assert code == 0, err
    assert "label 'good' is not one of the checkpoint's" in out


def test_a_small_copy_keeps_its_history(call, trained_run):
    assert call("shrink", trained_run, "--out", "small.h5")[0] == 0
    code, out, err = call("inspect", "small.h5")
    assert code == 0, err
    assert "dev loss" in out
    assert "n-grams of the 108 training sentences" in out


def test_the_newest_run_is_shown_by_default(call, trained_run, tmp_path):
    shutil.copytree(trained_run, tmp_path / "runs/one")
    code, out, _ = call("inspect", "--top", "1")
    assert code == 0
    assert "runs/one/checkpoints/best.h5" in out


def test_an_ensemble_is_shown(call, reviews):
    small = options_text(epochs=1, ensemble=2)
    assert call("train", "--data", reviews, "--out", "run", *small)[0] == 0
    code, out, err = call("inspect", "run", "--filters", "24", "--words", "film")
    assert code == 0, err
    assert "2 networks, each " in out
    assert "network 1, height 3" in out
    assert "network 2, height 5" in out
    assert "(first network)" in out


def test_several_labels_have_thresholds(call, tmp_path):
    write(tmp_path / "topics.csv", topical(200))
    words = ["--data", "topics.csv", "--multilabel", "--out", "run", *options_text(epochs=2)]
    assert call("train", *words)[0] == 0
    code, out, err = call("inspect", "run", "--filters", "2")
    assert code == 0, err
    assert "threshold" in out
    assert "sport: " in out
    assert "towards law" in out


def test_a_network_without_counts_is_shown(call, reviews):
    small = options_text(epochs=1, ngrams=0)
    assert call("train", "--data", reviews, "--out", "run", *small)[0] == 0
    code, out, err = call("inspect", "run")
    assert code == 0, err
    assert "by the n-gram expert" not in out
    assert "by the filters" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.h5"], "no such checkpoint"),
        (["{run}", "--words", "zebra"], "--words zebra: not in the vocabulary"),
        (["{run}", "--words", "<unknown>"], "not in the vocabulary"),
        (["{run}", "--filters", "0"], "--filters"),
    ],
)
def test_mistakes_are_told_in_a_line(call, trained_run, words, message):
    code, out, err = call("inspect", *(word.format(run=trained_run) for word in words))
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert out == ""


# What is found


def test_the_training_sentences_are_those_that_the_network_has_seen(part, model, reviews):
    assert len(part.train) == part.total == 108
    assert part.dev_trained
    rows = reviews.read_text().splitlines()[1:]
    assert set(texts_of(part, model)) <= {row.rpartition(",")[0] for row in rows}


def test_every_sentence_is_scanned_as_if_alone(model, part, monkeypatch):
    network = Model(model).network.members[0]
    found = scan(network, part.train)
    monkeypatch.setattr(scan_module, "WINDOWS_AT_ONCE", 40)  # Several blocks of one length.
    few = scan(network, part.train)
    ends = np.cumsum(part.train.lengths)[:-1]
    for row, words in enumerate(np.split(part.train.token_ids, ends)):
        features, starts = winning_features(network, words)
        for whole in (found, few):
            np.testing.assert_array_equal(whole.features[row], features)
            np.testing.assert_array_equal(whole.starts[row], starts)


def test_of_many_sentences_some_are_drawn(model, monkeypatch):
    monkeypatch.setattr(training_part_module, "MOST_SENTENCES", 10)
    first, second = training_part(model, silent), training_part(model, silent)
    assert (len(first.train), len(first.dev.sentences), first.total) == (10, 10, 108)
    np.testing.assert_array_equal(first.train.token_ids, second.train.token_ids)


def test_of_very_many_labels_those_with_the_most_sentences_are_looked_at(
    call, part, model, trained_run, monkeypatch
):
    whole, items = learnt_ngrams(model, part, 4), ngram_items(model, 4)["words"]
    monkeypatch.setattr(learnt_ngrams_module, "MOST_LABELS", 1)
    (label,) = shown_labels(model)
    assert model.label_counts[label] == model.label_counts.max()
    (found,) = learnt_ngrams(model, part, 4)
    assert [it.text for it in found] == [it.text for it in whole[label]]
    for one, other in zip(found, whole[label], strict=True):
        np.testing.assert_allclose(one.pushes, other.pushes[[label]])
    (shown,) = ngram_items(model, 4)["words"]
    assert [it.text for it in shown] == [it.text for it in items[label]]

    said = "the 1 labels with the most training sentences, of 2 labels"
    assert said in call("inspect", trained_run)[1]
    values = json.loads(call("inspect", trained_run, "--json")[1])
    assert values["labels_looked_at"] == said
    assert list(values["ngrams"]) == list(values["ngram_items"]["words"]) == [model.labels[label]]


def test_an_n_grams_push_is_that_of_the_explanations(part, model):
    """The table of a class is what explaining every training sentence would add up to."""
    found = learnt_ngrams(model, part, 8)
    explainer = Explainer(model)
    sums: dict[tuple[int, str, int, int], list[np.ndarray]] = {}
    for text in texts_of(part, model):
        explanation = explainer.explain(text)
        for term in explanation.terms:
            if term.kind == FILTERS:
                words = " ".join(explanation.tokens[term.start : term.end])
                key = (term.height, words, term.before, term.after)
                sums.setdefault(key, []).append(explanation.pushes(term.values))
    by_text: dict[tuple[int, str], list[list[np.ndarray]]] = {}
    for (height, words, before, after), pushes in sums.items():
        marked = " ".join([*["[start]"] * (before > 0), words, *["[end]"] * (after > 0)])
        by_text.setdefault((height, marked), []).append(pushes)
    for number, ngrams in enumerate(found):
        assert ngrams
        for ngram in ngrams:
            assert ngram.pushes[number] > 0
            means = [np.mean(it, axis=0) for it in by_text[ngram.height, ngram.text]]
            counts = [len(it) for it in by_text[ngram.height, ngram.text]]
            assert any(
                count == ngram.sentences and np.allclose(mean, ngram.pushes, atol=1e-5)
                for count, mean in zip(counts, means, strict=True)
            )


def test_a_word_of_the_ngram_expert_pushes_as_in_an_explanation(model):
    explainer = Explainer(model)
    for number, items in enumerate(ngram_items(model, 5)["words"]):
        for item in items:
            explanation = explainer.explain(item.text)
            (values,) = (term.values for term in explanation.terms if term.kind == "words")
            values = values / np.sqrt(USUAL_LENGTH)
            np.testing.assert_allclose(explanation.pushes(values), item.pushes, atol=1e-5)
            assert item.pushes[number] > 0


def test_a_filter_is_worth_what_dev_loses_when_its_weights_are_zero(part, model):
    found = filter_dictionary(model, part, 12)
    assert len(found) == 12
    losses = [one.loss_added for one in found]
    assert losses == sorted(losses, reverse=True)
    dev = part.dev.sentences
    words = np.split(dev.token_ids, np.cumsum(dev.lengths)[:-1])
    texts = [" ".join(model.vocabulary.words[number] for number in row) for row in words]
    before = _dev(model, texts, part.dev_targets)
    for one in found:
        column = model.config.filter_sizes.index(one.height) * model.config.num_filters + one.number
        weights = model.networks[0]["dense/weights"].copy()
        weights[:, column] = 0
        spoilt = {**model.networks[0], "dense/weights": weights}
        without = dataclasses.replace(model, networks=(spoilt,))
        loss, accuracy = _dev(without, texts, part.dev_targets)
        assert one.loss_added == pytest.approx(loss - before[0], abs=1e-5)
        assert one.accuracy_lost == pytest.approx(before[1] - accuracy, abs=1e-9)
        values = [value for _, value in one.ngrams]
        assert values == sorted(values, reverse=True)
        assert len({text for text, _ in one.ngrams}) == len(values)


def _dev(model: Checkpoint, texts: list[str], targets: np.ndarray) -> tuple[float, float]:
    logits = Classifier(model).logits(texts).astype(float)
    loss, _ = softmax_cross_entropy(logits, targets)
    return loss, float((logits.argmax(axis=1) == targets).mean())


# Where words stood


def test_the_nearest_are_those_with_the_largest_cosine(model):
    table, number = word_table(model), model.vocabulary.words.index("dull")
    norms = np.linalg.norm(table, axis=1)
    cosines = table @ table[number] / (norms * norms[number])
    cosines[[0, number]] = -2
    best = np.argsort(-cosines)[:4]
    found = neighbours(model, ["dull"], 4)["dull"]
    assert [word for word, _ in found] == [model.vocabulary.words[row] for row in best]
    assert [cosine for _, cosine in found] == pytest.approx(cosines[best], abs=1e-5)


def test_a_word_without_direction_has_no_neighbours(model):
    table = model.networks[0]["embedding/tuned"].copy()
    table[model.vocabulary.words.index("dull")] = 0
    still = dataclasses.replace(model, networks=({**model.networks[0], "embedding/tuned": table},))
    found = neighbours(still, ["dull", "film"], 100)
    assert found["dull"] == []
    assert "dull" not in {word for word, _ in found["film"]}


def test_a_custom_tokenizer_is_not_at_hand(model):
    model = dataclasses.replace(model, config=dataclasses.replace(model.config, tokenizer="custom"))
    with pytest.raises(UserError, match="not at hand"):
        training_part(model, silent)
