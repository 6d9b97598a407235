"""Cuts, canonical numbering and resizing, against literal versions."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skuhas.tree import RegionTree
from tests.tree import _literal as literal
from tests.tree._strategies import quick, region_trees, renumbered

FIGURES = ("ncut", "perturbation", "eigengap")


def nested(fine, coarse):
    """Whether every region of `fine` lies in one region of `coarse`."""
    pairs = set(zip(fine.ravel().tolist(), coarse.ravel().tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs})


def figures_missing(tree, name):
    values = getattr(tree, name)
    splits = [i for i in range(tree.n_nodes) if len(tree.children(i)) > 1]
    return bool(splits) and all(np.isnan(values[node]) for node in splits)


def assert_is_cut(cut, tree, opened):
    parents, labels, old = literal.canonical(tree, opened)
    assert cut.parents.tolist() == parents
    np.testing.assert_array_equal(cut.leaf_labels, labels)
    closed = np.arange(len(old)) < cut.n_leaves
    for name in FIGURES:
        expected = np.where(closed, np.nan, getattr(tree, name)[old])
        np.testing.assert_array_equal(getattr(cut, name), expected)
    for name, values in tree.node_data.items():
        np.testing.assert_array_equal(cut.node_data[name], values[old])
        assert cut.node_data[name].dtype == values.dtype
    assert cut.node_data.keys() == tree.node_data.keys()


limits = st.fixed_dictionaries(
    {},
    optional={
        "depth": st.integers(0, 5),
        "n_regions": st.integers(1, 10),
        "max_ncut": st.sampled_from([0, 0.125, 0.3, 0.5, 1, 1.5, float("inf")]),
        "max_perturbation": st.sampled_from([0.0, 1, 2.5, 50, 80, float("inf")]),
    },
)


@settings(max_examples=200, deadline=None)
@given(tree=region_trees(), limits=limits)
def test_cut_equals_literal(tree, limits):
    for name in ("ncut", "perturbation"):
        if f"max_{name}" in limits and figures_missing(tree, name):
            with pytest.raises(ValueError, match=f"max_.* needs the .*{name}"):
                tree.cut(**{f"max_{name}": limits[f"max_{name}"]})
            return
    opened = literal.open_nodes(tree, **limits)
    cut = tree.cut(**limits)
    assert_is_cut(cut, tree, opened)
    labels = tree.labels(**limits)
    np.testing.assert_array_equal(labels, cut.leaf_labels)
    assert labels.dtype == np.int32


@quick
@given(tree=region_trees(given_altitude=True))
def test_cut_keeps_given_altitudes(tree):
    lowest = tree.altitude[: tree.n_leaves].min()
    for n_regions in range(1, tree.n_leaves + 1):
        opened = literal.open_nodes(tree, n_regions=n_regions)
        cut = tree.cut(n_regions=n_regions)
        old = literal.canonical(tree, opened)[2]
        # A closed node is a leaf now and lies as low as the lowest leaf did.
        expected = [
            lowest if new < cut.n_leaves and node >= tree.n_leaves else None
            for new, node in enumerate(old)
        ]
        expected = [
            tree.altitude[node] if value is None else value
            for node, value in zip(old, expected, strict=True)
        ]
        np.testing.assert_array_equal(cut.altitude, expected)


@quick
@given(tree=region_trees())
def test_cuts_by_number_are_nested_and_within_budget(tree):
    finer = tree.labels()
    previous = tree.n_leaves
    for n_regions in range(tree.n_leaves, 0, -1):
        labels = tree.labels(n_regions=n_regions)
        found = labels.max() + 1
        assert found <= min(n_regions, previous)
        assert nested(finer, labels)
        np.testing.assert_array_equal(labels < 0, tree.leaf_labels < 0)
        finer, previous = labels, found
    assert previous == 1


@quick
@given(tree=region_trees(), seed=st.integers(0, 2**32 - 1))
def test_equal_partitions_give_equal_arrays(tree, seed):
    other = renumbered(tree, np.random.default_rng(seed))
    first, second = tree.cut(), other.cut()
    assert first == second
    assert first.parents.tolist() == second.parents.tolist()
    assert first.leaf_labels.tolist() == second.leaf_labels.tolist()


@quick
@given(tree=region_trees())
def test_cut_without_limits_is_the_canonical_tree(tree):
    canonical = tree.cut()
    assert canonical.n_nodes == tree.n_nodes
    assert canonical.cut() == canonical
    flat = canonical.leaf_labels.ravel()
    firsts = [flat.tolist().index(leaf) for leaf in range(canonical.n_leaves)]
    assert firsts == sorted(firsts)
    old = literal.canonical(tree, set(range(tree.n_leaves, tree.n_nodes)))[2]
    # The altitude of every node survives renumbering.
    np.testing.assert_array_equal(canonical.altitude, tree.altitude[old])


@quick
@given(tree=region_trees(figures=True), limits=limits)
def test_cutting_again_changes_nothing(tree, limits):
    limits.pop("n_regions", None)
    assume(not figures_missing(tree, "ncut"))
    assume(not figures_missing(tree, "perturbation"))
    cut = tree.cut(**limits)
    if not any(
        f"max_{name}" in limits and figures_missing(cut, name)
        for name in ("ncut", "perturbation")
    ):
        assert cut.cut(**limits) == cut


def test_what_lies_under_a_closed_node_is_gone():
    nan = np.nan
    tree = RegionTree.from_parents(
        [4, 4, 5, 6, 5, 6, 6],
        [0, 1, 2, 3],
        ncut=[nan, nan, nan, nan, 0.1, 0.9, 0.2],
    )
    cut = tree.cut(max_ncut=0.5)
    assert cut.leaf_labels.tolist() == [0, 0, 0, 1]
    assert cut.parents.tolist() == [2, 2, 2]
    assert cut.ncut[2] == 0.2


def test_gates_are_strict_for_ncut_and_inclusive_for_perturbation():
    nan = np.nan
    tree = RegionTree.from_parents(
        [2, 2, 2], [0, 1], ncut=[nan, nan, 0.5], perturbation=[nan, nan, 10]
    )
    assert tree.cut(max_ncut=0.5).n_leaves == 1
    assert tree.cut(max_ncut=0.5000001).n_leaves == 2
    assert tree.cut(max_perturbation=10).n_leaves == 2
    assert tree.cut(max_perturbation=9.999999).n_leaves == 1
    assert tree.cut(max_ncut=0).n_leaves == 1
    assert tree.cut(max_perturbation=0).n_leaves == 1


def test_budget_stops_at_the_first_node_that_does_not_fit():
    # The root has three children; one of them could open alone within 2.
    tree = RegionTree.from_parents([4, 4, 5, 5, 5, 5], [0, 1, 2, 3])
    assert [tree.cut(n_regions=n).n_leaves for n in (1, 2, 3, 4, 5)] == [1, 1, 3, 4, 4]


def test_ties_open_the_larger_region():
    tree = RegionTree.from_parents(
        [4, 4, 5, 5, 6, 6, 6], [0, 1, 2, 3, 3], altitude=[0, 0, 0, 0, 1, 1, 1]
    )
    assert tree.labels(n_regions=3).tolist() == [0, 0, 1, 2, 2]


def test_single_child_nodes_do_not_demand_figures():
    # Node 3 holds node 2 alone, so it is no split and has no ncut.
    tree = RegionTree.from_parents(
        [2, 2, 3, 3], [0, 1], ncut=[np.nan, np.nan, 0.9, np.nan]
    )
    closed = tree.cut(max_ncut=0.5)
    assert closed.parents.tolist() == [1, 1]
    assert closed.cut(max_ncut=0.5) == closed


@pytest.mark.parametrize(
    ("limit", "error", "message"),
    [
        ({"depth": -1}, ValueError, r"depth must be an integer in \[0, .*got -1"),
        ({"depth": 1.5}, TypeError, r"depth must be an integer .*got 1\.5"),
        ({"n_regions": 0}, ValueError, r"n_regions must be .* in \[1, .*got 0"),
        ({"n_regions": True}, TypeError, "n_regions must be .*got True"),
        ({"max_ncut": -0.1}, ValueError, r"max_ncut must be .*got -0\.1"),
        ({"max_ncut": "0.3"}, TypeError, "max_ncut must be a number .*got '0.3'"),
        ({"max_ncut": np.nan}, ValueError, "max_ncut must be .*got nan"),
        ({"max_perturbation": -1}, ValueError, "max_perturbation must be .*got -1"),
        ({"max_ncut": 0.5}, ValueError, "max_ncut needs the ncut of the splits"),
        (
            {"max_perturbation": 1},
            ValueError,
            "max_perturbation needs the perturbation of the splits",
        ),
    ],
)
@pytest.mark.parametrize("method", ["cut", "labels"])
def test_bad_limits_are_named(method, limit, error, message):
    tree = RegionTree.from_parents([2, 2, 2], [0, 1])
    with pytest.raises(error, match=message):
        getattr(tree, method)(**limit)


def test_limits_are_keyword_only():
    tree = RegionTree.from_parents([2, 2, 2], [0, 1])
    with pytest.raises(TypeError, match="positional argument"):
        tree.cut(1)


@quick
@given(tree=region_trees(image=True), data=st.data())
def test_resize_equals_literal(tree, data):
    height, width = (data.draw(st.integers(1, 9)) for _ in range(2))
    labels = np.empty((height, width), dtype=int)
    for y, x in np.ndindex(height, width):
        # The pixel of the old image in which the new pixel's centre lies.
        v = (2 * y + 1) * tree.shape[0] // (2 * height)
        u = (2 * x + 1) * tree.shape[1] // (2 * width)
        labels[y, x] = tree.leaf_labels[v, u]
    if (labels < 0).all():
        with pytest.raises(ValueError, match=rf"shape \({height}, {width}\) is too"):
            tree.resize((height, width))
        return
    resized = tree.resize((height, width))
    assert resized.shape == (height, width)
    flat = labels.ravel().tolist()
    present = [x for i, x in enumerate(flat) if x >= 0 and x not in flat[:i]]
    np.testing.assert_array_equal(
        resized.leaf_labels,
        [[present.index(x) if x >= 0 else -1 for x in row] for row in labels.tolist()],
    )
    # Every surviving chain of ancestors keeps its figures and its data.
    for new, old in enumerate(present):
        above, was_above = resized.ancestors(new), tree.ancestors(old)
        assert len(above) == len(was_above)
        for name in FIGURES:
            np.testing.assert_array_equal(
                getattr(resized, name)[above], getattr(tree, name)[was_above]
            )
        if tree._given_altitude is not None:
            np.testing.assert_array_equal(
                resized.altitude[resized.path(new)], tree.altitude[tree.path(old)]
            )
        for name, values in tree.node_data.items():
            np.testing.assert_array_equal(
                resized.node_data[name][resized.path(new)], values[tree.path(old)]
            )


@quick
@given(tree=region_trees(image=True), factor=st.integers(1, 3))
def test_resize_by_whole_factors_and_back(tree, factor):
    height, width = tree.shape
    larger = tree.resize((height * factor, width * factor))
    expected = np.kron(tree.labels(), np.ones((factor, factor), dtype=int))
    np.testing.assert_array_equal(larger.leaf_labels, expected)
    assert larger.resize(tree.shape) == tree.cut()


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        (5, ValueError, r"shape must be \(height, width\), got 5"),
        ((5,), ValueError, r"shape must be \(height, width\), got \(5,\)"),
        ((5, 0), ValueError, "shape must be an integer in .*got 0"),
        ((5, 2.5), TypeError, "shape must be an integer .*got 2.5"),
    ],
)
def test_bad_shapes_are_named(shape, error, message):
    tree = RegionTree.from_parents([2, 2, 2], [[0, 1]])
    with pytest.raises(error, match=message):
        tree.resize(shape)


def test_resize_needs_an_image():
    with pytest.raises(ValueError, match=r"resize needs .* got leaf_labels .*\(2,\)"):
        RegionTree.from_parents([2, 2, 2], [0, 1]).resize((2, 2))
