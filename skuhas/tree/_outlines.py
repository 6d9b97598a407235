"""Polygons that follow the edges of the pixels, for all nodes of a tree at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, connected_components

from skuhas.tree._boundaries import crossed_nodes

# A right turn adds one.
EAST, SOUTH, WEST, NORTH = range(4)


@dataclass(frozen=True)
class Outlines:
    """The polygons of all nodes.

    Attributes
    ----------
    points : ndarray of shape (n_points, 2)
        Column and row of the corners, in pixels from the upper left corner of the
        image. Every ring ends at its first point.
    polygons : list of list of list of (int, int)
        For each node its polygons, for each of those its rings, the outer one
        first, as ranges of `points`. With rows as heights that grow, outer rings
        run counterclockwise and holes clockwise.
    """

    points: NDArray[np.int64]
    polygons: list[list[list[tuple[int, int]]]]


@dataclass(frozen=True)
class _Segments:
    """Straight pieces of boundary, the region on the right hand on a screen."""

    node: NDArray[np.intp]
    direction: NDArray[np.intp]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def outlines(leaf_labels: NDArray, parents: NDArray) -> Outlines:
    """Return the polygons of every node of a tree.

    Parts of a node that touch at corners only are polygons of their own. A part
    that touches itself at a corner closes a hole there, so that no ring passes a
    point twice and all polygons are valid as simple features.
    """
    n_nodes = parents.size
    segments = _segments(leaf_labels, parents)
    ring, order = _rings(segments, leaf_labels.shape)
    first = np.flatnonzero(np.append(True, ring[order][1:] != ring[order][:-1]))
    # The ranks of rings by their first segments, as the order has them.
    start, end = segments.start[order], segments.end[order]
    owner = segments.node[order][first]
    doubled = np.add.reduceat(
        (start[:, 0] + end[:, 0]) * (end[:, 1] - start[:, 1]), first
    )
    is_hole = doubled < 0
    outer = np.arange(first.size)
    if is_hole.any():
        rank = np.empty(first.size, dtype=np.intp)
        rank[ring[order][first]] = np.arange(first.size)
        outer = _enclosing(segments, rank[ring], is_hole, leaf_labels.shape)
    lengths = np.diff(np.append(first, order.size))
    stops = np.cumsum(lengths + 1)
    starts = stops - lengths - 1
    points = np.insert(start, np.append(first[1:], order.size), start[first], axis=0)
    polygons: list[list[list[tuple[int, int]]]] = [[] for _ in range(n_nodes)]
    # Outer rings by their first points, each followed by its holes.
    at = points[starts]
    by = np.lexsort((at[:, 0], at[:, 1], is_hole, outer, at[outer, 0], at[outer, 1]))
    columns = (owner, is_hole, starts, stops)
    spans = zip(*(column[by].tolist() for column in columns), strict=True)
    last: list[tuple[int, int]] = []
    for node, hole, begin, stop in spans:
        if not hole:
            last = []
            polygons[node].append(last)
        last.append((begin, stop))
    return Outlines(points, polygons)


def _segments(leaf_labels: NDArray, parents: NDArray) -> _Segments:
    height, width = leaf_labels.shape
    padded = np.pad(leaf_labels, 1, constant_values=-1)
    nodes, directions, lines, places = [], [], [], []
    for first, second, with_first, with_second in (
        (padded[1:-1, :-1], padded[1:-1, 1:], SOUTH, NORTH),
        (padded[:-1, 1:-1], padded[1:, 1:-1], WEST, EAST),
    ):
        y, x = np.nonzero(first != second)
        node, step, left = crossed_nodes(parents, first[y, x], second[y, x])
        vertical = with_first == SOUTH
        nodes.append(node)
        directions.append(np.where(left, with_first, with_second))
        lines.append((x if vertical else y)[step])
        places.append((y if vertical else x)[step])
    node, direction = np.concatenate(nodes), np.concatenate(directions)
    line, place = np.concatenate(lines), np.concatenate(places)
    side = max(height, width) + 1
    key = np.sort(
        ((node.astype(np.int64) * 4 + direction) * side + line) * side + place
    )
    # Edges one behind the other are one segment: a vertex between two of them has
    # the node on one side only.
    first_of = np.flatnonzero(np.append(True, np.diff(key) != 1))
    length = np.diff(np.append(first_of, key.size))
    rest, place = np.divmod(key[first_of], side)
    rest, line = np.divmod(rest, side)
    node, direction = np.divmod(rest, 4)
    forward = (direction == EAST) | (direction == SOUTH)
    begin = np.where(forward, place, place + length)
    stop = np.where(forward, place + length, place)
    is_vertical = direction % 2 == 1
    start = np.stack(
        [np.where(is_vertical, line, begin), np.where(is_vertical, begin, line)], 1
    )
    end = np.stack(
        [np.where(is_vertical, line, stop), np.where(is_vertical, stop, line)], 1
    )
    return _Segments(node, direction, start, end)


def _rings(
    segments: _Segments, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the ring of every segment, and the segments ring by ring in sequence."""
    columns = shape[1] + 1
    size = (shape[0] + 1) * columns
    n_segments = segments.node.size

    def key(point: NDArray, direction: NDArray) -> NDArray[np.int64]:
        vertex = segments.node * size + point[:, 1] * columns + point[:, 0]
        return vertex * 4 + direction

    ends = key(segments.end, (segments.direction + 1) % 4)
    by_end = np.argsort(ends)
    by_start = np.argsort(key(segments.start, segments.direction))
    # Where two segments of a node end at a vertex, both turn right, around the
    # corners of their own pixels.
    following = np.empty(n_segments, dtype=np.int32)
    following[by_end] = by_start
    ring = _components(following)
    vertex = ends[by_end] // 4
    twice = np.flatnonzero(vertex[1:] == vertex[:-1])
    one, other = by_end[twice], by_end[twice + 1]
    # A ring that comes by twice is divided there. Its passages cannot cross, so
    # all may be divided at once.
    same = ring[one] == ring[other]
    if same.any():
        one, other = one[same], other[same]
        following[one], following[other] = following[other], following[one]
        ring = _components(following)
    heads = np.unique(ring, return_index=True)[1]
    indptr = np.append(np.arange(n_segments + 1), n_segments + heads.size)
    graph = _graph(np.append(following, heads), indptr)
    order = breadth_first_order(graph, n_segments, return_predecessors=False)[1:]
    return ring, order[np.argsort(ring[order], kind="stable")]


