"""``textcnn cv --doctor``: what is planted in sentences is found, and little else."""

import csv
import io
import json
import math
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_run import options_text, write_csv
from textcnn.commands import main
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.summary import mean_predictions
from textcnn.evaluation.doctor import near_duplicates
from textcnn.evaluation.doctor.diagnosis import (
    LabelError,
    find_label_errors,
)
from textcnn.evaluation.doctor.leaking_words import leaking_words
from textcnn.evaluation.doctor.near_duplicates import Sentence, near_duplicates_across_labels

# Label errors


def two_classes(*of_the_second: float) -> np.ndarray:
    """(N, 2) probabilities."""
    return np.array([[1 - one, one] for one in of_the_second])


def test_a_label_is_an_error_where_another_class_reaches_its_mean():
    classes = np.array([0, 0, 0, 1, 1, 1])
    # The second class has a mean of 0.8 over its own: the third sentence does not reach it.
    probabilities = two_classes(0.1, 0.1, 0.7, 0.9, 0.9, 0.6)
    assert find_label_errors(np.arange(6), classes, probabilities) == []
    # Here it has 0.6; and the last sentence's 1.0 of the first class reaches that class's 0.7.
    probabilities = two_classes(0.1, 0.1, 0.7, 0.9, 0.9, 0.0)
    found = find_label_errors(np.arange(10, 16), classes, probabilities)
    assert found == [
        LabelError(15, 1, 0, 0.0, 1.0),
        LabelError(12, 0, 1, pytest.approx(0.3), pytest.approx(0.7)),
    ]


def test_a_class_that_no_sentence_has_is_never_suggested():
    probabilities = np.array([[0.1, 0.0, 0.9], [0.2, 0.8, 0.0]])
    assert find_label_errors(np.arange(2), np.array([0, 1]), probabilities) == []


def test_even_probabilities_suggest_nothing():
    classes = np.array([0, 1, 1])
    assert find_label_errors(np.arange(3), classes, np.full((3, 2), 0.5)) == []


def test_one_class_only_has_no_errors():
    probabilities = two_classes(0.1, 0.2, 0.3)
    assert find_label_errors(np.arange(3), np.ones(3, np.int64), probabilities) == []


def result_of(
    repeat: int, rows: list[int], classes: list[int], predictions: np.ndarray
) -> FoldResult:
    rest = {"thresholds": None, "baselines": {}, "epoch": 1.0, "dev_accuracy": 1.0, "seconds": 0.0}
    return FoldResult(repeat, 0, np.array(rows), np.array(classes), predictions, **rest)


def test_repeats_are_judged_by_the_mean_of_their_probabilities():
    rows, classes, means = mean_predictions(
        [
            result_of(0, [4, 7], [1, 0], two_classes(0.5, 0.25)),
            result_of(1, [7, 4], [0, 1], two_classes(0.75, 1.0)),
        ]
    )
    assert (rows.tolist(), classes.tolist()) == ([4, 7], [1, 0])
    assert means == pytest.approx(two_classes(0.75, 0.5))


# Near-duplicates


def pairs_of(sentences: list[str], classes: list[int]) -> list[tuple[int, int]]:
    tokens = [sentence.split() for sentence in sentences]
    found = near_duplicates_across_labels(tokens, np.array(classes))
    return [(pair.first.row, pair.second.row) for pair in found]


def test_equal_sentences_are_found_however_short_and_only_across_labels():
    sentences = ["good", "fine film", "good", "fine film", "good", "", ""]
    assert pairs_of(sentences, [0, 0, 1, 0, 1, 0, 1]) == [(0, 2), (5, 6)]
    tokens = [sentence.split() for sentence in sentences]
    pair = near_duplicates_across_labels(tokens, np.array([0, 0, 1, 0, 1, 0, 1]))[0]
    assert (pair.first, pair.second, pair.similarity) == (
        Sentence(0, 0, 1),
        Sentence(2, 1, 2),
        1.0,
    )


def test_four_words_of_five_are_near_enough_and_three_of_four_are_not():
    assert pairs_of(["a b c d e", "a b c d"], [0, 1]) == [(0, 1)]
    assert pairs_of(["a b c d", "a b c"], [0, 1]) == []


def test_each_sentence_stands_beside_the_nearest_one():
    base = [f"w{number}" for number in range(20)]
    near, nearer = [*base, "x", "y"], [*base, "x"]
    found = near_duplicates_across_labels([base, near, nearer], np.array([0, 1, 1]))
    assert [(it.first.row, it.second.row) for it in found] == [(0, 2), (0, 1)]
    assert [it.similarity for it in found] == pytest.approx([20 / 21, 20 / 22])


