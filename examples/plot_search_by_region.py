"""
Search by region
================

Every node of a tree, large or small, has a place in feature space. A region of
one picture can therefore be looked for among the regions of others: a face finds
a face, though one picture is in colour and the other is not.
"""

# %%
# Trees and embeddings
# --------------------
# Four pictures that come with scikit-image, and their trees, cut to a hundred
# regions each. :meth:`~skuhas.RegionTree.embeddings` gives the mean feature of
# every node; scaled to unit length, their products are cosines.

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from sklearn.preprocessing import normalize

from skuhas import HierarchicalSpectralSegmenter, LiteFeatures

images = [
    data.astronaut(),
    data.camera(),
    data.chelsea(),
    data.stereo_motorcycle()[0],
]
maps = LiteFeatures().fit_transform(images)
trees = [
    tree.cut(n_regions=100) for tree in HierarchicalSpectralSegmenter().predict(maps)
]
embeddings = [
    normalize(tree.embeddings(feature_map))
    for tree, feature_map in zip(trees, maps, strict=True)
]
print(f"{sum(tree.n_nodes for tree in trees)} regions of {len(trees)} pictures")

# %%
# Asking
# ------
# A query is a point in a picture and about how large a region there is meant:
# the tree has the eye, the face and the whole cat around the same pixel. Of the
# answers, those that overlap the query or a better answer are left out.


def region_at(tree, row, column, area):
    """Return the node around a pixel whose area is nearest to the one given."""
    around = tree.path(tree.leaf_labels[row, column])
    return around[np.argmin(np.abs(np.log(tree.area[around] / area)))]


def search(picture, node, n_answers=4, smallest=1000):
    """Return the pictures, nodes and cosines of the regions most like a node."""
    query = embeddings[picture][node]
    candidates = [
        (rows[other] @ query, place, other)
        for place, rows in enumerate(embeddings)
        for other in np.flatnonzero(trees[place].area >= smallest)
    ]
    taken = [np.zeros(tree.shape, dtype=bool) for tree in trees]
    taken[picture] |= trees[picture].mask(node)
    answers = []
    for cosine, place, other in sorted(candidates, reverse=True):
        mask = trees[place].mask(other)
        if len(answers) < n_answers and not (mask & taken[place]).any():
            taken[place] |= mask
            answers.append((place, other, cosine))
    return answers


def cutout(picture, node):
    """Return a square around a region, the rest of the picture paled."""
    mask = trees[picture].mask(node)
    pale = np.where(mask[..., None], maps[picture].image, 200)
    pale[~mask] += maps[picture].image[~mask] // 5
    pixels = np.argwhere(mask)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    reach = (high - low).max() // 2 + 12
    rows, columns = (
        slice(max(middle - reach, 0), middle + reach) for middle in (low + high) // 2
    )
    return pale[rows, columns]


# %%
# Wheels, faces, hair
# -------------------
# The first column is the query, the others are the nearest regions of all four
# pictures with their cosines.

queries = {
    "rear wheel": (3, (400, 200, 13000)),
    "her face": (0, (130, 225, 9000)),
    "his hair": (1, (100, 230, 6000)),
}
figure, axes = plt.subplots(3, 5, figsize=(9, 5.6), layout="constrained")
for row, (name, (picture, (*pixel, area))) in zip(axes, queries.items(), strict=True):
    node = region_at(trees[picture], *pixel, area)
    row[0].imshow(cutout(picture, node))
    row[0].set_title(name, weight="bold")
    for ax, (place, other, cosine) in zip(row[1:], search(picture, node), strict=True):
        ax.imshow(cutout(place, other))
        ax.set_title(f"{cosine:.2f}")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("0.8")
for ax in axes[:, 0]:
    ax.spines[:].set(color="C3", linewidth=2)
plt.show()

# %%
# The rear wheel finds the front wheel first. The nearest to her face is her own
# hair, then the face of the cameraman, in profile and in grey; the cat's head is
# among the answers, at the size that the query has in its own picture or not. His
# hair finds hers. What follows shows the limits: where nothing of the kind is left,
# the nearest is only near.
