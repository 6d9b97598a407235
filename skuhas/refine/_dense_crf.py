"""DenseCRF: the boundaries of a region tree, drawn again on the image."""

import numpy as np
from PIL import Image
from sklearn.base import BaseEstimator, clone

from skuhas._common import (
    Documented,
    check_integer,
    check_real,
    fit_within,
    single_threaded_blas,
)
from skuhas.refine._descent import moved_labels
from skuhas.refine._inputs import as_image, as_unit_tokens
from skuhas.refine._mean_field import load_library
from skuhas.refine._moved import with_labels
from skuhas.refine._sizes import is_of_whole_cells, nearest
from skuhas.tree import RegionTree

AUTO = "auto"
# Inertia of leaves that follow the image.
INERTIA = 3.0


class DenseCRF(Documented, BaseEstimator):
    r"""Move the boundaries of a tree's regions onto those of the image.

    A fully connected conditional random field decides anew which part of the
    tree every pixel belongs to: first between the few topmost parts of the
    image, then inside each of them between its parts, and so on down to the
    leaves. Pixels change their leaf; the tree stays, so regions are nested as
    before.

    Parameters
    ----------
    gaussian_sigma : float, default=1.0
        Standard deviation, in pixels, of the kernel on positions.
    gaussian_compatibility : float, default=3.0
        Its weight. 0 switches the term off.
    position_sigma : float, default=67.0
        Standard deviation, in pixels, of the positions in the bilateral kernel.
    color_sigma : float, default=3.0
        Standard deviation of its colours, in RGB from 0 to 255.
    bilateral_compatibility : float, default=4.0
        Its weight. 0 switches the term off.
    iterations : int, default=10
        Steps of mean-field inference.
    temperature : float, default=0.1
        Difference of cosines that counts as one unit of energy.
    inertia : float or "auto", default="auto"
        Energy that a pixel pays for leaving the part it was in. "auto" is 0
        where the leaves are made of whole cells of the feature grid, so that
        their boundaries say little, and 3 elsewhere.
    n_regions : int, default=100
        Refine the boundaries of the tree cut to so many regions, and move those
        inside only where a pixel changed its region: it goes to the nearest
        leaf there. None refines all, down to the leaves.
    max_labels : int, default=8
        Parts that compete at a time, at least 2. Time and memory grow with it.
    max_size : int, default=640
        Longer side, in pixels, of the image worked on; larger ones are reduced,
        and pixels whose reduced pixel does not move do not move either. None
        works at full size.
    verbose : int, default=0
        Above 0, show progress on standard error, level by level.

    Raises
    ------
    ImportError
        In `refine`, where pydensecrf2 is not installed (extra ``crf``).

    See Also
    --------
    skuhas.HierarchicalSpectralSegmenter : Refines its trees with ``refine="crf"``.

    Notes
    -----
    Among the pixels of one part, with labels :math:`x_i` for the parts it is
    divided into, the energy is [1]_

    .. math::

        E(x) = \sum_i \psi(x_i) + \sum_{i<j} [x_i \neq x_j]
        \left( w_1 \tilde{k}_1(i, j) + w_2 \tilde{k}_2(i, j) \right),

        k_1(i, j) = \exp\left( -\frac{|p_i - p_j|^2}{2\theta_\gamma^2} \right),
        \quad k_2(i, j) = \exp\left( -\frac{|p_i - p_j|^2}{2\theta_\alpha^2}
        -\frac{|I_i - I_j|^2}{2\theta_\beta^2} \right),

    with positions p and colours I, `gaussian_sigma` :math:`\theta_\gamma`,
    `position_sigma` :math:`\theta_\alpha`, `color_sigma`
    :math:`\theta_\beta`, and compatibilities :math:`w_1` and :math:`w_2`.
    Kernels are normalised symmetrically, :math:`\tilde{k}(i, j) = k(i, j) /
    \sqrt{n_i n_j}` with :math:`n_i = \sum_j k(i, j)`. The unary term is

    .. math::

        \psi(l) = -\frac{f_i \cdot d_l}{T} - \text{inertia} \cdot [i \in l],

    where :math:`f_i` are the unit features interpolated bilinearly to the
    pixel and :math:`d_l` is the mean of the same over part l, scaled to unit
    length. The default values, and T = 0.1, are those of the paper's authors
    (their released ``postprocess_crf``) [2]_, who let all leaves compete at
    once, without inertia. Here parts compete at most `max_labels` at a time:
    the cost is that of so many labels for every level, not that of one label
    for every leaf. With 8 labels memory is about 0.7 KB for every pixel worked
    on, and 1.3 KB where all colours differ.

    Pixels outside every region stay outside. A leaf that loses its last pixel
    goes, and a node that is left with one child gives its place to it.
    Everything is deterministic.

    References
    ----------
    .. [1] P. Krähenbühl and V. Koltun. "Efficient Inference in Fully Connected
       CRFs with Gaussian Edge Potentials". NIPS 2011.
    .. [2] S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic
       Segmentation: Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> from skuhas import DenseCRF
    >>> DenseCRF(color_sigma=5.0, n_regions=50)
    DenseCRF(color_sigma=5.0, n_regions=50)
    """

    def __init__(
        self,
        *,
        gaussian_sigma=1.0,
        gaussian_compatibility=3.0,
        position_sigma=67.0,
        color_sigma=3.0,
        bilateral_compatibility=4.0,
        iterations=10,
        temperature=0.1,
        inertia=AUTO,
        n_regions=100,
        max_labels=8,
        max_size=640,
        verbose=0,
    ):
        self.gaussian_sigma = gaussian_sigma
        self.gaussian_compatibility = gaussian_compatibility
        self.position_sigma = position_sigma
        self.color_sigma = color_sigma
        self.bilateral_compatibility = bilateral_compatibility
        self.iterations = iterations
        self.temperature = temperature
        self.inertia = inertia
        self.n_regions = n_regions
        self.max_labels = max_labels
        self.max_size = max_size
        self.verbose = verbose

    def refine(self, tree, feature_map, image=None):
        """Return the tree with its boundaries refined.

        Parameters
        ----------
        tree : RegionTree
            A tree over an image.
        feature_map : FeatureMap, array-like or tensor of shape \
                (rows, columns, n_features)
            Features on a grid that covers the image.
        image : ndarray of shape (height, width, 3), dtype uint8, default=None
            The image, at the tree's size. By default the one that the feature
            map carries.

        Returns
        -------
        RegionTree
            Numbered canonically, over the same pixels.

        Raises
        ------
        ImportError
            pydensecrf2 is not installed.
        TypeError, ValueError
            A parameter is out of range, there is no image, or tree, features
            and image do not fit together; the message names what is wrong.
        """
        self.check()
        if not isinstance(tree, RegionTree):
            raise TypeError(f"tree must be a RegionTree, got {type(tree).__name__}.")
        tokens = as_unit_tokens(feature_map)
        if image is None:
            image = getattr(feature_map, "image", None)
        image = as_image(image, tree.shape)
        with single_threaded_blas():
            return self._refined(tree, tokens, image)

    def check(self):
        """Check the parameters and that pydensecrf2 is installed.

        Raises
        ------
        ImportError, TypeError, ValueError
            What is wrong, by name.
        """
        for name in ("gaussian_sigma", "position_sigma", "color_sigma", "temperature"):
            check_real(getattr(self, name), name, low=0.0, low_open=True, finite=True)
        for name in ("gaussian_compatibility", "bilateral_compatibility"):
            check_real(getattr(self, name), name, low=0.0, finite=True)
        check_integer(self.iterations, "iterations", low=1)
        if isinstance(self.inertia, str):
            if self.inertia != AUTO:
                raise ValueError(
                    f"inertia must be {AUTO!r} or a number in [0.0, inf), got "
                    f"{self.inertia!r}."
                )
        else:
            check_real(self.inertia, "inertia", low=0.0, finite=True)
        check_integer(self.n_regions, "n_regions", low=1, none=True)
        check_integer(self.max_labels, "max_labels", low=2)
        check_integer(self.max_size, "max_size", low=1, none=True)
        load_library()

    def _refined(self, tree, tokens, image):
        settings = clone(self)
        if self.inertia == AUTO:
            is_blocky = is_of_whole_cells(tree.leaf_labels, tokens.shape[:2])
            settings.inertia = 0.0 if is_blocky else INERTIA
        shape = tree.shape
        if self.max_size is not None and max(shape) > self.max_size:
            shape = fit_within(shape, self.max_size)
        labels = nearest(tree.leaf_labels, shape)
        if (labels < 0).all():
            # No reduced pixel shows a region.
            return with_labels(tree, tree.leaf_labels)
        if shape != tree.shape:
            picture = Image.fromarray(image).resize(shape[::-1], Image.Resampling.BOX)
            image = np.asarray(picture)
        moved = moved_labels(tree, labels, tokens, image, settings)
        has_moved = nearest(moved != labels, tree.shape)
        # Of the pixels that one reduced pixel stands for, those of its leaf follow.
        has_moved &= tree.leaf_labels == nearest(labels, tree.shape)
        leaves = np.where(has_moved, nearest(moved, tree.shape), tree.leaf_labels)
        return with_labels(tree, leaves)
