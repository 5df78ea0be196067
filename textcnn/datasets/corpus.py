"""The data an option names: the movie reviews, or the user's own."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from textcnn.config import Config
from textcnn.datasets.labelled_texts import LabelledTexts
from textcnn.datasets.movie_reviews import FILES, load_movie_reviews
from textcnn.datasets.readers import read_labelled

MOVIE_REVIEWS = "mr"
DATA_FOLDER_VARIABLE = "TEXTCNN_DATA"
CACHE = Path("data")


def locate(config: Config) -> Config:
    """The options with ``mr`` replaced by the folder that TEXTCNN_DATA names, if it names one.

    A run then remembers where its data was, and is evaluated and resumed on the same.
    """
    folder = os.environ.get(DATA_FOLDER_VARIABLE)
    if config.data == (MOVIE_REVIEWS,) and folder:
        return dataclasses.replace(config, data=(folder,))
    return config


def load_corpus(config: Config, report: Callable[[str], None]) -> LabelledTexts:
    """Read what ``--data`` names (see :func:`locate`), as the other data options say.

    Args:
        config: the options; only those of the data are used.
        report: told in one line of each attempt to reach a source.

    Raises:
        UserError: the data cannot be used.
        RunError: the movie reviews could not be reached.
    """
    if config.data == (MOVIE_REVIEWS,):
        return load_movie_reviews(CACHE, report)
    # With an encoding the user knows better than the published files' hashes: an edited copy.
    if config.encoding == "utf-8" and len(config.data) == 1 and _holds_reviews(config.data[0]):
        return load_movie_reviews(CACHE, report, Path(config.data[0]))
    return read_labelled(
        config.data,
        format=config.format,
        text_column=config.text_column,
        label_column=config.label_column,
        encoding=config.encoding,
    )


def _holds_reviews(given: str) -> bool:
    return all((Path(given) / name).is_file() for name in FILES)
