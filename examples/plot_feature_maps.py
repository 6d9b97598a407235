"""
What the features see
=====================

A tree can only part what its features tell apart. This example shows feature maps
as pictures, their first three principal components as red, green and blue, beside
the trees that come of them.
"""

# %%
# DINO where it is at hand
# ------------------------
# ``DinoFeatures`` learned from pictures alone, and is the choice for photographs.
# Its weights are fetched once, on first use. This page does not fetch: where they
# are not on the machine, ``LiteFeatures`` with its packaged weights takes the place.

import os

# Hugging Face's own switch: take weights from the cache or not at all.
os.environ["HF_HUB_OFFLINE"] = "1"

import matplotlib.pyplot as plt
from skimage import data

from skuhas import (
    ColorFeatures,
    DinoFeatures,
    FeatureMapDisplay,
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    RegionTreeDisplay,
    WeightsNotFound,
)

images = [data.chelsea(), data.coffee(), data.stereo_motorcycle()[0]]
maps = {"ColorFeatures": ColorFeatures().fit_transform(images)}
try:
    maps["DinoFeatures"] = DinoFeatures().fit_transform(images)
    print("Shown: DinoFeatures, dinov2_vits14_reg")
except WeightsNotFound:
    maps["LiteFeatures"] = LiteFeatures().fit_transform(images)
    print("Shown: LiteFeatures; the weights of DinoFeatures are not on this machine")

# %%
# Feature maps
# ------------
# Colours of two pictures cannot be compared: every map has components of its own.

figure, axes = plt.subplots(
    3, 1 + len(maps), figsize=(8, 5.6), layout="constrained", squeeze=False
)
for place, (row, image) in enumerate(zip(axes, images, strict=True)):
    row[0].imshow(image)
    row[0].set_axis_off()
    for ax, of_all in zip(row[1:], maps.values(), strict=True):
        FeatureMapDisplay.from_predictions(of_all[place], ax=ax, title=False)
for ax, title in zip(axes[0], ["image", *maps], strict=True):
    ax.set_title(title)
plt.show()

# %%
# Trees of them
# -------------
# The same segmenter on each map, eight regions each.

figure, axes = plt.subplots(3, len(maps), figsize=(7, 6.6), layout="constrained")
for column, (name, of_all) in zip(axes.T, maps.items(), strict=True):
    trees = HierarchicalSpectralSegmenter().predict(of_all)
    for ax, tree in zip(column, trees, strict=True):
        RegionTreeDisplay.from_predictions(
            tree, levels=[8], ax=[ax], titles=False, boundary_kwargs={"linewidth": 0.8}
        )
    column[0].set_title(name)
plt.show()

# %%
# Colour and position divide the cat by light and place. ``LiteFeatures`` gives the
# face, the eyes with their pupils, the ear; the cup apart from its saucer; and a
# motorcycle that is one thing, with its wheels, seat and tank.