@pytest.mark.parametrize("at_once", [1, 30, 1 << 20])
def test_none_is_missed(monkeypatch, at_once):
    """Against comparing every two, whatever the size of the parts."""
    monkeypatch.setattr(near_duplicates, "PAIRS_AT_ONCE", at_once)
    choose = random.Random(at_once)
    sentences: list[list[str]] = []
    for _ in range(120):
        words = [f"w{choose.randrange(12)}" for _ in range(choose.randint(1, 14))]
        if sentences and choose.random() < 0.5:
            words = choose.choice(sentences) + choose.choices(["x", "y", "z"], k=1)
        sentences.append(words)
    classes = [choose.randrange(3) for _ in sentences]
    found = near_duplicates_across_labels(sentences, np.array(classes))
    listed = {frozenset(sentences[row]) for it in found for row in (it.first.row, it.second.row)}
    for row, (words, label) in enumerate(zip(map(set, sentences), classes, strict=True)):
        nearest = max(
            len(words & set(other)) / len(words | set(other))
            for other, other_label in zip(sentences, classes, strict=True)
            if other_label != label
        )
        mine = [
            it.similarity
            for it in found
            for one in (it.first, it.second)
            if set(sentences[one.row]) == words and one.label == label
        ]
        assert (max(mine, default=0) == nearest) if nearest >= 0.8 else not mine, row
    assert len(listed) > 20


# Words that leak the label


def test_a_words_p_is_that_of_fishers_exact_test_times_the_tests():
    # 40 sentences, half of each class; one word in 20, all of one class; no other is frequent.
    tokens = [[f"w{row}", "url"] if row < 20 else [f"w{row}"] for row in range(40)]
    found = leaking_words(tokens, np.array([1] * 20 + [0] * 20), 2)
    assert [(it.words, it.label, it.count, it.share) for it in found] == [("url", 1, 20, 1.0)]
    assert found[0].p_value == pytest.approx(2 / math.comb(40, 20))


def test_nineteen_sentences_prove_nothing_nor_does_a_word_that_is_not_alone_in_deciding():
    tokens = [[f"w{row}", "url"] if row < 19 else [f"w{row}"] for row in range(60)]
    assert leaking_words(tokens, np.array([1] * 19 + [0] * 41), 2) == []
    tokens = [[f"w{row}", "url"] if row < 40 else [f"w{row}"] for row in range(80)]
    assert leaking_words(tokens, np.array([1] * 38 + [0] * 42), 2) == []


def test_where_nearly_all_sentences_have_a_label_its_words_are_chance():
    tokens = [[f"w{row}", "the"] if row % 20 == 0 else [f"w{row}"] for row in range(1000)]
    classes = np.array([0 if row % 100 == 1 else 1 for row in range(1000)])
    assert leaking_words(tokens, classes, 2) == []


def test_a_sentence_that_is_repeated_counts_once():
    tokens = [["so", "it", "goes"]] * 50 + [[f"w{row}"] for row in range(100)]
    assert leaking_words(tokens, np.array([1] * 50 + [0] * 100), 2) == []


def test_two_words_leak_together_and_are_not_said_again_where_one_does():
    together = [[f"w{row}", "red", "tomatoes"] for row in range(30)]
    apart = [[f"v{row}", "red", "or", "tomatoes"] for row in range(30)]
    classes = np.array([1] * 30 + [0] * 30)
    found = {it.words: it.label for it in leaking_words(together + apart, classes, 2)}
    assert found == {"red tomatoes": 1, "or": 0}


# The whole, on generated sentences

FILLERS = [f"filler{number}" for number in range(150)]
CUES = {label: [f"{label}cue{number}" for number in range(8)] for label in ("bad", "good")}


def generated(count: int, seed: int) -> LabelledTexts:
    """Sentences with five cues each, of which most, but not all, say the label."""
    choose, texts, labels = random.Random(seed), [], []
    for row in range(count):
        label, other = ("bad", "good") if row % 2 else ("good", "bad")
        words = choose.sample(FILLERS, 7)
        words += [choose.choice(CUES[label if choose.random() < 0.95 else other]) for _ in range(5)]
        choose.shuffle(words)
        texts.append(" ".join(words))
        labels.append(label)
    return LabelledTexts(texts, labels, "")


@dataclass(frozen=True)
class Planted:
    """A finished cross-validation of sentences with faults."""

    folder: Path
    flipped: set[int]
    doubled: set[frozenset[int]]


