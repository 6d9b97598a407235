"""What boundary refinement by a dense CRF is worth, and what it costs.

    python examples/benchmarks/refinement.py --data DATA --step 4

DATA is laid out as for quality.py. For trees of the paper's settings, whose leaves
are blocks of the feature grid, and of the defaults, whose leaves follow the image,
prints scores before and after ``DenseCRF().refine`` on the same trees: NMCovering
of all nodes, of the cuts to 8, 20 and 50 regions, and the F-measure of the
boundaries of the cut to 20. The interval is that of the mean difference over
images, by a paired bootstrap at 95 %. A star marks differences whose interval
leaves out 0. Seconds are those of the processor, medians over images, with one
thread.

Any parameter of DenseCRF can be set:

    python examples/benchmarks/refinement.py --data DATA --set color_sigma=13
"""

import argparse
import ast
import time
from pathlib import Path

import numpy as np
from PIL import Image
from quality import bsds_samples, camvid_samples
from scipy.ndimage import distance_transform_edt
from skimage.segmentation import find_boundaries
from threadpoolctl import threadpool_limits

from skuhas import (
    PAPER_SETTINGS,
    DenseCRF,
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    nm_covering_score,
)

CUTS = (8, 20, 50)
BOUNDARY_CUT = 20
# Pixels by which a boundary may be off.
TOLERANCE = 2
NAMES = ("NM", *(f"NM of {n}" for n in CUTS), f"F of {BOUNDARY_CUT}")


def boundary_f_measure(labels, truths, tolerance=TOLERANCE):
    """Return the harmonic mean of precision and recall of a map's boundaries.

    A boundary pixel is right when one of any annotator is within the tolerance,
    and found when one of the map is; recall is over all annotators' pixels.
    Boundaries with region 0 are drawn on the other region's side.
    """
    own = find_boundaries(labels, mode="inner")
    theirs = [find_boundaries(truth, mode="inner") for truth in truths]
    if not own.any() or not any(truth.any() for truth in theirs):
        return 0.0
    near_any = distance_transform_edt(~np.any(theirs, axis=0)) <= tolerance
    near_own = distance_transform_edt(~own) <= tolerance
    precision = near_any[own].mean()
    recall = np.concatenate([near_own[truth] for truth in theirs]).mean()
    return 2 * precision * recall / max(precision + recall, 1e-12)


def scores(tree, truth):
    """Return all figures of one tree, in the order of NAMES."""
    maps = truth if isinstance(truth, list) else [truth.leaf_labels]
    figures = [nm_covering_score([truth], [tree])]
    figures += [nm_covering_score([truth], [tree.cut(n_regions=n)]) for n in CUTS]
    return [*figures, boundary_f_measure(tree.labels(n_regions=BOUNDARY_CUT), maps)]


def interval(differences, n_draws=10_000, seed=0):
    """Return the 95 % bootstrap interval of the mean of paired differences."""
    random = np.random.default_rng(seed)
    draws = random.integers(len(differences), size=(n_draws, len(differences)))
    return np.percentile(np.asarray(differences)[draws].mean(axis=1), [2.5, 97.5])


def measure(samples, features, segmenters, crf):
    """Return by name of a segmenter the scores before and after, and the seconds."""
    rows = {name: ([], [], []) for name in segmenters}
    for path, truth in samples:
        image = np.asarray(Image.open(path).convert("RGB"))
        (feature_map,) = features.transform([image])
        expected = truth(path)
        for name, segmenter in segmenters.items():
            before, after, seconds = rows[name]
            begin = time.process_time()
            (tree,) = segmenter.predict([feature_map])
            grown = time.process_time()
            refined = crf.refine(tree, feature_map)
            done = time.process_time()
            before.append(scores(tree, expected))
            after.append(scores(refined, expected))
            seconds.append([grown - begin, done - grown])
    return {
        name: (np.array(before), np.array(after), np.median(seconds, axis=0))
        for name, (before, after, seconds) in rows.items()
    }


def main():
    """Parse the command line and print one table a data set and segmenter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="images of each set, from the first")
    parser.add_argument("--step", type=int, default=1, help="take every n-th image")
    parser.add_argument("--settings", choices=["paper", "default"])
    parser.add_argument("--only", choices=["BSDS500", "CamVid"])
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="parameter of DenseCRF, for example color_sigma=13; may be repeated",
    )
    arguments = parser.parse_args()
    entries = (entry.partition("=") for entry in arguments.set)
    crf = DenseCRF(**{name: ast.literal_eval(value) for name, _, value in entries})
    segmenters = {
        "paper": HierarchicalSpectralSegmenter(**PAPER_SETTINGS),
        "default": HierarchicalSpectralSegmenter(),
    }
    if arguments.settings is not None:
        segmenters = {arguments.settings: segmenters[arguments.settings]}
    print(crf)
    for data, samples in (
        ("BSDS500", bsds_samples(arguments.data)),
        ("CamVid", camvid_samples(arguments.data)),
    ):
        chosen = samples[: arguments.limit][:: arguments.step]
        if arguments.only not in (None, data):
            continue
        if not chosen:
            print(f"\n{data}: no images under {arguments.data}")
            continue
        with threadpool_limits(1):
            measured = measure(chosen, LiteFeatures(), segmenters, crf)
        for name, (before, after, (grown, refined)) in measured.items():
            print(
                f"\n{data}, {name} settings, {len(chosen)} images; "
                f"tree {grown:.2f} s, refinement {refined:.2f} s"
            )
            print(f"{'score':8} {'before':>7} {'after':>7} {'gain':>8}  interval")
            for column, title in enumerate(NAMES):
                gains = after[:, column] - before[:, column]
                low, high = interval(gains)
                star = "*" if low > 0 or high < 0 else ""
                print(
                    f"{title:8} {before[:, column].mean():7.4f} "
                    f"{after[:, column].mean():7.4f} {gains.mean():+8.4f}  "
                    f"[{low:+.4f}, {high:+.4f}]{star}"
                )


if __name__ == "__main__":
    main()
