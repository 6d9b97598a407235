"""DinoFeatures: features of the self-supervised transformers called DINO."""

from skuhas.features._dino_models import find_model
from skuhas.features._timm import TimmFeatures

#: Parameters of DinoFeatures with which the paper's tables were made.
PAPER_FEATURES = {"model": "dinov2_vitb14_reg", "image_size": (840, 840)}


class DinoFeatures(TimmFeatures):
    """Features of a self-supervised transformer: DINO, DINOv2 or DINOv3.

    Trained on pictures alone, without labels. Their patch features tell parts
    of objects apart and are alike within them.

    Parameters
    ----------
    model : str, default="dinov2_vits14_reg"
        ``dino_vits8``, ``dino_vits16``, ``dino_vitb8``, ``dino_vitb16``;
        ``dinov2_vits14``, ``b``, ``l``, ``g``, each also with ``_reg`` for four
        register tokens; ``dinov3_vits16``, ``dinov3_vits16plus``, ``b``,
        ``l``, ``dinov3_vith16plus``, ``dinov3_vit7b16``.
    weights : {"pretrained", "random"} or path-like, default="pretrained"
        "pretrained" takes the published ones from the caches of Hugging Face
        and of torch, or fetches them. A checkpoint file (.safetensors, .pth, .pt), or a
        folder that holds one, is loaded without running anything in it;
        official checkpoints of DINO, DINOv2, DINOv3, MoCo-v3 and MAE fit as
        they are. "random" is for tests.
    layers : int or tuple of int, default=-1
        Blocks that are read out, counted from 0, or from the end below 0.
        Several are scaled to unit length at every position and joined.
    facet : {"token", "key", "query", "value"}, default="token"
        The layer's output, or a projection inside its attention, the heads
        side by side. TokenCut and Deep Spectral Methods take keys of the last
        layer.
    norm : bool, default=True
        Apply the network's final normalisation to tokens.
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
        Both sides are then rounded to multiples of the patch.
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
        message), a layer that it lacks, a size that it cannot take.
    WeightsError
        The checkpoint cannot be read, or is another architecture's.
    WeightsNotFound
        On ``transform``: the weights are not on this machine and cannot be
        fetched; the message says what to fetch and where to put it.

    See Also
    --------
    TimmFeatures : The same for any network of timm.
    available_models : The names, with sizes and licences.
    LiteFeatures : A small network whose weights need no download.

    References
    ----------
    M. Caron et al. "Emerging Properties in Self-Supervised Vision
    Transformers". ICCV 2021.
    M. Oquab et al. "DINOv2: Learning Robust Visual Features without
    Supervision". TMLR 2024.
    T. Darcet et al. "Vision Transformers Need Registers". ICLR 2024.
    O. Siméoni et al. "DINOv3". arXiv:2508.10104, 2025.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skuhas import DinoFeatures
    >>> features = DinoFeatures(weights="random", image_size=140)
    >>> features.fit_transform([coffee()])
    [FeatureMap(shape=(7, 10, 384), image_shape=(400, 600), with image)]
    """

    def __init__(
        self,
        *,
        model="dinov2_vits14_reg",
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
        super().__init__(
            model=model,
            weights=weights,
            layers=layers,
            facet=facet,
            norm=norm,
            center=center,
            normalize=normalize,
            grid_stride=grid_stride,
            image_size=image_size,
            side=side,
            tile=tile,
            overlap=overlap,
            reduce=reduce,
            batch_size=batch_size,
            device=device,
            dtype=dtype,
            output=output,
            cache_dir=cache_dir,
            cache_dtype=cache_dtype,
            verbose=verbose,
        )

    def _timm_name(self):
        return find_model(self.model).timm_name
