"""The network of the paper trained with ``textcnn.core`` alone."""

import ast
from pathlib import Path

import pytest

from examples import kim
from tests.support.movie_reviews import write_movie_reviews
from textcnn.data.datasets.labelled_texts import LabelledTexts

LONGEST = 70
"""Lines: a promise of the reading path."""


def write_reviews(folder: Path, count: int) -> None:
    words = {"neg": ["dull", "slow", "stale"], "pos": ["witty", "warm", "fine"]}
    for label, telling in words.items():
        lines = [f"film {n} is {telling[n % 3]} and number {n * 7 % 31}" for n in range(count)]
        (folder / f"rt-polarity.{label}").write_text("\n".join(lines) + "\n", "utf-8")


def test_it_learns_and_says_how(tmp_path, capsys):
    write_reviews(tmp_path, 150)
    assert kim.main(tmp_path, epochs=3) == 1.0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:11] for line in lines[:3]] == ["epoch  1.00", "epoch  2.00", "epoch  3.00"]
    assert lines[3] == "test accuracy 100.0 %"


def test_it_is_short_and_imports_nothing_but_the_core():
    source = Path(kim.__file__).read_text("utf-8")
    assert source.count("\n") <= LONGEST
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    ours = [node.module for node in nodes if node.module and node.module.startswith("textcnn")]
    assert ours
    assert all(name.startswith("textcnn.core.") for name in ours)


@pytest.mark.slow
def test_on_a_third_of_the_movie_reviews_it_learns_most_in_two_epochs(movie_reviews, tmp_path):
    texts, labels = movie_reviews.texts[::3], movie_reviews.labels[::3]
    write_movie_reviews(tmp_path, LabelledTexts(texts, labels, ""))
    assert 0.64 < kim.main(tmp_path, epochs=2) < 0.74


@pytest.mark.torture
def test_on_the_movie_reviews_it_does_what_the_paper_says(movie_reviews, tmp_path):
    write_movie_reviews(tmp_path, movie_reviews)
    assert 0.73 < kim.main(tmp_path) < 0.80
