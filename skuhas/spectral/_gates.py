"""The limits under which nodes are split."""

from __future__ import annotations

from dataclasses import dataclass

from skuhas._common import check_integer, check_real


@dataclass(frozen=True, slots=True)
class Gates:
    """When a node is split, and into how many parts.

    Parameters
    ----------
    max_branching : int, default=2
        2 splits in two; above, the largest eigengap among this many
        eigenvalues chooses between 2 and ``max_branching - 1`` parts.
    max_ncut : float, default=None
        A split stands when its mean normalised cut is below this.
    max_perturbation : float, default=None
        A split stands when its perturbation bound is at most this.
    max_depth : int, default=None
        Nodes at this depth are not split.
    min_size : int, default=1
        Nodes of at most this many vertices are not split.

    Raises
    ------
    TypeError, ValueError
        A limit is out of its range; the message names it.

    Examples
    --------
    >>> from skuhas.spectral import Gates
    >>> Gates(max_ncut=0.4)  # doctest: +ELLIPSIS
    Gates(max_branching=2, max_ncut=0.4, ...)
    """

    max_branching: int = 2
    max_ncut: float | None = None
    max_perturbation: float | None = None
    max_depth: int | None = None
    min_size: int = 1

    def __post_init__(self) -> None:
        check_integer(self.max_branching, "max_branching", low=2)
        check_real(self.max_ncut, "max_ncut", low=0.0, none=True)
        check_real(self.max_perturbation, "max_perturbation", low=0.0, none=True)
        check_integer(self.max_depth, "max_depth", low=0, none=True)
        check_integer(self.min_size, "min_size", low=1)
