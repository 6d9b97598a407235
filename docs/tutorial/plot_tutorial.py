"""
Tutorial
========

In fifteen minutes: a picture becomes a tree, the tree is read and cut, cuts are
scored against the truth, thresholds are chosen, and a folder of pictures is done
in one go. Everything here runs as it stands, and needs no network.
"""

# %%
# A first tree
# ------------
# Two steps make a tree. A *transformer* turns a picture into a feature map: on a
# grid, what a network sees in each place. A *segmenter* turns feature maps into
# trees. Together they are a pipeline of scikit-learn's. Nothing is learned from
# your pictures, so there is no ``fit``.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import coffee
from sklearn.pipeline import Pipeline

from skuhas import HierarchicalSpectralSegmenter, LiteFeatures

pipe = Pipeline([("feat", LiteFeatures()), ("seg", HierarchicalSpectralSegmenter())])
pipe

# %%
# ``predict`` takes a list and returns a list: pictures as arrays, as PIL images or
# as paths, of any sizes. ``LiteFeatures`` is a small network whose weights were
# installed with skuhas; :doc:`/guide/backbones` has larger ones.

image = coffee()
tree = pipe.predict([image])[0]
tree

# %%
# In a notebook, and here, a tree shows itself: move the slider, point at regions, open
# one of them. ``tree.to_html(image, "tree.html")`` writes such a page, with the picture
# under its regions, to keep or to send.
#
# Levels of a tree
# ----------------
# The tree goes down to single superpixels. What one looks at are cuts of it: the
# 2, 4, 8, 16 or 32 regions that stand out most.

from skuhas import RegionTreeDisplay

display = RegionTreeDisplay.from_predictions(
    tree, image, levels=(2, 4, 8, 16, 32), columns=3
)

# %%
# Eight regions are parts of the four, and these of the two. Near regions in the
# tree have near colours.
#
# A cut is a tree again, and ``labels`` returns it as a label map. Both take the
# same words. Cutting costs next to nothing, so segment once and look often.

coarse = tree.cut(n_regions=8)
labels = tree.labels(n_regions=8)
coarse, labels.shape, np.unique(labels)

# %%
# Reading a tree
# --------------
# Nodes are numbers: leaves first, then what is made of them, the whole picture
# last. Arrays say what is known of each, and methods lead from node to node.

for node in coarse.preorder():
    share = coarse.area[node] / coarse.area[coarse.root]
    indent = "   " * coarse.depth[node]
    print(f"{indent + str(node):14} {share:6.1%}   ncut {coarse.ncut[node]:.3f}")

# %%
# ``ncut`` is what the split of a node cost, the share of likeness that was cut
# through; at regions that the cut leaves whole it is nan. Masks of the two halves
# of the picture:

figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
for panel, node in zip(axes, coarse.children(coarse.root), strict=True):
    mask = coarse.mask(node)
    panel.imshow(np.where(mask[..., None], image, 255))
    panel.set(title=f"node {node}", xticks=[], yticks=[])

# %%
# :doc:`/guide/reading` has the rest: paths, common ancestors, contour maps, the
# mean feature of every node.
#
# Thresholds
# ----------
# A number of regions suits pictures that hold equally many things. A threshold on
# the cost of splits suits pictures that do not: calm ones get few regions and
# busy ones many.

for max_ncut in (0.03, 0.05, 0.1, 0.2):
    print(f"max_ncut={max_ncut}: {tree.cut(max_ncut=max_ncut).n_leaves} regions")

# %%
# Scores
# ------
# How good is a tree? That takes pictures of which the truth is known. Here they
# are drawn, shapes within shapes, and come with their exact trees.

from skuhas import ColorFeatures, make_nested_scene

scenes = [make_nested_scene((120, 160), depth=2, random_state=i) for i in range(6)]
truths = [scene.tree for scene in scenes]
maps = ColorFeatures().transform([scene.image for scene in scenes])

figure, axes = plt.subplots(1, 6, figsize=(9, 1.3), layout="constrained")
for panel, scene in zip(axes, scenes, strict=True):
    panel.imshow(scene.image)
    panel.set_axis_off()

# %%
# Drawn scenes need no network: ``ColorFeatures`` looks at colours and places.
# NMCovering asks, of every true region, how well *some* node covers it.
# NHCovering also asks that it hangs under the right ones.

from skuhas import fragmentation_score, nh_covering_score, nm_covering_score

trees = HierarchicalSpectralSegmenter().predict(maps)
for score in (nm_covering_score, nh_covering_score, fragmentation_score):
    print(f"{score.__name__:22} {score(truths, trees):.3f}")

# %%
# The last one counts regions too: it is the mean of NMCovering over cuts to 1, 2,
# ..., 100 regions. :doc:`/guide/scores` says which score answers which question.
#
# Choosing a threshold
# --------------------
# Where there is truth, scikit-learn finds the threshold. NMCovering alone would
# always take the finest trees; the covering of flat cuts does not.

from sklearn.model_selection import GridSearchCV

from skuhas import covering_scorer

search = GridSearchCV(
    HierarchicalSpectralSegmenter(),
    {"max_ncut": [0.3, 0.35, 0.38, 0.4, 0.42, 0.43]},
    scoring=covering_scorer,
    cv=2,
).fit(maps, truths)
print(search.best_params_, round(search.best_score_, 3))

# %%
# :doc:`/guide/thresholds` says more of this choice.
#
# Files
# -----
# A tree is one small file, that numpy reads too. Nothing in it can run.

import tempfile
from pathlib import Path

from skuhas import RegionTree

folder = Path(tempfile.mkdtemp())
tree.save(folder / "coffee.npz")
RegionTree.load(folder / "coffee.npz") == tree

# %%
# A whole folder
# --------------
# :func:`skuhas.segment_images` takes folders, on as many processes as
# there are cores or on a Dask cluster. Runs may be killed at any moment; with
# ``resume=True`` they go on.

from PIL import Image

from skuhas import segment_images

(folder / "scenes").mkdir()
for place, scene in enumerate(scenes):
    Image.fromarray(scene.image).save(folder / "scenes" / f"{place}.png")

manifest = segment_images(
    folder / "scenes", folder / "trees", features=ColorFeatures(), resume=True
)
for record, each in manifest.trees():
    print(record.name, each.n_leaves)

# %%
# On the command line it is
#
# .. code-block:: console
#
#     $ skuhas segment photographs --out trees --jobs 8 --resume
#
# Where to go from here
# ---------------------
# * :doc:`/guide/method` has the equations behind all of it;
# * :doc:`/guide/backbones` says which features to take;
# * the :doc:`gallery </auto_examples/index>` shows what can be made of trees.
