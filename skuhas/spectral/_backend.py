"""The few things that differ between numpy arrays and tensors."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy
import numpy as np
from array_api_compat import array_namespace, device, is_numpy_namespace
from numpy.typing import NDArray

# Any array that array-api-compat knows: numpy's, torch's, CuPy's ...
Array = Any

# From 2.1 on numpy has all that is used here itself, and costs less per call.
_HAS_STANDARD = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
_NUMPY: Any = np if _HAS_STANDARD else array_api_compat.numpy

# Rows that are brought to double precision at once.
ROWS = 8192


def namespace(*arrays: Array) -> Any:
    """Return the functions of the standard for some arrays of one library."""
    for array in arrays:
        if type(array) is not np.ndarray:
            return array_namespace(*arrays)
    # Without a search.
    return _NUMPY


def is_numpy(array: Array) -> bool:
    if type(array) is np.ndarray:
        return True
    return is_numpy_namespace(array_namespace(array))


def to_numpy(array: Array) -> NDArray:
    """Return an array of any kind as numpy's, on the host.

    Parameters
    ----------
    array : array
        numpy's own are returned as they are, tensors without their gradient.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import to_numpy
    >>> to_numpy(np.arange(3))
    array([0, 1, 2])
    """
    if isinstance(array, np.ndarray):
        return array
    if hasattr(array, "detach"):
        return array.detach().cpu().numpy()
    if hasattr(array, "get"):
        return array.get()
    return np.asarray(array)


def like(values: NDArray, reference: Array) -> Array:
    """Return values as an array of the reference's kind and device.

    Parameters
    ----------
    values : array
    reference : array

    Returns
    -------
    array
        Of the dtype of `values`, which are not copied where they are such an
        array already.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import like
    >>> like(np.arange(2), np.zeros(0))
    array([0, 1])
    """
    if isinstance(reference, np.ndarray):
        return values
    xp = array_namespace(reference)
    return xp.asarray(values, device=device(reference))


def as_double(array: Array) -> Array:
    if type(array) is np.ndarray:
        return array.astype(np.float64, copy=False)
    xp = array_namespace(array)
    return xp.astype(array, xp.float64, copy=False)


def numbers(count: int, reference: Array) -> Array:
    """Return 0, 1, 2 ... on the device of an array."""
    # The oldest numpy's arrays have no device.
    return like(np.arange(count), reference)


def along(array: Array, index: Array) -> Array:
    """Return the entries of the last axis at an index of the same other axes."""
    xp = namespace(array)
    if array.ndim == 1:
        return xp.take(array, index, axis=0)
    return xp.take_along_axis(array, index, axis=-1)


def at_least(array: Array, least: float) -> Array:
    # Clipping costs several times as much through the standard's wrappers.
    return namespace(array).where(array > least, array, least)


def self_product(rows: Array) -> Array:
    """Return the products of all rows with each other, symmetric to the last bit."""
    if is_numpy(rows):
        # Of an array that BLAS can take as it is, and its own transpose, numpy
        # computes one half of the product.
        rows = np.ascontiguousarray(rows)
        return rows @ rows.T
    # What others compute is a little lopsided on some processors.
    product = rows @ rows.T
    product = product + product.T
    product *= 0.5
    return product


def eigh(matrix: Array) -> tuple[Array, Array]:
    """Return all eigenpairs of symmetric matrices, ascending.

    Parameters
    ----------
    matrix : array of shape (..., n, n)

    Returns
    -------
    values : array of shape (..., n)
    vectors : array of shape (..., n, n)
        Orthonormal columns.
    """
    values, vectors = array_namespace(matrix).linalg.eigh(matrix)
    return values, vectors
