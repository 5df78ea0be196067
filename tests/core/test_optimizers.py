"""The optimizers, against their papers' formulas, and what laziness changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textcnn.core.gradients import RowGradient
from textcnn.core.layers.dense import limit_row_norms
from textcnn.core.optimizers import SGD, Adadelta, Adam, Optimizer, clip_by_global_norm


def adam_by_the_paper(p, gradients, rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Kingma and Ba (2015), algorithm 1, with the order of computation of section 2."""
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        p = p - rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return p


def adadelta_by_the_paper(p, gradients, rate=1.0, rho=0.95, epsilon=1e-6):
    """Zeiler (2012), algorithm 1."""
    E_g2, E_dx2 = np.zeros_like(p), np.zeros_like(p)
    for g in gradients:
        E_g2 = rho * E_g2 + (1 - rho) * g**2
        dx = -np.sqrt(E_dx2 + epsilon) / np.sqrt(E_g2 + epsilon) * g
        E_dx2 = rho * E_dx2 + (1 - rho) * dx**2
        p = p + rate * dx
    return p


def sgd_by_the_paper(p, gradients, rate=0.1, momentum=0.9):
    """Polyak (1964)."""
    v = np.zeros_like(p)
    for g in gradients:
        v = momentum * v + g
        p = p - rate * v
    return p


OPTIMIZERS = {
    "adam": (lambda: Adam(0.1), adam_by_the_paper),
    "adadelta": (lambda: Adadelta(1.0), adadelta_by_the_paper),
    "sgd": (lambda: SGD(0.1), sgd_by_the_paper),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_dense_gradient_follows_the_paper(name):
    make, expected = OPTIMIZERS[name]
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(4, 3)), rng.normal(size=(20, 4, 3))
    parameters, optimizer = {"w": start.copy()}, make()
    for gradient in gradients:
        optimizer.step(parameters, {"w": gradient})
    np.testing.assert_allclose(parameters["w"], expected(start, gradients), rtol=1e-9)
    assert optimizer.steps == 20


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_every_row_is_a_dense_gradient(name):
    make, expected = OPTIMIZERS[name]
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(size=(4, 3)), rng.normal(size=(9, 4, 3))
    parameters, optimizer = {"w": start.copy()}, make()
    for gradient in gradients:
        order = rng.permutation(4)
        optimizer.step(parameters, {"w": RowGradient(order, gradient[order])})
    np.testing.assert_allclose(parameters["w"], expected(start, gradients), rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    rows_of_steps=st.lists(
        st.lists(st.integers(0, 4), unique=True, max_size=5), min_size=1, max_size=40
    ),
    rho=st.sampled_from([0.5, 0.95]),
    seed=st.integers(0, 99),
)
def test_adadelta_is_exactly_lazy(rows_of_steps, rho, seed):
    """Rows visited only when they have a gradient end where visiting all of them would."""
    rng = np.random.default_rng(seed)
    start = rng.normal(size=(5, 3))
    lazy, optimizer, gradients = {"w": start.copy()}, Adadelta(0.7, rho), []
    for rows in rows_of_steps:
        sparse = RowGradient(np.array(rows, np.int64), rng.normal(size=(len(rows), 3)))
        gradients.append(sparse.dense(5))
        optimizer.step(lazy, {"w": sparse})
    expected = adadelta_by_the_paper(start, gradients, 0.7, rho)
    np.testing.assert_allclose(lazy["w"], expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("optimizer", [Adam(0.1), SGD(0.1), Adadelta()])
def test_rows_without_gradient_stay_as_they_are(optimizer):
    rng = np.random.default_rng(3)
    parameters = {"w": rng.normal(size=(5, 2))}
    for rows in ([0, 1, 2, 3, 4], [1, 3], [1]):
        before = parameters["w"].copy()
        slots = {name: array.copy() for name, array in optimizer.slots.items()}
        rows = np.array(rows)
        optimizer.step(parameters, {"w": RowGradient(rows, rng.normal(size=(len(rows), 2)))})
        others = np.setdiff1d(np.arange(5), rows)
        assert (parameters["w"][others] == before[others]).all()
        assert (parameters["w"][rows] != before[rows]).all()
        for name, array in slots.items():
            assert (optimizer.slots[name][others] == array[others]).all(), name


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_and_slots_keep_their_type(name):
    optimizer = OPTIMIZERS[name][0]()
    parameters = {"w": np.ones((3, 2), np.float32), "b": np.ones(2, np.float32)}
    gradient = RowGradient(np.array([2]), np.ones((1, 2), np.float32))
    for _ in range(3):
        optimizer.step(parameters, {"w": gradient, "b": np.ones(2, np.float32)})
    floats = [array for name, array in optimizer.slots.items() if "last_step" not in name]
    assert {array.dtype for array in (*parameters.values(), *floats)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("optimizer", "steps", "accuracy"),
    [(SGD(0.02), 300, 1e-4), (Adam(0.05), 900, 1e-3), (Adadelta(1.0), 6000, 1e-2)],
)
def test_a_quadratic_is_minimised(optimizer: Optimizer, steps, accuracy):
    target = np.array([1.0, -2.0, 0.5])
    scale = np.array([1.0, 4.0, 10.0])
    parameters = {"x": np.zeros(3)}
    for _ in range(steps):
        optimizer.step(parameters, {"x": scale * (parameters["x"] - target)})
    np.testing.assert_allclose(parameters["x"], target, atol=accuracy)


def test_clipping_scales_all_gradients_by_their_joint_norm():
    gradients = {"a": np.array([3.0, 0.0]), "b": RowGradient(np.array([5]), np.array([[4.0]]))}
    assert clip_by_global_norm(gradients, 1.0) == 5.0
    np.testing.assert_allclose(gradients["a"], [0.6, 0.0])
    np.testing.assert_allclose(gradients["b"].values, [[0.8]])
    assert clip_by_global_norm(gradients, 2.0) == pytest.approx(1.0)
    np.testing.assert_allclose(gradients["a"], [0.6, 0.0])


def test_the_limit_on_row_norms_shortens_only_the_long_rows():
    W = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    limit_row_norms(W, 2.0)
    np.testing.assert_allclose(W, [[1.2, 1.6], [0.3, 0.4], [0.0, 0.0]])
