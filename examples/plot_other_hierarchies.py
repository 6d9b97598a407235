"""
Other hierarchies
=================

Several ways lead to a tree of regions. ``make_baseline`` gives them behind the same
``predict``, so that they can be looked at, and scored, side by side.
"""

# %%
# A photograph
# ------------
# Linkage joins the superpixels that are most alike, from the same features: by the
# mean of all pairs, or so that variance grows least (Ward). k-way spectral
# clustering parts all superpixels into many at once, at several numbers, each nested
# in the one before.

import matplotlib.pyplot as plt
from skimage import data

from skuhas import (
    ColorFeatures,
    FragmentationDisplay,
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    RegionTreeDisplay,
    make_baseline,
    make_nested_scene,
    nm_covering_score,
)

methods = {
    "recursive spectral": HierarchicalSpectralSegmenter(),
    "average linkage": make_baseline("average-linkage"),
    "Ward linkage": make_baseline("ward-linkage"),
    "k-way spectral": make_baseline("kway-spectral"),
}
image = data.astronaut()
maps = LiteFeatures().fit_transform([image])

figure, axes = plt.subplots(3, 4, figsize=(9, 7), layout="constrained")
for column, (name, method) in zip(axes.T, methods.items(), strict=True):
    (tree,) = method.predict(maps)
    RegionTreeDisplay.from_predictions(
        tree, levels=(4, 12, 36), ax=column, boundary_kwargs={"linewidth": 0.6}
    )
    column[0].set_title(f"{name}\n{column[0].get_title()}", fontsize="medium")
plt.show()

# %%
# Scenes with a known tree
# ------------------------
# Drawn scenes come with the tree that they were drawn from. The fragmentation curve
# says how well so many regions cover its nodes.

scenes = [make_nested_scene((120, 160), random_state=seed) for seed in range(8)]
truths = [scene.tree for scene in scenes]
scene_maps = ColorFeatures().fit_transform([scene.image for scene in scenes])
trees = {name: method.predict(scene_maps) for name, method in methods.items()}
for name, of_all in trees.items():
    print(f"{name:20} NMCovering {nm_covering_score(truths, of_all):.3f}")

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
axes[0].imshow(scenes[0].image)
axes[0].set_title("one of the scenes", fontsize="medium")
axes[0].set_axis_off()
FragmentationDisplay.from_predictions(truths, trees, ax=axes[1])
plt.show()

# %%
# These scenes tell everything by colour, and average linkage does best on them.
# Photographs are another matter: :doc:`/guide/evaluation` has the figures on those
# with people's outlines.