def cross_validated(folder: Path, corpus: LabelledTexts) -> Path:
    """The folder of a finished cross-validation of the sentences."""
    data = write_csv(folder / "data.csv", corpus)
    small = options_text(epochs=8, learning_rate=0.01, patience=0)
    words = ["cv", "--data", str(data), "--out", str(folder / "cv"), "--folds", "3", "--jobs", "1"]
    with pytest.raises(SystemExit) as ended:
        main([*words, *small])
    assert ended.value.code == 0
    return folder / "cv"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """600 sentences: 30 labels turned over, three doubled, a source's name in 40."""
    corpus, choose = generated(600, seed=1), random.Random(2)
    texts, labels = list(corpus.texts), list(corpus.labels)
    turned = {"bad": "good", "good": "bad"}
    for row in range(0, 80, 2):
        texts[row] = f"{texts[row]} dailynews"
    flipped = set(choose.sample(range(100, 600), 30))
    for row in flipped:
        labels[row] = turned[labels[row]]
    doubled = set()
    for row in (5, 25, 45):
        doubled.add(frozenset({row + 1, len(texts) + 1}))
        texts.append(" ".join([*texts[row].split()[:-1], "another"]))
        labels.append(turned[labels[row]])
    folder = tmp_path_factory.mktemp("planted")
    run = cross_validated(folder, LabelledTexts(texts, labels, ""))
    return Planted(run, {row + 1 for row in flipped}, doubled)


def diagnosis_of(call, folder: Path, *more: str):
    code, out, _ = call("cv", "--resume", folder, "--doctor", "--json", *more)
    assert code == 0
    return json.loads(out)["doctor"]


def test_labels_turned_over_are_found(call, planted):
    found = diagnosis_of(call, planted.folder)
    rows = [it["row"] for it in found["label_errors"]]
    right = planted.flipped & set(rows)
    assert len(right) >= 0.6 * len(planted.flipped)
    assert len(right) >= 0.6 * len(rows)  # By chance, one in twenty would be.
    assert len(planted.flipped & set(rows[:20])) >= 12
    for it in found["label_errors"]:
        assert it["label"] != it["suggested"]
        assert it["probability_of_label"] < it["probability_of_suggested"]


def test_near_duplicates_and_a_sources_name_are_found(call, planted):
    found = diagnosis_of(call, planted.folder)
    pairs = {
        frozenset({it["first"]["row"], it["second"]["row"]}) for it in found["near_duplicates"]
    }
    assert pairs == planted.doubled
    assert all(it["first"]["label"] != it["second"]["label"] for it in found["near_duplicates"])
    leaks = found["leaking_words"]
    assert [(it["words"], it["label"], it["count"]) for it in leaks] == [("dailynews", "good", 40)]


def test_in_clean_sentences_next_to_nothing_is_found(call, tmp_path):
    found = diagnosis_of(call, cross_validated(tmp_path, generated(300, seed=3)))
    assert len(found["label_errors"]) <= 6
    assert found["near_duplicates"] == found["leaking_words"] == []


def test_what_is_printed_is_the_beginning_of_what_is_written(call, tmp_path, planted):
    folder = tmp_path / "cv"
    shutil.copytree(planted.folder, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("folds/*.json")}
    code, out, err = call("cv", "--resume", folder, "--doctor")
    assert code == 0
    assert "finished before: 3 folds" in err
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("folds/*.json")}
    written = json.loads((folder / "doctor.json").read_text())
    rows = list(csv.DictReader(io.StringIO((folder / "label-errors.csv").read_text())))
    assert [int(row["row"]) for row in rows] == [it["row"] for it in written["label_errors"]]
    printed = re.findall(r"^ *(\d+)  (?:bad|good) +0\.\d{4}  (?:bad|good) +", out, re.M)
    assert printed == [row["row"] for row in rows[:20]]
    assert f"probable label errors: {len(rows)} of 603 sentences" in out
    assert "with one label in 99 % or more of 20 sentences or more, not by chance: 1\n" in out
    assert re.search(r"^dailynews +good +40 +100\.0 %  \de-\d+$", out, re.M)
    assert ": 3 pairs\n" in out


def test_with_a_test_part_it_says_whose_labels_it_has_looked_at(call, tmp_path):
    data = write_csv(tmp_path / "train.csv", generated(60, seed=4))
    test = write_csv(tmp_path / "test.csv", generated(30, seed=5))
    words = ("cv", "--data", data, "--test-data", test, "--out", "out", "--jobs", "1", "--doctor")
    code, out, _ = call(*words, *options_text())
    assert code == 0
    assert " of 30 sentences (confident learning" in out
    assert "the other 60 sentences were tested by no fold" in out
    rows = [it["row"] for it in json.loads(Path("out/doctor.json").read_text())["label_errors"]]
    assert all(row > 60 for row in rows)


def test_several_labels_a_sentence_are_refused_in_one_line(call, tmp_path):
    data = write_csv(tmp_path / "d.csv", generated(30, seed=6))
    code, out, err = call("cv", "--data", data, "--multilabel", "--doctor", "--out", "out")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "textcnn: --doctor is for sentences of one label each; leave it out"
    ]
    assert not (tmp_path / "out").exists()
