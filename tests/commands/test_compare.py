"""Two runs on the same sentences: McNemar's test, the interval, and what the command says."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cv_runs import words_for
from tests.support.small_run import labelled_sentences, options_text, write_csv
from textcnn.commands import main
from textcnn.core.tokenizers import kim
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.fingerprints import sentence_hashes
from textcnn.evaluation.comparison import (
    PairedCounts,
    Side,
    difference_interval,
    mcnemar_p_value,
    shared_sentences,
    shares_of,
)
from textcnn.evaluation.crossval.summary import paired_difference
from textcnn.evaluation.scores import wilson_interval
from textcnn.evaluation.scoring import held_out
from textcnn.inference.classifier import Classifier
from textcnn.training.checkpoint import load_checkpoint

COUNTS = st.integers(0, 60)
TABLES = st.builds(PairedCounts, COUNTS, COUNTS, COUNTS, st.integers(1, 60))

# The statistics


def test_sentences_are_counted_by_who_was_right():
    right_a = np.array([True, True, True, False, False, True])
    right_b = np.array([True, False, False, True, False, True])
    paired = PairedCounts.of(right_a, right_b)
    assert paired == PairedCounts(both=2, only_a=2, only_b=1, neither=1)
    shares = [share for share, *_ in shares_of(paired)]
    assert (paired.count, *shares) == pytest.approx((6, 4 / 6, 3 / 6, 1 / 6))


@pytest.mark.parametrize(("a", "b"), [([], []), ([True], [True, False])])
def test_other_sentences_cannot_be_paired(a, b):
    with pytest.raises(ValueError, match="the same sentences"):
        PairedCounts.of(np.array(a, bool), np.array(b, bool))


def test_few_discordant_sentences_are_tested_exactly():
    # One head and seven tails, or fewer or more: 2 * (1 + 8) / 2 ** 8.
    assert mcnemar_p_value(PairedCounts(1, 1, 7, 12)) == pytest.approx(18 / 256)


def test_many_discordant_sentences_are_tested_exactly_too():
    tail = sum(math.comb(180, heads) for heads in range(60)) / 2**180
    assert mcnemar_p_value(PairedCounts(101, 59, 121, 33)) == pytest.approx(2 * tail)


@pytest.mark.parametrize(
    "paired", [PairedCounts(7, 0, 0, 3), PairedCounts(0, 20, 20, 0), PairedCounts(5, 8, 8, 1)]
)
def test_where_both_sides_are_equal_there_is_nothing_to_explain(paired):
    assert mcnemar_p_value(paired) == 1


@pytest.mark.parametrize(
    ("both", "only_a", "only_b"), [(0.3, 0.2, 0.1), (0.8, 0.05, 0.05), (0.5, 0.02, 0.3)]
)
def test_the_interval_holds_the_true_difference_19_times_of_20(both, only_a, only_b):
    rng, held = np.random.default_rng(0), 0
    shares = [both, only_a, only_b, 1 - both - only_a - only_b]
    for counts in rng.multinomial(30, shares, 2000).tolist():
        low, high = difference_interval(PairedCounts(*counts))
        held += low <= only_a - only_b <= high
    assert 0.93 < held / 2000 < 0.995


@settings(deadline=None)  # SciPy is loaded within.
@given(paired=TABLES)
def test_the_interval_holds_the_difference_and_turns_round_with_the_models(paired):
    low, high = difference_interval(paired)
    assert -1 <= low <= paired.difference <= high <= 1
    swapped = PairedCounts(paired.both, paired.only_b, paired.only_a, paired.neither)
    assert difference_interval(swapped) == pytest.approx((-high, -low))
    assert mcnemar_p_value(swapped) == pytest.approx(mcnemar_p_value(paired))
    assert 0 <= mcnemar_p_value(paired) <= 1


# The command


def train(folder: Path, data: Path, **options: object) -> Path:
    words = options_text(**{"epochs": 2, "patience": 0, **options})
    with pytest.raises(SystemExit) as ended:
        main(["train", "--data", str(data), "--out", str(folder), *words])
    assert ended.value.code == 0
    return folder


@pytest.fixture(scope="module")
def poor_run(tmp_path_factory, reviews) -> Path:
    """A run like ``trained_run`` that has hardly been trained."""
    folder = tmp_path_factory.mktemp("poor") / "run"
    return train(folder, reviews, ngrams=0, network_seed=3, learning_rate=1e-4, epochs=1)


@pytest.fixture(scope="module")
def other_split(tmp_path_factory, reviews) -> Path:
    """A run with another seed, and so with other test sentences, and more of them."""
    return train(tmp_path_factory.mktemp("other") / "run", reviews, seed=1, test_share=0.4)


def values(call, *words: str | Path) -> dict:
    code, out, err = call("compare", *words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def own_test(run: Path) -> tuple[list[str], list[str]]:
    checkpoint = load_checkpoint(run / "checkpoints" / "best.h5")
    sample = held_out(checkpoint, Corpora.read(checkpoint.config, lambda line: None))
    return sample.texts, sample.labels


def test_two_runs_are_compared_on_the_test_sentences_that_both_kept(call, trained_run, poor_run):
    found = values(call, trained_run, poor_run)
    texts, labels = own_test(trained_run)
    predictions = [Classifier.load(run).predict(texts) for run in (trained_run, poor_run)]
    right = [np.array(given) == np.array(labels) for given in predictions]
    assert found["sentences"] == len(texts) == 12
    assert found["right"] == vars(PairedCounts.of(*right))
    assert found["accuracy"] == {"A": right[0].mean(), "B": right[1].mean()}
    assert found["accuracy_95"]["A"] == list(wilson_interval(int(right[0].sum()), 12))
    assert found["a_minus_b"] == pytest.approx(right[0].mean() - right[1].mean())
    assert found["p_value"] == mcnemar_p_value(PairedCounts.of(*right))
    assert found["seen_in_training"] == {"A": 0, "B": 0, "either": 0}
    different = {"ngrams", "network_seed", "learning_rate", "epochs"}
    assert set(found["different_options"]) == different
    assert found["different_options"]["network_seed"] == {"A": 0, "B": 3}


def test_the_sentences_that_flipped_are_shown_the_surest_first(call, trained_run, poor_run):
    found = values(call, trained_run, poor_run, "--flipped", "3")
    assert found["predicted_differently"] > 3
    assert len(found["flipped"]) == 3
    sums = [flip["A"]["probability"] + flip["B"]["probability"] for flip in found["flipped"]]
    assert sums == sorted(sums, reverse=True)
    texts, labels = own_test(trained_run)
    for flip in found["flipped"]:
        assert flip["A"]["label"] != flip["B"]["label"]
        assert labels[texts.index(flip["text"])] == flip["label"]
        probabilities = Classifier.load(trained_run).predict_proba([flip["text"]])
        assert flip["A"]["probability"] == pytest.approx(float(probabilities.max()))


def test_what_people_read(call, trained_run, poor_run):
    code, out, err = call("compare", trained_run, poor_run, "--flipped", "2")
    assert (code, err) == (0, "")
    for words in (
        f"A  {trained_run}/checkpoints/best.h5\nB  {poor_run}/checkpoints/best.h5\n",
        "ngrams         2     0\n",
        "the 12 test sentences that both kept, from ",
        "         B right  B wrong\nA right  ",
        "A - B    +",
        "Agresti and Min 2005",
        "McNemar  p = ",
        "; the surest 2 of them:\nlabel  A ",
    ):
        assert words in out
    assert len(out.split("the surest")[1].splitlines()) == 4
    assert "the surest" not in call("compare", trained_run, poor_run, "--flipped", "0")[1]


def test_checkpoint_files_are_runs_too(call, trained_run, poor_run):
    files = [run / "checkpoints" / "best.h5" for run in (trained_run, poor_run)]
    assert values(call, *files)["right"] == values(call, trained_run, poor_run)["right"]


def test_a_run_is_no_better_than_itself(call, trained_run):
    found = values(call, trained_run, trained_run)
    assert found["p_value"] == 1
    assert (found["a_minus_b"], found["flipped"], found["different_options"]) == (0, [], {})
    out = call("compare", trained_run, trained_run)[1]
    assert "all options are the same" in out
    assert "could be chance" in out
    assert "no sentence gets another prediction" in out


def test_with_other_test_parts_only_what_neither_has_met_is_compared(
    call, trained_run, other_split
):
    rows = [
        set(json.loads((run / "split.json").read_text())["test"])
        for run in (trained_run, other_split)
    ]
    both = rows[0] & rows[1]
    assert 0 < len(both) < 12
    found = values(call, trained_run, other_split)
    assert found["sentences"] == len(both)
    assert f"here are the {len(both)} of either" in found["data"]
    sides = [Side.load(trained_run), Side.load(other_split)]
    texts = shared_sentences(sides, {}, lambda line: None).texts
    assert len(texts) == len(both)
    for run in (trained_run, other_split):
        seen = load_checkpoint(run / "checkpoints" / "best.h5").train_hashes
        assert not np.isin(sentence_hashes(map(kim, texts)), seen).any()


def test_a_sentence_that_chose_an_epoch_is_none_of_those(call, reviews, trained_run, other_split):
    # Without the refit, dev sentences are not trained on.
    words = options_text(epochs=2, patience=0, seed=1, test_share=0.4)
    assert call("train", "--data", reviews, "--out", "r", "--no-refit", *words)[0] == 0
    bare, refitted = (values(call, trained_run, other) for other in ("r", other_split))
    assert bare["sentences"] == refitted["sentences"]


def test_runs_on_other_data_are_compared_on_what_is_new_to_both(call, tmp_path, trained_run):
    data = write_csv(tmp_path / "new.csv", labelled_sentences(120, seed=7))
    other = train(tmp_path / "r", data, seed=0)
    ours, theirs = own_test(trained_run)[0], own_test(other)[0]
    assert values(call, trained_run, other)["sentences"] == len({*ours, *theirs})


def test_a_run_that_kept_nothing_leaves_nothing_to_compare(call, tmp_path, reviews, trained_run):
    other = train(tmp_path / "r", reviews, test_share=0)
    code, out, err = call("compare", trained_run, other)
    assert (code, out) == (2, "")
    assert "kept no test sentence that neither was trained on" in err
    assert "--data" in err


def test_another_tokenizer_is_no_obstacle(call, tmp_path, reviews, trained_run):
    other = train(tmp_path / "r", reviews, tokenizer="unicode", max_tokens=5)
    found = values(call, trained_run, other)
    assert found["sentences"] > 0
    assert found["different_options"]["tokenizer"] == {"A": "kim", "B": "unicode"}


def test_given_sentences_are_compared_on_and_those_trained_on_are_counted(
    call, trained_run, poor_run, other_split, reviews
):
    found = values(call, trained_run, other_split, "--data", reviews)
    seen = [
        load_checkpoint(run / "checkpoints" / "best.h5").train_hashes
        for run in (trained_run, other_split)
    ]
    assert found["sentences"] == 120
    assert found["seen_in_training"] == {
        "A": len(seen[0]),
        "B": len(seen[1]),
        "either": len(np.union1d(*seen)),
    }
    out = call("compare", trained_run, other_split, "--data", reviews)[1]
    assert f"A was trained on 108 and B on {len(seen[1])} of these 120 sentences" in out
    # Two runs with the same split know the same sentences.
    assert values(call, trained_run, poor_run, "--data", reviews)["seen_in_training"] == {
        "A": 108,
        "B": 108,
        "either": 108,
    }


def test_new_sentences_are_said_to_be_new(call, tmp_path, trained_run, poor_run):
    data = write_csv(tmp_path / "new.csv", labelled_sentences(30, seed=8))
    out = call("compare", trained_run, poor_run, "--data", data)[1]
    assert "neither was trained on any of it" in out
    assert "no measure" not in out


# What cannot be compared


def refused(result: tuple[int, str, str], *words: str) -> None:
    code, out, err = result
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    for word in words:
        assert word in err


def test_models_without_a_common_label_are_refused(call, tmp_path, trained_run):
    corpus = labelled_sentences()
    corpus.labels[:] = [f"very {label}" for label in corpus.labels]
    other = train(tmp_path / "r", write_csv(tmp_path / "d.csv", corpus))
    refused(call("compare", trained_run, other), "A and B have no label in common")


def test_sentences_whose_label_only_one_knows_are_left_out(call, tmp_path, trained_run):
    corpus = labelled_sentences()
    corpus.labels[:] = [label.replace("bad", "poor") for label in corpus.labels]
    other = train(tmp_path / "r", write_csv(tmp_path / "d.csv", corpus))
    data = tmp_path / "asked.csv"
    data.write_text("text,label\na fine film,good\na dull plot,bad\na slow cast,poor\n")
    code, out, err = call("compare", trained_run, other, "--data", data)
    assert code == 0, err
    assert "only one of the two knows bad, poor: 2 sentences with such a label are left out" in out
    data.write_text("text,label\na dull plot,bad\n")
    refused(call("compare", trained_run, other, "--data", data), "both A and B know")


def test_several_labels_a_sentence_are_refused(call, tmp_path, trained_run):
    corpus = labelled_sentences()
    data = tmp_path / "d.csv"
    rows = zip(corpus.texts, corpus.labels, strict=True)
    data.write_text("text,label\n" + "".join(f"{text},{label}|film\n" for text, label in rows))
    call("train", "--data", data, "--multilabel", "--out", "r", *options_text(epochs=1))
    refused(call("compare", trained_run, "r"), "r/checkpoints/best.h5", "--multilabel")
    refused(call("compare", "r", "r"), "--multilabel")


def test_bad_input_is_one_line(call, tmp_path, trained_run):
    refused(call("compare", trained_run, "nix"), "nix: no such checkpoint")
    refused(call("compare", trained_run, trained_run, "--format", "tsv"), "--format", "--data")
    refused(call("compare", trained_run, trained_run, "--data", "nix.csv"), "nix.csv")
    (tmp_path / "d.csv").write_text("text,label\nfine,good\nso,so\n")
    refused(call("compare", trained_run, trained_run, "--data", "d.csv"), "'so'", "bad, good")
    assert call("compare", trained_run)[0] == 2


def test_data_that_has_changed_is_said_and_whose(call, tmp_path, trained_run):
    data = write_csv(tmp_path / "d.csv", labelled_sentences())
    other = train(tmp_path / "r", data)
    write_csv(data, labelled_sentences(seed=1))
    refused(call("compare", trained_run, other), f"{other}/checkpoints/best.h5: the data now read")


def test_the_accuracies_as_a_table_for_elsewhere(call, trained_run, poor_run):
    code, out, _ = call("compare", trained_run, poor_run, "--as", "csv")
    assert code == 0
    lines = [line.split(",") for line in out.splitlines()]
    assert lines[0] == ["model", "accuracy %", "95 % low", "high", "McNemar p"]
    assert [line[0] for line in lines[1:]] == [
        str(run / "checkpoints" / "best.h5") for run in (trained_run, poor_run)
    ] + ["A - B"]
    found = json.loads(call("compare", trained_run, poor_run, "--as", "json")[1])
    assert float(lines[1][1]) == pytest.approx(100 * found["accuracy"]["A"], abs=0.005)
    assert float(lines[3][1]) == pytest.approx(100 * found["a_minus_b"], abs=0.005)

    for words in (["--format", "json"], ["--format=json"]):
        assert json.loads(call("compare", trained_run, poor_run, *words)[1]) == found
    assert call("compare", trained_run, poor_run, "--format", "csv")[1] == out
    # Beside sentences, csv is how they are written.
    write_csv(Path("lines"), labelled_sentences())
    words = ("--data", "lines", "--format", "csv")
    assert "\nMcNemar  p " in call("compare", trained_run, poor_run, *words)[1]


# Two cross-validations


@pytest.fixture(scope="module")
def folds(tmp_path_factory, noisy) -> Path:
    """A folder with cross-validations "a", "b", "half" and "other", the last with other folds."""
    folder = tmp_path_factory.mktemp("folds")
    for name, words in (
        ("a", ()),
        ("b", ("--ngrams", "0")),
        ("half", ("--train-share", "0.5")),
        ("other", ("--seed", "1")),
    ):
        with pytest.raises(SystemExit) as ended:
            main(words_for(noisy, folder / name, "--folds", "3", "--jobs", "1", *words))
        assert ended.value.code == 0
    return folder


def test_cross_validations_are_compared_fold_by_fold(call, folds):
    code, out, err = call("compare", folds / "a", folds / "b", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["different_options"] == {"ngrams": {"A": 2, "B": 0}}
    results = [json.loads((folds / name / "results.json").read_text()) for name in "ab"]
    ours, theirs = ([fold["accuracy"] for fold in result["folds"]] for result in results)
    expected = paired_difference(ours, theirs, 1 / 2)
    assert found["a_minus_b"] == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert found["a_minus_b_95"] == pytest.approx([expected.low, expected.high])
    code, out, _ = call("compare", folds / "a", folds / "b")
    assert code == 0
    assert "paired over 3 folds" in out
    assert f"A  {100 * np.mean(ours):.2f}" in out
    code, out, _ = call("compare", folds / "a", folds / "b", "--as", "markdown")
    assert code == 0
    assert out.splitlines()[-1].startswith("| A - B |")


def test_the_smaller_training_part_decides_the_interval_in_either_order(call, folds):
    found = {}
    for a, b in (("a", "half"), ("half", "a")):
        code, out, err = call("compare", folds / a, folds / b, "--json")
        assert code == 0, err
        found[a] = json.loads(out)
    results = {name: json.loads((folds / name / "results.json").read_text()) for name in found}
    ours, theirs = ([it["accuracy"] for it in results[name]["folds"]] for name in found)
    expected = paired_difference(ours, theirs, 1 / (2 * 0.5))
    assert found["a"]["a_minus_b_95"] == pytest.approx([expected.low, expected.high])
    assert found["a"]["p_value"] == found["half"]["p_value"]
    assert found["a"]["different_options"] == {"train_share": {"A": 1.0, "B": 0.5}}
    for side, name in (("A", "a"), ("B", "half")):
        its_own = results[name]["accuracy"]
        assert found["a"]["accuracy_95"][side] == pytest.approx([its_own["low"], its_own["high"]])


def test_other_folds_are_not_compared(call, folds, trained_run, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(folds / "a", half)
    (half / "results.json").unlink()
    for words, wrong in (
        ((folds / "a", folds / "other"), "have other folds"),
        ((folds / "a", trained_run), "no cross-validation; compare two of them"),
        ((folds / "a", half), "not finished"),
        ((folds / "a", folds / "b", "--data", "x.csv"), "--data is for two runs"),
    ):
        code, out, err = call("compare", *words)
        assert (code, out) == (2, "")
        assert wrong in err
        assert err.count("\n") == 1
