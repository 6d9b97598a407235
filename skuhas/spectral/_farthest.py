"""The two tokens that are least alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skuhas.spectral._backend import Array, as_double, like, namespace, to_numpy

# Up to so many tokens every pair is looked at.
EXACT = 16_384
# Beyond, tokens that the search starts from, its rounds, and rows of tokens
# compared with them at once.
STARTS = 1024
ROUNDS = 10
ROWS = 4096
# Tokens whose farthest partners are looked for again in double precision, at most,
# and how much nearer than the farthest pair theirs may seem to be.
DOUBLE = 256
ROUNDING = 1e-5


def largest_cosine_distance(tokens: Array, *, batch_size: int = 512) -> float:
    r"""Return the largest cosine distance between any two tokens.

    Up to 16 384 tokens all pairs are compared. Beyond, the time would grow with
    the square of their number, and the farthest pair is searched for: from 1024
    tokens spread evenly over the rows to the farthest from each of them, from
    those to their farthest, and on until no new ones turn up, in O(n d).
    Comparisons are made in single precision, and those within 1e-5 of the best
    again in double, at most 256, which leaves an error of at most about 1e-6 of
    its own.

    The search never gives more than the largest distance. Against all pairs it
    found the very pair on features of :class:`~skuhas.LiteFeatures` (eight
    pictures on grids of 17 280 to 76 800 tokens) and on regions of related
    features with noise (20 000 to 40 000 tokens); on 20 000 points drawn evenly
    from a sphere in 64 or 384 dimensions, where every token is as far out as
    any, it gave up to 0.5 % less than the largest.

    Parameters
    ----------
    tokens : array of shape (n_tokens, n_features), dtype float32 or float64
        Unit rows; a zero row has distance 1 from every other.
    batch_size : int, default=512
        Rows compared at once where all pairs are; memory is then
        batch_size * n_tokens single-precision numbers.

    Returns
    -------
    float
        In [0, 2].

    Raises
    ------
    ValueError
        A token is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import largest_cosine_distance
    >>> largest_cosine_distance(np.array([[1.0, 0.0], [0.0, 1.0]]))
    1.0
    """
    xp = namespace(tokens)
    for rows in gen_batches(int(tokens.shape[0]), ROWS):
        if not bool(xp.all(xp.isfinite(tokens[rows, :]))):
            raise ValueError("tokens must be finite, got nan or infinity among them.")
    if tokens.shape[0] <= EXACT:
        cosines = _least_cosines(tokens, batch_size)
        found = np.arange(cosines.size)
    else:
        found, cosines = _search(tokens)
    # Rows are tried from the lowest, so that what rounding could hide is last.
    order = np.argsort(cosines, kind="stable")[:DOUBLE]
    best = found[order[cosines[order] <= cosines[order[0]] + ROUNDING]]
    chosen = as_double(xp.take(tokens, like(np.sort(best), tokens), axis=0))
    lowest = 1.0
    for rows in gen_batches(int(tokens.shape[0]), ROWS):
        lowest = min(lowest, float(xp.min(as_double(tokens[rows, :]) @ chosen.T)))
    return min(max(1.0 - lowest, 0.0), 2.0)


def _least_cosines(tokens: Array, batch_size: int) -> NDArray:
    """Return every token's least cosine with those from it on."""
    xp = namespace(tokens)
    single = xp.astype(tokens, xp.float32, copy=False)
    least = []
    for rows in gen_batches(int(tokens.shape[0]), batch_size):
        # The matrix is symmetric: earlier columns were met as rows.
        cosines = single[rows, :] @ single[rows.start :, :].T
        least.append(xp.min(cosines, axis=1))
    return to_numpy(xp.concat(least))


def _search(tokens: Array) -> tuple[NDArray[np.intp], NDArray]:
    """Return tokens that are far from some other, and their least cosines."""
    n_tokens = int(tokens.shape[0])
    current = np.arange(STARTS) * n_tokens // STARTS
    found, cosines = current[:0], np.empty(0, dtype=np.float32)
    for _ in range(ROUNDS):
        farthest, least = _farthest(tokens, current)
        found, cosines = np.append(found, current), np.append(cosines, least)
        current = np.setdiff1d(farthest, found)
        if not current.size:
            break
    return found, cosines


def _farthest(
    tokens: Array, chosen: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray]:
    """Return the token farthest from each chosen one, and their cosine."""
    xp = namespace(tokens)
    points = xp.astype(xp.take(tokens, like(chosen, tokens), axis=0), xp.float32)
    farthest = np.zeros(chosen.size, dtype=np.intp)
    least = np.full(chosen.size, np.inf, dtype=np.float32)
    for rows in gen_batches(int(tokens.shape[0]), ROWS):
        part = xp.astype(tokens[rows, :], xp.float32, copy=False)
        cosines = points @ part.T
        lowest = to_numpy(xp.min(cosines, axis=1))
        better = lowest < least
        where = to_numpy(xp.argmin(cosines, axis=1)) + rows.start
        farthest = np.where(better, where, farthest)
        least = np.where(better, lowest, least)
    return farthest, least
