"""Evidence from counts: against counting by hand, and never with a sentence's own label."""

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Hashable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.networks import packed
from textcnn.core.layers.bag import bag
from textcnn.core.sentences import PackedSentences
from textcnn.recipe.ngrams.counts import Counts
from textcnn.recipe.ngrams.item_counts import ItemCounts
from textcnn.recipe.ngrams.naive_bayes import NaiveBayes
from textcnn.recipe.ngrams.ngrams import KeyIndex, rows_of
from textcnn.recipe.ngrams.subwords import number_subwords, subwords
from textcnn.support.errors import UserError

WORDS = ["<unknown>", "film", "filmy", "dull", "a", "unfunny"]
V = len(WORDS)
SENTENCES = st.lists(st.lists(st.integers(0, V - 1), max_size=7), min_size=1, max_size=8)
Items = Callable[[list[int]], list[Hashable]]


def ngrams(order: int) -> Items:
    def items(sentence: list[int]) -> list[Hashable]:
        found = zip(*(sentence[start:] for start in range(order)), strict=False)
        return [ngram for ngram in found if 0 not in ngram]

    return items


def parts(longest: int) -> Items:
    return lambda sentence: [
        part for word in sentence if word for part in subwords(WORDS[word], longest)
    ]


def by_hand(
    training: list[list[int]], classes: list[int], num_classes: int, items: Items, asked: list[int]
) -> list[float]:
    """Wang and Manning's log-likelihoods of one sentence, written out."""
    counts: list[Counter[Hashable]] = [Counter() for _ in range(num_classes)]
    for sentence, label in zip(training, classes, strict=True):
        counts[label].update(set(items(sentence)))
    known = set().union(*counts)
    sums = []
    for counted in counts:
        total = sum(counted.values()) + len(known)
        sums.append(
            sum(math.log((counted[item] + 1) / total) for item in items(asked) if item in known)
        )
    return [value - sum(sums) / num_classes for value in sums]


def counted(
    training: list[list[int]], classes: list[int], num_classes: int, longest: int, characters: int
) -> tuple[NaiveBayes, np.ndarray]:
    sentences, members = packed(training), np.eye(num_classes, dtype=bool)[classes]
    counts = Counts.of(sentences, members, WORDS, longest, characters)
    return counts.naive_bayes, counts.left_out(sentences, members)


@settings(max_examples=80, deadline=None)
@given(
    training=SENTENCES,
    asked=SENTENCES,
    num_classes=st.integers(2, 4),
    longest=st.integers(1, 3),
    characters=st.sampled_from([0, 3, 5]),
    seed=st.integers(0, 99),
)
def test_features_are_those_counted_by_hand(
    training, asked, num_classes, longest, characters, seed
):
    """Words never seen in training have parts that were; those of words outside the vocabulary
    have none, so every word is seen once here."""
    training = [*training, list(range(1, V))]
    classes = np.random.default_rng(seed).integers(0, num_classes, len(training)).tolist()
    fitted, by_others = counted(training, classes, num_classes, longest, characters)
    kinds: list[Items] = [ngrams(1)]
    kinds += [parts(characters)] if characters else []
    kinds += [ngrams(order) for order in range(2, longest + 1)]
    features = fitted.features(packed(asked))
    assert features.shape == (len(asked), len(kinds) * num_classes)
    for row, sentence in zip(features, asked, strict=True):
        expected = [
            value
            for items in kinds
            for value in by_hand(training, classes, num_classes, items, sentence)
        ]
        np.testing.assert_allclose(row, expected, atol=1e-4)
    assert by_others.shape == (len(training), len(kinds) * num_classes)


@settings(max_examples=60, deadline=None)
@given(
    training=SENTENCES, longest=st.integers(1, 2), characters=st.sampled_from([0, 4]),
    seed=st.integers(0, 99), asked=st.integers(0, 7),
)  # fmt: skip
def test_a_training_sentence_is_judged_as_if_it_had_not_been_counted(
    training, longest, characters, seed, asked
):
    """Its own n-grams are still known, so the others' counts are taken by hand with them added to
    what is known but to no class."""
    training = [*training, list(range(1, V))]
    asked %= len(training)
    classes = np.random.default_rng(seed).integers(0, 2, len(training)).tolist()
    _, by_others = counted(training, classes, 2, longest, characters)
    kinds: list[Items] = [ngrams(1)]
    kinds += [parts(characters)] if characters else []
    kinds += [ngrams(order) for order in range(2, longest + 1)]
    expected = []
    for items in kinds:
        known = {item for sentence in training for item in items(sentence)}
        others = [row for row in range(len(training)) if row != asked]
        sums = []
        for label in (0, 1):
            seen = Counter(
                item
                for row in others
                if classes[row] == label
                for item in set(items(training[row]))
            )
            total = sum(seen.values()) + max(len(known), 1)
            sums.append(sum(math.log((seen[item] + 1) / total) for item in items(training[asked])))
        expected += [value - sum(sums) / 2 for value in sums]
    np.testing.assert_allclose(by_others[asked], expected, atol=1e-4)


