"""Which sentences train, which choose, which only score."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.splits import Split, sentence_keys, stratified_split
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError


def parts(split: Split) -> list[np.ndarray]:
    return [split.train, split.dev, split.test]


def unbalanced(count: int = 400) -> tuple[list[str], list[str]]:
    """Different sentences, three quarters of them labelled a."""
    return [f"sentence {i}" for i in range(count)], [
        "b" if i % 4 == 0 else "a" for i in range(count)
    ]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc")), min_size=1, max_size=80),
    dev=st.floats(0.01, 0.99),
    test=st.floats(0, 0.98),
    seed=st.integers(0, 2**63 - 1),
)
def test_parts_are_disjoint_and_cover_everything_with_duplicates_on_one_side(rows, dev, test, seed):
    keys = [str(key) for key, _ in rows]
    labels = [label for _, label in rows]
    assume(dev + test < 1)
    try:
        split = stratified_split(keys, labels, dev, test, seed)
    except UserError:
        return  # A label too rare or a part too small, which other tests are about.
    together = np.concatenate(parts(split))
    assert sorted(together) == list(range(len(rows)))
    assert all((np.diff(part) > 0).all() for part in parts(split))
    sides = [{keys[row] for row in part} for part in parts(split)]
    assert sum(map(len, sides)) == len(set(keys))
    assert len(split.train)
    assert len(split.dev)
    assert bool(len(split.test)) == (test > 0)


def test_each_part_has_the_labels_proportions_and_its_share():
    keys, labels = unbalanced()
    split = stratified_split(keys, labels, 0.1, 0.2, seed=0)
    assert [len(part) for part in parts(split)] == [280, 40, 80]
    for part in parts(split):
        counts = Counter(labels[row] for row in part)
        assert counts["a"] == 3 * counts["b"]


def test_the_seed_decides_the_split():
    keys, labels = unbalanced()
    first, again, other = (stratified_split(keys, labels, 0.1, 0.1, seed) for seed in (7, 7, 8))
    for one, two, three in zip(parts(first), parts(again), parts(other), strict=True):
        assert one.tolist() == two.tolist()
        assert one.tolist() != three.tolist()


def test_without_a_test_share_there_is_no_test_part():
    split = stratified_split(*unbalanced(), 0.25, 0, seed=0)
    assert [len(part) for part in parts(split)] == [300, 100, 0]


@pytest.mark.parametrize(("dev", "test"), [(0.45, 0.45), (0.9, 0.05), (0.01, 0.01)])
def test_extreme_shares_of_few_sentences_leave_something_in_every_part(dev, test):
    keys, labels = [f"s{i}" for i in range(10)], ["a", "b"] * 5
    for part in parts(stratified_split(keys, labels, dev, test, seed=0)):
        assert {labels[row] for row in part} == {"a", "b"}


def test_shares_that_leave_too_little_are_refused():
    keys, labels = [f"s{i}" for i in range(10)], ["a", "b"] * 5
    with pytest.raises(UserError, match=r"^--dev-share, --test-share: the data is too small"):
        stratified_split(keys, labels, 0.05, 0.9, seed=0)


def test_one_very_long_sentence_costs_no_more_than_itself():
    keys, labels = unbalanced(2000)
    keys[0] = "x" * 10_000_000  # As an array of equally long strings: 80 GB.
    assert len(stratified_split(keys, labels, 0.1, 0.1, seed=0).train) == 1600


def test_sentences_without_a_token_are_divided_like_others():
    texts = ["\u597d" * number for number in range(1, 61)] + ["a film", "A film."]
    tokens = [[]] * 60 + [["a", "film"]] * 2
    keys = sentence_keys(texts, tokens)
    assert len(set(keys)) == 61
    assert keys[-1] == keys[-2]
    split = stratified_split(keys, ["a", "b"] * 31, 0.1, 0.2, seed=0)
    assert [len(part) > 4 for part in parts(split)] == [True, True, True]


def test_one_label_only_is_refused():
    corpus = LabelledTexts([f"s{i}" for i in range(9)], ["a"] * 9, "test")
    with pytest.raises(UserError, match="--data: only one label, a"):
        TokenizedData.prepare(corpus, Config())


def test_a_label_with_too_few_different_sentences_is_refused_and_named():
    keys = [f"s{i}" for i in range(20)] + ["same"] * 5
    labels = ["a"] * 10 + ["b"] * 10 + ["rare"] * 5
    with pytest.raises(UserError, match=r"--data: label rare has 1 different sentence"):
        stratified_split(keys, labels, 0.1, 0.1, seed=0)


def test_a_label_all_of_whose_sentences_are_copies_of_another_labels_is_refused():
    keys = [f"s{i}" for i in range(20)] + ["s0"]
    with pytest.raises(
        UserError, match=r"label c has 0 different.*, for all of its own stand under another"
    ):
        stratified_split(keys, ["a"] * 10 + ["b"] * 10 + ["c"], 0.1, 0.1, seed=0)
