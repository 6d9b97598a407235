"""
Points instead of pixels
========================

:class:`~skuhas.RecursiveSpectralClustering` runs the same recursion on the rows
of any table. Here they are points in the plane, in groups that are made of groups:
one tree holds both answers, however the groups are shaped.
"""

# %%
# Groups of groups
# ----------------
# Two half moons, two rings and three blobs: seven clusters, or three, as one
# looks.

import matplotlib.pyplot as plt
import numpy as np
from scipy.cluster.hierarchy import dendrogram
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.metrics import adjusted_rand_score

from skuhas import RecursiveSpectralClustering

moons, moon = make_moons(200, noise=0.07, random_state=0)
rings, ring = make_circles(200, noise=0.06, factor=0.45, random_state=0)
centers = [[0.8, 0], [2.4, 0], [1.6, 1.2]]
blobs, blob = make_blobs(180, centers=centers, cluster_std=0.25, random_state=0)

X = np.vstack([moons + np.array([-0.5, 3.2]), rings + np.array([3.6, 3.4]), blobs])
fine = np.concatenate([moon, ring + 2, blob + 4])
coarse = np.repeat([0, 1, 2], [200, 200, 180])

# %%
# One tree, many answers
# ----------------------
# ``fit`` grows the whole tree. Its cuts into 3 and into 7 clusters are nested,
# and cost nothing further. k-means has no tree and starts again for every number;
# linkage has one, but joins what is near and not what hangs together. The numbers
# are adjusted Rand indices, 1 being perfect.

tree = RecursiveSpectralClustering(gamma=25).fit(X).tree_


def linkage(kind):
    return lambda k: AgglomerativeClustering(k, linkage=kind).fit_predict(X)


methods = {
    "recursive spectral": lambda k: tree.labels(n_regions=k),
    "k-means": lambda k: KMeans(k, n_init=10, random_state=0).fit_predict(X),
    "Ward linkage": linkage("ward"),
    "single linkage": linkage("single"),
}
palette = plt.get_cmap("tab10")
figure, axes = plt.subplots(2, 4, figsize=(10, 4.4), layout="constrained")
for row, truth in zip(axes, [coarse, fine], strict=True):
    k = len(np.unique(truth))
    row[0].set_ylabel(f"{k} clusters", fontsize="large")
    for ax, cluster in zip(row, methods.values(), strict=True):
        labels = cluster(k)
        ax.scatter(*X.T, s=7, c=labels, cmap=palette, vmin=0, vmax=9, linewidths=0)
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_color("0.8")
        score = adjusted_rand_score(truth, labels)
        ax.text(0.03, 0.03, f"{score:.2f}", transform=ax.transAxes, weight="bold")
for ax, name in zip(axes[0], methods, strict=True):
    ax.set_title(name)
plt.show()

# %%
# All agree on three groups, which are far apart. Of the moons and the rings,
# k-means and Ward linkage make compact pieces. Single linkage follows shapes, but
# a few points between the moons are enough to join them, and a single stray point
# becomes the seventh cluster.
#
# The tree itself
# ---------------
# The height of a node, :attr:`~skuhas.RegionTree.altitude`, says how clear its split
# is. The two clearest make the three groups, the next four the seven clusters.
# What lies below only takes them to pieces. The numbers are those of the points.

top = tree.cut(n_regions=14)
figure, ax = plt.subplots(figsize=(10, 3), layout="constrained")
dendrogram(
    top.to_linkage(),
    ax=ax,
    labels=top.area[: top.n_leaves],
    color_threshold=np.sort(top.altitude)[-6],
    above_threshold_color="0.6",
)
ax.set_ylabel("altitude")
ax.spines[["top", "right", "bottom"]].set_visible(False)
plt.show()
