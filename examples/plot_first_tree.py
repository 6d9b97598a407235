"""
A first tree
============

A cup of coffee, parsed into nested regions: no labels, no number of segments, no
training. The coffee is in the cup, the cup on its saucer, the saucer on the
table.
"""

# %%
# From picture to tree
# --------------------
# A pipeline of two: ``LiteFeatures`` describes the picture with a small network
# whose weights come with the package, and ``HierarchicalSpectralSegmenter`` makes
# a tree of that. There is nothing to fit.

import matplotlib.pyplot as plt
from skimage import data
from sklearn.pipeline import Pipeline

from skuhas import (
    DendrogramDisplay,
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    RegionTreeDisplay,
    SaliencyDisplay,
)

image = data.coffee()
pipe = Pipeline([("feat", LiteFeatures()), ("seg", HierarchicalSpectralSegmenter())])
(tree,) = pipe.predict([image])

levels = RegionTreeDisplay.from_predictions(
    tree, image, levels=(2, 4, 8, 16, 32), columns=3
)
plt.show()

# %%
# Each panel is a cut of the same tree. Regions keep their place in it: what is
# parted at two regions stays parted at thirty-two, and regions that come from one
# keep near colours.
#
# The tree
# --------
# The higher a branching, the clearer the split.

branches = DendrogramDisplay.from_predictions(tree, image, n_regions=12)
plt.show()

# %%
# All levels in one picture
# -------------------------
# A contour is the darker the higher the node that it parts.

contours = SaliencyDisplay.from_predictions(tree, image)
plt.show()

# %%
# Other pictures
# --------------
# The pipeline takes lists, of pictures of any sizes, in colour or grey.

images = [data.chelsea(), data.stereo_motorcycle()[0], data.camera()[70:410]]
trees = pipe.predict(images)

figure, axes = plt.subplots(3, 4, figsize=(11, 6.3), layout="constrained")
for row, image, tree in zip(axes, images, trees, strict=True):
    RegionTreeDisplay.from_predictions(
        tree, image, levels=(3, 12), ax=row[:3], boundary_kwargs={"linewidth": 1}
    )
    SaliencyDisplay.from_predictions(tree, ax=row[3])
    row[3].set_title("contours", fontsize="medium")
plt.show()

# %%
# In the browser
# --------------
# The last line of a notebook's cell shows a tree like this. Move the slider, point at
# regions, click to descend. ``tree.to_html(image, "cat.html")`` writes it as a page of
# its own, with the picture.

trees[0].cut(n_regions=100)
