"""What holds a network back in training."""

import numpy as np
import pytest

from textcnn.core.sentences import Examples, PackedSentences
from textcnn.core.vocabulary import UNKNOWN
from textcnn.recipe.steps import with_l2, with_word_dropout


def echo(parameters, batch, rng):
    """A step that gives back the examples that it was given, in the place of logits."""
    return 1.0, batch, {"dense/weights": np.full((2, 3), 0.5)}


def examples() -> Examples:
    lengths = np.array([0, 3000, 1, 999])
    words = np.random.default_rng(0).integers(1, 50, lengths.sum())
    return Examples(PackedSentences(words, lengths), np.array([0, 1, 1, 0]), np.arange(4.0))


def test_a_share_of_the_words_is_replaced_by_the_unknown_word():
    given = examples()
    _, batch, _ = with_word_dropout(echo, 0.3)({}, given, np.random.default_rng(1))
    before, after = given.sentences.token_ids, batch.sentences.token_ids
    dropped = after != before
    assert dropped.mean() == pytest.approx(0.3, abs=0.03)
    assert (after[dropped] == UNKNOWN).all()
    assert batch.sentences.lengths is given.sentences.lengths
    assert batch.targets is given.targets
    assert batch.weights is given.weights
    _, other, _ = with_word_dropout(echo, 0.3)({}, given, np.random.default_rng(2))
    assert (other.sentences.token_ids != after).any()


def test_without_random_numbers_or_a_rate_no_word_is_replaced():
    given = examples()
    assert with_word_dropout(echo, 0.3)({}, given, None)[1] is given
    assert with_word_dropout(echo, 0) is echo


def test_the_penalty_is_half_the_sum_of_squares_times_its_strength():
    W = np.array([[1.0, -2, 3], [0, 1, 0]])
    loss, batch, gradients = with_l2(echo, 0.1)({"dense/weights": W}, examples(), None)
    assert loss == pytest.approx(1 + 0.05 * 15)
    np.testing.assert_allclose(gradients["dense/weights"], 0.5 + 0.1 * W)
    assert len(batch) == 4
    assert with_l2(echo, 0) is echo
