"""Reading checkpoints as they are published, and fitting them to a network."""

import argparse
import contextlib
import io
import re
import sys
from collections.abc import Mapping

import torch

from skuhas.features._weights import WeightsError

# Entries that hold a network inside a training checkpoint, the better one first.
ENTRIES = (
    "teacher",
    "student",
    "model_ema",
    "state_dict_ema",
    "state_dict",
    "model",
    "module",
    "backbone",
    "encoder",
)
# What wrappers put before a network's own names. MoCo-v3 evaluates its base encoder.
PREFIXES = (
    "module.",
    "_orig_mod.",
    "teacher.",
    "student.",
    "base_encoder.",
    "momentum_encoder.",
    "backbone.",
    "encoder.",
    "model.",
)
# Parts of pretraining that no feature passes through.
EXTRA = re.compile(
    r"(head|heads|head_dist|fc|classifier|mask_token|decoder\w*|dino_head|ibot_head|"
    r"predictor|projector|projectors|projection_head|attn_pool|fc_norm|pre_logits|"
    r"local_cls_norm|local_crops\w*)(\.|$)|.*\.num_batches_tracked$|rope_embed\."
)
SHOWN = 4


class WeightsMismatchError(WeightsError):
    """Tensors that a network has no use for, or lacks; it carries them."""

    def __init__(self, message, tensors):
        super().__init__(message)
        self.tensors = tensors


def read_checkpoint(path):
    """Return the content of a checkpoint without running anything in it.

    Raises
    ------
    WeightsError
        The file is no checkpoint, or holds objects beside tensors and numbers.
    """
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except SafetensorError as error:
            raise WeightsError(
                f"weights={str(path)!r} is no safetensors file: {error}."
            ) from error
    try:
        # Full training checkpoints carry their command line's options along.
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    # A text file fails with whatever its first letters mean to the reader.
    except Exception as error:
        blocked = re.search(r"GLOBAL ([\w.]+)", str(error))
        if blocked:
            raise WeightsError(
                f"weights={str(path)!r} holds a {blocked[1]}, and objects other than "
                "tensors and numbers are not loaded, since that can run code. Save "
                "the state dict alone, best as safetensors."
            ) from error
        raise WeightsError(
            f"weights={str(path)!r} is not a checkpoint that torch can read."
        ) from error


def unwrap(checkpoint, own_names=()):
    """Return the tensors of the network in a checkpoint, and how they were wrapped.

    Parameters
    ----------
    checkpoint : mapping
        As read from a file.
    own_names : collection of str
        Names that the network gives its tensors; a prefix that they have is
        none of a wrapper's.

    Returns
    -------
    tensors : dict of str to tensor
    wrapping : list of str
        Entries and prefixes taken off, from the outside in.
    """
    wrapping = []
    while isinstance(checkpoint, Mapping):
        entry = next(
            (key for key in ENTRIES if isinstance(checkpoint.get(key), Mapping)), None
        )
        if entry is None:
            break
        checkpoint = checkpoint[entry]
        wrapping.append(entry)
    if not isinstance(checkpoint, Mapping):
        return {}, wrapping
    tensors = {
        key: value
        for key, value in checkpoint.items()
        if isinstance(key, str) and isinstance(value, torch.Tensor)
    }
    found = True
    while found:
        found = False
        for prefix in PREFIXES:
            if any(name.startswith(prefix) for name in own_names):
                continue
            inner = {
                key[len(prefix) :]: value
                for key, value in tensors.items()
                if key.startswith(prefix)
            }
            if inner:
                tensors, found = inner, True
                wrapping.append(prefix)
                break
    # DINOv2's sharded training nests blocks in chunks: blocks.0.3 is block 3.
    return {
        re.sub(r"^blocks\.\d+\.(\d+)\.", r"blocks.\1.", key): value
        for key, value in tensors.items()
    }, wrapping


def fit_tensors(model, tensors, source):
    """Copy tensors into a network, as they are or as timm converts them.

    Parameters
    ----------
    model : torch.nn.Module
        Made by timm.
    tensors : dict of str to tensor
    source : str
        What messages call them.

    Raises
    ------
    WeightsMismatchError
        They fit neither way; the message names keys.
    """
    problems = _compare(model, tensors)
    if any(problems) and not _has_other_patches(model, tensors):
        converted = _converted(model, tensors)
        if converted is not None:
            after = _compare(model, converted)
            if not any(after):
                tensors, problems = converted, after
    if any(problems):
        raise WeightsMismatchError(_mismatch(model, problems, source), tensors)
    own = model.state_dict()
    model.load_state_dict(
        {key: value for key, value in tensors.items() if key in own}, strict=False
    )


def _compare(model, tensors):
    """Return the names that are missing, unexpected, and of another shape."""
    own = model.state_dict()
    missing = [k for k in own if k not in tensors and not EXTRA.match(k)]
    unexpected = [k for k in tensors if k not in own and not EXTRA.match(k)]
    reshaped = [
        f"{key} {tuple(tensors[key].shape)} for {tuple(own[key].shape)}"
        for key in own
        if key in tensors and tensors[key].shape != own[key].shape
    ]
    return missing, unexpected, reshaped


def _has_other_patches(model, tensors):
    """Whether the patches have another size, which timm would silently resample."""
    name = "patch_embed.proj.weight"
    theirs, ours = tensors.get(name), model.state_dict().get(name)
    if theirs is None or ours is None or theirs.ndim < 4:
        return False
    return theirs.shape[2:] != ours.shape[2:]


def _converted(model, tensors):
    """Return what timm's own conversion for this kind of network makes of them."""
    module = sys.modules[type(model).__module__]
    convert = getattr(module, "checkpoint_filter_fn", None) or getattr(
        module, "_filter_fn", None
    )
    if convert is None:
        return None
    options = {}
    if any(".gamma_1" in key for key in tensors) and any(
        ".ls1." in key for key in model.state_dict()
    ):
        # DeiT III's names, which timm converts on request.
        options["adapt_layer_scale"] = True
    try:
        # It takes entries out of the dict that it is given, and prints of DINOv3
        # what biases a network does without.
        with contextlib.redirect_stdout(io.StringIO()):
            return convert(dict(tensors), model, **options)
    # The conversion of a foreign checkpoint fails anywhere; the comparison of
    # the names then says what is wrong.
    except Exception:  # noqa: BLE001
        return None


def _mismatch(model, problems, source):
    parts = []
    for names, what in zip(
        problems, ("missing", "unexpected", "of another shape"), strict=True
    ):
        if names:
            shown = ", ".join(names[:SHOWN])
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            parts.append(f"{len(names)} {what} ({shown}{more})")
    return (
        f"{source} does not fit the architecture "
        f"{model.pretrained_cfg.get('architecture', type(model).__name__)!r}: "
        f"{'; '.join(parts)}. Is it the checkpoint of another model?"
    )
