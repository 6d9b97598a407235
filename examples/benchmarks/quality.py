"""Scores and times of the defaults on BSDS500 and CamVid validation images.

    python examples/benchmarks/quality.py --data DATA

DATA holds ``BSDS500/data/{images,groundTruth}/val`` and
``CamVid/{val,valannot}``, as these data sets are distributed. Prints the mean
NMCovering over BSDS500 images (mean over each image's annotators), NMCovering
and NHCovering over CamVid frames (hierarchy "camvid"), the mean number of
nodes, and the median seconds an image spent in features, superpixel graph and
tree. Any parameter of the segmenter can be set, to see what it is worth:

    python examples/benchmarks/quality.py --data DATA --set locality=0

Features are those of the embedded network, or of any other; kept in a folder,
they are computed once for many runs:

    python examples/benchmarks/quality.py --data DATA \\
        --features dinov2_vits14_reg --weights FILE --cache FOLDER
"""

import argparse
import ast
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import loadmat
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from skuhas import (
    PAPER_SETTINGS,
    ColorFeatures,
    DinoFeatures,
    HierarchicalSpectralSegmenter,
    LabelHierarchy,
    LiteFeatures,
    TimmFeatures,
    available_models,
    nh_covering_score,
    nm_covering_score,
)


def bsds_samples(root):
    """Return (image path, function giving the annotators' maps) pairs."""
    images = sorted((root / "BSDS500/data/images/val").glob("*.jpg"))

    def truth(path):
        file = root / "BSDS500/data/groundTruth/val" / f"{path.stem}.mat"
        entries = loadmat(file)["groundTruth"][0]
        return [e["Segmentation"][0, 0].astype(np.int32) for e in entries]

    return [(path, truth) for path in images]


def camvid_samples(root):
    """Return (image path, function giving the ground-truth tree) pairs."""
    hierarchy = LabelHierarchy.load("camvid")

    def truth(path):
        labels = Image.open(root / "CamVid/valannot" / path.name)
        return hierarchy.tree(np.asarray(labels).astype(np.int32))

    return [(path, truth) for path in sorted((root / "CamVid/val").glob("*.png"))]


def measure(samples, features, segmenter, scores):
    """Return the mean of each score, nodes, and median seconds by stage."""
    one_leaf = clone(segmenter).set_params(max_depth=0)
    rows = []
    for path, truth in samples:
        image = np.asarray(Image.open(path).convert("RGB"))
        begin = time.perf_counter()
        maps = features.transform([image])
        featured = time.perf_counter()
        # Without any split what is left is the graph of superpixels.
        one_leaf.predict(maps)
        built = time.perf_counter()
        tree = segmenter.predict(maps)[0]
        done = time.perf_counter()
        expected = truth(path)
        rows.append(
            [score([expected], [tree]) for score in scores]
            + [tree.n_nodes]
            + [featured - begin, built - featured, done - 2 * built + featured]
        )
    table = np.array(rows)
    n_figures = len(scores) + 1
    return [
        *table[:, :n_figures].mean(axis=0),
        *np.median(table[:, n_figures:], axis=0),
    ]


def make_features(name, **given):
    """Return the transformer of a name: lite, color, a DINO, or one of timm's."""
    parameters = {key: value for key, value in given.items() if value is not None}
    kinds = {"lite": LiteFeatures, "color": ColorFeatures}
    if name in kinds:
        return kinds[name](**parameters)
    known = {model.name for model in available_models()}
    kind = DinoFeatures if name in known else TimmFeatures
    return kind(model=name, **parameters)


def main():
    """Parse the command line and print one row a data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="images of each set, from the first")
    parser.add_argument("--step", type=int, default=1, help="take every n-th image")
    parser.add_argument(
        "--features", default="lite", help="lite, color, dinov2_vits14_reg, ..."
    )
    parser.add_argument("--weights", help="a checkpoint of the network")
    parser.add_argument("--cache", help="folder that keeps features")
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--settings", choices=["default", "paper"], default="default")
    parser.add_argument("--threads", type=int, help="threads of BLAS and torch")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="parameter of the segmenter, for example locality=0; may be repeated",
    )
    parser.add_argument("--only", choices=["BSDS500", "CamVid"])
    arguments = parser.parse_args()
    parameters = dict(PAPER_SETTINGS) if arguments.settings == "paper" else {}
    for entry in arguments.set:
        name, _, value = entry.partition("=")
        try:
            parameters[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parameters[name] = value
    features = make_features(
        arguments.features,
        image_size=arguments.image_size,
        weights=arguments.weights,
        cache_dir=arguments.cache,
    )
    segmenter = HierarchicalSpectralSegmenter(**parameters)
    print(f"{features}\n{segmenter}\n")
    if arguments.threads is not None:
        import torch

        torch.set_num_threads(arguments.threads)

    header = f"{'data':8} {'images':>6} {'NM':>7} {'NH':>7} {'nodes':>6}"
    print(header + f" {'features':>9} {'graph':>7} {'tree':>7}  (median seconds)")
    for name, samples, scores in (
        ("BSDS500", bsds_samples(arguments.data), [nm_covering_score]),
        (
            "CamVid",
            camvid_samples(arguments.data),
            [nm_covering_score, nh_covering_score],
        ),
    ):
        if arguments.only not in (None, name):
            continue
        chosen = samples[: arguments.limit][:: arguments.step]
        if not chosen:
            print(f"{name:8} no images under {arguments.data}")
            continue
        # The first image pays for loading the network.
        features.transform([np.zeros((64, 64, 3), dtype=np.uint8)])
        with threadpool_limits(arguments.threads):
            figures = measure(chosen, features, segmenter, scores)
        shown = [f"{value:7.4f}" for value in figures[: len(scores)]]
        shown += ["      -"] * (2 - len(scores))
        nodes, *seconds = figures[len(scores) :]
        times = " ".join(
            f"{value:{width}.3f}"
            for value, width in zip(seconds, (9, 7, 7), strict=True)
        )
        print(f"{name:8} {len(chosen):6} {' '.join(shown)} {nodes:6.0f} {times}")


if __name__ == "__main__":
    main()
