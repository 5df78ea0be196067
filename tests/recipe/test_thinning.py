"""Dropping maps for a batch: the thinner network against the whole one with those maps silenced."""

import numpy as np
import pytest

from tests.support.numeric import packed, random_parameters, whole
from textcnn.core.architecture import Architecture
from textcnn.core.network import forward
from textcnn.recipe.thinning import thinned


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("mode", ["rand", "static", "multichannel"])
def test_the_thinner_network_is_the_whole_one_with_maps_silenced(mode, rate):
    rng = np.random.default_rng(3)
    architecture = Architecture(mode, 7, 3, (1, 3), 4, 3)
    parameters = random_parameters(architecture, rng)
    batch = packed([[1, 2, 3, 3], [], [6], [5, 4, 0, 2, 1]])
    thin, smaller, restored = thinned(parameters, architecture, rate, np.random.default_rng(1))
    assert smaller.num_filters == {0.0: 4, 0.25: 3, 0.5: 2, 0.9: 1}[rate]

    # Which maps were kept shows in the biases, all different.
    kept = np.isin(parameters["convolution/bias"], thin["convolution/bias"])
    assert kept.reshape(2, 4).sum(axis=1).tolist() == [smaller.num_filters] * 2
    silenced = dict(parameters)
    silenced["dense/weights"] = parameters["dense/weights"] * kept * (4 / smaller.num_filters)

    logits, backward = forward(thin, smaller, batch)
    expected, whole_backward = forward(silenced, architecture, batch)
    np.testing.assert_allclose(logits, expected, atol=1e-12)

    upstream = rng.normal(size=logits.shape)
    gradients, reference = restored(backward(upstream)), whole_backward(upstream)
    # The features of silenced maps still have gradients there; through the mask they have none.
    reference["dense/weights"] = reference["dense/weights"] * kept * (4 / smaller.num_filters)
    assert set(gradients) == set(reference)
    for name, gradient in gradients.items():
        assert whole(gradient, 7).shape == parameters[name].shape
        np.testing.assert_allclose(
            whole(gradient, 7), whole(reference[name], 7), atol=1e-11, err_msg=name
        )


def test_the_draw_differs_from_batch_to_batch_and_not_from_run_to_run():
    architecture = Architecture("rand", 3, 2, (2,), 10, 2)
    parameters = random_parameters(architecture, np.random.default_rng(0))
    rng, again = np.random.default_rng(5), np.random.default_rng(5)
    draws = [thinned(parameters, architecture, 0.5, rng)[0]["convolution/bias"] for _ in range(4)]
    assert not all((draw == draws[0]).all() for draw in draws)
    repeated, _, _ = thinned(parameters, architecture, 0.5, again)
    np.testing.assert_array_equal(repeated["convolution/bias"], draws[0])
