"""Labels of pixels by mean-field inference in a fully connected CRF."""

import numpy as np

from skuhas._common import optional_import


def load_library():
    """Return the module of pydensecrf2, or raise ImportError saying what to install."""
    return optional_import(
        "pydensecrf.densecrf", package="skuhas[crf]", purpose="DenseCRF"
    )


def mean_field(energies, kernels, iterations):
    """Return the labels' approximate marginals at every point.

    Parameters
    ----------
    energies : ndarray of shape (n_labels, n_points), dtype float32
        Unary energies.
    kernels : list of (ndarray of shape (n_features, n_points), float)
        Features between which the kernel is a Gaussian of unit variance, and
        the energy that two points with kernel 1 pay for different labels.
    iterations : int

    Returns
    -------
    ndarray of shape (n_labels, n_points), dtype float32
        Columns add up to 1.
    """
    library = load_library()
    n_labels, n_points = energies.shape
    field = library.DenseCRF(n_points, n_labels)
    field.setUnaryEnergy(np.ascontiguousarray(energies, dtype=np.float32))
    for features, compatibility in kernels:
        if compatibility > 0:
            features = np.ascontiguousarray(features, dtype=np.float32)
            field.addPairwiseEnergy(features, compatibility)
    return np.array(field.inference(iterations))
