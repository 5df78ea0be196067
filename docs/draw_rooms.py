"""Draws docs/rooms.svg, the rooms of the code in architecture.md: ``python -m docs.draw_rooms``."""

from docs.pages import DOCS
from docs.picture import GREY, Picture

ROOMS = {
    "commands": "the words on the command line, and what is printed",
    "estimator": "scikit-learn's view of a classifier",
    "insight": "why a prediction, what a model learnt, how a run went",
    "evaluation": "scores, folds, search, comparison, doctor, selfcheck",
    "inference": "a trained model: text in, predictions out; exports",
    "training": "a run: options, folder, checkpoints, going on",
    "data": "labelled sentences and word vectors from outside",
    "recipe": "what goes beyond the paper",
    "core": "Kim's network: from text to loss and back",
    "support": "errors, files, tables, threads, processes",
}
"""From top to bottom; a room imports only those below it."""

COLOURS = {"core": "#d6e5f5", "reference.py": "#f6d9d7"}
HEIGHT, GAP = 34, 8


def drawn() -> str:
    """The SVG."""
    picture = Picture(700, 32 + len(ROOMS) * (HEIGHT + GAP))
    y = 26.0
    for room, charter in ROOMS.items():
        picture.frame(60, y, 480, HEIGHT, GREY, 1, COLOURS.get(room, "#f5f5f5"))
        picture.text(74, y + HEIGHT / 2, f"{room}/", anchor="start")
        picture.text(160, y + HEIGHT / 2, charter, GREY, "start")
        if room == "core":
            picture.frame(570, y, 116, HEIGHT, GREY, 1, COLOURS["reference.py"])
            picture.text(628, y + HEIGHT / 2, "reference.py")
            picture.text(628, y - 24, "read first;", GREY)
            picture.text(628, y - 8, "imports nothing", GREY)
        y += HEIGHT + GAP
    picture.arrow((36, 34), (36, y - GAP), GREY)
    picture.text(36, 20, "imports", GREY)
    return picture.svg()


if __name__ == "__main__":
    (DOCS / "rooms.svg").write_text(drawn(), "utf-8")
