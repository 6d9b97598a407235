"""
Levels and cuts
===============

A tree is grown once, down to single superpixels, and cut as often as one likes.
A cut costs nothing; what it asks for, a number of regions, a depth or a limit on
the normalised cut, decides which regions stay whole.
"""

# %%
# A number of regions
# -------------------
# ``n_regions`` opens the node of highest altitude first: the clearest split,
# large regions preferred. Cuts to growing numbers are nested, so whatever is
# parted at one level stays parted below.

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from sklearn.pipeline import Pipeline

from skuhas import HierarchicalSpectralSegmenter, LiteFeatures, RegionTreeDisplay

image = data.camera()
pipe = Pipeline([("feat", LiteFeatures()), ("seg", HierarchicalSpectralSegmenter())])
(tree,) = pipe.predict([image])
print(tree)

figure, axes = plt.subplots(2, 2, figsize=(6.4, 6.8), layout="constrained")
RegionTreeDisplay.from_predictions(tree, image, levels=(3, 12, 48), ax=axes.ravel())
plt.show()

# %%
# Several ways to about the same number
# -------------------------------------
# ``depth`` opens every node down to a level, whether its split is clear or not.
# ``max_ncut`` opens a node when its split cuts little, from the root down: what
# lies below a closed node stays closed. Limits can be combined; a node then has
# to meet them all.

cuts = {
    "n_regions=35": tree.cut(n_regions=35),
    "depth=6": tree.cut(depth=6),
    "max_ncut=0.035": tree.cut(max_ncut=0.035),
    "depth=8, max_ncut=0.07": tree.cut(depth=8, max_ncut=0.07),
}
figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), layout="constrained")
for ax, (name, cut) in zip(axes, cuts.items(), strict=True):
    RegionTreeDisplay.from_predictions(
        cut, levels=[cut.n_leaves], ax=[ax], boundary_kwargs={"linewidth": 0.6}
    )
    ax.set_title(f"{name}\n{cut.n_leaves} regions", fontsize="medium")
plt.show()

# %%
# The number of regions goes to what is large: coat and lawn are parted before the
# last detail. The depth has the face, and leaves the tripod with the lawn. A
# strict limit on the normalised cut takes what stands out, collar, camera and
# towers, and keeps head and coat in one. A looser one, held to a depth, has
# the tripod and the hair.
#
# How many regions a limit gives
# ------------------------------
# The number of regions against each limit, all read off the one tree. The
# perturbation bound is largest at the large nodes on top, so that it works more
# like a switch: once the root may open, a hundred others may.

figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), layout="constrained", sharey=True)
limits = {
    "depth": np.arange(tree.height + 1),
    "max_ncut": np.linspace(0, 0.4, 41),
    "max_perturbation": np.geomspace(10, 100_000, 41),
}
for ax, (name, values) in zip(axes, limits.items(), strict=True):
    ax.plot(values, [tree.cut(**{name: value}).n_leaves for value in values])
    ax.set(xlabel=name, yscale="log")
    ax.grid(alpha=0.3)
axes[0].set_ylabel("regions")
axes[2].set_xscale("log")
plt.show()
