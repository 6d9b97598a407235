"""The CRF: against a literal mean field, on images with known regions, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

pytest.importorskip("pydensecrf", reason="needs pydensecrf2 (extra crf)")

from skuhas import DenseCRF, FeatureMap, RegionTree
from skuhas.refine._mean_field import mean_field
from tests.refine._toys import blocky, diagonal, errors, painted, tree_of_three
from tests.refine.test_trees import assert_descends_from, numbered
from tests.tree._strategies import region_trees


def literal_mean_field(energies, kernels, iterations):
    """The algorithm of Krähenbühl and Koltun with matrices of all pairs."""
    matrices = []
    for features, compatibility in kernels:
        square = ((features[:, :, None] - features[:, None]) ** 2).sum(axis=0)
        kernel = np.exp(-square / 2)
        total = kernel.sum(axis=1)
        matrices.append(compatibility * kernel / np.sqrt(np.outer(total, total)))
    marginals = normalised(energies)
    for _ in range(iterations):
        # Paying for other labels is, but for a constant, being paid for one's own.
        marginals = normalised(
            energies - sum(marginals @ matrix for matrix in matrices)
        )
    return marginals


def normalised(energies):
    weights = np.exp(energies.min(axis=0) - energies)
    return weights / weights.sum(axis=0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("weights", "tolerance"), [((3, 0), 0.01), ((0, 4), 0.015), ((3, 4), 0.03)]
)
def test_mean_field_is_the_literal_one(seed, weights, tolerance):
    random = np.random.default_rng(seed)
    row, column = np.indices((12, 15)).reshape(2, -1)
    colors = np.where(column > 7, 80, 20) + random.normal(scale=2, size=(3, 180))
    energies = random.normal(size=(3, 180))
    positions = np.stack([column, row])
    kernels = [
        (positions / 2.0, weights[0]),
        (np.concatenate([positions / 20.0, colors / 5.0]), weights[1]),
    ]
    marginals = mean_field(energies, kernels, 5)
    expected = literal_mean_field(energies, [entry for entry in kernels if entry[1]], 5)
    np.testing.assert_allclose(marginals.sum(axis=0), 1, rtol=1e-5)
    # The library's Gaussians, on a lattice, are approximate.
    assert np.abs(marginals - expected).mean() < tolerance
    assert (marginals.argmax(axis=0) == expected.argmax(axis=0)).mean() > 0.95
    # What the pairs do is larger than that.
    assert np.abs(normalised(energies) - expected).mean() > 3 * tolerance


def test_blocky_leaves_take_the_boundaries_of_the_image():
    truth = diagonal()
    feature_map, labels = blocky(truth, 8)
    tree = tree_of_three(labels)
    refined = DenseCRF().refine(tree, feature_map)
    assert errors(tree, truth) > 0.03
    assert errors(refined, truth) < 0.005
    np.testing.assert_array_equal(refined.parents, tree.parents)
    np.testing.assert_array_equal(refined.ncut, tree.ncut)


def test_shifted_leaves_take_the_boundaries_of_the_image():
    truth = np.repeat([[0] * 37 + [1] * 43], 64, axis=0)
    # Two kinds not so different that colours could not outweigh them.
    features = np.ones((8, 10, 2))
    features[:, :5, 1], features[:, 5:, 1] = -0.3, 0.3
    for shift in (-3, 3):
        labels = np.roll(truth[0], shift)
        labels[:4], labels[-4:] = 0, 1
        tree = RegionTree.from_parents([2, 2, -1], np.repeat(labels[None], 64, axis=0))
        assert errors(tree, truth) == 3 / 80
        refined = DenseCRF(inertia=0.0).refine(tree, features, painted(truth))
        assert errors(refined, truth) == 0
        # With more of it, the leaves that there are weigh more.
        refined = DenseCRF(inertia=3.0).refine(tree, features, painted(truth))
        assert errors(refined, truth) < 3 / 80


def test_without_pairs_the_features_decide():
    # Interpolated, the features are alike in the middle of the image.
    tree = RegionTree.from_parents(
        [2, 2, -1], np.repeat([[0] * 9 + [1] * 7], 4, axis=0)
    )
    crf = DenseCRF(gaussian_compatibility=0, bilateral_compatibility=0, inertia=0)
    image = np.zeros((4, 16, 3), dtype=np.uint8)
    refined = crf.refine(tree, np.eye(2)[None], image)
    expected = np.repeat([[0] * 8 + [1] * 8], 4, axis=0)
    np.testing.assert_array_equal(refined.leaf_labels, expected)
    # There the cosines with the leaves differ by less than this.
    refined = clone(crf).set_params(inertia=2.0).refine(tree, np.eye(2)[None], image)
    np.testing.assert_array_equal(refined.leaf_labels, tree.leaf_labels)


def test_automatic_inertia_is_that_of_the_kind_of_leaves():
    truth = diagonal()
    feature_map, labels = blocky(truth, 8)
    kinds = [(labels, 0.0), (np.roll(labels, 3, axis=1), 3.0)]
    for labels, inertia in kinds:
        tree = tree_of_three(labels)
        own = DenseCRF().refine(tree, feature_map)
        assert own == DenseCRF(inertia=inertia).refine(tree, feature_map)
        assert own != DenseCRF(inertia=3.0 - inertia).refine(tree, feature_map)


def test_pixels_outside_every_region_have_no_part_in_it():
    truth = diagonal()
    feature_map, labels = blocky(truth, 8)
    labels[20:30, 30:60] = -1
    tree = tree_of_three(labels)
    refined = DenseCRF().refine(tree, feature_map)
    np.testing.assert_array_equal(refined.leaf_labels < 0, labels < 0)
    image = feature_map.image.copy()
    image[labels < 0] = np.random.default_rng(0).integers(256, size=(300, 3))
    assert DenseCRF().refine(tree, feature_map, image) == refined


def test_large_images_are_worked_on_at_the_size_given():
    truth = diagonal(256, 320)
    feature_map, labels = blocky(truth, 32)
    tree = tree_of_three(labels)
    refined = DenseCRF(max_size=160).refine(tree, feature_map)
    assert errors(refined, truth) < errors(tree, truth) / 4
    # What does not move keeps its pixels, finer than those worked on.
    fine = RegionTree.from_parents([2, 2, -1], (truth > 0).astype(int))
    still = DenseCRF(max_size=100, inertia=1e6).refine(fine, feature_map)
    assert still == fine.cut()


def test_few_at_a_time_find_what_all_at_once_find():
    random = np.random.default_rng(0)
    blocks = np.arange(48).reshape(6, 8)
    features = np.linalg.qr(random.normal(size=(48, 48)))[0][blocks]
    labels = blocks.repeat(10, axis=0).repeat(10, axis=1)
    truth = np.roll(labels, (2, 2), axis=(0, 1))
    image = random.integers(256, size=(48, 3)).astype(np.uint8)[truth]
    tree = RegionTree.from_parents([48] * 48 + [-1], labels)
    for most in (2, 5, 64):
        refined = DenseCRF(max_labels=most, inertia=0.0).refine(tree, features, image)
        assert errors(tree, truth) > 0.3
        assert errors(refined, truth) < 0.08


def test_below_the_cut_leaves_move_only_with_their_region():
    truth = diagonal()
    feature_map, labels = blocky(truth, 8)
    # Every region is halved by a line on which nothing is to be seen.
    halves = labels * 2 + (np.arange(64)[:, None] % 16 < 8)
    tree = RegionTree.from_parents([6, 6, 7, 7, 8, 8, 9, 9, 9, -1], halves)
    refined = DenseCRF(n_regions=3).refine(numbered(tree), feature_map)
    leaf = refined.node_data["old"][refined.leaf_labels]
    stayed = (leaf // 2) == labels
    np.testing.assert_array_equal(leaf[stayed], halves[stayed])
    assert errors(refined.cut(n_regions=3), truth) < 0.005
    everywhere = DenseCRF(n_regions=None).refine(numbered(tree), feature_map)
    leaf = everywhere.node_data["old"][everywhere.leaf_labels]
    stayed = (leaf // 2) == labels
    assert (leaf[stayed] != halves[stayed]).any()


@settings(max_examples=40)
@given(
    region_trees(image=True),
    st.integers(0, 2**32 - 1),
    st.sampled_from([None, 1, 2, 4]),
    st.integers(2, 4),
    st.sampled_from([None, 2]),
)
def test_what_is_left_is_a_tree_of_the_same_pixels(tree, seed, cut, most, size):
    random = np.random.default_rng(seed)
    features = random.normal(size=(2, 3, 4))
    image = random.integers(256, size=(*tree.shape, 3)).astype(np.uint8)
    tree = numbered(tree)
    crf = DenseCRF(
        inertia=0.0, n_regions=cut, max_labels=most, max_size=size, iterations=2
    )
    refined = crf.refine(tree, features, image)
    assert_descends_from(refined, tree)
    assert refined == crf.refine(tree, features, image)


def test_a_tree_of_one_region_stays():
    tree = RegionTree.from_parents([-1], np.zeros((4, 5), dtype=int))
    image = np.zeros((4, 5, 3), dtype=np.uint8)
    assert DenseCRF().refine(tree, np.ones((2, 2, 1)), image) == tree
    # Where no reduced pixel shows the only valid one there is nothing to move.
    labels = np.full((4, 4), -1)
    labels[0, :2] = 0, 1
    tree = RegionTree.from_parents([2, 2, -1], labels)
    refined = DenseCRF(max_size=1).refine(tree, np.ones((2, 2, 1)), image[:, :4])
    assert refined == tree


def test_tensors_and_arrays_give_the_same():
    torch = pytest.importorskip("torch")
    feature_map, labels = blocky(diagonal(), 8)
    tree = tree_of_three(labels)
    expected = DenseCRF().refine(tree, feature_map)
    tensor = torch.from_numpy(feature_map.features).requires_grad_()
    assert DenseCRF().refine(tree, tensor, feature_map.image) == expected
    scaled = feature_map.features.astype(np.float64) * 1e30
    assert DenseCRF().refine(tree, scaled, feature_map.image) == expected


def test_progress_goes_to_standard_error(capsys):
    feature_map, labels = blocky(diagonal(), 8)
    DenseCRF(verbose=1).refine(tree_of_three(labels), feature_map)
    output = capsys.readouterr()
    assert output.out == ""
    assert "Boundaries, level 0" in output.err
    DenseCRF().refine(tree_of_three(labels), feature_map)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("gaussian_sigma", 0.0, r"\(0.0, inf\)"),
        ("position_sigma", -1.0, r"\(0.0, inf\)"),
        ("color_sigma", np.nan, r"\(0.0, inf\)"),
        ("temperature", 0, r"\(0.0, inf\)"),
        ("gaussian_compatibility", -1.0, r"\[0.0, inf\)"),
        ("bilateral_compatibility", np.inf, r"\[0.0, inf\)"),
        ("iterations", 0, r"\[1, inf\)"),
        ("inertia", -1.0, r"\[0.0, inf\)"),
        ("inertia", "none", "'auto' or a number"),
        ("n_regions", 0, r"\[1, inf\) or None"),
        ("max_labels", 1, r"\[2, inf\)"),
        ("max_size", 0, r"\[1, inf\) or None"),
    ],
)
def test_values_out_of_range(name, value, allowed):
    feature_map, labels = blocky(diagonal(), 8)
    crf = DenseCRF(**{name: value})
    with pytest.raises(ValueError, match=f"{name} must be .*{allowed}.*got"):
        crf.refine(tree_of_three(labels), feature_map)


def test_things_that_do_not_fit_together():
    feature_map, labels = blocky(diagonal(), 8)
    tree, image = tree_of_three(labels), feature_map.image
    crf = DenseCRF()
    with pytest.raises(TypeError, match="tree must be a RegionTree, got ndarray"):
        crf.refine(labels, feature_map)
    without = FeatureMap(feature_map.features, image_shape=(64, 80))
    with pytest.raises(ValueError, match="image must be given"):
        crf.refine(tree, without)
    with pytest.raises(ValueError, match=r"shape \(64, 80, 3\).*got dtype uint8"):
        crf.refine(tree, without, image[1:])
    with pytest.raises(ValueError, match="got dtype float64"):
        crf.refine(tree, without, image / 255)
    flat = RegionTree.from_parents([2, 2, -1], [0, 1])
    with pytest.raises(ValueError, match="tree must be one over an image"):
        crf.refine(flat, feature_map)
    with pytest.raises(ValueError, match=r"feature_map must be .* got shape \(8, 10\)"):
        crf.refine(tree, feature_map.features[..., 0], image)
    broken = feature_map.features.copy()
    broken[0, 0, 0] = np.inf
    with pytest.raises(ValueError, match="feature_map must be finite"):
        crf.refine(tree, broken, image)
