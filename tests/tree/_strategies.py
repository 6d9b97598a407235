"""Random region trees for hypothesis.

Hypothesis draws the topology, the shape of the label map and the switches, so
that failures shrink to small trees; the pixels and figures come from a drawn
seed.
"""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from skuhas.tree import RegionTree

quick = settings(max_examples=60, deadline=None)


@st.composite
def parent_arrays(draw, max_leaves=9):
    """Draw a parent array: single nodes, chains, k-ary and single-child nodes."""
    n_leaves = draw(st.integers(1, max_leaves))
    style = draw(st.sampled_from(["binary", "chain", "mixed"]))
    alive = list(range(n_leaves))
    parents = [-1] * n_leaves
    single_left = draw(st.integers(0, 3))
    while len(alive) > 1 or single_left:
        if len(alive) == 1 or (single_left and draw(st.booleans())):
            single_left -= 1
            size = 1
        elif style == "mixed":
            size = draw(st.integers(2, len(alive)))
        else:
            size = 2
        node = len(parents)
        parents.append(-1)
        for turn in range(size):
            # A chain always takes the newest node first.
            if style == "chain" and turn == 0:
                place = len(alive) - 1
            else:
                place = draw(st.integers(0, len(alive) - 1))
            parents[alive.pop(place)] = node
        alive.append(node)
    parents[-1] = len(parents) - 1
    return np.array(parents)


def leaf_count(parents):
    """Count the nodes that are nobody's parent."""
    return len(parents) - len(set(parents[:-1].tolist())) if len(parents) > 1 else 1


@st.composite
def label_maps(draw, n_leaves, image=None):
    """Draw a label map in which every leaf has a pixel and -1 may occur."""
    if image is None:
        image = draw(st.booleans())
    if image:
        height = draw(st.integers(1, 6))
        width = draw(st.integers(-(-n_leaves // height), -(-n_leaves // height) + 4))
        shape = (height, width)
    else:
        shape = (draw(st.integers(n_leaves, n_leaves + 12)),)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lowest = draw(st.sampled_from([-1, 0]))
    flat = rng.integers(lowest, n_leaves, int(np.prod(shape)))
    flat[rng.permutation(flat.size)[:n_leaves]] = np.arange(n_leaves)
    return flat.reshape(shape).astype(np.int32)


def random_figures(parents, rng, *, given_altitude):
    """Return figures in coarse steps, so that ties and exact thresholds occur."""
    n_nodes, n_leaves = len(parents), leaf_count(parents)
    figures = {}
    for name, values in [
        ("ncut", np.arange(9) / 8),
        ("perturbation", np.array([0, 1, 2.5, 10, 80, np.inf])),
        ("eigengap", np.array([0, 0.125, 1, np.inf])),
    ]:
        array = np.full(n_nodes, np.nan)
        array[n_leaves:] = rng.choice(values, n_nodes - n_leaves)
        array[rng.random(n_nodes) < 0.2] = np.nan
        figures[name] = array
    if given_altitude:
        altitude = rng.integers(0, 5, n_nodes) / 4
        for node in range(n_nodes):
            above = parents[node]
            altitude[above] = max(altitude[above], altitude[node])
        figures["altitude"] = altitude
    return figures


def random_node_data(n_nodes, rng):
    """Return one array of every allowed kind, one of them with rows."""
    infinities = rng.choice([np.nan, np.inf, -np.inf, 0.1, -0.0], (n_nodes, 2))
    return {
        "name": rng.choice(["", "cat", 'a "b"\n', "日本"], n_nodes),
        "flag": rng.random(n_nodes) < 0.5,
        "count": rng.integers(-5, 5, (n_nodes, 1, 2)).astype(np.int16),
        "big": rng.integers(0, 2**64, n_nodes, dtype=np.uint64),
        "score": infinities,
        "half/way": rng.random(n_nodes).astype(np.float32),
    }


@st.composite
def region_trees(draw, *, image=None, figures=None, given_altitude=None, data=None):
    """Draw a RegionTree; switches left at None are drawn too."""
    parents = draw(parent_arrays())
    labels = draw(label_maps(leaf_count(parents), image=image))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if figures is None:
        figures = draw(st.booleans())
    if given_altitude is None:
        given_altitude = draw(st.booleans())
    if data is None:
        data = draw(st.booleans())
    arrays = random_figures(parents, rng, given_altitude=given_altitude)
    if not figures:
        arrays = {name: arrays[name] for name in arrays if name == "altitude"}
    if data:
        arrays["node_data"] = random_node_data(len(parents), rng)
    return RegionTree.from_parents(parents, labels, **arrays)


def renumbered(tree, rng):
    """Return the same nested partition with its nodes numbered at random."""
    n_nodes, n_leaves = tree.n_nodes, tree.n_leaves
    order = rng.permutation(n_leaves).tolist()
    waiting = [len(tree.children(node)) for node in range(n_nodes)]
    ready = []

    def finish(node):
        above = int(tree.parents[node])
        waiting[above] -= 1
        if above != node and waiting[above] == 0:
            ready.append(above)

    for node in order[:]:
        finish(node)
    while ready:
        node = ready.pop(rng.integers(len(ready)))
        order.append(node)
        finish(node)
    old = np.array(order)
    new = np.empty(n_nodes, dtype=int)
    new[old] = np.arange(n_nodes)
    labels = np.where(tree.leaf_labels < 0, -1, new[tree.leaf_labels])
    given = tree._given_altitude
    return RegionTree.from_parents(
        new[tree.parents[old]],
        labels,
        ncut=tree.ncut[old],
        perturbation=tree.perturbation[old],
        eigengap=tree.eigengap[old],
        altitude=None if given is None else given[old],
        node_data={name: values[old] for name, values in tree.node_data.items()},
    )
