"""A timm network behind one call: images in, maps of its layers out."""

import contextlib
import difflib
import functools
import threading

import torch

from skuhas._common import optional_import
from skuhas.features._checkpoints import (
    EXTRA,
    WeightsMismatchError,
    fit_tensors,
    read_checkpoint,
    unwrap,
)
from skuhas.features._dino_models import is_known
from skuhas.features._once import cached_once
from skuhas.features._weights import (
    PRETRAINED,
    RANDOM,
    WeightsError,
    find_file,
    find_pretrained,
)

FACETS = ("token", "key", "query", "value")
# How networks of a fixed input size are made to take others.
SIZE_OPTIONS = ({"dynamic_img_size": True}, {"strict_img_size": False}, {})
RANDOM_SEED = 0
# Cells that networks without padding may lack of what their stride promises.
CELLS_OFF = 2
# DeiT-S has 6 heads, MoCo-v3's ViT-S of the same shapes has 12.
MOCO_SMALL_WIDTH, MOCO_SMALL_HEADS = 384, 12


class Backbone:
    """A network of timm, whatever its kind.

    Parameters
    ----------
    model : torch.nn.Module
        Made by timm, with the method ``forward_intermediates``.

    Attributes
    ----------
    channels, strides : list of int
        Features of each layer, and input pixels to one of its cells.
    stride : int
        The largest of them; input sides are multiples of it.
    size : (int, int)
        Height and width of the input that the network was made for.
    mean, std : tuple of float
        Of the input, for each colour channel.
    """

    def __init__(self, model):
        self.model = model
        info = list(model.feature_info)
        self.channels = [entry["num_chs"] for entry in info]
        self.strides = [entry["reduction"] for entry in info]
        self.stride = max(self.strides)
        self.size = tuple(model.pretrained_cfg["input_size"][1:])
        self.mean = tuple(model.pretrained_cfg["mean"])
        self.std = tuple(model.pretrained_cfg["std"])
        # Reading attention needs hooks, which two threads cannot share.
        self._hooked = threading.Lock()

    @property
    def blocks(self):
        """The transformer blocks whose attention can be read, or None."""
        blocks = getattr(self.model, "blocks", None)
        if blocks is None or not hasattr(self.model, "num_prefix_tokens"):
            return None
        # Some networks keep stages, or other things, under this name.
        known = len(blocks) == len(self.strides) and all(
            _projections(getattr(block, "attn", None)) for block in blocks
        )
        return blocks if known else None

    def layers(self, pixels, indices, facet="token", norm=True):
        """Return maps of several layers.

        Parameters
        ----------
        pixels : tensor of shape (n_images, 3, height, width), dtype float32
            Scaled by `mean` and `std`.
        indices : list of int
            Layers, from 0 in increasing order: blocks of plain transformers,
            stages of others.
        facet : {"token", "key", "query", "value"}
            The layer's output, or a projection inside its attention, of all
            heads side by side, before normalisation and rotation.
        norm : bool
            Apply the network's final normalisation to outputs.

        Returns
        -------
        list of tensor of shape (n_images, n_features, rows, columns)
        """
        if facet == "token":
            return self._intermediates(pixels, indices, norm)
        inputs, owner = {}, threading.get_ident()

        def keep(index):
            def hook(module, arguments, keywords):
                # Other threads may run the network too.
                if threading.get_ident() != owner:
                    return
                inputs[index] = arguments[0] if arguments else keywords["x"]

            return hook

        with self._hooked, contextlib.ExitStack() as stack:
            for index in indices:
                handle = self.blocks[index].attn.register_forward_pre_hook(
                    keep(index), with_kwargs=True
                )
                stack.callback(handle.remove)
            shape = self._intermediates(pixels, indices[-1:], norm=False)[0].shape
        rows, columns = shape[2:]
        maps = []
        for index in indices:
            tokens = inputs[index][:, self.model.num_prefix_tokens :]
            projected = _project(self.blocks[index].attn, tokens, facet)
            maps.append(
                projected.transpose(1, 2).reshape(len(pixels), -1, rows, columns)
            )
        return maps

    def _intermediates(self, pixels, indices, norm):
        return self.model.forward_intermediates(
            pixels,
            indices=list(indices),
            norm=norm,
            stop_early=True,
            output_fmt="NCHW",
            intermediates_only=True,
        )


