"""Time and memory of leaves and trees, against their literal statement and peers.

    python examples/benchmarks/speed.py --data DATA --plot scaling.png

DATA holds BSDS500 as examples/benchmarks/quality.py takes it; without it, the
photographs that come with scikit-image stand in, scaled to 481 pixels, and
synthetic scenes where ground truth is needed. Arms of a comparison take turns in
one process on the same arrays, so that a busy machine slows both; a ratio is the
median over the turns. Five tables, any of which can be asked for with --table:

scaling
    Seconds and peak memory of the matrix-free leaves against the number of
    tokens, with exponents fitted by least squares of the logarithms. Every row
    is a process of its own, whose peak counts imports and tokens too; a first
    small call is not timed. --plot draws both.
leaves
    The paper's leaves at 3600 tokens x 768 against the literal statement of its
    steps (`literal_leaves`), with one thread of BLAS and with as many as there are
    cores. The statement takes up to a minute and is run once as the authors call
    the eigen-solver, with a dense identity for its metric, so that every step also
    solves a system with it, and once without. Its seconds are divided by the median
    of skuhas's.
quality
    NMCovering of the paper's settings with either kind of leaves; the literal ones
    without the metric, which saves time and changes them as another seed would.
defaults
    Seconds of superpixel graph and tree, features given, by number of leaves, as
    `predict` works with the cores that there are. scikit-image's felzenszwalb, which
    the graph begins with, has a column of its own: it tells machines apart.
peers
    The tree of one picture's superpixel graph against one partition, or one
    tree, by other libraries, from the same leaves, affinities or descriptors.

But for the tables of leaves and defaults, BLAS runs in one thread in all arms, or in
--threads. Beware of more on a busy machine, where they wait for one another.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

PHOTOGRAPHS = ("astronaut", "cat", "chelsea", "coffee", "rocket")
LONGER_SIDE = 481
GRIDS = ("20x20", "40x40", "80x80", "160x160", "250x400")
# More than 500 tokens: fewer are solved with the whole matrix.
WARM_UP = (32, 32)
TABLES = ("scaling", "leaves", "quality", "defaults", "peers")


def make_tokens(rows, columns, width, *, noise=0.5, seed=0):
    """Return unit tokens of regions that vary smoothly, with noise on each.

    Regions are the cells of 40 random points. Each has a direction of its own,
    to which a smooth field of eight more directions is added, and noise whose
    length is `noise` times that of the region's. float32, made row by row so
    that no more than the result is held.
    """
    from scipy.ndimage import gaussian_filter
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(seed)
    place = np.indices((rows, columns)).reshape(2, -1).T / max(rows, columns)
    points = rng.uniform(size=(40, 2)) * (rows, columns) / max(rows, columns)
    region = cKDTree(points).query(place)[1].reshape(rows, columns)
    fields = rng.normal(size=(8, rows, columns))
    fields = np.stack(
        [gaussian_filter(field, max(rows, columns) / 8) for field in fields]
    )
    fields *= 0.15 / fields.std()
    directions = rng.normal(size=(48, width)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    tokens = np.empty((rows, columns, width), dtype=np.float32)
    for row in range(rows):
        line = directions[region[row]] + fields[:, row].T @ directions[40:]
        line += noise / np.sqrt(width) * rng.standard_normal((columns, width))
        tokens[row] = line / np.linalg.norm(line, axis=1, keepdims=True)
    return tokens


def literal_leaves(tokens, n_leaves, seed=0, *, metric=True):
    """Return the paper's leaves, each of its steps as it is written down.

    The affinity of all pairs of tokens, 1 - d / d_max with d the cosine
    distance, without diagonal; its symmetric normalised Laplacian; the smallest
    eigenvectors by Lanczos' method on that matrix, with a dense identity for the
    metric unless `metric` is false; k-means with ten starts on their normalised
    rows.
    """
    from scipy.sparse.linalg import eigsh
    from sklearn.cluster import KMeans

    rows, columns, width = tokens.shape
    flat = np.asarray(tokens, dtype=np.float64).reshape(-1, width)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    distance = 1 - flat @ flat.T
    affinity = 1 - distance / distance.max()
    np.fill_diagonal(affinity, 0)
    scale = 1 / np.sqrt(affinity.sum(axis=1))
    laplacian = np.eye(len(flat)) - scale[:, None] * affinity * scale
    # Without a start of its own Lanczos' method would not repeat itself.
    start = np.random.default_rng(seed).uniform(size=len(flat))
    identity = np.eye(len(flat)) if metric else None
    _, vectors = eigsh(laplacian, k=n_leaves, M=identity, which="SM", v0=start)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    k_means = KMeans(n_leaves, n_init=10, random_state=seed)
    return k_means.fit_predict(vectors).reshape(rows, columns)


def seconds(function, *arguments, **keywords):
    """Return how long a call takes, and what it returns."""
    begin = time.perf_counter()
    result = function(*arguments, **keywords)
    return time.perf_counter() - begin, result


def taking_turns(functions, turns):
    """Return the seconds of every function in every turn, and last results."""
    times = {name: [] for name in functions}
    results = {}
    for _ in range(turns):
        for name, function in functions.items():
            taken, results[name] = seconds(function)
            times[name].append(taken)
    return times, results


def exponent(sizes, values):
    """Return the slope and offset of log(values) against log(sizes)."""
    return np.polyfit(np.log(sizes), np.log(values), 1)


# --- scaling


def one_size(grid, width, n_leaves, turns):
    """Print seconds, peak of the resident set in MiB, and leaves, as JSON."""
    from skuhas.superpixels import token_superpixels

    token_superpixels(make_tokens(*WARM_UP, width), "spectral", n_leaves=n_leaves)
    tokens = make_tokens(*grid, width)
    times, results = taking_turns(
        {"": lambda: token_superpixels(tokens, "spectral", n_leaves=n_leaves)}, turns
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 1024 if sys.platform != "darwin" else 1024**2
    print(json.dumps([statistics.median(times[""]), peak, int(results[""].max()) + 1]))


def scaling(grids, width, n_leaves, turns, threads, picture):
    """Print seconds and peak memory by number of tokens, and their exponents."""
    print(
        f"\nscaling: matrix-free leaves, d = {width}, {n_leaves} leaves\n"
        f"{'tokens':>7} {'grid':>9} {'seconds':>9} {'peak MiB':>9} {'leaves':>7}"
    )
    environment = dict(os.environ)
    if threads is not None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment |= dict.fromkeys(names, str(threads))
    sizes, times, peaks = [], [], []
    for grid in grids:
        request = json.dumps([grid, width, n_leaves, turns])
        result = subprocess.run(
            [sys.executable, __file__, "--one-size", request],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=environment,
        )
        taken, peak, found = json.loads(result.stdout.splitlines()[-1])
        sizes.append(grid[0] * grid[1])
        times.append(taken)
        peaks.append(peak)
        print(
            f"{sizes[-1]:7} {grid[0]:4}x{grid[1]:<4} {taken:9.3f} {peak:9.0f} "
            f"{found:7}",
            flush=True,
        )
    if len(sizes) < 2:
        return
    for values, name in ((times, "time"), (peaks, "peak memory")):
        whole = exponent(sizes, values)[0]
        # Fixed costs flatten the beginning of the curve.
        end = exponent(sizes[-3:], values[-3:])[0]
        print(
            f"exponent of {name}: {whole:.2f}, over the last "
            f"{len(sizes[-3:])} sizes {end:.2f}"
        )
    if picture is not None:
        plot(sizes, times, peaks, width, picture)


def plot(sizes, times, peaks, width, picture):
    """Draw time and peak memory against the number of tokens."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    line = np.array([min(sizes), max(sizes)])
    for axes, values, label, color in zip(
        figure.subplots(1, 2),
        (times, peaks),
        ("seconds", "peak memory, MiB"),
        ("tab:blue", "tab:orange"),
        strict=True,
    ):
        slope, offset = exponent(sizes, values)
        axes.loglog(sizes, values, "o", color=color, label="measured")
        axes.loglog(
            line,
            np.exp(offset) * line**slope,
            color=color,
            label=f"fitted, exponent {slope:.2f}",
        )
        axes.set(xlabel="tokens", ylabel=label, title=f"leaves, d = {width}")
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend()
    figure.savefig(picture, dpi=150)
    print(f"drawn in {picture}")


# --- leaves and quality


def leaves(grid, width, n_leaves, turns):
    """Print seconds of the leaves, of their literal statement, and the ratio."""
    from joblib import cpu_count
    from sklearn.metrics import adjusted_rand_score
    from threadpoolctl import threadpool_limits

    from skuhas.superpixels import token_superpixels

    tokens = make_tokens(*grid, width)
    functions = {
        "skuhas": lambda: token_superpixels(tokens, "spectral", n_leaves=n_leaves)
    }
    print(
        f"\nleaves: {grid[0]}x{grid[1]} tokens x {width}, {n_leaves} leaves\n"
        f"{'':7} {'literal':>16} {'without metric':>16}\n"
        f"{'threads':>7} {'seconds':>9} {'ratio':>6} {'seconds':>9} {'ratio':>6} "
        f"{'skuhas s':>9} {'adj. Rand':>9}",
        flush=True,
    )
    for threads in sorted({1, cpu_count()}):
        with threadpool_limits(threads):
            token_superpixels(
                make_tokens(*WARM_UP, width), "spectral", n_leaves=n_leaves
            )
            # Calls before and after the long ones see the same neighbours as they.
            before, own = taking_turns(functions, turns)
            literal, expected = seconds(literal_leaves, tokens, n_leaves)
            between, _ = taking_turns(functions, turns)
            plain, _ = seconds(literal_leaves, tokens, n_leaves, metric=False)
            after, _ = taking_turns(functions, turns)
        taken = statistics.median(
            before["skuhas"] + between["skuhas"] + after["skuhas"]
        )
        agreement = adjusted_rand_score(expected.ravel(), own["skuhas"].ravel())
        print(
            f"{threads:7} {literal:9.2f} {literal / taken:6.1f} {plain:9.2f} "
            f"{plain / taken:6.1f} {taken:9.3f} {agreement:9.3f}",
            flush=True,
        )


def paper_tree(labels, feature_map):
    """Return the tree that the paper's settings make from a label map of tokens."""
    from skuhas import PAPER_SETTINGS
    from skuhas.spectral import (
        DenseSource,
        Gates,
        cosine_affinity,
        grow_trees,
        largest_cosine_distance,
    )
    from skuhas.superpixels import describe_leaves, resample_labels
    from skuhas.tree import canonical_labels

    tokens = np.asarray(feature_map)
    tokens = tokens / np.linalg.norm(tokens, axis=2, keepdims=True)
    labels = canonical_labels(labels, labels.max() + 1)[0]
    described = describe_leaves(labels, tokens)
    affinity = cosine_affinity(
        described.means,
        described.areas,
        largest_cosine_distance(tokens.reshape(-1, tokens.shape[2])),
    )
    names = ("max_branching", "max_ncut", "max_perturbation", "max_depth", "min_size")
    return grow_trees(
        [DenseSource(affinity, described.areas)],
        [resample_labels(labels, feature_map.image_shape)],
        Gates(**{name: PAPER_SETTINGS[name] for name in names}),
        self_affinity=False,
    )[0]


def annotated(data, limit, size=(321, 481)):
    """Return (name, image, list of label maps) of pictures with ground truth."""
    from PIL import Image
    from scipy.io import loadmat

    from skuhas import make_nested_scene

    if data is None:
        scenes = [make_nested_scene(size, random_state=seed) for seed in range(limit)]
        return [
            (f"scene {seed}", scene.image, [scene.label_map])
            for seed, scene in enumerate(scenes)
        ]
    samples = []
    for path in bsds_paths(data)[:limit]:
        file = data / "BSDS500/data/groundTruth/val" / f"{path.stem}.mat"
        entries = loadmat(file)["groundTruth"][0]
        truth = [entry["Segmentation"][0, 0].astype(np.int32) for entry in entries]
        samples.append((path.stem, np.asarray(Image.open(path).convert("RGB")), truth))
    return samples


def quality(data, limit, features):
    """Print NMCovering of the paper's settings with either kind of leaves."""
    from skuhas import (
        PAPER_SETTINGS,
        HierarchicalSpectralSegmenter,
        nm_covering_score,
    )

    print(
        f"\nquality: the paper's settings on {features}\n"
        f"{'picture':>10} {'tokens':>12} {'literal NM':>10} {'skuhas NM':>9} "
        f"{'literal s':>9} {'skuhas s':>8}"
    )
    segmenter = HierarchicalSpectralSegmenter(**PAPER_SETTINGS)
    rows = []
    for name, image, truth in annotated(data, limit):
        (feature_map,) = features.transform([image])
        own_seconds, (own,) = seconds(segmenter.predict, [feature_map])
        literal_seconds, labels = seconds(
            literal_leaves,
            np.asarray(feature_map),
            PAPER_SETTINGS["n_superpixels"],
            metric=False,
        )
        more, literal = seconds(paper_tree, labels, feature_map)
        scores = [nm_covering_score([truth], [tree]) for tree in (literal, own)]
        rows.append([*scores, literal_seconds + more, own_seconds])
        shape = "x".join(str(side) for side in np.asarray(feature_map).shape)
        print(f"{name:>10} {shape:>12} {quality_row(rows[-1])}", flush=True)
    print(f"{'mean':>10} {'':12} {quality_row(np.mean(rows, axis=0))}")


def quality_row(row):
    """Return the figures of a row as they are printed."""
    literal, own, literal_seconds, own_seconds = row
    return f"{literal:10.4f} {own:9.4f} {literal_seconds:9.2f} {own_seconds:8.3f}"


# --- defaults


def bsds_paths(data):
    """Return the paths of BSDS500's validation images."""
    paths = sorted((data / "BSDS500/data/images/val").glob("*.jpg"))
    if not paths:
        raise SystemExit(f"no images under {data / 'BSDS500/data/images/val'}")
    return paths


def pictures(data, limit):
    """Return RGB images whose longer side is 481 pixels."""
    from PIL import Image
    from skimage import data as shipped

    if data is not None:
        return [np.asarray(Image.open(path)) for path in bsds_paths(data)[:limit]]
    images = []
    for name in PHOTOGRAPHS[:limit]:
        image = Image.fromarray(getattr(shipped, name)())
        size = [round(side * LONGER_SIDE / max(image.size)) for side in image.size]
        images.append(np.asarray(image.resize(size)))
    return images


def defaults(data, limit, turns, features, band=(900, 1100), at=1000):
    """Print median seconds of graph and tree, and both at about 1000 leaves."""
    from skuhas import HierarchicalSpectralSegmenter
    from skuhas._common import single_threaded_blas
    from skuhas.superpixels import image_superpixels, region_graph

    segmenter = HierarchicalSpectralSegmenter()
    maps = features.transform(pictures(data, limit))
    segmenter.predict(maps[:1])

    def graph_of(item):
        # The threads that `predict` gives it; the graph is not kept.
        with single_threaded_blas():
            region_graph(np.asarray(item), item.image, item.image_shape, item.valid)

    rows = []
    for item in maps:
        times, results = taking_turns(
            {
                "felzenszwalb": lambda item=item: image_superpixels(item.image),
                "graph": lambda item=item: graph_of(item),
                "both": lambda item=item: segmenter.predict([item])[0].n_leaves,
            },
            turns,
        )
        library, graph, both = (statistics.median(times[name]) for name in times)
        rows.append([results["both"], library, graph, both - graph, both])
    rows = np.array(rows)
    near = rows[(rows[:, 0] >= band[0]) & (rows[:, 0] <= band[1])]
    print(
        f"\ndefaults: features given, medians of {turns} turns\n"
        f"{'pictures':>22} {'count':>5} {'leaves':>7} {'felzenszwalb s':>14} "
        f"{'graph s':>8} {'tree s':>7} {'both s':>7}"
    )
    for name, chosen in (("all", rows), (f"{band[0]} to {band[1]} leaves", near)):
        if len(chosen):
            figures = row_of_defaults(*np.median(chosen, axis=0))
        else:
            figures = f"{'-':>7} {'-':>14} {'-':>8} {'-':>7} {'-':>7}"
        print(f"{name:>22} {len(chosen):5} {figures}")
    if len(np.unique(rows[:, 0])) > 1:
        fits = [np.polyval(np.polyfit(rows[:, 0], column, 1), at) for column in rows.T]
        name = f"line of all, at {at}"
        print(f"{name:>22} {len(rows):5} {row_of_defaults(*fits)}")


def row_of_defaults(n_leaves, library, graph, tree, both):
    """Return the figures of a row as they are printed."""
    return f"{n_leaves:7.0f} {library:14.3f} {graph:8.3f} {tree:7.3f} {both:7.3f}"


# --- peers


def cut_normalized(graph, threshold):
    """Return a function that calls scikit-image on neighbours' affinities."""
    from skimage import graph as peer

    labels, affinity = graph.leaf_labels, np.asarray(graph.affinity, np.float64)
    neighbours = peer.RAG(labels, connectivity=2)
    for node in neighbours:
        neighbours.nodes[node]["labels"] = [node]
    for one, other, edge in neighbours.edges(data=True):
        edge["weight"] = affinity[one, other]

    def run():
        return peer.cut_normalized(
            labels, neighbours, thresh=threshold, in_place=False, rng=0
        )

    return run


def ncut_pytorch(descriptors, n_clusters):
    """Return a function that calls ncut_pytorch, or None where it is not there."""
    try:
        import torch
        from ncut_pytorch import Ncut, kway_ncut
    except ImportError:
        return None
    tokens = torch.from_numpy(np.asarray(descriptors, np.float32))

    def run():
        vectors = Ncut(n_eig=n_clusters).fit_transform(tokens)
        return kway_ncut(vectors[:, :n_clusters]).argmax(1).numpy()

    return run


def peers(data, turns, features, n_clusters=8):
    """Print seconds of the tree and of what others make of the same leaves."""
    from scipy.cluster.hierarchy import linkage
    from sklearn.cluster import SpectralClustering
    from threadpoolctl import threadpool_limits

    from skuhas.spectral import Gates, grow_trees
    from skuhas.superpixels import describe_regions, region_graph

    (item,) = features.transform(pictures(data, 1))
    given = (np.asarray(item), item.image, item.image_shape, item.valid)
    graph = region_graph(*given)
    descriptors = describe_regions(*given).leaves.descriptors
    affinity = np.asarray(graph.affinity, np.float64)

    def tree():
        with threadpool_limits(limits=1, user_api="blas"):
            return grow_trees([graph.source(1.0)], [graph.leaf_labels], Gates())[0]

    def clusters():
        method = SpectralClustering(n_clusters, affinity="precomputed", random_state=0)
        return method.fit_predict(affinity)

    functions = {
        "skuhas, the whole tree": tree,
        f"SpectralClustering({n_clusters})": clusters,
        "cut_normalized, thresh 0.001": cut_normalized(graph, 0.001),
        "cut_normalized, thresh 0.5": cut_normalized(graph, 0.5),
        "average linkage, a tree": lambda: linkage(descriptors, "average", "cosine"),
    }
    peer = ncut_pytorch(descriptors, n_clusters)
    if peer is not None:
        functions[f"ncut_pytorch, {n_clusters} parts"] = peer
    taking_turns(functions, 1)
    times, results = taking_turns(functions, turns)
    first = next(iter(functions))
    print(
        f"\npeers: the {len(graph.shares)} leaves of one picture, "
        f"medians of {turns} turns\n"
        f"{'method':30} {'seconds':>8} {'to skuhas':>9} {'regions':>8}"
    )
    for name in functions:
        ratio = statistics.median(
            other / own for other, own in zip(times[name], times[first], strict=True)
        )
        print(
            f"{name:30} {statistics.median(times[name]):8.4f} {ratio:9.2f} "
            f"{n_regions(results[name]):8}"
        )
    if peer is None:
        print(f"{f'ncut_pytorch, {n_clusters} parts':30} not installed")


def n_regions(result):
    """Return the nodes of a tree or a linkage, or the parts of a partition."""
    if hasattr(result, "n_nodes"):
        return result.n_nodes
    if result.ndim == 2 and result.dtype == np.float64:
        return 2 * len(result) + 1
    return len(np.unique(result))


def grid_of(text):
    """Return (rows, columns) of a text such as 60x80."""
    try:
        rows, columns = (int(side) for side in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"a grid is ROWSxCOLUMNS, for example 60x80, got {text!r}"
        ) from None
    return rows, columns


def main():
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--table", choices=TABLES, action="append", help="only this; may be repeated"
    )
    parser.add_argument("--data", type=Path, help="folder that holds BSDS500")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--limit", type=int, help="pictures: quality 12, defaults 20")
    parser.add_argument(
        "--threads", type=int, default=1, help="of BLAS, but for leaves and defaults"
    )
    parser.add_argument(
        "--features", choices=["lite", "color"], default="lite", help="of pictures"
    )
    parser.add_argument(
        "--grids", type=grid_of, nargs="+", help=f"of scaling: {' '.join(GRIDS)}"
    )
    parser.add_argument("--width", type=int, help="of tokens: scaling 384, leaves 768")
    parser.add_argument("--leaves-grid", type=grid_of, default=(60, 60))
    parser.add_argument("--leaves", type=int, default=200)
    parser.add_argument("--plot", type=Path, help="file for a figure of scaling")
    parser.add_argument("--one-size", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one_size:
        one_size(*json.loads(arguments.one_size))
        return
    tables = arguments.table or TABLES
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"{os.cpu_count()} cores, load {load}"
    )
    if arguments.plot is not None:
        check_plot(arguments.plot)
    n_tokens = arguments.leaves_grid[0] * arguments.leaves_grid[1]
    if "leaves" in tables and arguments.leaves >= n_tokens:
        parser.error(
            f"--leaves must be fewer than the {n_tokens} tokens of --leaves-grid, got "
            f"{arguments.leaves}"
        )
    # First, and before anything large is imported: on Linux a process starts
    # with the peak of its parent.
    if "scaling" in tables:
        scaling(
            arguments.grids or [grid_of(grid) for grid in GRIDS],
            arguments.width or 384,
            arguments.leaves,
            arguments.turns,
            arguments.threads,
            arguments.plot,
        )
    rest = [table for table in TABLES[1:] if table in tables]
    if rest:
        pictured(rest, arguments)


def check_plot(picture):
    """Fail before the measurements rather than after them."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise SystemExit(
            "--plot needs 'matplotlib', which could not be imported. "
            'Install it with: pip install "skuhas[plot]"'
        )
    if not picture.resolve().parent.is_dir():
        raise SystemExit(f"--plot: there is no folder {picture.resolve().parent}")


def pictured(tables, arguments):
    """Print the tables that are made in this process."""
    from sklearn.base import clone
    from threadpoolctl import threadpool_limits

    from skuhas import ColorFeatures, LiteFeatures

    features = {"lite": LiteFeatures, "color": ColorFeatures}[arguments.features]()
    data, turns, limit = arguments.data, arguments.turns, arguments.limit
    if "leaves" in tables:
        width = arguments.width or 768
        leaves(arguments.leaves_grid, width, arguments.leaves, turns)
    if "quality" in tables:
        with threadpool_limits(arguments.threads):
            # Maps of about 80 x 56 tokens, what the literal leaves can bear.
            quality(data, limit or 12, clone(features).set_params(image_size=640))
    if "defaults" in tables:
        # What BLAS may use tells skuhas how many cores there are, and it holds BLAS
        # to one itself.
        defaults(data, limit or 20, turns, features)
    if "peers" in tables:
        with threadpool_limits(arguments.threads):
            peers(data, turns, features)


if __name__ == "__main__":
    main()
