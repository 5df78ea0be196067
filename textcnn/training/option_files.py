"""The files besides its sentences that training reads, for where their paths mean nothing."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textcnn.recipe.config import Config
from textcnn.support.workers.processes import SentFile


def reads_vectors(config: Config) -> bool:
    """Whether there are vectors to be read, and not trained or drawn at random."""
    return config.vectors not in (None, "train")


def option_files(config: Config, kept_vectors: Path) -> dict[str, SentFile]:
    """The files, by the name of the option.

    Args:
        config: the options.
        kept_vectors: what is to be read in the place of the vectors that they name, if any.
    """
    files = {}
    if reads_vectors(config):
        files["vectors"] = SentFile(kept_vectors)
    if config.vectors == "train" and config.vectors_text is not None:
        files["vectors_text"] = SentFile(Path(config.vectors_text))
    return files


def with_files(config: Config, files: Mapping[str, Path]) -> Config:
    """The same options, with the files that :func:`option_files` found read from these paths."""
    paths: dict[str, Any] = {name: str(path) for name, path in files.items()}
    return dataclasses.replace(config, **paths)