def _components(following: NDArray) -> NDArray[np.intp]:
    """Return the cycle of every item of a permutation."""
    indptr = np.arange(following.size + 1)
    labels = connected_components(_graph(following, indptr), directed=False)[1]
    return labels.astype(np.intp)


def _graph(indices: NDArray, indptr: NDArray) -> sparse.csr_array:
    # Indices of the one width that SciPy 1.12 takes.
    parts = np.ones(indices.size), indices.astype(np.int32), indptr.astype(np.int32)
    return sparse.csr_array(parts, shape=(indptr.size - 1, indptr.size - 1))


def _enclosing(
    segments: _Segments,
    ring: NDArray[np.intp],
    is_hole: NDArray[np.bool_],
    shape: tuple[int, ...],
) -> NDArray[np.intp]:
    """Return for every ring the outer ring of its polygon.

    From the leftmost edge of a hole a walk to the left stays inside the part that
    the hole is in, up to an edge of its outer ring or of a hole further left.
    """
    columns = shape[1] + 1
    holed = np.zeros(int(segments.node.max()) + 1, dtype=bool)
    holed[segments.node[is_hole[ring]]] = True

    def place(node: NDArray, point: NDArray) -> NDArray[np.int64]:
        return (node * shape[0] + point[:, 1]) * columns + point[:, 0]

    # Segments that run north have their node on the right; one entry for each row.
    north = np.flatnonzero((segments.direction == NORTH) & holed[segments.node])
    length = segments.start[north, 1] - segments.end[north, 1]
    rows = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    entry = np.repeat(north, length)
    point = segments.end[entry]
    point[:, 1] += rows
    keys = place(segments.node[entry], point)
    order = np.argsort(keys)
    # The leftmost of each hole's segments that have the node on their left.
    south = np.flatnonzero((segments.direction == SOUTH) & is_hole[ring])
    south = south[np.lexsort((segments.start[south, 0], ring[south]))]
    south = south[np.append(True, ring[south][1:] != ring[south][:-1])]
    query = place(segments.node[south], segments.start[south])
    found = entry[order[np.searchsorted(keys[order], query) - 1]]
    outer = np.arange(is_hole.size)
    outer[ring[south]] = ring[found]
    while is_hole[outer].any():
        outer = outer[outer]
    return outer
