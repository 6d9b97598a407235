"""A factor of an affinity that is too large to be written down."""

from __future__ import annotations

import numpy as np

from skuhas.spectral._backend import Array, as_double, eigh, like, namespace, to_numpy
from skuhas.spectral._factored import FactoredGraph
from skuhas.spectral._kernels import ExponentialKernel

# Share of the trace that may be missing off the diagonal, and landmarks at most.
TOLERANCE = 0.05
MAX_LANDMARKS = 768
# Landmarks drawn at once.
BLOCK = 64


def landmark_graph(
    kernel: ExponentialKernel,
    *,
    tolerance: float = TOLERANCE,
    max_landmarks: int = MAX_LANDMARKS,
    seed: int = 0,
) -> tuple[FactoredGraph, float]:
    r"""Return the graph of many regions by Nyström's method.

    Of the affinity A only the columns of some landmarks are computed, and

    .. math:: \tilde A = F F^T + \mathrm{diag}(A - F F^T), \quad
        F F^T = A_{:L} A_{LL}^{-1} A_{L:}

    stands for it: exact in the landmarks' rows and on the diagonal. What is
    missing elsewhere is part of the positive semidefinite remainder
    :math:`R = A - F F^T`, whose trace is known all along:

    .. math:: \|A - \tilde A\|_F \le \|R\|_F \le \operatorname{tr} R.

    Landmarks are drawn in blocks, each with a probability proportional to what
    is missing on its diagonal (randomly pivoted Cholesky), until
    :math:`\operatorname{tr} R \le` `tolerance` :math:`\cdot \operatorname{tr} A`
    or there are `max_landmarks` of them.

    Parameters
    ----------
    kernel : ExponentialKernel
        Of n regions.
    tolerance : float, default=0.05
    max_landmarks : int, default=768
    seed : int, default=0
        Of the draws.

    Returns
    -------
    graph : FactoredGraph
    missing : float
        tr R / tr A, in [0, 1].

    References
    ----------
    Y. Chen, E. Epperly, J. Tropp and R. Webber. "Randomly pivoted Cholesky:
    Practical approximation of a kernel matrix with few entry evaluations".
    Communications on Pure and Applied Mathematics 78(5), 2025. C. Fowlkes,
    S. Belongie, F. Chung and J. Malik. "Spectral Grouping Using the Nyström
    Method". IEEE TPAMI 26(2), 2004, for normalised cuts.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import ExponentialKernel, landmark_graph
    >>> rows = np.repeat(np.eye(3), 4, axis=0)
    >>> kernel = ExponentialKernel.of_regions(rows, np.ones(12))
    >>> graph, missing = landmark_graph(kernel)
    >>> round(missing, 4), graph.factor.shape[0]
    (0.0, 12)
    """
    xp = namespace(kernel.roots)
    generator = np.random.default_rng(seed)
    diagonal = to_numpy(kernel.diagonal())
    remainder = diagonal.copy()
    total = float(diagonal.sum())
    rounding = float(xp.finfo(kernel.roots.dtype).eps) * (
        1.0 + 1.0 / kernel.temperature
    )
    blocks: list[Array] = []
    n_landmarks = 0
    while n_landmarks < max_landmarks and remainder.sum() > tolerance * total:
        size = min(BLOCK, max_landmarks - n_landmarks)
        weights = remainder / remainder.sum()
        drawn = generator.choice(kernel.size, size=size, p=weights)
        chosen = np.unique(drawn)
        columns = kernel.columns(chosen)
        index = like(chosen, columns)
        for block in blocks:
            columns -= block @ xp.take(block, index, axis=0).T
        # Landmarks nearly alike differ by rounding alone, which has no say; in units
        # of their areas it is the same for all.
        unit = xp.take(kernel.diagonal(), index, axis=0) ** -0.5
        inner = as_double(xp.take(columns, index, axis=0)) * (unit[:, None] * unit)
        squares, axes = eigh((inner + inner.T) / 2)
        told_apart = squares > rounding * chosen.size
        if not bool(xp.any(told_apart)):
            break
        mix = unit[:, None] * axes[:, told_apart] / xp.sqrt(squares[told_apart])
        block = columns @ xp.astype(mix, columns.dtype)
        blocks.append(block)
        n_landmarks += chosen.size
        remainder -= to_numpy(xp.sum(as_double(block) ** 2, axis=1))
        np.maximum(remainder, 0.0, out=remainder)
    factor = xp.concat(blocks, axis=1)
    graph = FactoredGraph.from_factor(factor, removed=like(-remainder, kernel.roots))
    return graph, float(remainder.sum() / total)
