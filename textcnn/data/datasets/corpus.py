"""The data an option names: the movie reviews, or the user's own."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.data.datasets.download import download_cache
from textcnn.data.datasets.labelled_texts import LabelledTexts, spellings
from textcnn.data.datasets.movie_reviews import FILES, load_movie_reviews
from textcnn.data.datasets.readers import read_labelled
from textcnn.recipe.config import Config

MOVIE_REVIEWS = "mr"
DATA_FOLDER_VARIABLE = "TEXTCNN_DATA"


def locate(config: Config) -> Config:
    """The options with ``mr`` replaced by the folder that TEXTCNN_DATA names, if it names one.

    A run then remembers where its data was, and is evaluated and resumed on the same.
    """
    folder = os.environ.get(DATA_FOLDER_VARIABLE)
    if config.data == (MOVIE_REVIEWS,) and folder:
        return dataclasses.replace(config, data=(folder,))
    return config


@dataclass(frozen=True)
class Corpora:
    """All sentences of a run.

    Attributes:
        learnt: those that ``--data`` names, and those of ``--rehearse``.
        dev, test: those that ``--dev-data`` and ``--test-data`` name, or None: then a share of the
            others is taken.
    """

    learnt: LabelledTexts
    dev: LabelledTexts | None = None
    test: LabelledTexts | None = None

    @classmethod
    def read(cls, config: Config, report: Callable[[str], None]) -> "Corpora":
        """Read what the options name; how files are written is the same for all.

        Raises:
            UserError: the data cannot be used.
            RunError: the movie reviews could not be reached.
        """

        def read(names: tuple[str, ...]) -> LabelledTexts:
            return load_corpus(dataclasses.replace(config, data=names), report)

        return cls(
            read(config.data),
            read(config.dev_data) if config.dev_data else None,
            read(config.test_data) if config.test_data else None,
        ).rehearsing(config, report)

    def rehearsing(self, config: Config, report: Callable[[str], None]) -> "Corpora":
        """These, and to be learnt from those that ``--rehearse`` names, each name by itself.

        Raises:
            UserError: the data cannot be used.
            RunError: the movie reviews could not be reached.
        """
        learnt = self.learnt
        for name in config.rehearse:
            others = load_corpus(dataclasses.replace(config, data=(name,)), report)
            learnt = learnt.followed_by(others)
        return dataclasses.replace(self, learnt=learnt)

    def merged(self, known: Sequence[str] = ()) -> "Corpora":
        """These with one spelling for labels that look alike, in whatever part: a known one first.

        See :func:`textcnn.data.datasets.labelled_texts.spellings`.
        """
        one = spellings(self.all_texts.label_counts(), known)
        dev, test = (part and part.spelled(one) for part in (self.dev, self.test))
        return Corpora(self.learnt.spelled(one), dev, test)

    @property
    def parts(self) -> list[LabelledTexts]:
        """The parts that there are."""
        return [part for part in (self.learnt, self.dev, self.test) if part is not None]

    @property
    def asked(self) -> tuple[str, str] | None:
        """What all tables call the columns of text and label; None where they differ."""
        names = {part.asked for part in self.parts}
        return names.pop() if len(names) == 1 else None

    @property
    def all_texts(self) -> LabelledTexts:
        """All sentences, one part after another."""
        parts = self.parts
        if len(parts) == 1:
            return self.learnt
        return LabelledTexts(
            [text for part in parts for text in part.texts],
            [label for part in parts for label in part.labels],
            "; ".join(part.source for part in parts),
        )

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where each part stands in :attr:`all_texts`."""
        sizes = [0 if part is None else len(part) for part in (self.learnt, self.dev, self.test)]
        dev, test = sizes[0], sizes[0] + sizes[1]
        return np.arange(dev), np.arange(dev, test), np.arange(test, sum(sizes))


def load_corpus(
    config: Config,
    report: Callable[[str], None],
    *,
    with_bad_rows: bool = False,
    or_usual: bool = False,
) -> LabelledTexts:
    """Read what ``--data`` names (see :func:`locate`), as the other data options say.

    Args:
        config: the options; only those of the data are used.
        report: told in one line of each attempt to reach a source, and of what was found out about
            a file.
        with_bad_rows: whether rows that cannot be used are returned rather than refused.
        or_usual: whether the columns' names are those of other data, as of a network's that is gone
            on from; see :class:`textcnn.data.datasets.cells.Selection`.

    Raises:
        UserError: the data cannot be used.
        RunError: the movie reviews could not be reached.
    """
    if config.data == (MOVIE_REVIEWS,):
        return load_movie_reviews(download_cache(), report)
    # With an encoding the user knows better than the published files' hashes: an edited copy.
    alone, folder = config.encoding == "utf-8" and len(config.data) == 1, Path(config.data[0])
    if alone and all((folder / name).is_file() for name in FILES):
        return load_movie_reviews(download_cache(), report, folder)
    or_usual = or_usual or config.init_from is not None
    found = read_labelled(config.data, config, report, or_usual)
    return found if with_bad_rows else found.without_bad_rows(config.skip_bad_rows)
