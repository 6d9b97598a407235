"""ContourMapReader: the trees of published contour maps."""

import difflib
import os
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from skuhas.baselines._base import BaseBaseline
from skuhas.tree import RegionTree

# Of a file's variables, by preference; else its only 2-D array.
VARIABLES = ("ucm2", "ucm")
SUFFIXES = (".mat", ".npy", ".png", ".tif", ".tiff")


class ContourMapReader(BaseBaseline):
    """Read the trees of ultrametric contour maps from files.

    gPb-OWT-UCM, SE-OWT-UCM, PMI-OWT-UCM and others are published as one file an
    image. A file is found by the name of the image, without its ending, that
    `FeatureMap.source` gives; features play no part, so those that cost least
    will do, such as ``ColorFeatures``.

    Parameters
    ----------
    root : path-like, default=None
        Folder of the files, named ``<image>.mat``, ``.npy``, ``.png``, ``.tif``
        or ``.tiff``. A ``.mat`` holds the map as ``ucm2``, ``ucm`` or its only
        matrix. Pictures are grey, of 8 or 16 bits.
    variable : str, default=None
        Name of the map in ``.mat`` files that hold several.
    n_jobs : int, default=None
        Files read in parallel, by joblib's rules.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    Attributes
    ----------
    n_features_in_ : int
        Width of the feature maps seen by ``fit``.

    See Also
    --------
    skuhas.RegionTree.from_ucm : Which tree is made of a map, and which sizes fit.

    References
    ----------
    P. Arbeláez, M. Maire, C. Fowlkes and J. Malik. "Contour Detection and
    Hierarchical Image Segmentation". IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skuhas import ContourMapReader, FeatureMap
    >>> contours = np.zeros((5, 9))
    >>> contours[:, 4] = 0.5
    >>> feature_map = FeatureMap(np.ones((2, 4, 1)), source="images/cat.jpg")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "cat.npy", contours)
    ...     ContourMapReader(root=folder).predict([feature_map])[0].leaf_labels
    array([[0, 0, 1, 1],
           [0, 0, 1, 1]], dtype=int32)
    """

    def __init__(self, *, root=None, variable=None, n_jobs=None, verbose=0):
        self.root = root
        self.variable = variable
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        if not isinstance(self.root, (str, os.PathLike)):
            raise TypeError(
                "root must be the folder of the contour maps, as a path, got "
                f"{self.root!r}."
            )
        if not Path(self.root).is_dir():
            raise FileNotFoundError(
                f"root must be a folder that is there, got {os.fspath(self.root)!r}."
            )
        if self.variable is not None and not isinstance(self.variable, str):
            raise TypeError(f"variable must be a name or None, got {self.variable!r}.")

    def _check_map(self, feature_map):
        self._file(feature_map)

    def _file(self, feature_map):
        """Return the file of a map, which must be one."""
        if feature_map.source is None:
            raise ValueError(
                "the feature map has no source, whose name a contour map is found by; "
                "make maps of paths, or give source= to FeatureMap."
            )
        root = Path(self.root)
        stem = Path(feature_map.source).stem
        names = [f"{stem}{suffix}" for suffix in SUFFIXES]
        files = [root / name for name in names if (root / name).is_file()]
        if not files:
            present = {path.stem for path in root.iterdir() if path.suffix in SUFFIXES}
            near = difflib.get_close_matches(stem, sorted(present), n=3)
            hint = f" Near it: {near}." if near else ""
            raise FileNotFoundError(
                f"root={os.fspath(self.root)!r} holds no contour map of the image "
                f"{feature_map.source!r}: none of {names} is there, among "
                f"{len(present)} others.{hint}"
            )
        if len(files) > 1:
            raise ValueError(
                f"root={os.fspath(self.root)!r} holds several contour maps of the "
                f"image {feature_map.source!r}: {[path.name for path in files]}; leave "
                "one."
            )
        return files[0]

    def _tree(self, feature_map):
        path = self._file(feature_map)
        contours = read_contours(path, self.variable)
        try:
            return RegionTree.from_ucm(
                contours, feature_map.image_shape, valid=feature_map.valid
            )
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def read_contours(path, variable):
    """Return the map in a file, integers scaled so that the largest possible is 1."""
    if path.suffix == ".mat":
        contours = _of_matlab(path, variable)
    elif path.suffix == ".npy":
        contours = _of_numpy(path)
    else:
        contours = _of_picture(path)
    if contours.dtype.kind in "iu":
        return contours / np.iinfo(contours.dtype).max
    return contours


def _of_matlab(path, variable):
    try:
        content = loadmat(path)
    except NotImplementedError:
        # How scipy refuses files of version 7.3, which are HDF5.
        raise ValueError(
            f"{path} is a MATLAB file of version 7.3, which scipy does not read; save "
            "it with -v7 or as .npy."
        ) from None
    except (MatReadError, OSError, TypeError, ValueError, EOFError) as error:
        raise ValueError(f"{path} is no MATLAB file that can be read: {error}") from (
            error
        )
    maps = {
        name: values
        for name, values in content.items()
        if not name.startswith("__")
        and getattr(values, "ndim", 0) == 2
        and values.dtype.kind in "fiub"
    }
    if variable is not None:
        if variable not in maps:
            raise ValueError(
                f"variable={variable!r} is no matrix of {path}, which holds "
                f"{sorted(maps)}."
            )
        return maps[variable]
    names = [name for name in VARIABLES if name in maps] or list(maps)
    if not names or (len(names) > 1 and names[0] not in VARIABLES):
        raise ValueError(
            f"{path} must hold one matrix, or one called ucm2 or ucm; it holds "
            f"{sorted(maps)}. Name it by variable=."
        )
    return maps[names[0]]


def _of_numpy(path):
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{path} is no array that can be read: {error}") from error


def _of_picture(path):
    try:
        with Image.open(path) as picture:
            grey = picture.mode in ("1", "L", "F") or picture.mode.startswith("I")
            contours = np.asarray(picture)
            mode = picture.mode
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{path} is no picture that can be read: {error}") from error
    if not grey:
        raise ValueError(
            f"{path} must be a grey picture, of 8 or 16 bits or floats, got mode "
            f"{mode!r}."
        )
    # Pillow widens 16-bit grey on some paths.
    if mode == "I" and contours.max() <= 65535:
        return contours.astype(np.uint16)
    return contours
