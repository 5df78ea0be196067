"""Sentences with what is true of them."""

import numpy as np

from textcnn.core.sentences import Examples, PackedSentences


def test_examples_are_taken_with_their_targets_and_weights():
    sentences = PackedSentences(np.array([5, 6, 7, 8, 9, 4]), np.array([2, 0, 3, 1]))
    examples = Examples(sentences, np.array([1, 0, 2, 1]), np.array([0.5, 1.0, 2.0, 4.0]))
    taken = examples.take(np.array([2, 0]))
    assert taken.sentences.token_ids.tolist() == [7, 8, 9, 5, 6]
    assert taken.sentences.lengths.tolist() == [3, 2]
    assert taken.targets.tolist() == [2, 1]
    assert taken.weights.tolist() == [2.0, 0.5]
    without = Examples(sentences, examples.targets).take(np.array([3]))
    assert without.weights is None
