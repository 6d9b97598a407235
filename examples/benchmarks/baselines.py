"""Baselines beside the default segmenter, on BSDS500 and CamVid.

    python examples/benchmarks/baselines.py --data DATA --cache FOLDER

DATA is what quality.py takes; where it holds ``BSDS500/ucm2/val`` too, the
published contour maps are scored. One row a method: mean NMCovering,
NHCovering (CamVid) and nodes, median seconds an image without features. Then
"own": the mean NMCovering of the default segmenter's tree, cut on every image
to no more nodes than the method's tree has there, how far that is above the
method, and a 95 % bootstrap interval of this difference over images. It is
marked with "+" where it lies above 0, with "-" where it lies below.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from quality import bsds_samples, camvid_samples, make_features
from threadpoolctl import threadpool_limits

from skuhas import (
    HierarchicalSpectralSegmenter,
    baseline_names,
    make_baseline,
    nh_covering_score,
    nm_covering_score,
)


def cut_to_nodes(tree, n_nodes):
    """Return the finest cut of a tree with at most so many nodes."""
    low, high = 1, tree.n_leaves
    while low < high:
        middle = (low + high + 1) // 2
        if tree.cut(n_regions=middle).n_nodes <= n_nodes:
            low = middle
        else:
            high = middle - 1
    return tree.cut(n_regions=low)


def interval(differences):
    """Return the 95 % interval of the mean of paired differences."""
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(differences), (9999, len(differences)))
    return np.quantile(differences[drawn].mean(axis=1), [0.025, 0.975])


def seconds_of(method, maps):
    """Return the only tree of the maps, and the seconds that it took."""
    begin = time.perf_counter()
    (tree,) = method.predict(maps)
    return tree, time.perf_counter() - begin


def measure(samples, features, methods, with_nh):
    """Return the table of every method: NM, NH, nodes, seconds, own NM an image."""
    tables = {name: [] for name in methods}
    for path, truth in samples:
        maps = features.transform([path])
        expected = [truth(path)]
        own, own_seconds = seconds_of(HierarchicalSpectralSegmenter(), maps)
        own_score = nm_covering_score(expected, [own])
        for name, method in methods.items():
            if method is None:
                tree, seconds, score, cut_score = own, own_seconds, own_score, own_score
            else:
                tree, seconds = seconds_of(method, maps)
                score = nm_covering_score(expected, [tree])
                cut_score = own_score
                if tree.n_nodes < own.n_nodes:
                    cut = cut_to_nodes(own, tree.n_nodes)
                    cut_score = nm_covering_score(expected, [cut])
            nh = nh_covering_score(expected, [tree]) if with_nh else np.nan
            tables[name].append([score, nh, tree.n_nodes, seconds, cut_score])
    return {name: np.array(rows) for name, rows in tables.items()}


def print_table(data, tables):
    """Print one row a method."""
    print(
        f"{'data':8} {'method':21} {'images':>6} {'NM':>7} {'NH':>7} {'nodes':>6} "
        f"{'seconds':>7} {'own':>7} {'above':>8}  95 % interval"
    )
    for name, table in tables.items():
        score, nh, nodes, _, own = table.mean(axis=0)
        shown = f"{data:8} {name:21} {len(table):6} {score:7.4f} "
        shown += "      - " if np.isnan(nh) else f"{nh:7.4f} "
        shown += f"{nodes:6.0f} {np.median(table[:, 3]):7.3f}"
        if name != "skuhas":
            low, high = interval(table[:, 4] - table[:, 0])
            sign = "+" if low > 0 else "-" if high < 0 else " "
            shown += (
                f" {own:7.4f} {own - score:+8.4f}  [{low:+.4f}, {high:+.4f}] {sign}"
            )
        print(shown, flush=True)


def main():
    """Parse the command line and print one table a data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="images of each set, from the first")
    parser.add_argument("--step", type=int, default=1, help="take every n-th image")
    parser.add_argument(
        "--features", default="lite", help="lite, color, dinov2_vits14_reg, ..."
    )
    parser.add_argument("--weights", help="a checkpoint of the network")
    parser.add_argument("--cache", help="folder that keeps features")
    parser.add_argument("--threads", type=int, default=1, help="of BLAS")
    parser.add_argument(
        "--method",
        action="append",
        choices=baseline_names(),
        help="a baseline; may be repeated. All that can run by default",
    )
    parser.add_argument("--only", choices=["BSDS500", "CamVid"])
    arguments = parser.parse_args()
    features = make_features(
        arguments.features, weights=arguments.weights, cache_dir=arguments.cache
    )
    for data, samples in (
        ("BSDS500", bsds_samples(arguments.data)),
        ("CamVid", camvid_samples(arguments.data)),
    ):
        chosen = samples[: arguments.limit][:: arguments.step]
        if arguments.only not in (None, data):
            continue
        if not chosen:
            print(f"{data:8} no images under {arguments.data}")
            continue
        methods = {"skuhas": None}
        for name in arguments.method or baseline_names():
            if name == "contour-maps":
                root = arguments.data / data / "ucm2/val"
                if root.is_dir():
                    methods[name] = make_baseline(name, root=root)
                continue
            try:
                make_baseline(name).fit([np.zeros((1, 1, 1))])
            except ImportError as error:
                print(error)
                continue
            methods[name] = make_baseline(name)
        with threadpool_limits(arguments.threads):
            tables = measure(chosen, features, methods, with_nh=data == "CamVid")
        print_table(data, tables)


if __name__ == "__main__":
    main()
