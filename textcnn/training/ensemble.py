"""Several networks, alike but for their random numbers, that answer together.

The average of networks that err differently errs less than each (Hansen and Salamon 1990). They
share vocabulary, n-gram counts and split; their logits are averaged.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from textcnn.recipe.calibration import calibrate
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.config import Config


def member_configs(config: Config) -> list[Config]:
    """The options of each network: those of an ordinary run with a ``--network-seed`` of its own.

    The first is the one that a run without ``--ensemble`` would train.
    """
    first = config.resolved().network_seed or 0
    return [
        dataclasses.replace(config, ensemble=1, network_seed=first + number)
        for number in range(config.ensemble)
    ]


def together(
    members: Sequence[Checkpoint],
    config: Config,
    dev_targets: np.ndarray,
    dev_weights: np.ndarray | None,
) -> Checkpoint:
    """One checkpoint of all networks, with a temperature of its own.

    Args:
        members: finished, with their training state.
        config: the options of the whole.
        dev_targets, dev_weights: of the dev sentences.
    """
    first = members[0]
    if len(members) == 1:
        return first
    logits = [member.training.progress.dev_logits for member in members if member.training]
    temperature, thresholds = calibrate(np.mean(logits, axis=0), dev_targets, dev_weights)
    resolved = config.resolved()
    return dataclasses.replace(
        first,
        # What the vectors decided, as each member's run found it.
        config=dataclasses.replace(resolved, embedding_dim=first.config.embedding_dim),
        others=tuple(member.parameters for member in members[1:]),
        temperature=temperature,
        thresholds=thresholds,
        training=None,
    )
