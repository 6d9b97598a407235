"""Random seeds that depend on a node's place in its tree and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def base_seed(random_state: Any) -> int:
    """Return one non-negative integer for `random_state`, by scikit-learn's rules.

    An integer is its own seed; None and generators give one draw, made once
    for a call so that all images of a batch share it.
    """
    if isinstance(random_state, (int, np.integer)) and not isinstance(
        random_state, bool
    ):
        if random_state < 0:
            raise ValueError(
                "random_state must be a non-negative integer, a RandomState "
                f"instance or None, got {random_state!r}."
            )
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def node_seed(seed: int, path: Sequence[int]) -> int:
    """Return the 32-bit seed of the node reached from the root by `path`.

    Parameters
    ----------
    seed : int
        The seed of the whole call.
    path : sequence of int
        Child ranks from the root; the root's path is empty.
    """
    # The length goes in too: SeedSequence ignores trailing zeros.
    words = [seed, len(path), *path]
    return int(np.random.SeedSequence(words).generate_state(1)[0])
