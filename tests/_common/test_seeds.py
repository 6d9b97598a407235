"""Seeds that depend on a node's place and on nothing else."""

import itertools

import numpy as np
import pytest

from skuhas._common import base_seed, node_seed


def test_integers_are_their_own_seeds():
    for value in (0, 7, 2**32 - 1, 2**40, np.int64(7)):
        seed = base_seed(value)
        assert seed == value
        assert type(seed) is int


def test_generators_give_one_draw():
    first, second = np.random.RandomState(3), np.random.RandomState(3)
    seeds = [base_seed(first), base_seed(first)]
    assert seeds == [base_seed(second), base_seed(second)]
    assert seeds[0] != seeds[1]
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_none_draws_from_the_global_state():
    state = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(5)  # noqa: NPY002
        first = base_seed(None)
        np.random.seed(5)  # noqa: NPY002
        assert base_seed(None) == first
        assert base_seed(None) != first
    finally:
        np.random.set_state(state)  # noqa: NPY002


@pytest.mark.parametrize("value", [-1, np.int32(-5)])
def test_negative_seeds_are_named(value):
    with pytest.raises(ValueError, match=r"^random_state must be .* got .*-\d"):
        base_seed(value)


@pytest.mark.parametrize("value", ["seed", 1.5, [1]])
def test_other_seeds_are_refused(value):
    with pytest.raises(ValueError, match="cannot be used to seed"):
        base_seed(value)


def test_node_seeds_are_distinct():
    paths = []
    for length in range(6):
        paths += itertools.product(range(3), repeat=length)
    paths += [(0,) * length for length in range(6, 200)]
    paths += [(1,) + (0,) * length for length in range(6, 200)]
    seeds = {node_seed(seed, path) for seed in (0, 1) for path in paths}
    assert len(seeds) == 2 * len(paths)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_node_seeds_stay_the_same_for_ever():
    # A change of these changes every published result.
    assert node_seed(0, ()) == node_seed(0, [])
    assert node_seed(0, [1, 0]) == node_seed(0, (np.int64(1), 0))
    assert [node_seed(0, ()), node_seed(0, (0,)), node_seed(7, (1, 0, 2))] == [
        2968811710,
        3964924996,
        963527580,
    ]


def test_node_seeds_take_large_base_seeds():
    assert node_seed(2**40, (0,)) != node_seed(2**40 + 1, (0,))
