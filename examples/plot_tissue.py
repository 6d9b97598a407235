"""
Measuring tissue
================

A slice of tissue, stained brown for a protein and blue for cell nuclei. The tree
parts glands from what lies around them without having seen tissue before, and
since regions are nested, a measurement taken once is there at every level.
"""

# %%
# From the whole slice to parts of glands
# ---------------------------------------
# The first cut parts the brown epithelium from the connective tissue and the
# blank glass. At six regions the glass has left the tissue, and the slit within
# a gland is a region of its own; at 24 so is the round gland.

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.color import rgb2hed
from sklearn.pipeline import Pipeline

from skuhas import HierarchicalSpectralSegmenter, LiteFeatures, RegionTreeDisplay

image = data.immunohistochemistry()
pipe = Pipeline([("feat", LiteFeatures()), ("seg", HierarchicalSpectralSegmenter())])
(tree,) = pipe.predict([image])

figure, axes = plt.subplots(2, 2, figsize=(6.4, 6.8), layout="constrained")
RegionTreeDisplay.from_predictions(tree, image, levels=(2, 6, 24), ax=axes.ravel())
plt.show()

# %%
# One measurement, every level
# ----------------------------
# Colour deconvolution says how much of the brown stain, DAB, each pixel holds.
# Its sums over leaves, added up the tree by :meth:`~skuhas.RegionTree.accumulate`,
# are its sums over all regions: here those around a pixel of the round gland, from
# the whole slice inwards.

cut = tree.cut(n_regions=24)
stain = rgb2hed(image)[..., 2]
sums = np.bincount(cut.leaf_labels.ravel(), weights=stain.ravel())
mean_stain = cut.accumulate(sums) / cut.area

for node in cut.path(cut.leaf_labels[400, 300]):
    share = cut.area[node] / image[..., 0].size
    print(f"{share:6.1%} of the slice, mean stain {mean_stain[node]:.3f}")

# %%
# The same as pictures, for three cuts and for the pixels themselves. In two
# regions the stain is all in one; with more one sees that the glands do not hold
# equally much of it.

figure, axes = plt.subplots(1, 4, figsize=(11, 3.1), layout="constrained")
limits = {"vmin": 0, "vmax": np.quantile(stain, 0.99), "cmap": "YlOrBr"}
for ax, n_regions in zip(axes, [2, 24, 200], strict=False):
    labels = tree.labels(n_regions=n_regions)
    means = np.bincount(labels.ravel(), weights=stain.ravel()) / np.bincount(
        labels.ravel()
    )
    ax.imshow(means[labels], **limits)
    ax.set_title(f"means of {n_regions} regions", fontsize="medium")
shown = axes[3].imshow(stain, **limits)
axes[3].set_title("every pixel", fontsize="medium")
for ax in axes:
    ax.set_axis_off()
figure.colorbar(shown, ax=axes, label="stain (DAB)", shrink=0.8, pad=0.01)
plt.show()
