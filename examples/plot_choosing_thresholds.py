"""
Choosing thresholds
===================

How fine should trees be? This example searches ``max_ncut`` and
``max_perturbation`` with scikit-learn's grid search, and looks at what
different scores make of the same trees.

It runs on drawn scenes. On photographs with human ground truth, say the
folder of BSDS500, run it as
``python examples/plot_choosing_thresholds.py --data FOLDER --limit 16``.
"""

# %%
# Images, feature maps and ground truth
# -------------------------------------
# Features are computed once, before the search: a pipeline would compute them
# again for every setting.

import argparse
import tempfile

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV

from skuhas import (
    ColorFeatures,
    HierarchicalSpectralSegmenter,
    covering_scorer,
    fragmentation_curve,
    fragmentation_score,
    fragmentation_scorer,
    make_nested_scene,
    nm_covering_score,
    nm_covering_scorer,
)

parser = argparse.ArgumentParser()
parser.add_argument("--data", help="folder of BSDS500; drawn scenes without it")
parser.add_argument("--limit", type=int, default=8, help="number of images")
parser.add_argument("--figure", help="file to write the figure to")
options = parser.parse_args()

if options.data is None:
    scenes = [
        make_nested_scene((120, 160), depth=2, texture=0.1, noise=0.05, random_state=i)
        for i in range(options.limit)
    ]
    maps = ColorFeatures().fit_transform([scene.image for scene in scenes])
    truths = [scene.tree for scene in scenes]
    ncuts = [0.3, 0.35, 0.38, 0.4, 0.42, 0.43, None]
    perturbations = [10, 20, 40, 80, None]
else:
    from skuhas import LiteFeatures, load_dataset

    samples = load_dataset("bsds500", options.data, "val")[: options.limit]
    maps = LiteFeatures().fit_transform(list(samples.images))
    truths = list(samples.targets)
    ncuts = [0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, None]
    perturbations = [80, 320, 1280, 5120, None]

# %%
# Scores that count regions, and one that does not
# ------------------------------------------------
# NMCovering asks of each true region whether *some* node covers it. Nodes that
# cover nothing cost nothing, so that it never falls as trees get finer. The
# others look at what the regions cost:
#
# * the fragmentation score, NMCovering of the cuts to 1, 2, ... 100 regions,
#   averaged over the logarithm of their number;
# * NMCovering within a budget, here of 20 regions;
# * NMCovering less a price of 0.04 for every doubling of the leaves;
# * the covering of the ground truth by the leaves alone.


def priced_covering(y_true, y_pred, price=0.04):
    doublings = np.mean([np.log2(tree.n_leaves) for tree in y_pred])
    return nm_covering_score(y_true, y_pred) - price * doublings


def mean_leaves(y_true, y_pred):
    return np.mean([tree.n_leaves for tree in y_pred])


scoring = {
    "NMCovering": nm_covering_scorer,
    "fragmentation": fragmentation_scorer,
    "20 regions": make_scorer(fragmentation_score, n_regions=[20]),
    "priced": make_scorer(priced_covering),
    "covering": covering_scorer,
    # Fewer is better only where all else is equal: never refit by this one.
    "leaves": make_scorer(mean_leaves),
}

# %%
# The searches
# ------------
# ``memory`` keeps the superpixels and the graph of each image, which do not
# depend on the gates, so that they are made once and not once a setting.


def search(cache, grid):
    return GridSearchCV(
        HierarchicalSpectralSegmenter(memory=cache),
        grid,
        scoring=scoring,
        refit=False,
        cv=2,
        error_score="raise",
    ).fit(maps, truths)


def show(results):
    names = list(scoring)
    print("  ".join([" " * 24, *(f"{name:>13}" for name in names)]))
    columns = [results[f"mean_test_{name}"] for name in names]
    best = [int(np.argmax(np.round(column, 9))) for column in columns]
    for row, setting in enumerate(results["params"]):
        text = ", ".join(f"{name}={value}" for name, value in setting.items())
        cells = [
            f"{column[row]:.0f}" if name == "leaves"
            # The first among equals, as the grid search takes it.
            else f"{column[row]:.3f}{'*' if best[place] == row else ' '}"
            for place, (name, column) in enumerate(zip(names, columns, strict=True))
        ]  # fmt: skip
        print("  ".join([f"{text:24}", *(f"{cell:>13}" for cell in cells)]))
    print()


with tempfile.TemporaryDirectory() as cache:
    by_ncut = search(cache, {"max_ncut": ncuts}).cv_results_
    by_perturbation = search(cache, {"max_perturbation": perturbations}).cv_results_
    trees = {
        value: HierarchicalSpectralSegmenter(max_ncut=value, memory=cache).predict(maps)
        for value in ncuts
    }

show(by_ncut)
show(by_perturbation)

# %%
# NMCovering takes the last row of both tables, no gate at all. A gate on the
# normalised cut closes the nodes that a cut to n regions would open last: once
# trees have more than 100 regions the fragmentation score hardly changes, and
# of equals the grid search takes the first. Sorted from coarse to fine, the
# grid thus gives the coarsest trees that lose nothing. A price on regions has its
# best setting inside the grid of normalised cuts. The covering, which looks at the
# leaves alone and weighs regions by area, likes the coarsest trees of drawn scenes:
# most of a scene is background, which they leave whole.
#
# The curve shows where regions cease to pay
# ------------------------------------------

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for name in scoring:
    if name != "leaves":
        left.plot(by_ncut[f"mean_test_{name}"], marker="o", markersize=3, label=name)
left.set_xticks(range(len(ncuts)), [str(value) for value in ncuts])
left.set(xlabel="max_ncut", ylabel="score", title="What the scores prefer")
left.legend(fontsize="small", frameon=False)

for value in ncuts:
    numbers = range(1, 101)
    curve = fragmentation_curve(truths, trees[value], n_regions=numbers)
    leaves = mean_leaves(truths, trees[value])
    right.plot(numbers, curve, label=f"{value}: {leaves:.0f} leaves")
right.set(xscale="log", xlabel="regions", ylabel="NMCovering", title="Fragmentation")
right.set_ylim(0)
right.legend(
    fontsize="x-small", frameon=False, title="max_ncut", loc="lower right", ncols=2
)
if options.figure:
    figure.savefig(options.figure, dpi=80)
plt.show()
