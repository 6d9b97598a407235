"""TimmFeatures: features of any network of timm."""

import numpy as np

from skuhas._common import check_choice, check_integer
from skuhas.features._network import NetworkFeatures
from skuhas.features._weights import check_weights, identity

FACETS = ("token", "key", "query", "value")


class TimmFeatures(NetworkFeatures):
    """Features of any network of timm that keeps a spatial map.

    Plain vision transformers (DINO, DINOv2, DINOv3, MAE, CLIP, SigLIP, DeiT,
    EVA) and networks in stages (Swin, ConvNeXt, ResNet, EfficientNet). Class,
    register and distillation tokens are left out. Position embeddings are
    interpolated to the size of the input, by timm.

    Parameters
    ----------
    model : str, default="vit_small_patch14_reg4_dinov2.lvd142m"
        A name of timm, with or without the tag of its weights.
    weights : {"pretrained", "random"} or path-like, default="pretrained"
        "pretrained" takes timm's from the caches of Hugging Face and of torch,
        or fetches them. A checkpoint file (.safetensors, .pth, .pt), or a
        folder that holds one, is loaded without running anything in it;
        official checkpoints of DINO, DINOv2, DINOv3, MoCo-v3 and MAE fit as
        they are. "random" is for tests.
    layers : int or tuple of int, default=-1
        What is read out: blocks of plain transformers, stages of others,
        counted from 0, or from the end below 0. Several are scaled to unit
        length at every position, interpolated to one grid and joined.
    facet : {"token", "key", "query", "value"}, default="token"
        The layer's output, or a projection inside its attention, the heads
        side by side. TokenCut and Deep Spectral Methods take keys of the last
        layer. Plain transformers only, but for "token".
    norm : bool, default=True
        Apply the network's final normalisation to tokens. Networks that have
        none for their maps leave them as they are.
    center : bool, default=False
        Subtract from each feature its mean over the image.
    normalize : bool, default=True
        Scale the vector of every cell to unit length, last of all.
    grid_stride : int, default=None
        Pixels of the scaled image to a cell of the result, which layers are
        interpolated to. None for the finest layer's own.
    image_size : int, (int, int) or None, default=518
        Length in pixels of the side that `side` names, which images are scaled
        to, up or down; or height and width; or None for the image's own size.
        Both sides are then rounded to multiples of the patch (of the largest
        stride, in networks of stages).
    side : {"longer", "shorter"}, default="longer"
        Which side `image_size` is the length of, where it is one number.
    tile : int, default=None
        Side in pixels of the windows that a scaled image larger than that is
        cut into, brought to multiples of the patch. Their maps are blended
        where they overlap. None takes every image whole.
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
    components_ : ndarray of shape (reduce, n_features), dtype float32
        Principal axes, with `reduce`.
    mean_ : ndarray of shape (n_features,), dtype float32
        Mean of the features, with `reduce`.
    explained_variance_ratio_ : ndarray of shape (reduce,)
        Share of the variance along each axis, with `reduce`.

    Raises
    ------
    ValueError
        On ``fit`` or ``transform``: an unknown model (near names are in the
        message), a layer or facet that it lacks, a size that it cannot
        take.
    WeightsError
        The checkpoint cannot be read, or is another architecture's.
    WeightsNotFound
        On ``transform``: the weights are not on this machine and cannot be
        fetched; the message says what to fetch and where to put it.

    See Also
    --------
    DinoFeatures : The same by the names that DINO's authors gave.
    LiteFeatures : A small network whose weights need no download.

    References
    ----------
    R. Wightman. "PyTorch Image Models". doi:10.5281/zenodo.4414861.
    Y. Wang et al. "Self-Supervised Transformers for Unsupervised Object
    Discovery using Normalized Cut". CVPR 2022, for keys as features.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skuhas import TimmFeatures
    >>> features = TimmFeatures(
    ...     model="convnext_atto", weights="random", layers=(1, 2), image_size=192
    ... )
    >>> features.fit_transform([coffee()])
    [FeatureMap(shape=(16, 24, 240), image_shape=(400, 600), with image)]
    """

    def __init__(
        self,
        *,
        model="vit_small_patch14_reg4_dinov2.lvd142m",
        weights="pretrained",
        layers=-1,
        facet="token",
        norm=True,
        center=False,
        normalize=True,
        grid_stride=None,
        image_size=518,
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
        self.model = model
        self.weights = weights
        self.layers = layers
        self.facet = facet
        self.norm = norm
        self.center = center
        self.normalize = normalize
        self.grid_stride = grid_stride
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

    def _timm_name(self):
        from skuhas.features._backbone import check_name

        return check_name(self.model, type(self).__name__)

    def _outline(self):
        from skuhas.features._backbone import outline

        return outline(self._timm_name())

    def _stride(self):
        return self._outline().stride

    def _backbone(self, device):
        from skuhas.features._backbone import load_backbone

        name = self._timm_name()
        return load_backbone(
            name, str(self.weights), identity(self.weights, name), device
        )

    def _indices(self):
        """Return the layers, counted from 0."""
        given = self.layers if isinstance(self.layers, (tuple, list)) else [self.layers]
        count = len(self._outline().strides)
        if not len(given):
            raise ValueError("layers must name at least one layer, got none.")
        for value in given:
            check_integer(value, "layers", low=-count, high=count - 1)
        indices = [value % count for value in given]
        if len(set(indices)) < len(indices):
            raise ValueError(f"layers must differ, got {self.layers!r}.")
        return indices

    def _readout(self):
        return {
            "layers": self._indices(),
            "facet": self.facet,
            "norm": bool(self.norm and self._has_norm()),
            "center": bool(self.center),
            "normalize": bool(self.normalize),
            "grid_stride": self.grid_stride,
        }

    def _has_norm(self):
        return self._accepts(self._outline().size, norm=True)

    def _identity(self):
        name = self._timm_name()
        return {"network": name, "weights": identity(self.weights, name)}

    def _unit_length(self):
        return self.normalize

    def _accepts(self, shape, *, norm=False, facet="token"):
        from skuhas.features._backbone import supports

        return supports(self._timm_name(), tuple(shape), norm, facet)

    def _check_network(self):
        check_choice(self.facet, "facet", FACETS)
        for name in ("norm", "center", "normalize"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise TypeError(
                    f"{name} must be True or False, got {getattr(self, name)!r}."
                )
        check_integer(self.grid_stride, "grid_stride", low=1, none=True)
        outline = self._outline()
        self._indices()
        if self.facet != "token" and not (
            outline.blocks is not None and self._accepts(outline.size, facet=self.facet)
        ):
            raise ValueError(
                f"facet={self.facet!r} needs a plain vision transformer, whose "
                f"attention can be read; model={self.model!r} is none. Use "
                "facet='token'."
            )
        self._check_fixed_size(outline)
        check_weights(self.weights)

    def _scaled(self, shape):
        if self._is_own_size():
            return tuple(self.image_size)
        scaled = super()._scaled(shape)
        window = scaled
        stride = self._stride()
        if self.tile is not None and max(scaled) > self.tile:
            window = tuple(min(self.tile // stride * stride, s) for s in scaled)
        if not self._is_free() and not self._accepts(window):
            raise ValueError(
                f"scaled to {scaled[0]} x {scaled[1]} pixels (height x width), the "
                f"image does not fit model={self.model!r}, which takes images of "
                f"{self._outline().size} only. Use side='shorter', or image_size="
                f"{self._outline().size}."
            )
        return scaled

    def _is_own_size(self):
        """Whether images are scaled to what the network was made for.

        That need not be a multiple of its largest stride.
        """
        asked = self.image_size
        return isinstance(asked, (tuple, list)) and tuple(asked) == tuple(
            self._outline().size
        )

    def _is_free(self):
        stride = self._stride()
        shapes = [(6 * stride, 9 * stride), (10 * stride, 5 * stride)]
        return all(self._accepts(shape) for shape in shapes)

    def _check_fixed_size(self, outline):
        """Raise where the network takes one input size and is given others."""
        stride, own = outline.stride, tuple(outline.size)
        asked = own
        if self.image_size is not None and not self._is_own_size():
            asked = tuple(super()._scaled(own))
        if isinstance(self.image_size, (tuple, list)):
            needed = [asked]
        else:
            needed = [(6 * stride, 9 * stride), (10 * stride, 5 * stride)]
        if self.tile is not None:
            side = self.tile // stride * stride
            needed = [(min(side, asked[0]), min(side, asked[1]))]
        if all(self._accepts(shape) for shape in needed):
            return
        if not self._accepts(own):
            raise ValueError(
                f"model={self.model!r} is not supported: what timm returns of its "
                "layers is no map that covers the image. Choose another backbone."
            )
        windows = ""
        if own == (own[0] // stride * stride,) * 2:
            windows = (
                f", or tile={own[0]} with side='shorter' and image_size of at least "
                "that"
            )
        raise ValueError(
            f"model={self.model!r} takes images of one size only. Use "
            f"image_size={own}{windows}."
        )
