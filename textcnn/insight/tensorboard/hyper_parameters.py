"""A run's options and final scores, side by side with other runs' in TensorBoard's HPARAMS."""

from collections.abc import Mapping
from typing import Any

from textcnn.recipe.config import Config, Value, value_type

UNSET = "none"
"""Stands for a text or a list that is not given."""


def hyper_parameters(config: Config, scores: Mapping[str, float]) -> list[Any]:
    """Summaries of every option, and of the scores.

    Raises:
        ImportError: tensorboardX is not installed.
    """
    from tensorboardX import summary

    options = {name: _plain(name, value) for name, value in vars(config).items()}
    # The first of the three lists the columns. TensorBoard would take those of any one run for all;
    # without it, it collects them from all runs, and knows which options differ.
    _, start, end = summary.hparams(options, scores)
    return [start, end, *(summary.scalar(name, value) for name, value in scores.items())]


def _plain(name: str, value: Value) -> bool | float | str | None:
    """``value`` as TensorBoard knows values: filter sizes become "3,4,5".

    It compares only what is there, so that a text which is not given is a word of its own. A number
    that is not is left out (None): with a word among them it would not take the others for numbers.
    """
    kind, several = value_type(name)
    if several:
        return ",".join(map(str, value)) or UNSET
    return UNSET if value is None and kind is str else value