def several(training: list[list[int]], members: np.ndarray) -> Counts:
    return Counts.of(packed(training), members, WORDS, 2, 4, several=True)


def test_with_several_classes_each_is_weighed_against_its_absence():
    training = [[1, 3], [1, 4], [3, 4], [4, 5]]
    members = np.array([[True, False], [True, True], [False, False], [False, True]])
    features = several(training, members).naive_bayes.features(packed([[1, 4]]))[0]
    # Words alone: 1 stands in both sentences of class 0 and in neither of the others; there are
    # four words in each, and five are known.
    film = math.log(3 / (4 + 5)) - math.log(1 / (4 + 5))
    a = math.log(2 / (4 + 5)) - math.log(3 / (4 + 5))
    assert features[0] == pytest.approx(film + a, abs=1e-5)


def test_with_several_classes_a_training_sentence_is_judged_as_if_not_counted():
    rng = np.random.default_rng(5)
    training = [list(range(1, V)), *(rng.integers(0, V, 6).tolist() for _ in range(12))]
    members = rng.random((13, 3)) < 0.4
    counts = several(training, members)
    judged = counts.left_out(packed(training), members)
    for row in (0, 4, 12):
        others = np.arange(13) != row
        part = several([training[at] for at in np.flatnonzero(others)], members[others])
        # What only this sentence has is known with it and not without, at a count of nought.
        known = counts.among(WORDS, np.arange(3), 3)
        rest = known + part  # Of the kinds and items of the whole ...
        kinds = [
            dataclasses.replace(
                whole,
                items=ItemCounts(
                    both.items.counts - whole.items.counts,
                    both.items.sentences - whole.items.sentences,
                ),
            )
            for whole, both in zip(known.kinds, rest.kinds, strict=True)
        ]  # ... the counts of the others only.
        expected = dataclasses.replace(counts, kinds=tuple(kinds)).naive_bayes
        np.testing.assert_allclose(
            judged[row], expected.features(packed([training[row]]))[0], atol=1e-4
        )


def test_counting_in_two_parts_is_counting_together():
    rng = np.random.default_rng(6)
    first, second = ([rng.integers(0, V, 6).tolist() for _ in range(9)] for _ in range(2))
    members = np.eye(3, dtype=bool)[rng.integers(0, 3, 18)]
    together = Counts.of(packed(first + second), members, WORDS, 3, 5)
    parts = [
        Counts.of(packed(part), members[rows], WORDS, 3, 5)
        for part, rows in ((first, slice(0, 9)), (second, slice(9, 18)))
    ]
    for kind, expected in zip((parts[0] + parts[1]).kinds, together.kinds, strict=True):
        np.testing.assert_array_equal(kind.items.counts, expected.items.counts)
        if expected.keys is not None:
            np.testing.assert_array_equal(kind.keys, expected.keys)


def test_counts_say_the_same_among_more_words_and_classes():
    rng = np.random.default_rng(7)
    training = [rng.integers(0, V, 6).tolist() for _ in range(9)]
    classes = rng.integers(0, 2, 9)
    counts = Counts.of(packed(training), np.eye(2, dtype=bool)[classes], WORDS, 3, 5)
    more = [*WORDS, "another", "word"]
    moved = counts.among(more, np.array([0, 2]), 3)
    # As if counted so from the start, class 1 having no sentence.
    expected = Counts.of(packed(training), np.eye(3, dtype=bool)[2 * classes], more, 3, 5)
    for kind, other in zip(moved.kinds, expected.kinds, strict=True):
        np.testing.assert_array_equal(kind.items.counts, other.items.counts)
        if other.keys is not None:
            np.testing.assert_array_equal(kind.keys, other.keys)


def test_many_sentences_are_judged_as_few_are(monkeypatch):
    rng = np.random.default_rng(1)
    training = [rng.integers(0, V, rng.integers(0, 6)).tolist() for _ in range(11)]
    classes = rng.integers(0, 3, 11).tolist()
    _, expected = counted(training, classes, 3, 2, 4)
    monkeypatch.setattr("textcnn.recipe.ngrams.item_counts.SENTENCES_AT_ONCE", 3)
    monkeypatch.setattr("textcnn.recipe.ngrams.item_counts.COUNTED_AT_ONCE", 4)
    _, got = counted(training, classes, 3, 2, 4)
    np.testing.assert_array_equal(got, expected)


def test_unknown_words_and_unseen_ngrams_say_nothing():
    fitted, _ = counted([[1, 2, 3], [2, 1]], [0, 1], 2, 2, 0)
    assert not fitted.features(packed([[0, 0], []])).any()
    alone = fitted.features(packed([[1]]))
    np.testing.assert_array_equal(fitted.features(packed([[1, 0]])), alone)
    backwards = fitted.features(packed([[3, 2]]))
    assert not backwards[0, 2:].any()  # the pair was never seen in this order


