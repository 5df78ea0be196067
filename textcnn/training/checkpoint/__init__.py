"""Checkpoints: one file that holds everything a model is.

What is in it is :class:`Checkpoint`; :mod:`textcnn.training.checkpoint.storage` turns that into
facts, arrays and texts by name, and :mod:`textcnn.training.checkpoint.container` keeps those in an
HDF5 file under a digest. A file is hostile until checked, and nothing in it is executed.
"""

from textcnn.training.checkpoint.contents import Checkpoint, TrainingState, architecture_of
from textcnn.training.checkpoint.quantised import WIDTHS
from textcnn.training.checkpoint.storage import load_checkpoint, save_checkpoint, share_file

__all__ = [
    "WIDTHS",
    "Checkpoint",
    "TrainingState",
    "architecture_of",
    "load_checkpoint",
    "save_checkpoint",
    "share_file",
]
