"""All checks, in the order in which one builds on another."""

from textcnn.evaluation.selfcheck import (
    answers,
    checkpoints,
    fast_paths,
    layer_gradients,
    network_gradients,
    runs,
)
from textcnn.evaluation.selfcheck.result import Check

CHECKS: dict[str, Check] = {
    "gradients of every layer against finite differences (float64)": layer_gradients.check,
    "gradients of the whole network against finite differences (float64)": network_gradients.check,
    "fast network and layers against the plain ones (float64)": fast_paths.check,
    "answers to sentences against the plain network's (float32)": fast_paths.check_answers,
    "a sentence's probabilities, alone and in any batch": answers.check,
    "two runs of one seed": runs.check_repeatability,
    "a run stopped and gone on with, against one never stopped": runs.check_resuming,
    "a checkpoint kept and read back": checkpoints.check_round_trip,
    "damaged checkpoints": checkpoints.check_damage,
}
"""By what they look at."""
