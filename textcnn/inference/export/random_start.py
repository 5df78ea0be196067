"""The random word vectors that training began with, drawn again.

Where they began at random, they can be drawn again wherever the generator's state is known, and
only what training changed needs to be sent: for rare words, nearly nothing. That halves a page.

The generator is PCG64, NumPy's default: O'Neill, "PCG: a family of simple fast space-efficient
statistically good algorithms for random number generation" (2014), section 6.3, XSL-RR.
"""

from dataclasses import dataclass

import numpy as np

NEAR = 0.5
"""Largest standard deviation of the changes, as a share of the vectors' own, for which it pays."""


@dataclass(frozen=True)
class Start:
    """Where the generator stood.

    Attributes:
        state: below 2 ** 128.
        increment: likewise, and odd.
    """

    state: int
    increment: int

    def vectors(self, shape: tuple[int, ...]) -> np.ndarray:
        """Float32 in ±0.25, as :func:`textcnn.core.architecture.initial_parameters` draws them."""
        generator = np.random.PCG64()
        generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": self.state, "inc": self.increment},
            "has_uint32": 0,
            "uinteger": 0,
        }
        drawn = generator.random_raw(int(np.prod(shape))) >> np.uint64(11)
        return (0.5 * (drawn * 2.0**-53) - 0.25).astype(np.float32).reshape(shape)


def random_start(X: np.ndarray, network_seed: int) -> Start | None:
    """Where these trained vectors began, if that was at random and they are still near.

    Args:
        X: (V, D) a network's word vectors.
        network_seed: of the network, see :func:`textcnn.training.experiment.new_experiment`.
    """
    state = np.random.PCG64([network_seed, 1]).state["state"]
    start = Start(state["state"], state["inc"])
    # Not taken on trust: vectors from a file or from another network began elsewhere.
    return start if (X - start.vectors(X.shape)).std() < NEAR * X.std() else None