def test_parts_say_something_of_a_word_that_no_sentence_had():
    fitted, _ = counted([[1, 4], [3, 4]], [0, 1], 2, 1, 6)
    filmy = fitted.features(packed([[2]]))[0]
    assert filmy[0] == pytest.approx(filmy[1])  # the word itself was in neither class
    assert filmy[2] > filmy[3]  # its parts were in the first, in "film"


def test_nothing_to_count():
    fitted, by_others = counted([[], [0]], [0, 1], 2, 2, 4)
    assert not fitted.features(packed([[0], []])).any()
    assert not by_others.any()


def test_weighed_it_adds_what_weighing_the_features_gives():
    rng = np.random.default_rng(0)
    training = [rng.integers(0, V, length).tolist() for length in (3, 0, 7, 1, 5)]
    fitted, _ = counted(training, [0, 1, 2, 1, 0], 3, 3, 5)
    weights = rng.normal(size=(3, 12)).astype(np.float32)
    logits = np.ones((5, 3), np.float32)
    corrections = {
        kind.name: rng.normal(size=kind.values.shape)
        for kind in fitted.evidence
        if kind.name in ("words", "3-grams")
    }
    corrections["words"][0] = corrections["3-grams"][-1] = 0  # as training leaves the unknown
    weighed = fitted.weighed(weights, corrections)
    assert len(weighed.evidence) == 3  # words and their parts are one lookup
    weighed.add_to(logits, packed(training))
    told = fitted.of(packed(training), list(corrections), None)
    expected = 1 + told.features @ weights.T
    for name, items in told.items.items():
        expected += bag(items, corrections[name])[0]
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_only_items_that_were_counted_can_be_corrected():
    fitted, by_others = counted([[1, 2, 3], [2, 0, 1]], [0, 1], 2, 2, 3)
    told = fitted.of(packed([[3, 2, 0, 1, 2], [], [0]]), ["words", "2-grams"], None)
    assert told.items["words"].words.tolist() == [3, 2, 1, 2]
    assert told.items["words"].lengths.tolist() == [4, 0, 0]
    assert told.items["2-grams"].lengths.tolist() == [1, 0, 0]  # 1 2, and never 3 2
    second = told.take(np.array([1, 0]))
    assert second.items["words"].lengths.tolist() == [0, 4]
    np.testing.assert_array_equal(second.features, told.features[[1, 0]])
    given = fitted.of(packed([[1, 2, 3], [2, 0, 1]]), [], by_others)
    assert given.features is by_others
    assert given.items == {}


def test_ngrams_too_long_for_their_numbers():
    with pytest.raises(UserError, match="--ngrams 40: too long for 6 words; choose shorter"):
        counted([[1]], [0], 2, 40, 0)


def test_parts_of_a_word():
    assert subwords("film", 4) == ["<fi", "fil", "ilm", "lm>", "<fil", "film", "ilm>"]
    assert subwords("a", 6) == ["<a>"]
    assert subwords("", 6) == []
    parts_of, different = number_subwords(WORDS, 3)
    assert parts_of.lengths.tolist() == [0, 4, 5, 4, 1, 7]
    assert different == 4 + 2 + 4 + 1 + 7  # film and filmy share <fi, fil, ilm
    assert isinstance(parts_of, PackedSentences)


@settings(max_examples=100, deadline=None)
@given(
    known=st.lists(st.integers(0, 60), max_size=40, unique=True),
    large=st.sampled_from([1, 2**56 + 1]),
)
def test_an_index_finds_what_a_search_finds(known, large):
    keys = np.sort(np.array(known, np.int64)) * large
    asked = np.append(np.arange(62) * large, -1)
    np.testing.assert_array_equal(KeyIndex(keys).rows(asked), rows_of(asked, keys))


def test_an_index_finds_every_one_of_many_keys():
    keys = np.unique(np.random.default_rng(3).integers(0, 2**40, 50_000))
    index = KeyIndex(keys)
    np.testing.assert_array_equal(index.rows(keys), np.arange(len(keys)))
    assert (index.rows(keys + 1)[~np.isin(keys + 1, keys)] == len(keys)).all()
    assert 0 < len(index._crowded) < len(keys) / 3  # both ways are used


@settings(max_examples=60, deadline=None)
@given(sentences=SENTENCES, longest=st.integers(1, 4))
def test_one_sentence_gets_the_same_bytes_alone_and_among_others(sentences, longest):
    training = [[1, 2, 3], [2, 0, 1], [3, 4, 5, 1, 2], list(range(1, V))]
    fitted, _ = counted(training, [0, 1, 0, 1], 2, longest, 0)
    together = packed([*sentences, [1, 2]])
    logits = np.zeros((len(together), 2), np.float32)
    fitted.add_to(logits, together)
    for row in range(len(together)):
        alone = np.zeros((1, 2), np.float32)
        fitted.add_to(alone, together.take(np.array([row])))
        assert alone.tobytes() == logits[row].tobytes()
