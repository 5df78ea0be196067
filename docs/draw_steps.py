"""Draws docs/steps/*.svg, the pictures of how-it-works.md, from the numbers of that page.

``python -m docs.draw_steps``. The page's code is run, and its arrays are drawn, so a picture cannot
say anything else than the page.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from docs.pages import DOCS, page, run_examples
from docs.picture import CELL_HEIGHT, CELL_WIDTH, GREY, Picture

FILTERS = ("#b5403c", "#2f6db0")
"""The colours of the first and the second filter."""

PALE = ("#f6d9d7", "#d6e5f5")
START, END = "[start]", "[end]"
"""How the zero vectors before and after a sentence are shown, as by ``textcnn explain``."""


def windows_picture(names: Mapping[str, Any]) -> Picture:
    """The sentence, one window, the first filter, and all responses."""
    picture = Picture(640, 300)
    words = [START, *names["sentence"], END]
    padded = np.concatenate([np.zeros((1, 2)), names["X"], np.zeros((1, 2))])
    window = int(names["argmax"][0])
    covered = {(row, column): PALE[0] for row in (window, window + 1) for column in (0, 1)}
    picture.rows(110, 40, words)
    picture.columns(110, 40, ["praise", "mark"])
    picture.table(110, 40, padded, covered)
    top = 40 + window * CELL_HEIGHT
    picture.frame(110, top, 2 * CELL_WIDTH, 2 * CELL_HEIGHT, FILTERS[0], 2.4, "none")
    picture.text(250, top + CELL_HEIGHT, "times")
    picture.text(326, top - 14, "first filter", FILTERS[0])
    picture.table(280, top, names["first"])
    picture.text(326, top + 2 * CELL_HEIGHT + 16, "added up, bias −2")
    picture.columns(490, 40, ["filter 1", "filter 2"], 56)
    fills = {(window, 0): PALE[0]}
    picture.table(490, 40, names["Z"], fills, 56)
    picture.arrow((378, top + CELL_HEIGHT), (486, top + CELL_HEIGHT / 2), FILTERS[0])
    return picture


def pairs(sentence: Sequence[str]) -> list[str]:
    """What each window of two words covers."""
    words = [START, *sentence, END]
    return [f"{one} {two}" for one, two in itertools.pairwise(words)]


def over_time(picture: Picture, x: float, y: float, sentence: Sequence[str], width: float) -> None:
    """The windows' words, turned, below a table whose columns are windows."""
    for column, words in enumerate(pairs(sentence)):
        u, v = x + (column + 0.5) * width + 4, y + 12
        picture.parts.append(
            f'<text x="{u:g}" y="{v:g}" fill="{GREY}" text-anchor="end" font-size="11" '
            f'transform="rotate(-35 {u:g} {v:g})">{escape(words)}</text>'
        )


def maximum_picture(names: Mapping[str, Any]) -> Picture:
    """Both filters' responses over time, and where their maxima are."""
    picture = Picture(640, 190)
    Z, argmax = names["Z"], names["argmax"]
    picture.rows(110, 50, ["filter 1", "filter 2"])
    picture.columns(110, 50, [f"t = {t}" for t in range(len(Z))], 60)
    picture.table(110, 50, Z.T, {(c, t): PALE[c] for c, t in enumerate(argmax)}, 60)
    for c, t in enumerate(argmax):
        y = 50 + c * CELL_HEIGHT
        for tied in np.flatnonzero(Z[:, c] == Z[t, c]).tolist():
            line = 2.6 if tied == t else 1.2
            picture.frame(110 + tied * 60, y, 60, CELL_HEIGHT, FILTERS[c], line, "none")
    over_time(picture, 110, 106, names["sentence"], 60)
    return picture


def gradient_picture(names: Mapping[str, Any]) -> Picture:
    """From the maxima back to the words."""
    picture = Picture(640, 268)
    dZ, argmax, sentence = names["dZ"], names["argmax"], names["sentence"]
    picture.rows(110, 40, ["dZ, filter 1", "dZ, filter 2"])
    picture.columns(110, 40, [f"t = {t}" for t in range(len(dZ))], 60)
    picture.table(110, 40, dZ.T, {(c, t): PALE[c] for c, t in enumerate(argmax)}, 60)
    picture.rows(140, 190, ["dX, praise", "dX, mark"])
    used = dict.fromkeys(zip(*np.nonzero(names["dX"].T), strict=True), "#efefef")
    picture.table(140, 190, names["dX"].T, used, 60)
    for number, word in enumerate(sentence):
        picture.text(140 + (number + 0.5) * 60, 178, word)
    for c, t in enumerate(argmax):
        start = (110 + (t + 0.5) * 60, 40 + 2 * CELL_HEIGHT)
        for word in (t - 1, t):
            side = -6 if word == t else 6
            picture.arrow(start, (140 + (word + 0.5) * 60 + side, 166), FILTERS[c])
    return picture


