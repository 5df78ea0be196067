"""A sentence's probabilities: the same alone, in any batch, in any order."""

import copy
import dataclasses
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tests.support.small_run import labelled_sentences
from textcnn.core import plain_network
from textcnn.core.architecture import MODES, Architecture, initial_parameters
from textcnn.core.layers import convolve_and_pool as pooling_module
from textcnn.core.layers.convolve_and_pool import pooled_maxima
from textcnn.core.sentences import PackedSentences
from textcnn.core.tokenizers import CUSTOM, kim, unicode
from textcnn.core.vocabulary import Vocabulary
from textcnn.inference import maxima as maxima_module
from textcnn.inference import network as network_module
from textcnn.inference.classifier import Classifier
from textcnn.inference.maxima import maxima_of_one
from textcnn.inference.network import InferenceNetwork
from textcnn.inference.projected_words import ProjectedWords, rows_by_place
from textcnn.inference.text_packer import TextPacker
from textcnn.recipe.ngrams.expert import Texts
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint

SENTENCES = st.lists(st.lists(st.integers(0, 199), max_size=30), min_size=1, max_size=12)


def packed(sentences: list[list[int]]) -> PackedSentences:
    words = np.array([word for sentence in sentences for word in sentence], np.int32)
    lengths = np.array([len(sentence) for sentence in sentences], np.int64)
    return PackedSentences(words, lengths)


def network(mode: str = "rand") -> InferenceNetwork:
    # Heights, maps and dimensions that no vector instruction divides evenly.
    architecture = Architecture(mode, 200, 13, (3, 1, 5), 7, 3)
    parameters = initial_parameters(architecture, np.random.default_rng(0))
    return InferenceNetwork([parameters], architecture)


@pytest.mark.parametrize("mode", ["rand", "multichannel"])
@settings(max_examples=40, deadline=None)
@given(sentences=SENTENCES, seed=st.integers(0, 99))
def test_the_same_bytes_alone_in_any_batch_and_in_any_order(mode, sentences, seed):
    together = network(mode).logits(packed(sentences))
    order = np.random.default_rng(seed).permutation(len(sentences))
    shuffled = network(mode).logits(packed([sentences[row] for row in order]))
    assert shuffled.tobytes() == together[order].tobytes()
    used = network(mode)  # One network for all, which remembers the words it has met.
    for sentence, expected in zip(sentences, together, strict=True):
        alone = network(mode).logits(packed([sentence]))
        assert alone.tobytes() == expected.tobytes()
        assert used.logits(packed([sentence])).tobytes() == expected.tobytes()


def test_the_same_bytes_in_a_batch_of_many_chunks():
    rng = np.random.default_rng(1)
    sentences = [rng.integers(0, 200, rng.integers(0, 40)).tolist() for _ in range(700)]
    together = network().logits(packed(sentences))
    for row in (0, 255, 256, 511, 512, 699):
        assert network().logits(packed([sentences[row]])).tobytes() == together[row].tobytes()


