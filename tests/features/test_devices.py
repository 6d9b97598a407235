"""Which devices and precisions are taken, and what is said of others."""

import re

import numpy as np
import pytest
import torch

from skuhas import LiteFeatures, TimmFeatures
from skuhas.features import _devices
from skuhas.features._devices import check_device, check_dtype, resolve_device

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes torch find so many GPUs, and MPS or not."""
    tried = _devices._computes_in
    tried.cache_clear()

    def pretend(n_gpus=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n_gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n_gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    yield pretend
    tried.cache_clear()


@pytest.mark.parametrize(
    ("n_gpus", "mps", "fastest"),
    [(0, False, "cpu"), (1, False, "cuda"), (2, True, "cuda"), (0, True, "mps")],
)
def test_auto_is_the_fastest_device_that_is_there(machine, n_gpus, mps, fastest):
    machine(n_gpus, mps)
    check_device("auto", "Features")
    assert resolve_device("auto", "Features") == fastest
    # What is asked for is not replaced.
    assert resolve_device("cpu", "Features") == "cpu"
    assert resolve_device("cuda:1", "Features") == "cuda:1"


@pytest.mark.parametrize(
    ("n_gpus", "mps", "good", "bad"),
    [
        (0, False, ["cpu"], ["cuda", "cuda:0", "mps"]),
        (1, False, ["cpu", "cuda", "cuda:0"], ["cuda:1", "cuda:10", "mps"]),
        (2, False, ["cuda", "cuda:0", "cuda:1"], ["cuda:2"]),
        (0, True, ["cpu", "mps"], ["cuda"]),
    ],
)
def test_devices_that_are_not_there_are_refused(machine, n_gpus, mps, good, bad):
    machine(n_gpus, mps)
    for device in good:
        check_device(device, "Features")
    for device in bad:
        message = re.escape(f"device={device!r}, but torch {torch.__version__} finds")
        with pytest.raises(ValueError, match=message + ".*'auto' or 'cpu'"):
            check_device(device, "Features")


@pytest.mark.parametrize(
    "device", ["gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "", "CPU", None, 0]
)
def test_what_is_no_name_of_a_device_is_refused(device):
    with pytest.raises((TypeError, ValueError), match=r"device must be .*'cuda'") as e:
        check_device(device, "Features")
    assert str(e.value).endswith(f"got {device!r}.")


@pytest.mark.parametrize("kind", [LiteFeatures, TimmFeatures])
def test_transformers_check_their_device_before_anything_else(machine, kind):
    machine(n_gpus=1)
    for method in ("fit", "transform", "fit_transform"):
        with pytest.raises(ValueError, match="device='cuda:1', but torch"):
            getattr(kind(device="cuda:1"), method)([IMAGE])
        with pytest.raises(ValueError, match="dtype must be one of"):
            getattr(kind(dtype="float64"), method)([IMAGE])


def test_single_precision_is_not_tried_out(machine, monkeypatch):
    machine()
    monkeypatch.setattr(_devices, "_computes_in", None)
    check_dtype("float32", "cpu", "Features")
    check_dtype("float32", "auto", "Features")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("device", ["cpu", "auto"])
@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_a_precision_that_the_device_lacks_is_refused(
    machine, monkeypatch, dtype, device, error
):
    machine()

    def convolve(*_arguments):
        raise error('"slow_conv2d_cpu" not implemented for this type')

    monkeypatch.setattr(torch.nn.functional, "conv2d", convolve)
    message = f"dtype='{dtype}', but device 'cpu' .* Use dtype='float32'"
    with pytest.raises(ValueError, match=message):
        check_dtype(dtype, device, "Features")
    with pytest.raises(ValueError, match=message):
        LiteFeatures(dtype=dtype, device=device).fit([IMAGE])


def test_a_precision_that_torch_quietly_replaces_is_refused(machine, monkeypatch):
    machine()
    convolve = torch.nn.functional.conv2d
    monkeypatch.setattr(
        torch.nn.functional, "conv2d", lambda *given: convolve(*given).float()
    )
    with pytest.raises(ValueError, match="dtype='bfloat16', but device 'cpu'"):
        check_dtype("bfloat16", "cpu", "Features")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_gives_nearly_the_same_in_single_precision(dtype):
    if not _devices._computes_in("cpu", dtype):
        pytest.skip(f"torch does not compute in {dtype} here")
    (exact,) = LiteFeatures(image_size=64, device="cpu").transform([IMAGE])
    (half,) = LiteFeatures(image_size=64, device="cpu", dtype=dtype).transform([IMAGE])
    assert half.features.dtype == np.float32
    distance = np.linalg.norm(half.features - exact.features, axis=2)
    # Of vectors that are about two long.
    assert 0 < distance.mean() < 0.2
