"""Checkpoints with other contents than were saved, under a true digest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textcnn.training.checkpoint.container import Container, read_container, write_container


def change(path: Path, spoil: Callable[[Container], Any]) -> None:
    """Write the file anew with its contents spoilt."""
    kept = read_container(path)
    spoil(kept)
    write_container(path, kept.facts, kept.arrays, kept.texts)
