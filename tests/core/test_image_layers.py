"""The fast image layers equal the reference on random shapes and pass gradient checks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.numeric import assert_close, numeric_gradient
from textcnn import reference
from textcnn.core.images import conv2d, pool2d

# No deadline: the reference is slow by design, and continuous integration slower still.
many_shapes = settings(deadline=None, max_examples=60)


@st.composite
def convolutions(draw):
    """Arguments of conv_forward: any stride, padding, rectangle, windows even or not."""
    f_h, f_w = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    stride, pad = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    n_H = draw(st.integers(max(f_h - 2 * pad, 1), 7))
    n_W = draw(st.integers(max(f_w - 2 * pad, 1), 6))
    m, depth, n_C = draw(st.integers(0, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    A_prev = rng.standard_normal((m, n_H, n_W, depth))
    W, b = rng.standard_normal((f_h, f_w, depth, n_C)), rng.standard_normal((1, 1, 1, n_C))
    return A_prev, W, b, {"stride": stride, "pad": pad}


@st.composite
def poolings(draw):
    """Arguments of pool_forward, with real numbers or with a few whole ones that tie."""
    f_h, f_w = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    hparameters = {"stride": draw(st.integers(1, 4)), "f": (f_h, f_w)}
    if draw(st.booleans()):
        hparameters["pad"] = draw(st.integers(0, min(f_h, f_w) - 1))
    if f_h == f_w and draw(st.booleans()):
        hparameters["f"] = f_h
    shape = (
        *(draw(st.integers(0, 3)), draw(st.integers(f_h, 7))),
        *(draw(st.integers(f_w, 6)), draw(st.integers(1, 3))),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        return rng.integers(-2, 2, shape).astype(np.float64), hparameters
    return rng.standard_normal(shape), hparameters


def assert_same(fast, slow):
    assert fast.shape == slow.shape
    assert fast.dtype == np.float64
    np.testing.assert_allclose(fast, slow, rtol=1e-11, atol=1e-11)


@many_shapes
@given(convolutions())
def test_convolution_equals_the_reference(arguments):
    Z, cache = conv2d.conv_forward(*arguments)
    expected, reference_cache = reference.conv_forward(*arguments)
    assert_same(Z, expected)
    assert all(ours is theirs for ours, theirs in zip(cache, reference_cache, strict=True))

    dZ = np.random.default_rng(0).standard_normal(Z.shape)
    gradients = conv2d.conv_backward(dZ, cache)
    for ours, theirs in zip(gradients, reference.conv_backward(dZ, cache), strict=True):
        assert_same(ours, theirs)


@many_shapes
@given(poolings(), st.sampled_from(["max", "average"]))
def test_pooling_equals_the_reference(arguments, mode):
    A, cache = pool2d.pool_forward(*arguments, mode)
    expected, reference_cache = reference.pool_forward(*arguments, mode)
    assert_same(A, expected)
    assert all(ours is theirs for ours, theirs in zip(cache, reference_cache, strict=True))

    dA = np.random.default_rng(0).standard_normal(A.shape)
    assert_same(pool2d.pool_backward(dA, cache, mode), reference.pool_backward(dA, cache, mode))


def test_every_tied_maximum_receives_the_gradient():
    image = np.array([[3.0, 1.0, 3.0], [2.0, 3.0, 0.0]]).reshape(1, 2, 3, 1)
    _, cache = pool2d.pool_forward(image, {"stride": 1, "f": 2})
    gradient = pool2d.pool_backward(np.array([7.0, 5.0]).reshape(1, 1, 2, 1), cache)
    assert gradient[0, :, :, 0].tolist() == [[7, 0, 5], [0, 12, 0]]


def test_pooling_takes_whole_numbers():
    A_prev, hparameters = np.arange(16).reshape(1, 4, 4, 1), {"stride": 2, "f": 2, "pad": 1}
    for mode in ("max", "average"):
        A, cache = pool2d.pool_forward(A_prev, hparameters, mode)
        assert_same(A, reference.pool_forward(A_prev, hparameters, mode)[0])
        dA = np.arange(A.size).reshape(A.shape)
        assert_same(pool2d.pool_backward(dA, cache, mode), reference.pool_backward(dA, cache, mode))


@pytest.mark.parametrize(
    ("window", "stride", "pad"),
    [((2, 2), 1, 0), ((3, 3), 2, 1), ((3, 1), 1, 2), ((2, 3), 3, 0)],
)
def test_convolution_gradients(rng, window, stride, pad):
    A_prev = rng.standard_normal((2, 5, 4, 3))
    W, b = rng.standard_normal((*window, 3, 2)), rng.standard_normal((1, 1, 1, 2))
    hparameters = {"stride": stride, "pad": pad}
    Z, cache = conv2d.conv_forward(A_prev, W, b, hparameters)
    dZ = rng.standard_normal(Z.shape)

    def output():
        return conv2d.conv_forward(A_prev, W, b, hparameters)[0]

    for analytic, array in zip(conv2d.conv_backward(dZ, cache), (A_prev, W, b), strict=True):
        assert_close(analytic, numeric_gradient(output, array, dZ))


@pytest.mark.parametrize("mode", ["max", "average"])
@pytest.mark.parametrize(
    "hparameters",
    [{"stride": 1, "f": 2}, {"stride": 2, "f": (3, 2)}, {"stride": 2, "f": 3, "pad": 1}],
)
def test_pooling_gradients(rng, mode, hparameters):
    # Distinct numbers far apart, for a maximum has no derivative where it is tied.
    A_prev = rng.permutation(2 * 5 * 4 * 3).reshape(2, 5, 4, 3) / 10
    A, cache = pool2d.pool_forward(A_prev, hparameters, mode)
    dA = rng.standard_normal(A.shape)

    def output():
        return pool2d.pool_forward(A_prev, hparameters, mode)[0]

    analytic = pool2d.pool_backward(dA, cache, mode)
    assert_close(analytic, numeric_gradient(output, A_prev, dA))


@pytest.mark.parametrize("pad", [0, 1])
def test_float32_stays_float32(rng, pad):
    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    images = normal(2, 5, 5, 3)
    Z, cache = conv2d.conv_forward(
        images, normal(3, 2, 3, 4), normal(1, 1, 1, 4), {"stride": 2, "pad": pad}
    )
    results = [Z, *conv2d.conv_backward(normal(*Z.shape), cache)]
    for mode in ("max", "average"):
        A, pool_cache = pool2d.pool_forward(images, {"stride": 2, "f": 2, "pad": pad}, mode)
        results += [A, pool2d.pool_backward(normal(*A.shape), pool_cache, mode)]
    assert {result.dtype.name for result in results} == {"float32"}


def test_arguments_are_left_as_they_were(rng):
    A_prev, W, b = (rng.standard_normal(shape) for shape in [(2, 4, 4, 3), (1, 1, 3, 2), (1,) * 4])
    b = np.repeat(b, 2, axis=3)
    before = [array.copy() for array in (A_prev, W, b)]
    Z, cache = conv2d.conv_forward(A_prev, W, b, {"stride": 1, "pad": 0})
    conv2d.conv_backward(Z, cache)
    for mode in ("max", "average"):
        A, pool_cache = pool2d.pool_forward(A_prev, {"stride": 1, "f": 1}, mode)
        pool2d.pool_backward(A, pool_cache, mode)
    for array, original in zip((A_prev, W, b), before, strict=True):
        assert np.array_equal(array, original)


def test_what_does_not_fit():
    images, W, b = np.zeros((2, 4, 4, 3)), np.zeros((2, 2, 3, 5)), np.zeros((1, 1, 1, 5))
    hparameters = {"stride": 1, "pad": 0}
    with pytest.raises(ValueError, match="1 channels, but W is made for 3"):
        conv2d.conv_forward(images[..., :1], W, b, hparameters)
    with pytest.raises(ValueError, match="dZ has shape"):
        conv2d.conv_backward(np.zeros((2, 3, 3, 1)), (images, W, b, hparameters))
    with pytest.raises(ValueError, match="does not fit"):
        pool2d.pool_forward(images, {"stride": 1, "f": 5})
    with pytest.raises(ValueError, match='must be "max" or "average"'):
        pool2d.pool_backward(images, (images, {"stride": 1, "f": 1}), "mean")


@pytest.fixture
def rng():
    return np.random.default_rng(7)
