"""The layers of the text network: against the loops of the reference, and finite differences."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.numeric import assert_close, numeric_gradient
from textcnn import reference
from textcnn.core.layers import convolve_and_pool as convolve_and_pool_module
from textcnn.core.layers.convolution import convolve, window_counts
from textcnn.core.layers.convolve_and_pool import (
    FilterBank,
    convolve_and_pool,
    pooled_maxima,
    project,
)
from textcnn.core.layers.dense import dense, l2_penalty, limit_row_norms
from textcnn.core.layers.dropout import dropout
from textcnn.core.layers.embedding import embed
from textcnn.core.layers.max_over_time import max_over_time
from textcnn.core.layers.relu import relu
from textcnn.core.layers.sigmoid import sigmoid, sigmoid_cross_entropy
from textcnn.core.layers.softmax import log_softmax, softmax, softmax_cross_entropy
from textcnn.core.objective import objective_of
from textcnn.core.sentences import PackedSentences, groups_by_length, sum_segments

LENGTHS = st.lists(st.integers(0, 7), min_size=1, max_size=6)
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True)


def split(X: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    return np.split(X, np.cumsum(lengths)[:-1])


@settings(max_examples=60, deadline=None)
@given(lengths=LENGTHS, height=st.integers(1, 5), seed=st.integers(0, 999))
def test_convolution_and_pooling_equal_the_loops_of_the_reference(lengths, height, seed):
    rng = np.random.default_rng(seed)
    X, W, b = (
        rng.normal(size=(sum(lengths), 3)),
        rng.normal(size=(height, 3, 2)),
        rng.normal(size=2),
    )
    counts = window_counts(np.array(lengths), height)
    Z, _ = convolve(X, np.array(lengths), W, b)
    pooled, _ = max_over_time(Z, counts)

    expected = [reference.wide_convolution(sentence, W, b) for sentence in split(X, lengths)]
    np.testing.assert_allclose(Z, np.concatenate(expected), atol=1e-12)
    maxima = np.array([reference.max_over_time(Z_sentence)[0] for Z_sentence in expected])
    np.testing.assert_allclose(pooled, maxima, atol=1e-12)


def test_convolution_gradients():
    rng = np.random.default_rng(0)
    lengths = np.array([3, 0, 1, 5])
    X, W, b = rng.normal(size=(9, 3)), rng.normal(size=(4, 3, 2)), rng.normal(size=2)
    Z, backward = convolve(X, lengths, W, b)
    upstream = rng.normal(size=Z.shape)
    for array, gradient in zip((X, W, b), backward(upstream), strict=True):
        numeric = numeric_gradient(lambda: convolve(X, lengths, W, b)[0], array, upstream)
        assert_close(gradient, numeric)


def test_max_over_time_gradient_goes_to_the_first_maximum():
    Z = np.array([[1.0, 5.0], [1.0, 2.0], [0.0, 5.0], [3.0, 3.0]])
    pooled, backward = max_over_time(Z, np.array([3, 1]))
    assert pooled.tolist() == [[1, 5], [3, 3]]
    dZ = backward(np.array([[10.0, 20.0], [30.0, 40.0]]))
    assert dZ.tolist() == [[10, 20], [0, 0], [0, 0], [30, 40]]
    assert reference.max_over_time(Z[:3])[1].tolist() == [0, 0]


def test_max_over_time_gradient():
    rng = np.random.default_rng(1)
    Z, counts = rng.normal(size=(9, 4)), np.array([2, 1, 6])
    pooled, backward = max_over_time(Z, counts)
    upstream = rng.normal(size=pooled.shape)
    numeric = numeric_gradient(lambda: max_over_time(Z, counts)[0], Z, upstream)
    assert_close(backward(upstream), numeric)


def test_embedding_sums_the_gradients_of_a_repeated_word():
    rng = np.random.default_rng(2)
    table, words = rng.normal(size=(6, 3)), np.array([4, 1, 4, 4, 0])
    Y, backward = embed(words, table)
    upstream = rng.normal(size=Y.shape)
    numeric = numeric_gradient(lambda: embed(words, table)[0], table, upstream)
    gradient = backward(upstream)
    assert gradient.rows.tolist() == [0, 1, 4]
    assert_close(gradient.dense(len(table)), numeric)
    narrow, backward = embed(words, table.astype(np.float32))
    assert backward(narrow).values.dtype == np.float32


def test_relu_gradient():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(4, 5))
    Y, backward = relu(X)
    upstream = rng.normal(size=Y.shape)
    assert_close(backward(upstream), numeric_gradient(lambda: relu(X)[0], X, upstream))
    assert relu(np.zeros(1))[1](np.ones(1)) == 0


def test_dropout_gradient_uses_the_mask_of_the_forward_pass():
    X = np.random.default_rng(4).normal(size=(5, 8))
    Y, backward = dropout(X, 0.4, np.random.default_rng(7))
    upstream = np.random.default_rng(5).normal(size=Y.shape)
    numeric = numeric_gradient(lambda: dropout(X, 0.4, np.random.default_rng(7))[0], X, upstream)
    assert_close(backward(upstream), numeric)


def test_dropout_keeps_the_expectation_and_the_share():
    X = np.ones((400, 400), np.float32)
    Y, _ = dropout(X, 0.25, np.random.default_rng(0))
    assert Y.dtype == np.float32
    assert Y.mean() == pytest.approx(1, abs=0.01)
    assert (Y == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert dropout(X, 0.25, None)[0] is X
    assert dropout(X, 0.0, np.random.default_rng(0))[0] is X


def test_dense_gradients():
    rng = np.random.default_rng(6)
    X, W, b = rng.normal(size=(4, 5)), rng.normal(size=(3, 5)), rng.normal(size=3)
    Y, backward = dense(X, W, b)
    upstream = rng.normal(size=Y.shape)
    for array, gradient in zip((X, W, b), backward(upstream), strict=True):
        assert_close(gradient, numeric_gradient(lambda: dense(X, W, b)[0], array, upstream))


def test_l2_penalty_gradient():
    W = np.random.default_rng(7).normal(size=(2, 3))
    numeric = numeric_gradient(lambda: np.array(l2_penalty(W, 0.3)[0]), W, np.array(1.0))
    assert_close(l2_penalty(W, 0.3)[1], numeric)


def test_row_norms_are_limited_and_short_or_zero_rows_left_alone():
    W = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    limit_row_norms(W, 1.0)
    np.testing.assert_allclose(W, [[0.6, 0.8], [0.3, 0.4], [0, 0]])


@pytest.mark.parametrize("num_classes", [2, 5])
def test_softmax_cross_entropy_gradient(num_classes):
    rng = np.random.default_rng(8)
    logits, classes = rng.normal(size=(6, num_classes)), rng.integers(0, num_classes, 6)
    loss, backward = softmax_cross_entropy(logits, classes)
    assert loss == pytest.approx(-np.log(softmax(logits)[np.arange(6), classes]).mean())
    numeric = numeric_gradient(
        lambda: np.array(softmax_cross_entropy(logits, classes)[0]), logits, np.array(0.7)
    )
    assert_close(backward(0.7), numeric)


def test_a_sentence_of_weight_two_counts_as_two_and_one_of_none_not_at_all():
    rng = np.random.default_rng(8)
    logits, classes = rng.normal(size=(6, 3)), rng.integers(0, 3, 6)
    weights = np.array([2.0, 1, 0, 1, 1, 1])
    loss, backward = softmax_cross_entropy(logits, classes, weights)
    assert objective_of(multilabel=False).loss(logits, classes, weights)[0] == loss
    again = [0, 0, 1, 3, 4, 5]
    assert loss == pytest.approx(softmax_cross_entropy(logits[again], classes[again])[0])
    numeric = numeric_gradient(
        lambda: np.array(softmax_cross_entropy(logits, classes, weights)[0]), logits, np.array(0.7)
    )
    assert_close(backward(0.7), numeric)


@pytest.mark.parametrize("weighted", [False, True])
def test_sigmoid_cross_entropy_gradient(weighted):
    rng = np.random.default_rng(9)
    logits, targets = rng.normal(size=(5, 3)), rng.random((5, 3)) < 0.4
    weights = rng.random((5, 3)) if weighted else None
    loss, backward = sigmoid_cross_entropy(logits, targets, weights)
    probabilities = 1 / (1 + np.exp(-logits))
    by_hand = -np.log(np.where(targets, probabilities, 1 - probabilities))
    assert loss == pytest.approx((by_hand * (1 if weights is None else weights)).sum() / 5)
    numeric = numeric_gradient(
        lambda: np.array(sigmoid_cross_entropy(logits, targets, weights)[0]), logits, np.array(0.7)
    )
    assert_close(backward(0.7), numeric)
    assert objective_of(multilabel=True).loss(logits, targets, weights)[0] == loss


def test_sigmoid_does_not_overflow():
    logits = np.array([[1000.0, -1000.0, 0.0]], np.float32)
    assert sigmoid(logits).tolist() == [[1, 0, 0.5]]
    assert sigmoid(logits).dtype == np.float32
    loss, backward = sigmoid_cross_entropy(logits, np.array([[False, True, True]]))
    assert loss == pytest.approx(2000 + np.log(2))
    assert backward(1.0).dtype == np.float32
    assert backward(1.0).tolist() == [[1, -1, -0.5]]


def test_softmax_does_not_overflow():
    logits = np.array([[1000.0, -1000.0]], np.float32)
    assert softmax(logits).tolist() == [[1, 0]]
    assert log_softmax(logits).tolist() == [[0, -2000]]


def plain_convolve_and_pool(X, sentences, W, bank):
    """The plain layers in the place of the fused one, the bias left out."""
    embedded = X[sentences.token_ids]
    pooled, backwards = [], []
    for height, first in bank.offsets():
        filters = W[:, first : first + height].swapaxes(0, 1)
        Z, convolve_back = convolve(
            embedded, sentences.lengths, filters, np.zeros(bank.num_filters)
        )
        Y, pool_back = max_over_time(Z, window_counts(sentences.lengths, height))
        pooled.append(Y)
        backwards.append((pool_back, convolve_back))

    def backward(dY):
        dX, dW = np.zeros_like(X), np.zeros_like(W)
        for (height, first), dM, (pool_back, convolve_back) in zip(
            bank.offsets(), np.split(dY, len(backwards), axis=1), backwards, strict=True
        ):
            dembedded, dfilters, _ = convolve_back(pool_back(dM))
            np.add.at(dX, sentences.token_ids, dembedded)
            dW[:, first : first + height] += dfilters.swapaxes(0, 1)
        return dX, dW

    return np.concatenate(pooled, axis=1), backward


@settings(max_examples=150, deadline=None)
@given(
    lengths=LENGTHS,
    filter_sizes=SIZES,
    num_words=st.integers(1, 9),
    ties=st.booleans(),
    seed=st.integers(0, 999),
)
def test_fused_layer_equals_the_plain_ones(lengths, filter_sizes, num_words, ties, seed):
    """Random shapes, with repeated words, one-word and empty sentences, and exact ties."""
    rng = np.random.default_rng(seed)
    bank = FilterBank(tuple(filter_sizes), 3)

    def draw(*shape):
        return rng.integers(-1, 2, shape).astype(float) if ties else rng.normal(size=shape)

    X, W = draw(num_words, 4), draw(4, bank.num_rows, 3)
    sentences = PackedSentences(rng.integers(0, num_words, sum(lengths)), np.array(lengths))
    Y, backward = convolve_and_pool(X, sentences, W, bank)
    Y_plain, backward_plain = plain_convolve_and_pool(X, sentences, W, bank)
    np.testing.assert_allclose(Y, Y_plain, atol=1e-12)
    # Zeros too, as dropout makes them: the fused layer does not look for those windows.
    upstream = rng.normal(size=Y.shape) * rng.integers(0, 2, Y.shape)
    for gradient, expected in zip(backward(upstream), backward_plain(upstream), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-12)


@pytest.mark.parametrize("frozen", [1, 3, 4])
def test_frozen_columns_get_no_gradient_and_change_no_other(frozen):
    rng = np.random.default_rng(11)
    bank = FilterBank((1, 3), 2)
    X, W = rng.normal(size=(5, 4)), rng.normal(size=(4, bank.num_rows, 2))
    sentences = PackedSentences(rng.integers(0, 5, 8), np.array([5, 3]))
    Y, backward = convolve_and_pool(X, sentences, W, bank)
    upstream = rng.normal(size=Y.shape)
    dX, dW = backward(upstream)
    dX_rest, dW_same = convolve_and_pool(X, sentences, W, bank, frozen)[1](upstream)
    np.testing.assert_allclose(dX_rest, dX[:, frozen:], atol=1e-12)
    np.testing.assert_array_equal(dW_same, dW)


def test_fused_layer_gradients():
    rng = np.random.default_rng(9)
    bank = FilterBank((2, 4), 3)
    X, W = rng.normal(size=(5, 4)), rng.normal(size=(4, bank.num_rows, 3))
    sentences = PackedSentences(rng.integers(0, 5, 10), np.array([4, 0, 1, 5]))
    Y, backward = convolve_and_pool(X, sentences, W, bank)
    upstream = rng.normal(size=Y.shape)
    upstream[0] = 1  # As good a number as any other.
    for array, gradient in zip((X, W), backward(upstream), strict=True):
        numeric = numeric_gradient(
            lambda: convolve_and_pool(X, sentences, W, bank)[0], array, upstream
        )
        assert_close(gradient, numeric)


def test_pooling_without_backward_gives_the_same_bytes_alone_or_in_a_batch():
    rng = np.random.default_rng(10)
    bank = FilterBank((3, 4, 5), 8)
    X = rng.normal(size=(40, 16)).astype(np.float32)
    P = project(X, rng.normal(size=(16, bank.num_rows, 8)).astype(np.float32))
    lengths = np.array([0, 1, 2, 30, 7, 0])
    sentences = PackedSentences(rng.integers(0, 40, lengths.sum()), lengths)
    together = pooled_maxima(P, sentences, bank.rows())
    assert together.dtype == np.float32
    for row in range(len(lengths)):
        alone = pooled_maxima(P, sentences.take(np.array([row])), bank.rows())
        assert alone.tobytes() == together[row].tobytes()


@settings(max_examples=80, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=9),
    sizes=st.sampled_from([(3, 4, 5), (1,), (2, 7)]),
    at_once=st.sampled_from([1, 5, 1024]),
    seed=st.integers(0, 99),
)
def test_pooling_without_backward_is_that_of_training(lengths, sizes, at_once, seed):
    rng = np.random.default_rng(seed)
    bank, X = FilterBank(sizes, 3), rng.normal(size=(9, 4))
    W = rng.normal(size=(4, bank.num_rows, 3))
    sentences = PackedSentences(rng.integers(0, 9, sum(lengths)), np.array(lengths))
    expected, _ = convolve_and_pool(X, sentences, W, bank)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolve_and_pool_module, "WINDOWS_AT_ONCE", at_once)
        assert pooled_maxima(project(X, W), sentences, bank.rows()).tobytes() == expected.tobytes()


@given(lengths=st.lists(st.integers(0, 3), max_size=9))
def test_segments_are_summed_each_by_itself(lengths):
    values = np.arange(2.0 * sum(lengths)).reshape(-1, 2)
    pieces = np.split(values, np.cumsum(lengths)[:-1]) if lengths else []
    expected = [piece.sum(axis=0).tolist() for piece in pieces]
    assert sum_segments(values, np.array(lengths, int)).tolist() == expected


@given(lengths=st.lists(st.integers(0, 40), max_size=30), most=st.integers(1, 100))
def test_groups_hold_every_sentence_once_and_no_more_words_than_asked(lengths, most):
    groups = groups_by_length(np.array(lengths, int), most)
    assert sorted(row for group in groups for row in group.tolist()) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * (1 + max(lengths[row] for row in group)) <= most
