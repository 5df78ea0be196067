"""What is made of several experts' logits."""

import numpy as np
import pytest

from textcnn.core.layers.softmax import softmax
from textcnn.core.objective import objective_of
from textcnn.recipe.fusion import BIAS_DEVIATION, TRUST_DEVIATION, Fusion


def drawn(count: int, classes: int = 3, scale: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """True logits, and classes drawn by them."""
    rng = np.random.default_rng(0)
    logits = scale * rng.normal(size=(count, classes))
    uniform = rng.random((count, 1))
    return logits, (softmax(logits).cumsum(axis=1) < uniform).sum(axis=1)


def loss(logits: np.ndarray, targets: np.ndarray) -> float:
    return objective_of(targets.ndim == 2).loss(logits.astype(float), targets, None)[0]


def test_without_sentences_experts_are_added_as_they_are_expected_to_be():
    nothing = np.zeros((0, 3), np.float32)
    fusion = Fusion.fit([nothing, nothing], np.zeros(0, np.int64))
    assert fusion.weights.tolist() == [0.5, 0.5]
    assert fusion.bias.tolist() == [0, 0, 0]
    assert Fusion.fit([nothing], np.zeros(0, np.int64)).weights.tolist() == [1]


def test_two_experts_that_say_nothing_new_are_expected_to_be_the_mean_at_the_size_of_the_first():
    logits, classes = drawn(20)
    fused = Fusion.fit([logits, 10 * logits], classes, np.zeros(20))
    np.testing.assert_allclose(fused.combine([logits, 10 * logits]), logits, rtol=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_many_sentences_find_the_temperature_that_made_the_classes(temperature):
    logits, classes = drawn(20_000)
    fusion = Fusion.fit([temperature * logits], classes)
    assert fusion.weights[0] == pytest.approx(1 / temperature, rel=0.05)
    np.testing.assert_allclose(fusion.bias, 0, atol=0.05)


def test_many_sentences_find_which_expert_to_trust_and_the_biases():
    logits, _ = drawn(20_000)
    noise = np.random.default_rng(1).normal(size=logits.shape)
    uniform = np.random.default_rng(2).random((len(logits), 1))
    shifted = logits + np.array([1.0, 0, 0])
    classes = (softmax(shifted).cumsum(axis=1) < uniform).sum(axis=1)
    fusion = Fusion.fit([logits, noise], classes)
    assert fusion.weights[0] == pytest.approx(1, rel=0.05)
    assert fusion.weights[1] < 0.2
    assert fusion.bias[0] - fusion.bias[1] == pytest.approx(1, abs=0.1)


def test_what_is_found_is_the_likeliest():
    logits, classes = drawn(300)
    expert = 1.7 * logits + np.array([0.6, 0, -0.6])  # So that biases are far from 0.
    fusion = Fusion.fit([expert], classes)

    def posterior(weight: float, bias: np.ndarray) -> float:
        far = (np.log(weight) / TRUST_DEVIATION) ** 2 + ((bias / BIAS_DEVIATION) ** 2).sum()
        return 300 * loss(weight * expert + bias, classes) + far / 2

    best = posterior(fusion.weights[0], fusion.bias)
    for step in (0.98, 1.02):
        assert posterior(step * fusion.weights[0], fusion.bias) > best
        for label in range(3):
            bias = fusion.bias.copy()
            bias[label] += step - 1
            assert posterior(fusion.weights[0], bias) > best


@pytest.mark.parametrize("several", [False, True])
def test_an_expert_that_has_learnt_nothing_spoils_nothing(several):
    """As a network on a hundred sentences: half of the trust would be half of the prediction."""
    logits, classes = drawn(30, scale=3.0)
    targets = np.eye(3, dtype=bool)[classes] if several else classes
    silent = np.random.default_rng(7).normal(size=logits.shape)
    for experts in ([logits, silent], [silent, logits]):
        fusion = Fusion.fit(experts, targets)
        sizes = fusion.weights * [expert.std() for expert in experts]
        trusted, other = sizes if experts[0] is logits else sizes[::-1]
        assert other < 0.2 * trusted


def test_classes_that_dev_lacks_have_no_bias_and_change_nothing():
    """As of a model that goes on with sentences of few of its labels."""
    logits, classes = drawn(60)
    wider = np.concatenate([logits[:, :1], np.full((60, 1), 9.0), logits[:, 1:]], axis=1)
    alone, among = Fusion.fit([logits], classes), Fusion.fit([wider], classes + (classes > 0))
    np.testing.assert_allclose(among.weights, alone.weights, rtol=1e-5)
    np.testing.assert_allclose(among.bias[[0, 2, 3]], alone.bias, atol=1e-5)
    assert among.bias[1] == 0


def test_a_flawless_dev_part_makes_nothing_sure_of_everything():
    logits, _ = drawn(40, classes=4)
    fusion = Fusion.fit([logits], logits.argmax(axis=1))
    assert 1.5 < fusion.weights[0] < 3
    # The likeliest weight alone would be without end, and every loss but that of dev with it.
    others, classes = drawn(4000, classes=4)
    assert loss(fusion.combine([others]), classes) < loss(others, classes) + 0.5


def test_a_flawless_dev_part_makes_two_experts_no_surer_than_one():
    logits, _ = drawn(40, classes=4)
    easy, classes = [logits, 3 * logits], logits.argmax(axis=1)
    alone, fused = Fusion.fit(easy[:1], classes), Fusion.fit(easy, classes)
    surer = fused.combine(easy).std() / alone.combine(easy[:1]).std()
    # Two that move together are twice as far from what is expected.
    assert 0.5 < surer < 1
    others, classes = drawn(4000, classes=4)
    both = [others, 3 * others]
    assert loss(fused.combine(both), classes) < loss(others, classes) + 0.75


def test_all_wrong_leaves_weights_above_zero():
    logits, _ = drawn(50)
    fusion = Fusion.fit([logits, logits], logits.argmin(axis=1))
    assert (fusion.weights > 0).all()
    assert fusion.weights.sum() < 1


def test_classes_that_dev_lacks_are_hardly_held_back():
    logits, classes = drawn(30, classes=2000)
    fusion = Fusion.fit([logits, logits], classes)
    missing = np.setdiff1d(np.arange(2000), classes)
    assert np.abs(fusion.bias[missing]).max() < 0.01
    assert np.abs(fusion.bias).max() < 0.2


def test_experts_that_say_nothing_are_no_harm():
    silent = np.zeros((5, 3), np.float32)
    fusion = Fusion.fit([silent, silent], np.array([0, 0, 1, 2, 2]))
    assert np.isfinite(fusion.weights).all()
    assert np.isfinite(fusion.bias).all()


def test_several_labels_are_fused_label_by_label():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(20_000, 3))
    targets = rng.random(logits.shape) < 1 / (1 + np.exp(-(logits + np.array([0.5, 0, -0.5]))))
    fusion = Fusion.fit([2 * logits], targets)
    assert fusion.weights[0] == pytest.approx(0.5, rel=0.05)
    np.testing.assert_allclose(fusion.bias, [0.5, 0, -0.5], atol=0.1)


def test_weights_count_as_copies_do():
    logits, classes = drawn(200)
    counts = np.random.default_rng(1).integers(0, 3, 200)
    rows = np.repeat(np.arange(200), counts)
    weighted = Fusion.fit([logits], classes, counts.astype(float))
    # The sizes of the experts are those of all rows, whatever they count; with one it is no matter.
    copied = Fusion.fit([logits[rows]], classes[rows])
    np.testing.assert_allclose(weighted.weights, copied.weights, rtol=1e-3)
    np.testing.assert_allclose(weighted.bias, copied.bias, atol=1e-3)


def test_a_sentence_is_fused_the_same_alone():
    logits, classes = drawn(64)
    experts = [logits.astype(np.float32), (logits**3).astype(np.float32)]
    fusion = Fusion.fit(experts, classes)
    together = fusion.combine(experts)
    assert together.dtype == np.float32
    for row in range(64):
        alone = fusion.combine([expert[row : row + 1] for expert in experts])
        assert alone.tobytes() == together[row : row + 1].tobytes()


def test_of_very_many_logits_some_sentences_are_fitted(monkeypatch):
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 400)
    logits = [rng.normal(size=(400, 3)) + 2 * np.eye(3)[targets] for _ in range(2)]
    part = Fusion.fit([expert[::4] for expert in logits], targets[::4], np.ones(100))
    monkeypatch.setattr("textcnn.recipe.fusion.MOST_CELLS", 300)
    found = Fusion.fit(logits, targets, np.ones(400))
    assert found.weights.tobytes() == part.weights.tobytes()
    assert found.bias.tobytes() == part.bias.tobytes()
