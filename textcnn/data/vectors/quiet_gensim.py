"""Keeping gensim's log lines and warnings to itself."""

import contextlib
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_gensim() -> Iterator[None]:
    """Silence gensim inside the ``with`` block, where it should also be imported.

    gensim logs advice meant for its own users ("under 10 jobs per worker"), and importing it can
    bring up deprecation warnings of scipy; neither says anything a user of ours could act on.
    """
    logger = logging.getLogger("gensim")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
