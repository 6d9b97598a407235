"""Which device trees are grown on."""

import re
from contextlib import contextmanager

from skuhas._common import optional_import


def check_device(device):
    """Raise unless a device is one that trees can be grown on."""
    if device is None:
        return
    if not isinstance(device, str) or not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ValueError(
            "device must be 'cpu', 'cuda', 'cuda:N' with N the number of a GPU, or "
            f"None, got {device!r}."
        )
    torch = optional_import("torch", package="torch", purpose=f"device={device!r}")
    if device != "cpu":
        number = int(device.partition(":")[2] or 0)
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if number >= count:
            raise ValueError(
                f"device={device!r} is not there: PyTorch finds {count} CUDA devices. "
                "Use device=None or 'cpu', or install a build of PyTorch with CUDA."
            )


def device_of(maps):
    """Return the GPU that the features of the first map are on, or None."""
    device = getattr(maps[0].features, "device", None)
    is_gpu = getattr(device, "type", "cpu") == "cuda"
    return str(device) if is_gpu else None


@contextmanager
def single_threaded_torch(device):
    """Hold PyTorch to one thread where trees are grown on the CPU.

    Its threads wait for one another on the small matrices of a tree, and would
    make the last digits depend on how many there are.
    """
    if device != "cpu":
        yield
        return
    torch = optional_import("torch", package="torch", purpose=f"device={device!r}")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
