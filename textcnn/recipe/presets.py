"""The options of networks that were published, by the name that ``--preset`` knows them by.

Each names every option that decides what is learnt, also where the default is the same today, so
that a better default changes none of them.
"""

from typing import Any

from textcnn.core.architecture import MODES

_SHARED: dict[str, Any] = {
    "tokenizer": "kim",
    "max_tokens": 0,
    "min_count": 1,
    "max_vocabulary": 0,
    "filter_sizes": (3, 4, 5),
    "ngrams": 0,
    "subwords": 0,
    "ensemble": 1,
    "dropout": 0.5,
    "dropout_draw": "sentence",
    "word_dropout": 0.0,
    "l2": 0.0,
    "clip_norm": 0.0,
    "patience": 0,
    "best_by": "accuracy",
    "class_weight": "none",
    "averaging": 0.0,
    "refit": False,
}
"""What all of them have alike."""

_KIM = _SHARED | {
    "embedding_dim": 300,
    "num_filters": 100,
    "row_norm": 3.0,
    "optimizer": "adadelta",
    "learning_rate": 1.0,
    "rho": 0.95,
    "epsilon": 1e-6,
    "batch_size": 50,
    "epochs": 25,
    "evaluate_every": 0,
}
"""Kim, "Convolutional Neural Networks for Sentence Classification" (EMNLP 2014), section 3.1."""

_DENNYBRITZ = _SHARED | {
    "mode": "rand",
    "embedding_dim": 128,
    "num_filters": 128,
    "row_norm": 0.0,
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "batch_size": 64,
    "epochs": 200,
    "evaluate_every": 100,
    "checkpoint_every": 100,
    "checkpoints_kept": 5,
}
"""The settings of the repository dennybritz/cnn-text-classification-tf."""

PRESETS: dict[str, dict[str, Any]] = {
    **{f"kim-{mode}": {**_KIM, "mode": mode} for mode in MODES},
    "dennybritz": _DENNYBRITZ,
}
"""Values for :meth:`textcnn.recipe.config.Config.from_mapping`, by preset and option name."""
