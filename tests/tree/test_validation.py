"""What the constructor refuses, and what it makes of odd but legal input."""

import numpy as np
import pytest

from skuhas.tree import RegionTree

PARENTS = [2, 2, 2]
LABELS = [0, 1]


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([], r"parents must be a non-empty 1-D integer array, got shape \(0,\)"),
        ([[1, 1]], r"parents must be .* got shape \(1, 2\)"),
        ([2.0, 2.0, 2.0], "parents must be .* dtype float64"),
        ("abc", "parents must be .* dtype <U3"),
        (None, "parents must be .* dtype object"),
        ([[1], [1, 2]], "parents must be a rectangular array"),
        ([2, 2, 1], r"parents: the last node is the root .* parents\[2\] = 1"),
        ([2, 2, 3], r"parents: the last node is the root .* parents\[2\] = 3"),
        ([0, 2, 2], r"parents\[i\] must lie in \(i, 2\] .* parents\[0\] = 0"),
        ([2, 3, 2], r"parents\[i\] must lie in \(i, 2\] .* parents\[1\] = 3"),
        ([-1, 2, 2], r"parents\[i\] must lie in \(i, 2\] .* parents\[0\] = -1"),
        (
            [1, 3, 3, 3],
            "parents: leaves must come before .* node 2 has no .* node 1 has some",
        ),
        (np.array([2**63, 2, 2], dtype=np.uint64), r"parents\[i\] must lie in"),
    ],
)
def test_bad_parents_are_named(parents, message):
    with pytest.raises(ValueError, match=message):
        RegionTree(parents, LABELS)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], r"leaf_labels must be a non-empty integer array .*got shape \(0,\)"),
        (np.zeros((0, 3), int), r"leaf_labels must be .*got shape \(0, 3\)"),
        (np.zeros((1, 2, 2), int), r"leaf_labels must be .*got shape \(1, 2, 2\)"),
        (0, r"leaf_labels must be .*got shape \(\)"),
        (None, "leaf_labels must be .*dtype object"),
        ([0.0, 1.0], "leaf_labels must be .*dtype float64"),
        ([False, True], "leaf_labels must be .*dtype bool"),
        ([[0, 1], [0]], "leaf_labels must be a rectangular array"),
        ([0, 1, 2], r"leaf_labels must lie in \[-1, 1\] .*2 leaves, got \[0, 2\]"),
        ([0, 1, -2], r"leaf_labels must lie in \[-1, 1\] .*got \[-2, 1\]"),
        ([1, 1], "leaf_labels: leaf 0 has no pixel"),
        ([-1, 0], "leaf_labels: leaf 1 has no pixel"),
        ([-1, -1], "leaf_labels: leaf 0 has no pixel"),
        ([0, 2**40], r"leaf_labels must lie in .*got \[0, 1099511627776\]"),
    ],
)
def test_bad_leaf_labels_are_named(labels, message):
    with pytest.raises(ValueError, match=message):
        RegionTree(PARENTS, labels)


@pytest.mark.parametrize("name", ["ncut", "perturbation", "eigengap"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2], r" must have one value for each of the 3 nodes, got shape \(2,\)"),
        (0.5, r" must have one value for each of the 3 nodes, got shape \(\)"),
        ([0, 0, -0.5], r" must be at least 0 or nan, got -0\.5 at node 2"),
        (["a", "b", "c"], " must hold numbers, got dtype <U1"),
        ([1j, 2, 3], " must hold numbers, got dtype complex128"),
        ([None, None, "x"], " must hold numbers: "),
        ([[1], [1, 2], 3], " must be a rectangular array"),
    ],
)
def test_bad_figures_are_named(name, values, message):
    with pytest.raises(ValueError, match=f"^{name}{message}"):
        RegionTree(PARENTS, LABELS, **{name: values})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 0], r"altitude .* 3 nodes, got shape \(2,\)\."),
        ([0, 0, np.nan], "altitude must have one finite .* with nan or infinity"),
        ([0, 0, np.inf], "altitude must have one finite .* with nan or infinity"),
        ([0, 2, 1], r"altitude must not fall .*got 2\.0 at node 1 and 1\.0 at its p"),
        (["a", "b", "c"], "altitude must hold numbers, got dtype <U1"),
    ],
)
def test_bad_altitudes_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        RegionTree(PARENTS, LABELS, altitude=values)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([1, 2, 3], TypeError, "node_data must be a mapping .*got list"),
        ({"": [1, 2, 3]}, ValueError, "node_data: names must be .*got ''"),
        ({3: [1, 2, 3]}, ValueError, "node_data: names must be .*got 3"),
        ({"a\0": [1, 2, 3]}, ValueError, r"node_data: names must be .*got 'a\\x00'"),
        ({"\ud800": [1, 2, 3]}, ValueError, "node_data: names must be .*printable"),
        ({"a": [1, 2]}, ValueError, r"node_data\['a'\] .* 3 nodes, got shape \(2,\)"),
        ({"a": 5}, ValueError, r"node_data\['a'\] must have .*got shape \(\)"),
        ({"a": [None] * 3}, ValueError, r"node_data\['a'\] must hold .*dtype object"),
        ({"a": [1j] * 3}, ValueError, r"node_data\['a'\] must hold .*complex128"),
        (
            {"a": np.ones(3, np.longdouble)},
            ValueError,
            r"node_data\['a'\] must hold .*at most 64 bits, got dtype float",
        ),
        ({"a": [[1], [1, 2], 3]}, ValueError, r"node_data\['a'\] must be a rectangul"),
    ],
)
def test_bad_node_data_is_named(data, error, message):
    if np.dtype(np.longdouble).itemsize == 8 and "bits" in message:
        pytest.skip("long double is double on this platform")
    with pytest.raises(error, match=message):
        RegionTree(PARENTS, LABELS, node_data=data)


def test_root_may_be_minus_one():
    tree = RegionTree([2, 2, -1], LABELS)
    assert tree.parents.tolist() == [2, 2, 2]
    assert tree == RegionTree(PARENTS, LABELS)


def test_none_is_nan_in_figures():
    tree = RegionTree(PARENTS, LABELS, ncut=[None, None, 0.25])
    np.testing.assert_array_equal(tree.ncut, [np.nan, np.nan, 0.25])


@pytest.mark.parametrize(
    ("dtype", "n_leaves"),
    [("i1", 128), ("u1", 256), ("i2", 300), ("u2", 300), ("u4", 300), ("u8", 300)],
)
def test_leaf_labels_of_every_integer_type(dtype, n_leaves):
    # 128 and 256 leaves use the last value that the type holds.
    parents = np.full(n_leaves + 1, n_leaves)
    tree = RegionTree(parents, np.arange(n_leaves).astype(dtype))
    assert tree.leaf_labels.dtype == np.int32
    assert tree.area.tolist() == [1] * n_leaves + [n_leaves]


def test_the_callers_arrays_are_copied():
    parents, labels = np.array(PARENTS, dtype=np.int32), np.array([0, 1], np.int32)
    ncut, mine = np.array([np.nan, np.nan, 0.5]), np.array([1, 2, 3])
    tree = RegionTree(parents, labels, ncut=ncut, node_data={"mine": mine})
    for array in (parents, labels, ncut, mine):
        assert array.flags.writeable
        array[:] = 0
    assert tree.parents.tolist() == PARENTS
    assert tree.leaf_labels.tolist() == LABELS
    assert tree.ncut[2] == 0.5
    assert tree.node_data["mine"].tolist() == [1, 2, 3]
