"""
Contours against edges
======================

Bricks, grass and gravel, in grey: an edge filter answers everywhere, and hardly
more where one texture ends and the next begins. The contours of a tree are strong
there, since they part regions and not pixels.
"""

# %%
# A mosaic
# --------
# Three photographs of textures that come with scikit-image, and the truth about
# which is where.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import maximum_filter
from skimage import data
from skimage.filters import sobel
from skimage.segmentation import find_boundaries
from sklearn.pipeline import Pipeline

from skuhas import (
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    RegionTreeDisplay,
    SaliencyDisplay,
    covering_score,
)

rows, columns = np.mgrid[:512, :512]
truth = np.where(columns + 40 * np.sin(rows / 60) < 256, 0, 1)
truth[np.hypot(rows - 256, columns - 256) < 110] = 2
image = np.choose(truth, [data.brick(), data.grass(), data.gravel()])

# %%
# Three regions
# -------------
# The contour map holds all levels of the tree at once: a contour is as strong as
# the split that it belongs to is high, see :meth:`~skuhas.RegionTree.saliency`.

pipe = Pipeline([("feat", LiteFeatures()), ("seg", HierarchicalSpectralSegmenter())])
(tree,) = pipe.predict([image])

figure, axes = plt.subplots(2, 2, figsize=(6.4, 6.8), layout="constrained")
axes = axes.ravel()
axes[0].imshow(image, cmap="gray")
axes[1].imshow(sobel(image / 255), cmap="gray_r")
SaliencyDisplay.from_predictions(tree, ax=axes[2])
RegionTreeDisplay.from_predictions(tree, levels=[3], ax=axes[3:])
titles = ["image", "edges (Sobel)", "contours of the tree", "three regions"]
for ax, title in zip(axes, titles, strict=True):
    ax.set_title(title, fontsize="medium")
    ax.set_axis_off()
plt.show()

# %%
# Cut at three regions, the tree has the three textures, though nobody told it
# what a texture is; the covering is 1 where regions and truth agree in all pixels.

cut = tree.cut(n_regions=3)
print(f"covering of the truth by three regions: {covering_score([truth], [cut]):.3f}")

# %%
# How much stronger than elsewhere are edges and contours where textures meet? A pixel
# counts with the strongest within three pixels of it.

meeting = find_boundaries(truth)
for name, strength in [("edges", sobel(image / 255)), ("contours", tree.saliency())]:
    near = maximum_filter(strength, size=7)
    ratio = near[meeting].mean() / near[~meeting].mean()
    print(f"{name:8} {ratio:.1f} times as strong")

# %%
# Further down
# ------------
# Below come the parts of textures. The clearest are the bricks and the mortar
# between them.

RegionTreeDisplay.from_predictions(
    tree, image, levels=(3, 6, 24), boundary_kwargs={"linewidth": 0.7}
)
plt.show()