def _projections(attention):
    """Return the names of an attention's linear maps, or None where unknown."""
    if attention is None:
        return None
    if isinstance(getattr(attention, "qkv", None), torch.nn.Linear):
        return ("qkv",)
    names = ("q_proj", "k_proj", "v_proj")
    if all(isinstance(getattr(attention, n, None), torch.nn.Linear) for n in names):
        return names
    return None


def _project(attention, tokens, facet):
    place = ("query", "key", "value").index(facet)
    names = _projections(attention)
    if len(names) == 3:
        return getattr(attention, names[place])(tokens)
    weight = attention.qkv.weight.chunk(3)[place]
    bias = attention.qkv.bias
    if bias is not None:
        bias = bias.chunk(3)[place]
    elif getattr(attention, "q_bias", None) is not None:
        # EVA and BEiT keep biases apart, and have none for keys.
        bias = {"query": attention.q_bias, "value": attention.v_bias}.get(facet)
    return torch.nn.functional.linear(tokens, weight, bias)


def import_timm(purpose):
    """Return timm, or raise saying how to install it."""
    return optional_import("timm", package="timm", purpose=purpose)


def check_name(name, purpose):
    """Return timm's full name of a model, or raise naming near ones."""
    if not isinstance(name, str):
        raise TypeError(f"model must be a name of a timm model, got {name!r}.")
    import_timm(purpose)
    # As addresses of the hub have it.
    return _full_name(name.removeprefix("hf-hub:").removeprefix("timm/"))


@functools.lru_cache
def _full_name(name):
    import timm

    architecture, _, tag = name.partition(".")
    try:
        config = timm.get_pretrained_cfg(name) if timm.is_model(architecture) else None
    except RuntimeError:
        config = None
    if timm.is_model(architecture) and (not tag or config is not None):
        return f"{architecture}.{config.tag}" if config and config.tag else name
    if timm.is_model(architecture):
        known = timm.list_models(f"{architecture}.*", pretrained=True)
        raise ValueError(
            f"model={name!r}: timm knows {architecture!r}, and its weights as "
            f"{known}, but not {tag!r}."
        )
    if is_known(name):
        raise ValueError(
            f"model={name!r} is a name of DinoFeatures. TimmFeatures takes timm's own."
        )
    near = difflib.get_close_matches(name, timm.list_models(pretrained=True), n=2)
    near += difflib.get_close_matches(architecture, timm.list_models(), n=3)
    hint = f" Did you mean one of {sorted(set(near))}?" if near else ""
    raise ValueError(
        f"model={name!r} is unknown to timm {timm.__version__}.{hint} "
        "timm.list_models() names them all."
    )


def _create(name, **options):
    import timm

    size_option = dict(_size_option(name))
    return timm.create_model(
        name, pretrained=False, num_classes=0, **size_option, **options
    )


@functools.lru_cache(maxsize=32)
def _size_option(name):
    """Return the option, as (key, value) pairs, with which other sizes are taken."""
    import timm

    for option in SIZE_OPTIONS:
        try:
            with torch.device("meta"):
                model = timm.create_model(
                    name, pretrained=False, num_classes=0, **option
                )
        except TypeError:
            # Only some networks know the option.
            continue
        if not _is_readable(model):
            break
        # Some know it and do not heed it.
        backbone = Backbone(model.eval())
        if _takes(backbone, (6 * backbone.stride, 9 * backbone.stride)):
            return tuple(option.items())
    return ()


def _is_readable(model):
    return hasattr(model, "forward_intermediates") and bool(
        getattr(model, "feature_info", None)
    )