def test_a_long_sentence_is_classified_in_blocks_of_its_windows(monkeypatch):
    architecture = Architecture("rand", 200, 13, (3, 1, 5), 7, 3)
    parameters = initial_parameters(architecture, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    sentences = packed([rng.integers(0, 200, n).tolist() for n in (*range(40), 64, 65, 66, 500)])
    whole = InferenceNetwork([parameters], architecture).logits(sentences)
    for module in (maxima_module, pooling_module):
        monkeypatch.setattr(module, "WINDOWS_AT_ONCE", 8)
    monkeypatch.setattr(network_module, "WORDS_AT_ONCE", 100)
    in_blocks = InferenceNetwork([parameters], architecture).logits(sentences)
    assert in_blocks.tobytes() == whole.tobytes()


def test_the_memory_of_a_long_sentence_does_not_grow_with_its_length():
    model = network()
    words = np.random.default_rng(0).integers(0, 200, 1_000_000).astype(np.int32)
    model.logits(PackedSentences(words[:9], np.array([4, 5])))
    for lengths in ([len(words)], [3, len(words) - 3]):
        tracemalloc.start()
        model.logits(PackedSentences(words, np.array(lengths)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 48 * len(words)  # The token ids, several times; not their windows.


@settings(max_examples=150, deadline=None)
@given(
    sentences=SENTENCES,
    mode=st.sampled_from(MODES),
    sizes=st.sampled_from([(3, 1, 5), (40,), (2, 2)]),
    dim=st.integers(1, 20),
    maps=st.integers(1, 9),
    size=st.floats(1e-3, 1e3),
    seed=st.integers(0, 99),
)
def test_predictions_are_those_of_the_plain_network_but_for_the_rounding(
    sentences, mode, sizes, dim, maps, size, seed
):
    """One word towers over the others: its windows come close to the largest sum allowed."""
    architecture = Architecture(mode, 200, dim, sizes, maps, 3)
    parameters = initial_parameters(architecture, np.random.default_rng(seed), dtype=np.float64)
    parameters[architecture.channels[0]][7] *= size
    batch = packed([*sentences, [7] * 60])
    exact, _ = plain_network.forward(parameters, architecture, batch)
    narrow = {name: array.astype(np.float32) for name, array in parameters.items()}
    inference = InferenceNetwork([narrow], architecture)
    # Each of the rows of a window is rounded by half a step at most.
    off = inference.members[0].projected.step_sizes * np.repeat(sizes, maps) / 2
    most = np.abs(parameters["dense/weights"]) @ off
    assert (np.abs(inference.logits(batch) - exact) <= most + 1e-5 * (1 + np.abs(exact))).all()


def test_no_window_overflows_even_where_all_words_pull_one_way():
    """Words and filters that are all alike reach the bound that the steps are made for."""
    architecture = Architecture("rand", 3, 4, (1, 5, 40), 2, 2)
    parameters = initial_parameters(architecture, np.random.default_rng(0))
    for name in ("embedding/tuned", "convolution/weights"):
        parameters[name][...] = 0.1
    for sign in (1, -1):
        parameters["embedding/tuned"][1:] = sign * 0.1
        network = InferenceNetwork([parameters], architecture)
        network.logits(packed([[1, 2] * 50]))
        (member,) = network.members
        projected = member.projected
        maxima = maxima_of_one(projected.rows, np.array([1, 2] * 50), architecture.filter_sizes)
        expected = np.repeat([1.0, 5.0, 40.0], 2) * 4 * 0.01 if sign > 0 else np.full(6, -0.04)
        found = maxima[0] * projected.step_sizes
        np.testing.assert_allclose(found, expected, rtol=2e-3)
        assert np.abs(maxima).max() > 32_600 or sign < 0


@settings(max_examples=80, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=9),
    sizes=st.sampled_from([(3, 4, 5), (1,), (2, 7), (4, 1, 3), (2, 2)]),
    seed=st.integers(0, 99),
)
def test_maxima_of_one_sentence_are_those_in_a_batch(lengths, sizes, seed):
    rng, filter_rows = np.random.default_rng(seed), rows_by_place(sizes)
    P = rng.integers(-99, 99, (10, 3 * sum(sizes))).astype(np.int16)
    P[-1] = 0
    sentences = PackedSentences(rng.integers(0, 9, sum(lengths)), np.array(lengths))
    expected = pooled_maxima(P, sentences, filter_rows)
    assert expected.dtype == np.int16
    for row, start in enumerate(sentences.starts):
        words = sentences.token_ids[start : start + lengths[row]]
        np.testing.assert_array_equal(maxima_of_one(P, words, sizes), expected[[row]])


def test_rows_by_place_are_the_first_of_all_heights_then_the_second():
    assert rows_by_place((2, 3)) == [[0, 2], [1, 3, 4]]
    assert rows_by_place((3, 1, 3)) == [[1, 3, 5], [0], [2, 4, 6]]


def test_how_many_threads_share_a_product_changes_no_projection():
    architecture = Architecture("rand", 640, 600, (3, 4, 5), 100, 2)
    parameters = initial_parameters(architecture, np.random.default_rng(0))
    tables = []
    for threads in (1, 2):
        projected = ProjectedWords(parameters, architecture)
        with threadpool_limits(threads):
            projected.need(np.arange(architecture.vocabulary_size))
        tables.append(projected.rows)
    np.testing.assert_array_equal(*tables)


def test_an_ensembles_logits_are_the_mean():
    rng = np.random.default_rng(4)
    sentences = packed([rng.integers(0, 30, rng.integers(0, 9)).tolist() for _ in range(200)])
    architecture = Architecture("rand", 30, 5, (2, 3), 4, 3)
    networks = [initial_parameters(architecture, rng) for _ in range(3)]
    alone = [InferenceNetwork([each], architecture).logits(sentences) for each in networks]
    together = InferenceNetwork(networks, architecture).logits(sentences)
    np.testing.assert_allclose(together, np.mean(alone, axis=0), atol=1e-6)


def test_no_sentences_give_no_rows():
    assert network().logits(packed([])).shape == (0, 3)


@pytest.mark.parametrize("name", ["dense/weights", "convolution/weights", "embedding/tuned"])
def test_numbers_that_overflow_are_no_prediction(checkpoint, name):
    spoilt = {**checkpoint.networks[0], name: np.full_like(checkpoint.networks[0][name], 3e38)}
    classifier = Classifier(dataclasses.replace(checkpoint, networks=(spoilt,)))
    for texts in (["a fine film"], ["a fine film", "dull"] * 200):
        with pytest.raises(UserError, match="too large to be added up, so it has no prediction"):
            classifier.predict_proba(texts)


def test_a_model_weighs_its_experts(checkpoint):
    classifier, texts = Classifier(checkpoint), ["a fine film", "", "zzz dull", "so slow a plot"]
    alone = classifier.expert_logits(texts)
    assert list(alone) == ["network", "n-grams"]
    weights, bias = checkpoint.fusion.weights, checkpoint.fusion.bias
    expected = weights[0] * alone["network"] + weights[1] * alone["n-grams"] + bias
    np.testing.assert_allclose(classifier.logits(texts), expected, atol=1e-6)
    fused = classifier.fused_probabilities(alone)
    assert fused.tobytes() == classifier.predict_proba(texts).tobytes()


# The same through text


@pytest.fixture(scope="module")
def checkpoint(trained_run) -> Checkpoint:
    return load_checkpoint(trained_run / "checkpoints" / "best.h5")


def test_a_trained_network_tells_the_labels_apart(checkpoint):
    corpus = labelled_sentences(60, seed=9)
    predicted = Classifier(checkpoint).predict(corpus.texts)
    assert np.mean([a == b for a, b in zip(predicted, corpus.labels, strict=True)]) > 0.9


def test_probabilities_are_rows_that_sum_to_1(checkpoint):
    probabilities = Classifier(checkpoint).predict_proba(["a fine film", "", "zzz", "a"])
    assert probabilities.shape == (4, 2)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_unknown_words_are_one_to_the_network_and_speak_by_their_parts(checkpoint):
    classifier = Classifier(checkpoint)
    alone = classifier.expert_logits(["zzz", "qqq", "", "…", "warmth"])
    unknown, other, empty, dropped, warmth = alone["network"]
    assert unknown.tobytes() == other.tobytes() == warmth.tobytes()
    assert empty.tobytes() == dropped.tobytes()
    assert unknown.tobytes() != empty.tobytes()
    unknown, other, empty, dropped, warmth = alone["n-grams"]
    assert empty.tobytes() == dropped.tobytes() == unknown.tobytes() == other.tobytes()
    assert {"warm", "charming"} <= set(checkpoint.vocabulary.words)
    good = checkpoint.labels.index("good")
    assert warmth[good] - warmth[1 - good] > empty[good] - empty[1 - good]


def test_a_classifier_can_be_copied_and_pickled(checkpoint):
    config = dataclasses.replace(checkpoint.config, tokenizer=CUSTOM)
    custom, texts = dataclasses.replace(checkpoint, config=config), ["a fine film", "dull"]
    for classifier in (Classifier(checkpoint), Classifier(custom, str.split)):
        predictions = classifier.predict_proba(texts).tobytes()
        for copied in (copy.deepcopy(classifier), pickle.loads(pickle.dumps(classifier))):  # noqa: S301
            assert copied.predict_proba(texts).tobytes() == predictions


def test_an_empty_list_gives_an_empty_one(checkpoint):
    classifier = Classifier(checkpoint)
    assert classifier.predict([]) == []
    assert classifier.predict_proba([]).shape == (0, 2)


@pytest.mark.parametrize("tokenize", [kim, unicode])
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.text(), max_size=5))
def test_packing_texts_is_tokenising_and_packing_it(tokenize, texts):
    tokens = [tokenize(text) for text in texts]
    vocabulary = Vocabulary.fit(tokens[::2])
    packer = TextPacker(tokenize, vocabulary, spell_unknown=True)
    expected, unknown = vocabulary.pack(tokens), Texts.of(tokens, vocabulary).unknown
    for _ in range(2):  # The second time everything is remembered.
        packed_texts = packer.pack(texts)
        assert packed_texts.sentences.token_ids.tolist() == expected.token_ids.tolist()
        assert packed_texts.sentences.lengths.tolist() == expected.lengths.tolist()
        assert list(packed_texts.unknown) == list(unknown)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text("ab "), max_size=5), longest=st.integers(1, 4))
