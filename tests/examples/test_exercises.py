"""The exercises: right solutions are told from wrong ones, and from those not done yet."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from examples import exercise_checks, exercises
from examples.exercise_checks import NOT_DONE, RIGHT, verdict


class Solutions:
    """As a student would write them, without the reference."""

    @staticmethod
    def one_window(window, w, b):
        return (window * w).sum() + b

    @staticmethod
    def all_windows(X, w, b):
        h = len(w)
        frame = np.zeros((h - 1, w.shape[1]))
        padded = np.concatenate([frame, X, frame])
        T = len(X) + h - 1
        return np.array([Solutions.one_window(padded[t : t + h], w, b) for t in range(T)])

    @staticmethod
    def first_maximum(z):
        return z.max(), list(z).index(z.max())

    @staticmethod
    def gradient_of_the_words(X, w, b, dmaximum):
        _, t = Solutions.first_maximum(Solutions.all_windows(X, w, b))
        dX = np.zeros_like(X)
        for j in range(len(w)):
            word = t - len(w) + 1 + j
            if 0 <= word < len(X):
                dX[word] += w[j] * dmaximum
        return dX

    @staticmethod
    def sums_of_products(P, token_ids):
        h, zero = P.shape[1], len(P) - 1
        padded = [zero] * (h - 1) + list(token_ids) + [zero] * (h - 1)
        T = len(token_ids) + h - 1
        return np.array([sum(P[padded[t + j], j] for j in range(h)) for t in range(T)])

    @staticmethod
    def gradient_of_the_products(P, token_ids, dmaxima):
        h, zero = P.shape[1], len(P) - 1
        padded = [zero] * (h - 1) + list(token_ids) + [zero] * (h - 1)
        S, G = Solutions.sums_of_products(P, token_ids), np.zeros_like(P)
        for c, t in enumerate(S.argmax(axis=0)):
            for j in range(h):
                G[padded[t + j], j, c] += dmaxima[c]
        return G


def last_maximum(z):
    return z.max(), len(z) - 1 - list(z[::-1]).index(z.max())


def narrow_windows(X, w, b):
    return Solutions.all_windows(X, w, b)[len(w) - 1 : len(X)]


def gradient_to_every_maximum(X, w, b, dmaximum):
    z = Solutions.all_windows(X, w, b)
    dX = np.zeros_like(X)
    for t in np.flatnonzero(z == z.max()):
        for j in range(len(w)):
            if 0 <= t - len(w) + 1 + j < len(X):
                dX[t - len(w) + 1 + j] += w[j] * dmaximum
    return dX


@pytest.mark.parametrize("name", exercise_checks.EXERCISES)
def test_a_solution_is_right_and_a_stub_is_not_done(name):
    assert verdict(name, getattr(Solutions, name)) == RIGHT
    assert verdict(name, getattr(exercises, name)) == NOT_DONE


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("one_window", lambda window, w, b: (window * w).sum()),
        ("all_windows", narrow_windows),
        ("first_maximum", last_maximum),
        ("gradient_of_the_words", gradient_to_every_maximum),
        ("sums_of_products", lambda P, token_ids: P[token_ids].sum(axis=1)),
        ("gradient_of_the_products", lambda P, token_ids, dmaxima: np.zeros(P.shape[1:])),
        ("first_maximum", lambda z: None),
        ("one_window", lambda window, w, b: 1 / 0),
    ],
)
def test_a_mistake_is_shown_with_the_case_where_it_shows(name, wrong):
    words = verdict(name, wrong)
    assert words.startswith("wrong: for\n")
    assert "it should give" in words


def test_a_function_that_writes_into_its_arguments_spoils_no_other_case():
    def careless(window, w, b):
        window *= w
        return window.sum() + b

    assert verdict("one_window", careless) == RIGHT


def test_when_all_are_right_it_says_so(capsys):
    solved = ModuleType("solved")
    vars(solved).update({name: getattr(Solutions, name) for name in exercise_checks.EXERCISES})
    assert exercise_checks.main(solved) == 0
    assert "6 of 6 are right" in capsys.readouterr().out


def test_the_command_says_which_are_right():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.exercises"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "1  one_window (Step 1): not done yet" in done.stdout
    assert "0 of 6 are right" in done.stdout
