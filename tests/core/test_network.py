"""The whole network: against the plain one, and finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.numeric import assert_close, numeric_gradient, packed, random_parameters, whole
from textcnn.core import network, plain_network
from textcnn.core.architecture import MODES, Architecture, initial_parameters, random_vectors
from textcnn.core.gradients import Gradients
from textcnn.core.layers.softmax import softmax_cross_entropy
from textcnn.core.network import Network
from textcnn.core.sentences import Examples
from textcnn.core.step import kim_step
from textcnn.recipe.steps import with_l2, with_word_dropout
from textcnn.recipe.thinning import thinned_step

SENTENCES = st.lists(st.lists(st.integers(0, 6), max_size=8), min_size=1, max_size=6)
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True).map(tuple)


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=40, deadline=None)
@given(
    sentences=SENTENCES,
    sizes=SIZES,
    num_classes=st.integers(2, 5),
    integers=st.booleans(),
    seed=st.integers(0, 999),
)
def test_the_fast_network_equals_the_plain_one(mode, sentences, sizes, num_classes, integers, seed):
    rng = np.random.default_rng(seed)
    architecture = Architecture(mode, 7, 3, sizes, 2, num_classes)
    parameters = random_parameters(architecture, rng, integers)
    batch = packed(sentences)
    fast, fast_backward = network.forward(parameters, architecture, batch)
    plain, plain_backward = plain_network.forward(parameters, architecture, batch)
    np.testing.assert_allclose(fast, plain, atol=1e-12)

    upstream = rng.normal(size=plain.shape)
    fast_gradients, plain_gradients = fast_backward(upstream), plain_backward(upstream)
    assert set(fast_gradients) == set(plain_gradients) == set(parameters) - {"embedding/static"}
    for name, expected in plain_gradients.items():
        rows = len(parameters[name])
        got = whole(fast_gradients[name], rows)
        np.testing.assert_allclose(got, whole(expected, rows), atol=1e-11, err_msg=name)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("dropout", "draw", "word_dropout", "l2"),
    [
        (0, "sentence", 0, 0),
        (0, "sentence", 0, 0.3),
        (0.5, "sentence", 0.4, 0.3),
        (0.5, "batch", 0.4, 0.3),
    ],
)
def test_the_gradients_are_those_of_the_loss(mode, dropout, draw, word_dropout, l2):
    architecture = Architecture(mode, 6, 2, (1, 3), 3, 3)
    parameters = random_parameters(architecture, np.random.default_rng(5))
    batch = Examples(packed([[1, 2, 2, 3], [], [5], [4, 1, 0, 5, 2]]), np.array([0, 2, 1, 2]))
    plain = (thinned_step if draw == "batch" else kim_step)(architecture, dropout)
    step = with_l2(with_word_dropout(plain, word_dropout), l2)

    def evaluate() -> tuple[float, np.ndarray, Gradients]:
        # The same seed each time, so that the same words and features are dropped.
        return step(parameters, batch, np.random.default_rng(11))

    _, _, gradients = evaluate()
    assert set(gradients) == set(architecture.trained)
    for name, gradient in gradients.items():
        numeric = numeric_gradient(lambda: np.array(evaluate()[0]), parameters[name], 1.0)
        assert_close(whole(gradient, len(parameters[name])), numeric, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("mode", MODES)
def test_evaluation_gives_the_logits_of_the_forward_pass_whatever_the_chunks(mode, monkeypatch):
    rng = np.random.default_rng(2)
    architecture = Architecture(mode, 7, 3, (2, 3), 4, 3)
    parameters = random_parameters(architecture, rng)
    batch = packed([list(rng.integers(0, 7, length)) for length in (3, 0, 1, 8, 2, 5, 0)])
    expected, _ = network.forward(parameters, architecture, batch)
    for chunk in (1, 5, 20, 512):
        monkeypatch.setattr(network, "WORDS_AT_ONCE", chunk)
        logits = Network(architecture, parameters).logits(batch)
        np.testing.assert_allclose(logits, expected, atol=1e-12)


def test_an_empty_sentence_pools_to_the_relu_of_the_bias():
    architecture = Architecture("rand", 3, 2, (2, 3), 1, 2)
    parameters = random_parameters(architecture, np.random.default_rng(0))
    parameters["convolution/bias"][:] = [-1, 2]
    features = np.array([0.0, 2.0])
    expected = features @ parameters["dense/weights"].T + parameters["dense/bias"]
    logits = Network(architecture, parameters).logits(packed([[]]))
    np.testing.assert_allclose(logits, [expected])


@pytest.mark.parametrize("mode", MODES)
def test_initial_parameters_have_the_stated_shapes_and_ranges(mode):
    architecture = Architecture(mode, 11, 5, (2, 4), 3, 4)
    parameters = initial_parameters(architecture, np.random.default_rng(0))
    assert {name: array.shape for name, array in parameters.items()} == architecture.shapes()
    assert {array.dtype for array in parameters.values()} == {np.dtype(np.float32)}
    channels = 2 if mode == "multichannel" else 1
    assert parameters["convolution/weights"].shape == (5 * channels, 6, 3)
    for name in architecture.channels:
        assert 0.2 < np.abs(parameters[name]).max() <= 0.25
    for name in ("convolution/bias", "dense/bias"):
        assert not parameters[name].any()
    # Glorot and Bengio (2010), equation 16, a filter's fan-in being the words it sees.
    for rows, height in ((slice(0, 2), 2), (slice(2, 6), 4)):
        limit = np.sqrt(6 / (height * 5 * channels + 3))
        assert np.abs(parameters["convolution/weights"][:, rows]).max() <= limit
    assert np.abs(parameters["dense/weights"]).max() <= np.sqrt(6 / (6 + 4))


def test_initial_parameters_start_every_channel_from_the_given_vectors():
    architecture = Architecture("multichannel", 4, 2, (1,), 1, 2)
    vectors = np.arange(8, dtype=np.float64).reshape(4, 2)
    parameters = initial_parameters(architecture, np.random.default_rng(0), vectors)
    for name in ("embedding/static", "embedding/tuned"):
        assert parameters[name].tolist() == vectors.tolist()
    assert parameters["embedding/static"] is not parameters["embedding/tuned"]
    assert not np.shares_memory(parameters["embedding/static"], parameters["embedding/tuned"])


def test_training_does_not_change_the_given_vectors():
    architecture = Architecture("rand", 4, 2, (1,), 1, 2)
    vectors = np.ones((4, 2), np.float32)
    parameters = initial_parameters(architecture, np.random.default_rng(0), vectors)
    assert not np.shares_memory(parameters["embedding/tuned"], vectors)


def test_a_seed_decides_what_is_dropped_and_without_one_nothing_is():
    architecture = Architecture("rand", 6, 3, (1, 2), 9, 2)
    parameters = random_parameters(architecture, np.random.default_rng(0))
    batch = packed([[1, 2, 3], [4, 5]])

    def logits(seed: int | None) -> np.ndarray:
        rng = None if seed is None else np.random.default_rng(seed)
        return network.forward(parameters, architecture, batch, 0.5, rng)[0]

    assert logits(1).tobytes() == logits(1).tobytes()
    assert logits(1).tobytes() != logits(2).tobytes()
    whole_network = Network(architecture, parameters).logits(batch)
    np.testing.assert_allclose(logits(None), whole_network, atol=1e-12)
    assert not np.allclose(logits(1), whole_network)


def test_a_step_drops_what_its_rate_says():
    architecture = Architecture("rand", 6, 3, (1, 2), 9, 2)
    parameters = random_parameters(architecture, np.random.default_rng(0))
    batch = Examples(packed([[1, 2, 3], [4, 5]]), np.array([0, 1]))

    def loss(*rate: float) -> float:
        return kim_step(architecture, *rate)(parameters, batch, np.random.default_rng(3))[0]

    assert loss() == loss(0.0)
    assert loss(0.5) != loss(0.0)


def test_random_vectors_are_the_same_numbers_in_any_type():
    narrow, wide = (
        random_vectors(np.random.default_rng(0), (5000, 2), kind)
        for kind in (np.float32, np.float64)
    )
    assert (narrow.dtype, wide.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))


def test_initial_parameters_refuse_vectors_of_another_shape():
    architecture = Architecture("static", 4, 2, (1,), 1, 2)
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4, 2\)"):
        initial_parameters(architecture, np.random.default_rng(0), np.zeros((4, 3)))


def test_the_gradients_of_a_network_of_several_labels():
    rng = np.random.default_rng(4)
    architecture = Architecture("rand", 7, 3, (1, 3), 4, 3, multilabel=True)
    parameters = random_parameters(architecture, rng)
    batch, targets = packed([[1, 2, 3, 3], [], [6], [5, 4, 0, 2, 1]]), rng.random((4, 3)) < 0.5
    weights = rng.random((4, 3))
    examples, step = Examples(batch, targets, weights), kim_step(architecture)

    def loss() -> np.ndarray:
        return np.array(step(parameters, examples, None)[0])

    _, _, gradients = step(parameters, examples, None)
    for name, gradient in gradients.items():
        assert_close(whole(gradient, 7), numeric_gradient(loss, parameters[name], 1.0))


def test_a_step_counts_each_example_by_its_weight():
    architecture, weights = Architecture("rand", 6, 2, (1, 3), 3, 3), np.array([2.0, 0.5])
    parameters = random_parameters(architecture, np.random.default_rng(1))
    batch, targets = packed([[1, 2, 3], [4, 5]]), np.array([0, 2])
    loss, logits, _ = kim_step(architecture)(parameters, Examples(batch, targets, weights), None)
    assert loss == softmax_cross_entropy(logits, targets, weights)[0]
    assert loss != softmax_cross_entropy(logits, targets)[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_have_the_type_of_the_parameters(dtype):
    architecture = Architecture("rand", 6, 2, (1, 3), 3, 3)
    parameters = random_parameters(architecture, np.random.default_rng(1))
    typed = {name: array.astype(dtype) for name, array in parameters.items()}
    logits = Network(architecture, typed).logits(packed([[1, 2, 3], [], [4, 5]]))
    assert logits.dtype == dtype
