"""Which device a network runs on, and in which precision."""

import functools
import re
import warnings

from skuhas._common import check_choice, optional_import

DEVICES = ("cuda", "mps", "cpu")
DTYPES = ("float32", "float16", "bfloat16")


def import_torch(purpose):
    """Return torch, or raise saying how to install it."""
    return optional_import("torch", package="torch", purpose=purpose)


def check_device(device, purpose):
    """Raise unless `device` is "auto" or one that torch finds here."""
    if not (isinstance(device, str) and re.fullmatch(r"cuda:\d+", device)):
        check_choice(device, "device", ["auto", *DEVICES])
    if device == "auto":
        return
    torch = import_torch(purpose)
    if not _has_device(torch, device):
        raise ValueError(
            f"device={device!r}, but torch {torch.__version__} finds no such "
            "device on this machine. Use device='auto' or 'cpu'."
        )


def resolve_device(device, purpose):
    """Return the name of a device that is there, the fastest for "auto"."""
    if device != "auto":
        return device
    torch = import_torch(purpose)
    return next(name for name in DEVICES if _has_device(torch, name))


def check_dtype(dtype, device, purpose):
    """Raise unless the device computes in `dtype`."""
    check_choice(dtype, "dtype", DTYPES)
    if dtype == "float32":
        return
    device = resolve_device(device, purpose)
    if not _computes_in(device, dtype):
        raise ValueError(
            f"dtype={dtype!r}, but device {device!r} does not compute in it with "
            f"torch {import_torch(purpose).__version__}. Use dtype='float32'."
        )


def _has_device(torch, device):
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return True
    if kind == "mps":
        return torch.backends.mps.is_available()
    return torch.cuda.is_available() and int(index or 0) < torch.cuda.device_count()


@functools.lru_cache
def _computes_in(device, dtype):
    """Whether products and convolutions under autocast come out in `dtype`.

    Asked by trying, since torch answers for kinds of device and not for the
    one that is there.
    """
    import torch

    wanted = getattr(torch, dtype)
    kind = device.partition(":")[0]
    with warnings.catch_warnings(), torch.inference_mode():
        # Torch warns where it computes in float32 instead.
        warnings.simplefilter("ignore")
        try:
            with torch.autocast(kind, dtype=wanted):
                image = torch.ones(1, 1, 4, 4, device=device)
                convolved = torch.nn.functional.conv2d(image, image[..., :2, :2])
                product = image[0, 0] @ image[0, 0]
        except (RuntimeError, ValueError):
            return False
    return convolved.dtype == product.dtype == wanted
