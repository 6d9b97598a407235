"""Writing miniatures of data sets on disk."""

import json

import numpy as np
from PIL import Image
from scipy.io import savemat

SIZE = (6, 8)


class Folder:
    """A root that files of a data set are written into."""

    def __init__(self, root):
        self.root = root

    def __call__(self, name):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def image(self, name, shape=SIZE, seed=0):
        """Write a picture of random colours."""
        pixels = np.random.default_rng(seed).integers(0, 256, (*shape, 3))
        return self.array(name, pixels.astype(np.uint8))

    def array(self, name, values, palette=False):
        """Write an array as an image file, with a palette of other colours if asked."""
        image = Image.fromarray(np.asarray(values))
        if palette:
            image = image.convert("P") if image.mode != "L" else image
            colours = np.random.default_rng(1).integers(0, 256, 768).astype(np.uint8)
            image.putpalette(colours.tobytes())
        image.save(self(name))
        return self(name)

    def labels(self, name, values, palette=False):
        """Write label numbers, in 8 bits or 16 where they are larger."""
        array = np.asarray(values)
        return self.array(
            name, array.astype(np.uint8 if array.max() < 256 else np.uint16), palette
        )

    def mat(self, name, **variables):
        """Write a MATLAB file."""
        savemat(self(name), variables)

    def json(self, name, content):
        """Write a JSON file."""
        self(name).write_text(json.dumps(content), encoding="utf-8")

    def text(self, name, content):
        """Write a text file."""
        self(name).write_text(content, encoding="utf-8")


def cells(*maps):
    """Return BSDS500's cell array: one structure an annotator."""
    array = np.empty((1, len(maps)), dtype=object)
    for place, labels in enumerate(maps):
        array[0, place] = {
            "Segmentation": np.asarray(labels, dtype=np.uint16),
            "Boundaries": np.zeros(np.shape(labels), dtype=bool),
        }
    return array
