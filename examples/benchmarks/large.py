"""Large pictures: seconds, peak memory, and small things found.

    python examples/benchmarks/large.py
    python examples/benchmarks/large.py --picture panorama

Pictures are made from photographs that come with scikit-image, and each is parsed
in a process of its own, so that its peak of memory is its own:

photograph
    3840 x 2160, scaled up, with the defaults.
panorama
    20000 x 2000, a row of photographs with twelve discs of 51 pixels painted on it
    at random places. Features in overlapping tiles, superpixels at full size and up
    to 100 000 of them. The best intersection over union of each disc with a node of
    the tree is printed beside what the defaults, which work at 640 pixels, find.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

PICTURES = ("photograph", "panorama")
RADIUS = 25
COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def photographs(height, width, columns):
    """Return shipped photographs scaled to one size, side by side."""
    from PIL import Image
    from skimage.data import astronaut, cat, coffee

    side = (width // columns, height)
    scaled = [
        np.asarray(Image.fromarray(load()).resize(side, Image.Resampling.BICUBIC))
        for load in (coffee, astronaut, cat)[:columns]
    ]
    return np.concatenate([scaled[i % len(scaled)] for i in range(columns)], axis=1)


def paint_discs(image, n_discs, seed=0):
    """Paint discs on an image; return (corner slices, mask) of each."""
    rng = np.random.default_rng(seed)
    square = np.arange(-RADIUS, RADIUS + 1) ** 2
    mask = square[:, None] + square <= RADIUS**2
    discs = []
    for number in range(n_discs):
        row, column = (rng.integers(RADIUS, side - RADIUS) for side in image.shape[:2])
        place = np.s_[
            row - RADIUS : row + RADIUS + 1, column - RADIUS : column + RADIUS + 1
        ]
        image[place][mask] = COLORS[number % len(COLORS)]
        discs.append((place, mask))
    return discs


def best_overlap(tree, place, mask):
    """Return the best intersection over union of a disc with a node."""
    shared = np.bincount(tree.leaf_labels[place][mask], minlength=tree.n_leaves)
    shared = tree.accumulate(shared)
    return float((shared / (tree.area + mask.sum() - shared)).max())


def parse(picture, scale):
    """Print (size, seconds of features and tree, leaves, peak MiB, overlaps)."""
    from skuhas import HierarchicalSpectralSegmenter, LiteFeatures

    fine = picture == "panorama"
    if fine:
        image = photographs(2000 // scale, 20000 // scale, max(8 // scale, 1))
        features = LiteFeatures(image_size=None, tile=1024)
        segmenter = HierarchicalSpectralSegmenter(leaf_size=None, max_leaves=100_000)
    else:
        image = photographs(2160 // scale, 3840 // scale, 1)
        features = LiteFeatures()
        segmenter = HierarchicalSpectralSegmenter()
    discs = paint_discs(image, 12 if fine else 0)
    begin = time.perf_counter()
    maps = features.transform([image])
    featured = time.perf_counter()
    (tree,) = segmenter.predict(maps)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 1024 if sys.platform != "darwin" else 1024**2
    overlaps = [[best_overlap(tree, *disc) for disc in discs]]
    if fine:
        maps = LiteFeatures().transform([image])
        (coarse,) = HierarchicalSpectralSegmenter().predict(maps)
        overlaps.append([best_overlap(coarse, *disc) for disc in discs])
    size = f"{image.shape[1]}x{image.shape[0]}"
    times = [featured - begin, done - featured]
    print(json.dumps([size, times, tree.n_leaves, peak, overlaps]))


def main():
    """Parse the command line and print one row a picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--picture", choices=PICTURES, action="append", help="may be repeated"
    )
    parser.add_argument(
        "--scale", type=int, default=1, help="divide the sides by this, for a trial"
    )
    parser.add_argument("--one", choices=PICTURES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        parse(arguments.one, arguments.scale)
        return
    print(
        f"{'picture':>10} {'size':>11} {'features s':>10} {'tree s':>7} "
        f"{'leaves':>7} {'peak MiB':>8}"
    )
    for picture in arguments.picture or PICTURES:
        command = [sys.executable, __file__, "--one", picture]
        result = subprocess.run(
            [*command, "--scale", str(arguments.scale)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        size, times, n_leaves, peak, overlaps = json.loads(
            result.stdout.splitlines()[-1]
        )
        print(
            f"{picture:>10} {size:>11} {times[0]:10.1f} {times[1]:7.1f} "
            f"{n_leaves:7} {peak:8.0f}",
            flush=True,
        )
        for name, found in zip(("so", "defaults"), overlaps, strict=False):
            if found:
                print(
                    f"{'':10} discs of {2 * RADIUS + 1} pixels, {name}: best overlap "
                    f"{min(found):.2f} to {max(found):.2f}, "
                    f"{sum(value > 0.9 for value in found)} of {len(found)} over 0.9"
                )


if __name__ == "__main__":
    main()