def matrix_picture(names: Mapping[str, Any]) -> Picture:
    """All windows times all filters."""
    picture = Picture(654, 260)
    padded = np.concatenate([np.zeros((1, 2)), names["X"], np.zeros((1, 2))])
    windows = np.concatenate([padded[:-1], padded[1:]], axis=1)
    chosen = names["argmax"][0]
    picture.rows(120, 40, pairs(names["sentence"]))
    picture.columns(120, 40, ["first word", "second word"], 2 * CELL_WIDTH)
    picture.table(120, 40, windows, {(chosen, column): PALE[0] for column in range(4)})
    picture.text(326, 92, "@")
    picture.columns(350, 52, ["filter 1", "filter 2"], 56)
    flat = names["W"].reshape(4, 2)
    picture.table(350, 52, flat, {(row, 0): PALE[0] for row in range(4)}, 56)
    picture.text(490, 92, "+ b =")
    picture.columns(522, 40, ["filter 1", "filter 2"], 56)
    picture.table(522, 40, names["Z"], {(chosen, 0): PALE[0]}, 56)
    return picture


def word_table(
    picture: Picture, numbers: np.ndarray, names: Mapping[str, Any], fills: dict[Any, str]
) -> None:
    """A table with a row for each different word, as P and G are."""
    picture.rows(120, 60, [*names["vocabulary"], "(zero)"])
    picture.text(120 + 56, 22, "as first word", GREY)
    picture.text(120 + 56 * 3, 22, "as second word", GREY)
    picture.columns(120, 60, ["filter 1", "filter 2"] * 2, 56)
    picture.table(120, 60, numbers.reshape(len(numbers), -1), fills, 56)
    picture.frame(120, 60, 112, CELL_HEIGHT * len(numbers), "#555", 1.5, "none")
    picture.frame(232, 60, 112, CELL_HEIGHT * len(numbers), "#555", 1.5, "none")


def products_picture(names: Mapping[str, Any]) -> Picture:
    """The table of products, and a window as a sum of two of its entries."""
    picture = Picture(640, 260)
    t = int(names["argmax"][0])
    one, two = names["padded"][t], names["padded"][t + 1]
    word_table(picture, names["P"], names, {(one, 0): PALE[0], (two, 2): PALE[0]})
    picture.text(500, 60 + (one + 0.5) * CELL_HEIGHT, pairs(names["sentence"])[t], FILTERS[0])
    y = 60 + two * CELL_HEIGHT + 6
    picture.cell(400, y, names["P"][one, 0, 0], PALE[0])
    picture.text(462, y + 13, "+")
    picture.cell(478, y, names["P"][two, 1, 0], PALE[0])
    picture.text(540, y + 13, "=")
    picture.cell(556, y, names["sums"][t, 0], PALE[0])
    picture.arrow((348, y + 13), (396, y + 13), FILTERS[0])
    return picture


def later_picture(names: Mapping[str, Any]) -> Picture:
    """Sums, sums with bias, and those rectified, of the first filter."""
    picture = Picture(640, 200)
    sums, bias = names["sums"][:, 0], names["b"][0]
    stages = np.stack([sums, sums + bias, np.maximum(sums + bias, 0)])
    largest = int(sums.argmax())
    picture.rows(120, 40, ["sums", "with bias", "rectified"])
    picture.columns(120, 40, [f"t = {t}" for t in range(len(sums))], 58)
    picture.table(120, 40, stages, {(row, largest): PALE[0] for row in range(3)}, 58)
    picture.frame(120 + largest * 58, 40, 58, 3 * CELL_HEIGHT, FILTERS[0], 2.4, "none")
    over_time(picture, 120, 122, names["sentence"], 58)
    return picture


def winners_picture(names: Mapping[str, Any]) -> Picture:
    """The gradient of the table of products."""
    picture = Picture(640, 260)
    G = names["G"]
    fills = {}
    for word, place in zip(*np.nonzero(G.reshape(len(G), -1)), strict=True):
        fills[word, place] = PALE[place % 2]
    word_table(picture, G, names, fills)
    for c, (t, number) in enumerate(zip(names["winners"], names["gradient"], strict=True)):
        words = f"{number:g}".replace("-", "−") + f" from “{pairs(names['sentence'])[t]}”"
        picture.text(370, 100 + 40 * c, words, FILTERS[c], "start")
    return picture


PICTURES = {
    "1-windows": windows_picture,
    "2-maximum": maximum_picture,
    "3-gradient": gradient_picture,
    "4-matrix": matrix_picture,
    "5-words-once": products_picture,
    "6-later": later_picture,
    "7-winners": winners_picture,
}


def drawn() -> dict[str, str]:
    """The SVG of every picture, by name."""
    _, names = run_examples(page("how-it-works"))
    return {name: draw(names).svg() for name, draw in PICTURES.items()}


if __name__ == "__main__":
    for name, svg in drawn().items():
        (DOCS / "steps" / f"{name}.svg").write_text(svg, "utf-8")
