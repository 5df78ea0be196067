"""Small drawings of boxes, words and arrows, written as SVG; the same drawing is the same bytes."""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

import numpy as np

CELL_WIDTH, CELL_HEIGHT = 46, 26
GREY = "#737373"


class Picture:
    """A drawing on a white card, which can be read in a light and in a dark page."""

    def __init__(self, width: int, height: int):
        self.width, self.height = width, height
        self.parts: list[str] = []

    def text(
        self, x: float, y: float, words: str, colour: str = "#222", anchor: str = "middle"
    ) -> None:
        """Words with their middle at height y."""
        self.parts.append(
            f'<text x="{x:g}" y="{y + 4:g}" fill="{colour}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def cell(
        self, x: float, y: float, number: float, fill: str = "#fff", width: float = CELL_WIDTH
    ) -> None:
        """A number in a box, (x, y) being its upper left corner."""
        self.frame(x, y, width, CELL_HEIGHT, "#c4c4c4", 1, fill)
        self.text(x + width / 2, y + CELL_HEIGHT / 2, f"{number:g}".replace("-", "−"))

    def frame(
        self, x: float, y: float, width: float, height: float, colour: str, line: float, fill: str
    ) -> None:
        """A rectangle."""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'fill="{fill}" stroke="{colour}" stroke-width="{line:g}"/>'
        )

    def table(
        self,
        x: float,
        y: float,
        numbers: np.ndarray,
        fills: Mapping[tuple[int, int], str] | None = None,
        width: float = CELL_WIDTH,
    ) -> None:
        """The numbers of a matrix, some cells filled with a colour."""
        for (row, column), number in np.ndenumerate(numbers):
            fill = (fills or {}).get((row, column), "#fff")
            self.cell(x + column * width, y + row * CELL_HEIGHT, number, fill, width)

    def rows(self, x: float, y: float, words: Iterable[str]) -> None:
        """What the rows of a table are called, at their left."""
        for row, word in enumerate(words):
            self.text(x - 8, y + (row + 0.5) * CELL_HEIGHT, word, anchor="end")

    def columns(self, x: float, y: float, words: Iterable[str], width: float = CELL_WIDTH) -> None:
        """What the columns of a table are called, above it."""
        for column, word in enumerate(words):
            self.text(x + (column + 0.5) * width, y - 12, word, GREY)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
        """A straight line with a head."""
        (x, y), (u, v) = start, end
        length = np.hypot(u - x, v - y)
        a, b = (u - x) / length * 7, (v - y) / length * 7
        corners = [(u, v), (u - a - b / 2, v - b + a / 2), (u - a + b / 2, v - b - a / 2)]
        head = " ".join(f"{across:.1f},{down:.1f}" for across, down in corners)
        self.parts.append(
            f'<path d="M{x:g} {y:g}L{u - a / 2:.1f} {v - b / 2:.1f}" stroke="{colour}" '
            f'stroke-width="1.6" fill="none"/><polygon points="{head}" fill="{colour}"/>'
        )

    def svg(self) -> str:
        """The file."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="sans-serif" '
            f'font-size="13">\n<rect width="100%" height="100%" rx="8" fill="#fff"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )
