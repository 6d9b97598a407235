"""From feature maps to trees: one image at a time, or many on one device."""

from contextlib import contextmanager

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from skuhas._common import beside, single_threaded_blas
from skuhas.spectral import grow_trees
from skuhas.superpixels import region_graph

# Numbers in the matrices of images that are segmented together, at most, and the
# side of the largest that there is of one.
TOGETHER = 2**27
TOGETHER_SIDE = 4000


@contextmanager
def _naming(name):
    """Say in exceptions which image they are about."""
    try:
        yield
    except Exception as error:
        if type(error) in (TypeError, ValueError):
            raise type(error)(f"{name}: {error}") from error
        error.add_note(f"This happened at {name}.")
        raise


def build(feature_map, name, statistics, build_graph, settings):
    """Return the graph of one feature map's superpixels."""
    features = feature_map.features
    if settings["device"] is None or build_graph is not region_graph:
        # A cache looks at numpy's arrays only.
        features = np.asarray(feature_map)
    if statistics is not None:
        features = _standardised(features, *statistics)
    # The matrices are small: more threads than one gain little, and would make
    # the last digits depend on how many there are.
    with _naming(name), single_threaded_blas():
        return build_graph(
            features,
            feature_map.image,
            feature_map.image_shape,
            feature_map.valid,
            **settings,
        )


def _standardised(features, mean, scale):
    if isinstance(features, np.ndarray):
        return (features - mean) / scale
    return (features - features.new_tensor(mean)) / features.new_tensor(scale)


def segment(
    feature_map, name, statistics, build_graph, settings, strength, growth, refiner
):
    """Return the tree of one feature map."""
    graph = build(feature_map, name, statistics, build_graph, settings)
    with _naming(name), single_threaded_blas(), beside() as start:
        source = graph.source(strength, start)
        tree = grow_trees([source], [graph.leaf_labels], **growth)[0]
    return _refined(tree, feature_map, name, statistics, refiner)


def check_images(maps, refine):
    """Raise unless every feature map carries the image that refinement needs."""
    for position, item in enumerate(maps):
        if item.image is None:
            raise ValueError(
                f"X[{position}]: refine={refine!r} needs the image, which this feature "
                "map does not carry."
            )


def refine_each(trees, named, statistics, refiner):
    """Yield trees with their boundaries refined, in order."""
    for tree, entry in zip(trees, named, strict=True):
        yield _refined(tree, *entry, statistics, refiner)


def _refined(tree, feature_map, name, statistics, refiner):
    if refiner is None:
        return tree
    features = feature_map.features
    if statistics is not None:
        features = _standardised(features, *statistics)
    with _naming(name):
        return refiner.refine(tree, features, feature_map.image)


def build_all(named, statistics, build_graph, settings, n_jobs):
    """Yield the graphs of feature maps, in threads and a few ahead of their use."""
    # joblib would go on to the last, however slowly they are taken.
    ahead = 2 * effective_n_jobs(n_jobs)
    for begin in range(0, len(named), ahead):
        yield from Parallel(n_jobs=n_jobs, return_as="generator", prefer="threads")(
            delayed(build)(*entry, statistics, build_graph, settings)
            for entry in named[begin : begin + ahead]
        )


def segment_together(graphs, strength, growth):
    """Yield the trees of graphs, as many at a time as a device can hold.

    Where a graph fails, the trees of those before it come first.
    """
    group, size, first, failure = [], 0, 0, None
    graphs = iter(graphs)
    while True:
        try:
            graph = next(graphs)
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001
            failure = error
            break
        cost = min(graph.shares.size, TOGETHER_SIDE) ** 2
        if group and size + cost > TOGETHER:
            yield from _grown(group, strength, growth, first)
            first += len(group)
            group, size = [], 0
        group.append(graph)
        size += cost
    if group:
        yield from _grown(group, strength, growth, first)
    if failure is not None:
        raise failure


def _grown(graphs, strength, growth, first):
    last = first + len(graphs) - 1
    name = f"X[{first}]" if last == first else f"one of X[{first}] to X[{last}]"
    with _naming(name), single_threaded_blas():
        sources = [graph.source(strength) for graph in graphs]
        return grow_trees(sources, [graph.leaf_labels for graph in graphs], **growth)
