"""The step-by-step layers: the exercise's published numbers, and gradients checked numerically."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples import step_by_step
from tests.support.numeric import assert_close, numeric_gradient
from textcnn import reference
from textcnn.core.layers.convolution import convolve
from textcnn.core.layers.max_over_time import max_over_time

EXAMPLE = Path(__file__).parent.parent / "examples" / "step_by_step.py"


def to_the_last_digit(number):
    """The same double, give or take the order in which the processor adds."""
    return pytest.approx(number, rel=1e-14, abs=0)


def assert_prints_as(array, printed):
    """Equal to an array given to the eight decimals that NumPy prints."""
    np.testing.assert_allclose(array, printed, rtol=0, atol=5.001e-9)


class TestPublishedNumbers:
    @pytest.fixture(autouse=True)
    def _seed(self):
        np.random.seed(1)

    @pytest.fixture
    def convolved(self):
        A_prev, W, b = (
            np.random.randn(*shape) for shape in [(10, 4, 4, 3), (2, 2, 3, 8), (1, 1, 1, 8)]
        )
        return reference.conv_forward(A_prev, W, b, {"pad": 2, "stride": 2})

    def test_conv_single_step(self):
        window, W, b = (np.random.randn(*shape) for shape in [(4, 4, 3), (4, 4, 3), (1, 1, 1)])
        assert reference.conv_single_step(window, W, b) == to_the_last_digit(-6.999089450680221)

    def test_conv_forward(self, convolved):
        Z, cache = convolved
        assert np.mean(Z) == to_the_last_digit(0.048995203528855794)
        assert_prints_as(
            Z[3, 2, 1],
            [
                *(-0.61490741, -6.7439236, -2.55153897, 1.75698377),
                *(3.56208902, 0.53036437, 5.18531798, 8.75898442),
            ],
        )
        assert_prints_as(cache[0][1][2][3], [-0.20075807, 0.18656139, 0.41005165])

    def test_conv_backward(self, convolved):
        dA, dW, db = reference.conv_backward(*convolved)
        assert np.mean(dA) == to_the_last_digit(1.4524377775388075)
        assert np.mean(dW) == to_the_last_digit(1.7269914583139097)
        assert np.mean(db) == to_the_last_digit(7.839232564616838)

    @pytest.mark.parametrize(
        ("mode", "first", "second"),
        [
            (
                "max",
                [1.74481176, 0.86540763, 1.13376944],
                [1.13162939, 1.51981682, 2.18557541],
            ),
            (
                "average",
                [0.02105773, -0.20328806, -0.40389855],
                [-0.22154621, 0.51716526, 0.48155844],
            ),
        ],
    )
    def test_pool_forward(self, mode, first, second):
        A, _ = reference.pool_forward(np.random.randn(2, 4, 4, 3), {"stride": 2, "f": 3}, mode)
        assert A.shape == (2, 1, 1, 3)
        assert_prints_as(A[:, 0, 0], [first, second])

    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            ("max", [[0, 0], [5.05844394, -1.68282702], [0, 0]]),
            (
                "average",
                [[0.08485462, 0.2787552], [1.26461098, -0.25749373], [1.17975636, -0.53624893]],
            ),
        ],
    )
    def test_pool_backward(self, mode, expected):
        A_prev = np.random.randn(5, 5, 3, 2)
        _, cache = reference.pool_forward(A_prev, {"stride": 1, "f": 2})
        dA = np.random.randn(5, 4, 2, 2)
        assert np.mean(dA) == to_the_last_digit(0.14571390272918056)
        assert_prints_as(reference.pool_backward(dA, cache, mode)[1, 1], expected)

    def test_create_mask_from_window(self):
        mask = reference.create_mask_from_window(np.random.randn(2, 3))
        assert mask.tolist() == [[True, False, False], [False, False, False]]

    def test_distribute_value(self):
        assert reference.distribute_value(2, (2, 2)).tolist() == [[0.5, 0.5], [0.5, 0.5]]


class TestConvolution:
    def test_zero_pad_frames_rows_and_columns_only(self):
        padded = reference.zero_pad(np.ones((2, 1, 3, 1)), 1)
        assert padded[1, :, :, 0].tolist() == [[0] * 5, [0, 1, 1, 1, 0], [0] * 5]

    def test_the_window_has_the_size_of_the_filter_whatever_the_stride(self):
        image, filters = np.ones((1, 5, 5, 1)), np.ones((3, 2, 1, 1))
        for stride in (1, 2, 3):
            Z, _ = reference.conv_forward(
                image, filters, np.zeros((1, 1, 1, 1)), {"stride": stride, "pad": 0}
            )
            assert Z.shape == (1, 2 // stride + 1, 3 // stride + 1, 1)
            assert np.all(Z == 6)

    def test_agrees_with_scipy(self, rng):
        signal = pytest.importorskip("scipy.signal")
        image, kernel = rng.standard_normal((6, 5, 3)), rng.standard_normal((3, 2, 3))
        b = np.full((1, 1, 1, 1), 0.5)
        Z, _ = reference.conv_forward(image[None], kernel[..., None], b, {"stride": 1, "pad": 0})
        expected = signal.correlate(image, kernel, mode="valid") + 0.5
        np.testing.assert_allclose(Z[0], expected, rtol=1e-12)

    @pytest.mark.parametrize(
        ("window", "stride", "pad"),
        [
            pytest.param((2, 2), 1, 0, id="no padding"),
            pytest.param((2, 2), 2, 1, id="stride and padding"),
            pytest.param((3, 2), 1, 2, id="rectangular"),
            pytest.param((2, 1), 2, 0, id="last row in no window"),
            pytest.param((1, 1), 3, 0, id="stride beyond the filter"),
        ],
    )
    def test_gradients(self, rng, window, stride, pad):
        A_prev = rng.standard_normal((2, 5, 4, 2))
        W, b = rng.standard_normal((*window, 2, 3)), rng.standard_normal((1, 1, 1, 3))
        hparameters = {"stride": stride, "pad": pad}
        Z, cache = reference.conv_forward(A_prev, W, b, hparameters)
        dZ = rng.standard_normal(Z.shape)

        def output():
            return reference.conv_forward(A_prev, W, b, hparameters)[0]

        for analytic, array in zip(reference.conv_backward(dZ, cache), (A_prev, W, b), strict=True):
            assert_close(analytic, numeric_gradient(output, array, dZ))


class TestPooling:
    @pytest.mark.parametrize("mode", ["max", "average"])
    @pytest.mark.parametrize(
        "hparameters",
        [
            pytest.param({"stride": 1, "f": 2}, id="overlapping"),
            pytest.param({"stride": 2, "f": 3}, id="uneven"),
            pytest.param({"stride": 1, "f": (3, 2)}, id="rectangular"),
            pytest.param({"stride": 2, "f": 3, "pad": 2}, id="padded"),
        ],
    )
    def test_gradients(self, rng, mode, hparameters):
        # Distinct numbers far apart, for a maximum has no derivative where it is tied.
        A_prev = rng.permutation(2 * 5 * 4 * 2).reshape(2, 5, 4, 2) / 10
        A, cache = reference.pool_forward(A_prev, hparameters, mode)
        dA = rng.standard_normal(A.shape)

        def output():
            return reference.pool_forward(A_prev, hparameters, mode)[0]

        analytic = reference.pool_backward(dA, cache, mode)
        assert_close(analytic, numeric_gradient(output, A_prev, dA))

    def test_padding_is_never_a_maximum_and_counts_as_zero_in_an_average(self):
        image = np.full((1, 1, 1, 1), -4.0)
        hparameters = {"stride": 1, "f": 2, "pad": 1}
        highest, _ = reference.pool_forward(image, hparameters, "max")
        average, _ = reference.pool_forward(image, hparameters, "average")
        assert highest[0, :, :, 0].tolist() == [[-4, -4], [-4, -4]]
        assert average[0, :, :, 0].tolist() == [[-1, -1], [-1, -1]]

    def test_each_of_several_equal_maxima_receives_the_whole_gradient(self):
        image = np.array([[3.0, 1.0], [2.0, 3.0]]).reshape(1, 2, 2, 1)
        assert reference.create_mask_from_window(image[0, :, :, 0]).sum() == 2
        _, cache = reference.pool_forward(image, {"stride": 1, "f": 2})
        gradient = reference.pool_backward(np.full((1, 1, 1, 1), 7.0), cache)
        assert gradient[0, :, :, 0].tolist() == [[7, 0], [0, 7]]


class TestSentences:
    @pytest.mark.parametrize("h", [1, 2, 4])
    @pytest.mark.parametrize("n", [1, 2, 6])
    def test_wide_convolution_of_numbers_is_the_full_convolution(self, rng, n, h):
        X, W = rng.standard_normal((n, 1)), rng.standard_normal((h, 1, 1))
        Z = reference.wide_convolution(X, W, np.array([0.25]))
        # np.convolve turns its second argument round; a filter is not turned.
        expected = np.convolve(X[:, 0], W[::-1, 0, 0], mode="full") + 0.25
        np.testing.assert_allclose(Z[:, 0], expected, rtol=1e-12, atol=1e-12)

    def test_wide_convolution_follows_its_formula(self, rng):
        n, h, D, F = 4, 3, 5, 2
        X, W, b = rng.standard_normal((n, D)), rng.standard_normal((h, D, F)), np.array([1.0, -1])
        Z = reference.wide_convolution(X, W, b)
        assert Z.shape == (n + h - 1, F)
        for t in range(n + h - 1):
            words = [(t - h + 1 + j, j) for j in range(h) if 0 <= t - h + 1 + j < n]
            expected = b + sum(X[word] @ W[j] for word, j in words)
            np.testing.assert_allclose(Z[t], expected, rtol=1e-12)

    @pytest.mark.parametrize("h", [1, 2, 3, 5])
    def test_an_empty_sentence_gives_the_bias(self, rng, h):
        b = rng.standard_normal(3)
        Z = reference.wide_convolution(np.zeros((0, 4)), rng.standard_normal((h, 4, 3)), b)
        assert Z.shape == (max(h - 1, 1), 3)
        np.testing.assert_array_equal(Z, np.broadcast_to(b, Z.shape))
        np.testing.assert_array_equal(reference.max_over_time(Z)[0], b)

    def test_max_over_time_takes_the_first_of_equal_maxima(self):
        Z = np.array([[1.0, -2.0, 0.0], [3.0, -2.0, -1.0], [3.0, -1.0, 0.0]])
        maxima, argmax = reference.max_over_time(Z)
        assert maxima.tolist() == [3, -1, 0]
        assert argmax.tolist() == [1, 2, 0]
        assert np.issubdtype(argmax.dtype, np.integer)

    @pytest.mark.parametrize("h", [1, 2, 4])
    @pytest.mark.parametrize("n", [0, 1, 2, 6])
    def test_gradients_of_wide_convolution(self, rng, n, h):
        X, W, b = rng.standard_normal((n, 3)), rng.standard_normal((h, 3, 2)), np.ones(2)
        dZ = rng.standard_normal(reference.wide_convolution(X, W, b).shape)

        def output():
            return reference.wide_convolution(X, W, b)

        gradients = reference.wide_convolution_backward(dZ, X, W, b)
        for analytic, array in zip(gradients, (X, W, b), strict=True):
            assert_close(analytic, numeric_gradient(output, array, dZ))

    def test_the_gradient_of_max_over_time(self, rng):
        # Distinct numbers far apart, for a maximum has no derivative where it is tied.
        Z = rng.permutation(15).reshape(5, 3) / 10
        dmaxima = rng.standard_normal(3)
        _, argmax = reference.max_over_time(Z)

        def output():
            return reference.max_over_time(Z)[0]

        analytic = reference.max_over_time_backward(dmaxima, argmax, len(Z))
        assert_close(analytic, numeric_gradient(output, Z, dmaxima))

    def test_only_the_first_of_equal_maxima_receives_the_gradient(self):
        Z = np.array([[1.0, -2.0], [3.0, -2.0], [3.0, -2.0]])
        _, argmax = reference.max_over_time(Z)
        dZ = reference.max_over_time_backward(np.array([7.0, 5.0]), argmax, 3)
        assert dZ.tolist() == [[0, 5], [7, 0], [0, 0]]

    @pytest.mark.parametrize("h", [1, 3])
    def test_the_layers_compute_the_same_of_many_sentences(self, rng, h):
        # Words of one batch may not leak into each other's sentences, so lengths differ, 0 too.
        lengths, W, b = np.array([4, 0, 1, 6]), rng.standard_normal((h, 5, 3)), np.ones(3)
        X, dY = rng.standard_normal((lengths.sum(), 5)), rng.standard_normal((4, 3))
        X[1] = X[0]  # Words repeat, and so tie.
        counts = np.maximum(lengths + h - 1, 1)
        Z, convolve_backward = convolve(X, lengths, W, b)
        Y, pool_backward = max_over_time(Z, counts)
        dX, dW, db = convolve_backward(pool_backward(dY))

        of_each = np.split(X, np.cumsum(lengths)[:-1])
        expected_dW, expected_db, expected_dX = np.zeros(W.shape), np.zeros(3), []
        for sentence, (words, dmaxima) in enumerate(zip(of_each, dY, strict=True)):
            responses = reference.wide_convolution(words, W, b)
            maxima, argmax = reference.max_over_time(responses)
            np.testing.assert_allclose(Y[sentence], maxima, rtol=1e-12)
            dZ = reference.max_over_time_backward(dmaxima, argmax, len(responses))
            one_dX, one_dW, one_db = reference.wide_convolution_backward(dZ, words, W, b)
            expected_dX.append(one_dX)
            expected_dW += one_dW
            expected_db += one_db
        np.testing.assert_allclose(dX, np.concatenate(expected_dX), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(dW, expected_dW, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(db, expected_db, rtol=1e-12)


class TestWhatDoesNotFit:
    IMAGES = np.zeros((2, 4, 4, 3))
    FILTERS = np.zeros((3, 3, 3, 5))
    BIAS = np.zeros((1, 1, 1, 5))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"A_prev": np.zeros((4, 4, 3))}, "A_prev has shape"),
            ({"A_prev": np.zeros((2, 4, 4, 1))}, "1 channels, but W is made for 3"),
            ({"A_prev": np.zeros((2, 2, 4, 3))}, "size 3 does not fit an input of size 2"),
            ({"W": np.zeros((3, 3, 3))}, "W has shape"),
            ({"b": np.zeros(5)}, r"must be \(1, 1, 1, 5\)"),
            ({"hparameters": {"stride": 0, "pad": 0}}, "stride.* is 0"),
            ({"hparameters": {"stride": 1, "pad": -1}}, "pad.* is -1"),
            ({"hparameters": {"stride": 1.5, "pad": 0}}, "stride.* is 1.5"),
            ({"hparameters": {"stride": 1}}, "pad.* is missing"),
        ],
    )
    def test_conv_forward(self, change, message):
        arguments = {
            **{"A_prev": self.IMAGES, "W": self.FILTERS, "b": self.BIAS},
            **{"hparameters": {"stride": 1, "pad": 0}},
        }
        with pytest.raises(ValueError, match=message):
            reference.conv_forward(**(arguments | change))

    @pytest.mark.parametrize(
        ("hparameters", "mode", "message"),
        [
            ({"stride": 1, "f": 2}, "mean", 'must be "max" or "average"'),
            ({"stride": 1, "f": 5}, "max", "does not fit"),
            ({"stride": 1, "f": (2, 2, 2)}, "max", "f.*or two of them"),
            ({"stride": 1, "f": 0}, "max", "f.* is 0"),
            ({"stride": 1}, "max", "f.* is None"),
            ({"stride": 1, "f": (3, 1), "pad": 1}, "max", "nothing but padding"),
        ],
    )
    def test_pool_forward(self, hparameters, mode, message):
        with pytest.raises(ValueError, match=message):
            reference.pool_forward(self.IMAGES, hparameters, mode)

    def test_gradients_of_another_shape(self):
        _, cache = reference.conv_forward(
            self.IMAGES, self.FILTERS, self.BIAS, {"stride": 1, "pad": 0}
        )
        with pytest.raises(ValueError, match=r"dZ has shape .* returned \(2, 2, 2, 5\)"):
            reference.conv_backward(np.zeros((2, 1, 2, 5)), cache)
        _, cache = reference.pool_forward(self.IMAGES, {"stride": 1, "f": 2})
        with pytest.raises(ValueError, match=r"dA has shape .* returned \(2, 3, 3, 3\)"):
            reference.pool_backward(np.zeros((2, 3, 3)), cache)
        X, W, b = np.zeros((4, 2)), np.zeros((3, 2, 5)), np.zeros(5)
        with pytest.raises(ValueError, match=r"dZ has shape .* returned \(6, 5\)"):
            reference.wide_convolution_backward(np.zeros((4, 5)), X, W, b)
        with pytest.raises(ValueError, match=r"dmaxima has shape .* returned \(5,\)"):
            reference.max_over_time_backward(np.zeros(4), np.zeros(5, np.intp), 6)

    def test_the_small_steps(self):
        with pytest.raises(ValueError, match="cannot be negative"):
            reference.zero_pad(self.IMAGES, -1)
        with pytest.raises(ValueError, match="must be the same"):
            reference.conv_single_step(np.zeros((2, 2, 3)), np.zeros((2, 3, 3)), np.zeros(1))
        with pytest.raises(ValueError, match="one bias"):
            reference.conv_single_step(np.zeros((2, 2, 3)), np.zeros((2, 2, 3)), np.zeros(2))
        with pytest.raises(ValueError, match="no entries"):
            reference.distribute_value(1.0, (0, 2))
        with pytest.raises(ValueError, match=r"must be \(n, D\)"):
            reference.wide_convolution(np.zeros((4, 2)), np.zeros((3, 5, 2)), np.zeros(2))
        with pytest.raises(ValueError, match="at least one window"):
            reference.max_over_time(np.zeros((0, 3)))
        with pytest.raises(ValueError, match="there are only 2"):
            reference.max_over_time_backward(np.zeros(1), np.array([2]), 2)


class TestExample:
    def run(self, folder, *arguments, **environment):
        return subprocess.run(
            [sys.executable, "-W", "error", EXAMPLE, *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_prints_the_published_numbers_and_saves_the_picture(self, tmp_path):
        pytest.importorskip("matplotlib")
        done = self.run(tmp_path)
        assert done.returncode == 0, done.stderr
        # NumPy aligns columns with spaces; only the numbers matter here.
        printed = re.sub(r"\[ +", "[", " ".join(done.stdout.split()))
        for expected in [
            "Z = -6.999089450680221",
            "mean of Z = 0.048995203528855794",
            "[-0.61490741 -6.7439236 -2.55153897 1.75698377"
            " 3.56208902 0.53036437 5.18531798 8.75898442]",
            "cache[0][1][2][3] = [-0.20075807 0.18656139 0.41005165]",
            "mean of dA = 1.4524377775388075",
            "mean of dW = 1.7269914583139097",
            "mean of db = 7.839232564616838",
            "[1.74481176 0.86540763 1.13376944]",
            "[1.13162939 1.51981682 2.18557541]",
            "[0.02105773 -0.20328806 -0.40389855]",
            "[-0.22154621 0.51716526 0.48155844]",
            "[[True False False] [False False False]]",
            "[[0.5 0.5] [0.5 0.5]]",
            "mean of dA = 0.14571390272918056",
            "[[0. 0. ] [5.05844394 -1.68282702] [0. 0. ]]",
            "[[0.08485462 0.2787552 ] [1.26461098 -0.25749373] [1.17975636 -0.53624893]]",
        ]:
            assert expected in printed
        assert (tmp_path / "zero_padding.png").read_bytes().startswith(b"\x89PNG")

    @pytest.fixture
    def draw(self, tmp_path, monkeypatch):
        """Draw in this process, in an empty folder: the exit code."""
        pytest.importorskip("matplotlib")
        monkeypatch.chdir(tmp_path)

        def draw(output):
            monkeypatch.setattr(sys, "argv", [str(EXAMPLE), "--output", output])
            with np.printoptions():
                return step_by_step.main()

        return draw

    def test_the_picture_goes_where_it_is_told(self, draw, tmp_path):
        assert draw("padding.svg") == 0
        assert [path.name for path in tmp_path.iterdir()] == ["padding.svg"]

    @pytest.mark.parametrize("output", ["missing/padding.png", "padding.doc"])
    def test_a_picture_that_cannot_be_saved(self, draw, capsys, output):
        assert draw(output) == 2
        err = capsys.readouterr().err
        assert output in err
        assert len(err.splitlines()) == 1

    def test_without_matplotlib_it_says_what_to_install(self, tmp_path):
        (tmp_path / "matplotlib.py").write_text("raise ImportError('hidden for the test')")
        done = self.run(tmp_path, PYTHONPATH=str(tmp_path))
        assert done.returncode == 1
        assert "mean of dA = 0.14571390272918056" in done.stdout
        assert len(done.stderr.splitlines()) == 1
        assert "pip install '.[plots]'" in done.stderr


@pytest.fixture
def rng():
    return np.random.default_rng(7)
