"""
The paper's settings
====================

``PAPER_SETTINGS`` holds the parameters of the paper's tables, and the defaults
differ from them. This example shows both on one picture and the same features,
so that what is seen is the segmentation's doing alone.
"""

# %%
# Two settings, one feature map
# -----------------------------
# The features are those of ``LiteFeatures``; the paper's, ``PAPER_FEATURES``, are
# a large transformer's, whose weights have to be fetched first.

import matplotlib.pyplot as plt
from skimage import data

from skuhas import (
    PAPER_SETTINGS,
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    RegionTreeDisplay,
)

image = data.coffee()
maps = LiteFeatures().fit_transform([image])
trees = {
    "paper": HierarchicalSpectralSegmenter(**PAPER_SETTINGS).predict(maps)[0],
    "defaults": HierarchicalSpectralSegmenter().predict(maps)[0],
}
figure, axes = plt.subplots(2, 4, figsize=(10, 3.9), layout="constrained")
for row, (name, tree) in zip(axes, trees.items(), strict=True):
    RegionTreeDisplay.from_predictions(tree, image, levels=(4, 8, 16), ax=row)
    row[0].set_ylabel(name, fontsize="large")
plt.show()

# %%
# Both find saucer, cup and table. The paper's leaves are groups of cells of the
# feature grid, which shows at the boundaries as steps; with the defaults they are
# superpixels of the image, which follow its edges.
#
# How far down they go
# --------------------
# The paper's gates stop early and leave a short tree of few regions, whose nodes may
# have up to nine children; here some have three. Without gates, as by default, the
# tree goes on to the last superpixel and is cut afterwards. Its splits are in two.

for name, tree in trees.items():
    inner = tree.n_children[tree.n_leaves :]
    print(
        f"{name:9} {tree.n_leaves:5} leaves, {tree.height:3} levels, "
        f"up to {inner.max()} children"
    )

figure, axes = plt.subplots(
    1, 2, figsize=(8, 3), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, tree) in zip(axes, trees.items(), strict=True):
    splits = slice(tree.n_leaves, None)
    ax.scatter(tree.area[splits], tree.ncut[splits], s=9, alpha=0.6, linewidths=0)
    ax.set(xscale="log", ylim=(0, 1), xlabel="pixels of the region", title=name)
axes[0].axhline(PAPER_SETTINGS["max_ncut"], color="C3", linestyle="--")
axes[0].text(60, 0.82, "max_ncut", color="C3")
axes[0].set_ylabel("normalised cut of its split")
plt.show()

# %%
# A dot is one split. On the paper's affinity, linear in the cosine, normalised
# cuts lie high and close together, so that its threshold of 0.8 means something
# else than it would on the exponential affinity of the defaults, where they spread
# from almost 0 to 0.5.
