"""What all displays have in common: scikit-learn's convention and its errors."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.pipeline import make_pipeline

from skuhas import (
    ColorFeatures,
    DendrogramDisplay,
    FeatureMap,
    FeatureMapDisplay,
    FragmentationDisplay,
    HierarchicalSpectralSegmenter,
    RegionTree,
    RegionTreeDisplay,
    SaliencyDisplay,
)

pytest.importorskip("matplotlib")

TREE_DISPLAYS = [RegionTreeDisplay, DendrogramDisplay, SaliencyDisplay]
DISPLAYS = [*TREE_DISPLAYS, FeatureMapDisplay, FragmentationDisplay]


def predictions(display, scene):
    """Return arguments of from_predictions."""
    if display is FeatureMapDisplay:
        return (ColorFeatures().transform([scene.image])[0],)
    if display is FragmentationDisplay:
        return [scene.label_map], [scene.tree]
    return scene.tree, scene.image


def estimator_and_input(display, scene):
    """Return arguments of from_estimator."""
    if display is FeatureMapDisplay:
        return ColorFeatures(), scene.image
    segmenter = HierarchicalSpectralSegmenter(superpixels="grid")
    pipe = make_pipeline(ColorFeatures(stride=4), segmenter)
    if display is FragmentationDisplay:
        return pipe, [scene.image], [scene.label_map]
    return pipe, scene.image


@pytest.mark.parametrize("display", DISPLAYS)
def test_constructors_store_their_arguments_alone(display):
    names = list(inspect.signature(display.__init__).parameters)[1:]
    values = {name: object() for name in names}
    made = display(**values)
    assert vars(made) == values
    kinds = inspect.signature(display.__init__).parameters.values()
    assert all(p.kind is p.KEYWORD_ONLY for p in list(kinds)[1:])


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_display_draws_again_on_other_axes(display, scene):
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    made = display.from_predictions(*predictions(display, scene))
    assert isinstance(made, display)
    assert isinstance(made.ax_, Axes)
    assert isinstance(made.figure_, Figure)
    assert made.ax_.figure is made.figure_
    assert plt.get_fignums() == [made.figure_.number]
    ax = Figure().add_subplot()
    first = made.ax_
    assert made.plot(ax=ax) is made
    assert made.ax_ is ax
    assert made.ax_ is not first
    assert made.figure_ is ax.figure


@pytest.mark.parametrize("display", DISPLAYS)
def test_estimators_and_their_predictions_look_the_same(display, scene):
    estimator, *given = estimator_and_input(display, scene)
    by_estimator = display.from_estimator(estimator, *given)
    if display is FeatureMapDisplay:
        by_hand = display.from_predictions(estimator.transform(given)[0])
    elif display is FragmentationDisplay:
        by_hand = display.from_predictions(
            given[1], estimator.predict(given[0]), name="HierarchicalSpectralSegmenter"
        )
    else:
        by_hand = display.from_predictions(estimator.predict(given)[0], *given)
    pictures = []
    for made in (by_estimator, by_hand):
        made.figure_.canvas.draw()
        pictures.append(np.asarray(made.figure_.canvas.buffer_rgba()))
    np.testing.assert_array_equal(*pictures)


@pytest.mark.parametrize("display", DISPLAYS)
def test_given_axes_leave_pyplot_alone(display, scene):
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    figure, (left, right) = plt.subplots(1, 2)
    other = plt.figure()
    plt.sca(right)
    plt.figure(other.number)
    settings = dict(mpl.rcParams)
    made = display.from_predictions(*predictions(display, scene), ax=left)
    assert made.figure_ is figure
    assert plt.get_fignums() == [figure.number, other.number]
    assert plt.gcf() is other
    assert figure.gca() is right
    assert dict(mpl.rcParams) == settings
    # Figures that pyplot does not know stay unknown to it.
    made.plot(ax=Figure().add_subplot())
    assert plt.get_fignums() == [figure.number, other.number]


@pytest.mark.parametrize("display", DISPLAYS)
def test_foreign_axes(display, scene):
    import matplotlib.pyplot as plt

    given = predictions(display, scene)
    with pytest.raises(TypeError, match=r"ax must be matplotlib Axes.*got str"):
        display.from_predictions(*given, ax="here")
    with pytest.raises(TypeError, match="got Figure; pass axes of the figure"):
        display.from_predictions(*given, ax=plt.figure())
    for projection, name in (("polar", "polar"), ("3d", "3d")):
        ax = plt.figure().add_subplot(projection=projection)
        with pytest.raises(ValueError, match=f"straight x and y axes.*'{name}' axes"):
            display.from_predictions(*given, ax=ax)
    ax = plt.figure().add_subplot()
    ax.remove()
    with pytest.raises(ValueError, match="removed from their figure"):
        display.from_predictions(*given, ax=ax)


@pytest.mark.parametrize("display", DISPLAYS)
def test_foreign_axes_cost_no_computation(display, scene):
    _, *given = estimator_and_input(display, scene)

    class Never:
        def predict(self, images):
            raise AssertionError("this takes time")

        transform = predict

    with pytest.raises(TypeError, match="ax must be matplotlib Axes"):
        display.from_estimator(Never(), *given, ax="here")


@pytest.mark.parametrize("display", DISPLAYS)
def test_foreign_estimators(display, scene):
    _, *given = estimator_and_input(display, scene)
    what = "transform" if display is FeatureMapDisplay else "predict"
    with pytest.raises(TypeError, match=f"must have a method {what}.*got dict"):
        display.from_estimator({}, *given)


@pytest.mark.parametrize("display", TREE_DISPLAYS)
def test_foreign_predictions(display, scene):
    class Labels:
        def predict(self, X):
            return [np.zeros((2, 2))]

    class Array:
        def predict(self, X):
            return np.zeros((1, 2, 2))

    with pytest.raises(TypeError, match="tree must be a RegionTree, got ndarray"):
        display.from_predictions(scene.label_map)
    with pytest.raises(TypeError, match=r"\[0\] must be a RegionTree, got ndarray"):
        display.from_estimator(Labels(), scene.image)
    with pytest.raises(TypeError, match="must return a list of one RegionTree"):
        display.from_estimator(Array(), scene.image)


@pytest.mark.parametrize("display", TREE_DISPLAYS)
def test_an_image_of_another_size(display, scene):
    with pytest.raises(
        ValueError, match=r"height and width \(60, 80\), got \(80, 60\)"
    ):
        display.from_predictions(scene.tree, scene.image.transpose(1, 0, 2))


@pytest.mark.parametrize("display", TREE_DISPLAYS)
def test_all_kinds_of_images(display, scene, tmp_path):
    gray = scene.image[..., 0]
    alpha = np.dstack([scene.image, np.full_like(gray, 255)])
    Image.fromarray(scene.image).save(tmp_path / "a.png")
    same = [
        scene.image,
        alpha,
        scene.image / 255.0,
        scene.image.astype(np.uint16) * np.uint16(257),
        Image.fromarray(scene.image),
        tmp_path / "a.png",
        FeatureMap(np.zeros((2, 2, 1)), image=scene.image),
    ]
    for image in same:
        made = display.from_predictions(scene.tree, image)
        np.testing.assert_array_equal(made.image, scene.image)
    made = display.from_predictions(scene.tree, gray)
    np.testing.assert_array_equal(made.image, np.dstack([gray] * 3))
    bare = FeatureMap(np.zeros((2, 2, 1)), image_shape=(60, 80))
    assert display.from_predictions(scene.tree, bare).image is None
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        display.from_predictions(scene.tree, scene.image.astype(float))


@pytest.mark.parametrize("display", TREE_DISPLAYS)
@pytest.mark.parametrize("with_image", [True, False])
def test_one_node_and_pixels_without_region(display, with_image):
    image = np.full((6, 9, 3), 90, dtype=np.uint8) if with_image else None
    one = RegionTree.from_parents([0], np.zeros((6, 9), dtype=int))
    made = display.from_predictions(one, image)
    made.figure_.canvas.draw()
    labels = np.full((6, 9), -1)
    labels[1:, 2:] = 0
    labels[3:, 5:] = 1
    two = RegionTree.from_parents([2, 2, 2], labels)
    display.from_predictions(two, image).figure_.canvas.draw()
    single = RegionTree.from_parents([0], [[0]])
    display.from_predictions(single).figure_.canvas.draw()


@pytest.mark.parametrize("display", [RegionTreeDisplay, SaliencyDisplay])
def test_trees_over_samples_have_no_picture(display):
    tree = RegionTree.from_parents([2, 2, 2], [0, 1, 1])
    with pytest.raises(ValueError, match="needs a tree over an image, got one over 3"):
        display.from_predictions(tree)


def test_keyword_arguments_of_artists(scene):
    made = SaliencyDisplay.from_predictions(scene.tree, contour_kwargs={"lw": 3})
    assert made.contours_.get_linewidth() == [3]
    with pytest.raises(TypeError, match="contour_kwargs must be a dict or None"):
        made.plot(contour_kwargs="red")


def test_matplotlib_is_imported_on_use_and_named_where_it_lacks():
    code = (
        "import sys, skuhas; "
        "[getattr(skuhas, name) for name in dir(skuhas) if name.endswith('Display')]; "
        "assert 'matplotlib' not in sys.modules; "
        "sys.modules['matplotlib'] = None; "
        "tree = skuhas.RegionTree.from_parents([2, 2, 2], [[0, 1]]); "
        "skuhas.SaliencyDisplay.from_predictions(tree)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "SaliencyDisplay.from_predictions needs 'matplotlib'" in done.stderr
    assert 'pip install "skuhas[plot]"' in done.stderr


@pytest.mark.parametrize("display", TREE_DISPLAYS)
def test_twenty_thousand_leaves(display):
    """A binary tree over the pixels of 100 rows of 200, all drawn."""
    n_leaves = 20_000
    labels = np.arange(n_leaves).reshape(100, 200)
    # The merge i is of the nodes 2 i and 2 i + 1, as in a tournament.
    merged = np.arange(2 * n_leaves - 2)
    parents = np.append(n_leaves + merged // 2, 2 * n_leaves - 2)
    tree = RegionTree.from_parents(parents, labels)
    arguments = {
        RegionTreeDisplay: {"levels": [n_leaves]},
        DendrogramDisplay: {"n_regions": n_leaves},
        SaliencyDisplay: {},
    }
    made = display.from_predictions(tree, **arguments[display])
    made.figure_.canvas.draw()
    if display is DendrogramDisplay:
        assert len(made.branches_.get_segments()) == 2 * n_leaves - 2
        return
    lines = made.contours_ if display is SaliencyDisplay else made.boundaries_[0]
    length = sum(np.ptp(line, axis=0).sum() for line in lines.get_segments())
    # Every edge between two pixels, once.
    assert length == 100 * 199 + 99 * 200