@functools.lru_cache(maxsize=32)
def outline(name):
    """Return a Backbone without weights, which costs no memory: shapes alone."""
    with torch.device("meta"):
        model = _create(name).eval()
    if not _is_readable(model):
        raise ValueError(
            f"model={name!r} yields no spatial map: timm has no "
            "forward_intermediates for it. Choose another backbone."
        )
    return Backbone(model)


@functools.lru_cache(maxsize=64)
def supports(name, shape, norm=False, facet="token"):
    """Return whether a network takes an input of `shape`, tried without weights."""
    return _takes(outline(name), shape, norm, facet)


def _takes(backbone, shape, norm=False, facet="token"):
    pixels = torch.zeros(1, 3, *shape, device="meta")
    last = [len(backbone.strides) - 1]
    try:
        with torch.inference_mode():
            (result,) = backbone.layers(pixels, last, facet, norm)
    # Networks refuse with whatever error their first mismatch makes.
    except Exception:  # noqa: BLE001
        return False
    # Some scale every input to their own size.
    return all(
        abs(side / backbone.strides[-1] - cells) <= CELLS_OFF
        for side, cells in zip(shape, result.shape[2:], strict=True)
    )


@cached_once(maxsize=2)
def load_backbone(name, weights, identity, device):
    """Return a Backbone with its weights on a device, loaded once.

    Parameters
    ----------
    name : str
        timm's full name.
    weights : {"pretrained", "random"} or path
    identity : str
        Changes with the weights, so that a file written anew is read anew.
    device : str
    """
    # Networks are filled with random numbers first, whatever comes then: the
    # caller's own sequence of them goes on as if nothing had been.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(RANDOM_SEED)
        return prepare(_with_weights(name, weights), device)


def _with_weights(name, weights):
    if weights == RANDOM:
        return _create(name)
    if weights != PRETRAINED:
        return _from_file(name, find_file(weights))
    path = find_pretrained(name, outline(name).model.pretrained_cfg)
    try:
        return _from_file(name, path)
    except WeightsMismatchError as error:
        model = _loaded_by_timm(name, error.tensors)
        if model is None:
            raise
        return model


def _loaded_by_timm(name, tensors):
    """Return a network with tensors published under other names, or None.

    Timm has its ways with some of them, and leaves out without a word what
    does not fit; so what is still as it was before tells.
    """
    import timm

    torch.default_generator.manual_seed(RANDOM_SEED)
    before = _create(name).state_dict()
    torch.default_generator.manual_seed(RANDOM_SEED)
    try:
        # Tensors, not the file: older versions run what is in it.
        model = timm.create_model(
            name,
            pretrained=True,
            num_classes=0,
            pretrained_cfg_overlay={"state_dict": tensors},
            **dict(_size_option(name)),
        )
    # Whatever it stumbles over; the mismatch says more.
    except Exception:  # noqa: BLE001
        return None
    untouched = [
        key
        for key, value in model.state_dict().items()
        if not EXTRA.match(key)
        and torch.equal(value, before[key])
        and value.unique().numel() > 1
    ]
    return None if untouched else model


def prepare(model, device):
    """Return a Backbone for inference with a network that has its weights."""
    model.requires_grad_(False)
    backbone = Backbone(model.eval())
    if backbone.blocks is None:
        # Convolutions are a fifth faster so, on CPUs as on GPUs.
        model.to(memory_format=torch.channels_last)
    model.to(device)
    return backbone


def _from_file(name, path):
    checkpoint = read_checkpoint(path)
    own = outline(name).model.state_dict()
    tensors, wrapping = unwrap(checkpoint, own)
    source = f"weights={str(path)!r}"
    if not tensors:
        raise WeightsError(f"{source} holds no tensors.")
    options = {}
    width = getattr(outline(name).model, "embed_dim", None)
    is_moco = {"base_encoder.", "momentum_encoder."} & set(wrapping)
    if is_moco and width == MOCO_SMALL_WIDTH:
        options["num_heads"] = MOCO_SMALL_HEADS
    model = _create(name, **options)
    fit_tensors(model, tensors, source)
    return model
