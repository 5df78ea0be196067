"""Checkpoints: one HDF5 file that holds everything a model is.

``h5ls -r`` lists it::

    /average/...                  the parameters as they are trained, where an average answers
    /calibration/temperature      what the logits are divided by
    /calibration/thresholds       where a sentence may have several labels, from which probability
    /config/<option>              the options of the run
    /counts/<kind>/...            how many training sentences of each class words and n-grams are in
    /data/{fingerprint,source}    what it was trained on
    /ensemble/<n>/<parameter>     the second and further networks of an ensemble
    /evidence/<kind>/...          what counting the training sentences says of words and n-grams
    /history/<column>             the evaluations so far
    /labels/{names,counts}        the classes, and their sentences in training
    /labels/kind                  of which type they were in Python: str, int, float or bool
    /optimizer/steps, /optimizer/slots/<slot>/<parameter>
    /parameters/<parameter>       see textcnn.core.architecture
    /progress/<name>              where training stands
    /random_state                 of the generator, as JSON
    /scales/<path>                what bytes are multiplied by, where numbers are kept as such
    /seen/hashes                  of the training sentences
    /seen/before                  of those that a network it went on from was trained on
    /vocabulary                   number 0 is the unknown word
    /written_by/<program>         versions

A file is hostile until checked: links that lead elsewhere, data sets whose bytes are not all there,
wrong types and shapes are refused before anything is read into memory, and nothing is executed.
"""

from textcnn.training.checkpoint.contents import Checkpoint, TrainingState, architecture_of
from textcnn.training.checkpoint.quantised import WIDTHS
from textcnn.training.checkpoint.reading import load_checkpoint
from textcnn.training.checkpoint.writing import save_checkpoint, share_file

__all__ = [
    "WIDTHS",
    "Checkpoint",
    "TrainingState",
    "architecture_of",
    "load_checkpoint",
    "save_checkpoint",
    "share_file",
]
