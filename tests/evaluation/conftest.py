"""Small data sets on disk, and estimators that keep runs short."""

import numpy as np
import pytest
from PIL import Image

from skuhas import ColorFeatures, LabelHierarchy, make_nested_scene
from skuhas.datasets import ImageDataset, Sample
from skuhas.evaluation import OURS, make_method

SHAPE = (36, 48)
HIERARCHY = LabelHierarchy.from_nested(
    {
        "name": "yard",
        "children": [
            {"name": "ground", "index": 0, "role": "background"},
            {
                "name": "animal",
                "children": [{"name": "cat", "index": 1}, {"name": "dog", "index": 2}],
            },
            {"name": "thing", "children": [{"name": "cup", "index": 3}]},
            {"name": "void", "index": 9, "role": "ignore"},
        ],
    }
)


def read_array(path, shape):
    """Read ground truth as a data set's reader does."""
    array = np.load(path)
    return list(array) if array.ndim == 3 else array


def make_dataset(folder, n_images=5, kind="classes", name="yard"):
    """Write scenes with ground truth, and return them as a data set."""
    folder.mkdir(parents=True, exist_ok=True)
    hierarchy = HIERARCHY if kind == "classes" else None
    samples = []
    for seed in range(n_images):
        scene = make_nested_scene(SHAPE, depth=2, random_state=seed)
        image = folder / f"scene{seed}.png"
        Image.fromarray(scene.image).save(image)
        labels = scene.label_map.astype(np.int32)
        if hierarchy is not None:
            labels = np.array([0, 1, 2, 3])[labels % 4]
            labels[:2] = 9
            np.save(folder / f"scene{seed}.npy", labels)
        else:
            # Two annotators, of which one sees less.
            np.save(folder / f"scene{seed}.npy", np.stack([labels, labels // 2]))
        samples.append(
            Sample(
                f"scene{seed}",
                image,
                folder / f"scene{seed}.npy",
                read_array,
                hierarchy,
            )
        )
    return ImageDataset(samples, name, folder, "val", hierarchy)


@pytest.fixture
def classes(tmp_path):
    return make_dataset(tmp_path / "classes")


@pytest.fixture
def regions(tmp_path):
    return make_dataset(tmp_path / "regions", kind="regions", name="parts")


@pytest.fixture
def fast():
    return ColorFeatures(image_size=48)


@pytest.fixture
def two_methods():
    return {OURS: make_method(OURS), "ward": make_method("ward-linkage")}
