"""Which sentences train, choose and score in each fold of a cross-validation."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textcnn.evaluation.crossval.folds import Fold, fold_with_test, make_folds
from textcnn.support.errors import UserError


def sentences(count: int = 200) -> tuple[list[str], list[str]]:
    """Different sentences, three quarters of them labelled a."""
    return [f"sentence {i}" for i in range(count)], [
        "b" if i % 4 == 0 else "a" for i in range(count)
    ]


def rows(fold: Fold) -> list[list[int]]:
    return [part.tolist() for part in (fold.split.train, fold.split.dev, fold.split.test)]


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab")), min_size=8, max_size=80),
    folds=st.integers(2, 5),
    dev_share=st.floats(0.01, 0.99),
    train_share=st.floats(0.01, 1),
    seed=st.integers(0, 2**63 - 1),
)
def test_equal_sentences_stand_on_one_side_and_each_row_is_tested_once(
    data, folds, dev_share, train_share, seed
):
    keys, labels = [str(key) for key, _ in data], [label for _, label in data]
    try:
        made = make_folds(keys, labels, folds, 2, dev_share, seed, train_share)
    except UserError:
        return  # A label too rare, which other tests are about.
    assert [(fold.repeat, fold.number) for fold in made] == [
        (repeat, number) for repeat in range(2) for number in range(folds)
    ]
    for fold in made:
        train, dev, test = ({keys[row] for row in part} for part in rows(fold))
        assert train.isdisjoint(dev)
        assert test.isdisjoint(train | dev)
        assert train
        assert dev
        assert all(part == sorted(part) for part in rows(fold))
    for repeat in range(2):
        tested = [row for fold in made if fold.repeat == repeat for row in rows(fold)[2]]
        assert sorted(tested) == list(range(len(data)))


@settings(max_examples=60, deadline=None)
@given(
    train=st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab")), min_size=8, max_size=60),
    test=st.lists(st.tuples(st.integers(20, 40), st.sampled_from("ab")), max_size=20),
    seed=st.integers(0, 2**63 - 1),
)
def test_nothing_of_a_given_test_part_is_learnt_from(train, test, seed):
    keys = [str(key) for key, _ in test + train]
    labels = [label for _, label in test + train]
    test_rows, train_rows = np.arange(len(test)), np.arange(len(test), len(keys))
    try:
        made, removed = fold_with_test(keys, labels, train_rows, test_rows, 2, 0.2, seed)
    except UserError:
        return
    for fold in made:
        learnt, chosen, tested = ({keys[row] for row in part} for part in rows(fold))
        assert learnt.isdisjoint(chosen)
        assert tested.isdisjoint(learnt | chosen)
        assert rows(fold)[2] == test_rows.tolist()
        used = sorted(rows(fold)[0] + rows(fold)[1])
        assert used == [row for row in train_rows if keys[row] not in tested]
        assert removed == len(train_rows) - len(used)


def test_each_part_has_its_share_and_the_labels_proportions():
    keys, labels = sentences(400)
    for fold in make_folds(keys, labels, 10, 1, 1 / 9, seed=0):
        assert [len(part) for part in rows(fold)] == [320, 40, 40]
        for part in rows(fold):
            counts = Counter(labels[row] for row in part)
            assert counts["a"] == 3 * counts["b"]


def test_the_seed_decides_everything_and_each_repeat_shuffles_anew():
    keys, labels = sentences()
    first = [rows(fold) for fold in make_folds(keys, labels, 4, 2, 0.1, seed=7)]
    assert first == [rows(fold) for fold in make_folds(keys, labels, 4, 2, 0.1, seed=7)]
    other = [rows(fold) for fold in make_folds(keys, labels, 4, 2, 0.1, seed=8)]
    tests = [test for _, _, test in first + other]
    assert len({tuple(test) for test in tests}) == len(tests)


def test_one_repeat_is_the_first_of_many():
    keys, labels = sentences()
    one = [rows(fold) for fold in make_folds(keys, labels, 4, 1, 0.1, seed=0)]
    assert one == [rows(fold) for fold in make_folds(keys, labels, 4, 3, 0.1, seed=0)][:4]


def test_a_smaller_training_share_is_part_of_a_larger_one():
    keys, labels = sentences(400)
    shares = [0.05, 0.3, 0.5, 0.8, 1]
    curves = [make_folds(keys, labels, 4, 1, 0.1, 0, share) for share in shares]
    for same_fold in zip(*curves, strict=True):
        trains = [set(rows(fold)[0]) for fold in same_fold]
        assert all(small < large for small, large in itertools.pairwise(trains))
        assert [len(train) / 270 for train in trains] == pytest.approx(shares, abs=0.005)
        for train in trains:
            assert sum(labels[row] == "a" for row in train) / len(train) == pytest.approx(
                0.75, abs=0.04
            )
        assert len({str(rows(fold)[1:]) for fold in same_fold}) == 1


def test_the_smallest_training_share_keeps_a_sentence_of_each_label():
    keys, labels = sentences(60)
    labels[1::4] = ["c"] * 15
    for fold in make_folds(keys, labels, 4, 1, 0.1, 0, train_share=0.001):
        assert sorted(labels[row] for row in fold.split.train) == ["a", "b", "c"]


def test_given_test_rows_stay_and_dev_is_drawn_anew_in_each_repeat():
    keys, labels = sentences(100)
    keys[90] = keys[3]  # A tested sentence that is among the training ones too.
    made, removed = fold_with_test(keys, labels, np.arange(90), np.arange(90, 100), 3, 0.2, seed=0)
    assert removed == 1
    assert [(fold.repeat, fold.number) for fold in made] == [(0, 0), (1, 0), (2, 0)]
    assert [[len(part) for part in rows(fold)] for fold in made] == [[71, 18, 10]] * 3
    assert len({str(rows(fold)[1]) for fold in made}) == 3
    assert all(3 not in rows(fold)[0] + rows(fold)[1] for fold in made)


@pytest.mark.parametrize(("folds", "needed"), [(2, 4), (3, 3), (5, 5)])
def test_a_label_needs_a_sentence_for_each_part_of_each_fold(folds, needed):
    keys, labels = sentences(60)
    keys += [f"rare {i}" for i in range(needed)]
    labels += ["rare"] * needed
    for fold in make_folds(keys, labels, folds, 1, 0.5, seed=0):
        assert "rare" in {labels[row] for row in fold.split.test}
    keys[-1] = keys[-2]  # One different sentence less.
    with pytest.raises(
        UserError, match=f"--folds {folds}: label rare has {needed - 1} .* needs {needed}"
    ):
        make_folds(keys, labels, folds, 1, 0.5, seed=0)


def test_a_label_with_too_little_left_beside_the_test_part_is_named():
    keys, labels = sentences(40)
    train, test = np.arange(36), np.arange(36, 40)
    keys[36:] = [keys[row] for row in range(0, 32, 4)][:4]
    b_rows = [row for row in train if labels[row] == "b"]
    with pytest.raises(UserError, match=r"--data: label b has 1 different sentence\(s\) outside"):
        fold_with_test(keys, labels, np.setdiff1d(train, b_rows[5:]), test, 1, 0.1, seed=0)
    with pytest.raises(UserError, match="--test-data: label b is not among the training"):
        fold_with_test(keys, labels, np.setdiff1d(train, b_rows), test, 1, 0.1, seed=0)


def test_sentences_with_several_labels_are_divided_by_each_ones_rarest():
    keys, labels = sentences(60)
    labels[:3] = ["a\tb", "a\tb\tc", ""]  # Labels that stand together once.
    for fold in make_folds(keys, labels, 3, 1, 0.2, seed=0, multilabel=True):
        assert any("b" in labels[row] for row in fold.split.test)


def test_a_test_part_may_have_labels_together_that_stand_apart_in_training():
    keys, labels = sentences(60)
    labels[50:] = ["a\tb"] * 5 + [""] * 5
    parts = np.arange(50), np.arange(50, 60)
    (fold,), removed = fold_with_test(keys, labels, *parts, 1, 0.2, seed=0, multilabel=True)
    assert (len(fold.split.test), removed) == (10, 0)
    labels[59] = "a\tnew"
    with pytest.raises(UserError, match="--test-data: label new is not among the training"):
        fold_with_test(keys, labels, *parts, 1, 0.2, seed=0, multilabel=True)


def test_a_test_part_that_leaves_nothing_is_refused():
    keys, _ = sentences(20)
    with pytest.raises(UserError, match="--data: every sentence also stands in --test-data"):
        fold_with_test(
            keys * 2, [""] * 40, np.arange(20), np.arange(20, 40), 1, 0.2, 0, multilabel=True
        )
