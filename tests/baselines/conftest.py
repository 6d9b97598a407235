"""Maps that the baselines' tests share."""

import numpy as np
import pytest

from skuhas import ColorFeatures, make_nested_scene


@pytest.fixture(scope="session")
def scenes():
    shapes = [(48, 64), (40, 40), (64, 48)]
    return [
        make_nested_scene(shape, random_state=seed) for seed, shape in enumerate(shapes)
    ]


@pytest.fixture(scope="session")
def folder(tmp_path_factory, scenes):
    """Return a folder of contour maps of the scenes, 0.npy and so on."""
    root = tmp_path_factory.mktemp("contours")
    for number, scene in enumerate(scenes):
        np.save(root / f"{number}.npy", scene.tree.saliency(double=True))
    return root


@pytest.fixture(scope="session")
def maps(scenes):
    found = ColorFeatures(image_size=64, stride=4).transform(
        [scene.image for scene in scenes]
    )
    for number, item in enumerate(found):
        item.source = f"images/{number}.png"
    return found
