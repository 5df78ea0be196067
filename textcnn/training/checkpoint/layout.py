"""What marks a file as a checkpoint, and of which version."""

FORMAT = "textcnn checkpoint"
FORMAT_VERSION = 3

BEFORE_VERSION_2 = {
    "averaging": 0.0,
    "best_by": "accuracy",
    "dropout_draw": "sentence",
    "ensemble": 1,
    "ngrams": 0,
    "refit": False,
    "subwords": 0,
}
"""What a run did before there were options for it."""
