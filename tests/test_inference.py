"""A sentence's probabilities: the same alone, in any batch, in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_run import labelled_sentences

from textcnn.checkpoint import Checkpoint, load_checkpoint
from textcnn.classifier import Classifier
from textcnn.inference import InferenceNetwork
from textcnn.layers.softmax import softmax
from textcnn.network import Architecture, evaluation_logits, initial_parameters
from textcnn.packed import PackedSentences
from textcnn.text_numbers import TextNumbers
from textcnn.tokenizers import kim, unicode
from textcnn.vocabulary import Vocabulary

SENTENCES = st.lists(st.lists(st.integers(0, 199), max_size=30), min_size=1, max_size=12)


def packed(sentences: list[list[int]]) -> PackedSentences:
    words = np.array([word for sentence in sentences for word in sentence], np.int32)
    lengths = np.array([len(sentence) for sentence in sentences], np.int64)
    return PackedSentences(words, lengths)


def network(mode: str = "rand") -> InferenceNetwork:
    # Heights, maps and dimensions that no vector instruction divides evenly.
    architecture = Architecture(mode, 200, 13, (3, 1, 5), 7, 3)
    parameters = initial_parameters(architecture, np.random.default_rng(0))
    return InferenceNetwork(parameters, architecture)


@pytest.mark.parametrize("mode", ["rand", "multichannel"])
@settings(max_examples=40, deadline=None)
@given(sentences=SENTENCES, seed=st.integers(0, 99))
def test_the_same_bytes_alone_in_any_batch_and_in_any_order(mode, sentences, seed):
    together = network(mode).probabilities(packed(sentences))
    order = np.random.default_rng(seed).permutation(len(sentences))
    shuffled = network(mode).probabilities(packed([sentences[row] for row in order]))
    assert shuffled.tobytes() == together[order].tobytes()
    used = network(mode)  # One network for all, which remembers the words it has met.
    for sentence, expected in zip(sentences, together, strict=True):
        alone = network(mode).probabilities(packed([sentence]))
        assert alone.tobytes() == expected.tobytes()
        assert used.probabilities(packed([sentence])).tobytes() == expected.tobytes()


def test_the_same_bytes_in_a_batch_of_many_chunks():
    rng = np.random.default_rng(1)
    sentences = [rng.integers(0, 200, rng.integers(0, 40)).tolist() for _ in range(700)]
    together = network().probabilities(packed(sentences))
    for row in (0, 255, 256, 511, 512, 699):
        assert (
            network().probabilities(packed([sentences[row]])).tobytes() == together[row].tobytes()
        )


@pytest.mark.parametrize("mode", ["rand", "static", "nonstatic", "multichannel"])
@settings(max_examples=30, deadline=None)
@given(sentences=SENTENCES)
def test_the_answer_is_that_of_evaluation(mode, sentences):
    architecture = Architecture(mode, 200, 13, (3, 1, 5), 7, 3)
    parameters = initial_parameters(architecture, np.random.default_rng(0))
    inference = InferenceNetwork(parameters, architecture)
    expected = softmax(evaluation_logits(parameters, architecture, packed(sentences)))
    np.testing.assert_allclose(inference.probabilities(packed(sentences)), expected, atol=1e-6)


def test_no_sentences_give_no_rows():
    assert network().logits(packed([])).shape == (0, 3)
    assert network().probabilities(packed([])).shape == (0, 3)


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


def test_a_sentence_of_unknown_words_has_the_answer_of_the_unknown_word(checkpoint):
    classifier = Classifier(checkpoint)
    unknown, other, empty, dropped = classifier.predict_proba(["zzz", "qqq", "", "…"])
    assert unknown.tobytes() == other.tobytes()
    assert empty.tobytes() == dropped.tobytes()
    assert unknown.tobytes() != empty.tobytes()


def test_an_empty_list_is_answered_by_an_empty_one(checkpoint):
    classifier = Classifier(checkpoint)
    assert classifier.predict([]) == []
    assert classifier.predict_proba([]).shape == (0, 2)


@pytest.mark.parametrize("tokenize", [kim, unicode])
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.text(), max_size=5))
def test_numbering_a_text_is_tokenising_and_packing_it(tokenize, texts):
    tokens = [tokenize(text) for text in texts]
    vocabulary = Vocabulary.fit(tokens[::2])
    numbers = TextNumbers(tokenize, vocabulary)
    expected = vocabulary.pack(tokens)
    for _ in range(2):  # The second time everything is remembered.
        packed_texts = numbers.pack(texts)
        assert packed_texts.words.tolist() == expected.words.tolist()
        assert packed_texts.lengths.tolist() == expected.lengths.tolist()


def test_every_sentence_of_the_data_is_the_same_alone(checkpoint):
    texts = labelled_sentences().texts
    together = Classifier(checkpoint).predict_proba(texts)
    alone = np.concatenate([Classifier(checkpoint).predict_proba([text]) for text in texts])
    assert alone.tobytes() == together.tobytes()