def test_texts_are_cut_with_their_unknown_words(texts, longest):
    vocabulary = Vocabulary(["<unknown>", "a", "b"])
    packer = TextPacker(kim, vocabulary, longest, spell_unknown=True)
    expected = Texts.of([kim(text)[:longest] for text in texts], vocabulary)
    found = packer.pack(texts)
    assert found.sentences.token_ids.tolist() == expected.sentences.token_ids.tolist()
    assert list(found.unknown) == list(expected.unknown)


def test_packing_forgets_when_it_has_remembered_enough_and_stays_right(monkeypatch):
    monkeypatch.setattr("textcnn.inference.text_packer.CACHE_CHARACTERS", 40)
    texts = [f"word{number} again word{number // 2}" for number in range(60)]
    vocabulary = Vocabulary.fit([kim(text) for text in texts[::2]])
    packer = TextPacker(kim, vocabulary)
    sizes = []
    for start in range(0, 60, 5):
        some = texts[start : start + 5]
        packed_texts, expected = packer.pack(some), vocabulary.pack([kim(text) for text in some])
        assert packed_texts.sentences.token_ids.tolist() == expected.token_ids.tolist()
        sizes.append(packer._pieces.characters)
    assert max(sizes) < 40 + max(len(" ".join(texts[i : i + 5])) for i in range(0, 60, 5))


def test_packing_in_several_threads_at_once():
    texts = [f"w{number % 97} w{number % 89} x{number}" for number in range(4000)]
    vocabulary = Vocabulary.fit([kim(text) for text in texts[::3]])
    packer = TextPacker(kim, vocabulary)
    parts = [texts[start : start + 50] for start in range(0, 4000, 50)]
    with ThreadPoolExecutor(8) as pool:
        packed_parts = list(pool.map(packer.pack, parts))
    for part, packed_part in zip(parts, packed_parts, strict=True):
        expected = vocabulary.pack([kim(text) for text in part])
        assert packed_part.sentences.token_ids.tolist() == expected.token_ids.tolist()


def test_every_sentence_of_the_data_is_the_same_alone(checkpoint):
    texts = labelled_sentences().texts
    together = Classifier(checkpoint).predict_proba(texts)
    alone = np.concatenate([Classifier(checkpoint).predict_proba([text]) for text in texts])
    assert alone.tobytes() == together.tobytes()
