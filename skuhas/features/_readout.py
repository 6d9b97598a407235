"""From the layers of a network to one feature vector a grid cell."""

import contextlib

import torch
from torch.nn import functional


def run(backbone, images, *, indices, facet, norm, device, dtype):
    """Return maps of several layers for a batch of images.

    Parameters
    ----------
    backbone : Backbone
        On `device`.
    images : ndarray of shape (n_images, height, width, 3), dtype uint8
    indices, facet, norm
        As Backbone.layers takes them; indices in any order.
    device : str
    dtype : {"float32", "float16", "bfloat16"}
        Of the network's products and convolutions.

    Returns
    -------
    list of tensor of shape (n_images, n_features, rows, columns), dtype float32
        In the order of `indices`.
    """
    # Planes of one colour each are scaled twice as fast as pixels of three.
    pixels = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).contiguous()
    mean, std = (
        torch.tensor(values, device=device).view(1, -1, 1, 1) * 255
        for values in (backbone.mean, backbone.std)
    )
    # In place: for large images each copy is hundreds of megabytes.
    pixels = pixels.float().sub_(mean).div_(std)
    half = (
        contextlib.nullcontext()
        if dtype == "float32"
        else torch.autocast(device.partition(":")[0], dtype=getattr(torch, dtype))
    )
    ordered = sorted(set(indices))
    with half:
        layers = backbone.layers(pixels, ordered, facet, norm)
    return [layers[ordered.index(index)].float() for index in indices]


def read_out(layers, strides, *, grid_stride, center, normalize):
    """Return one feature vector for every cell of one grid.

    Several layers are scaled to unit length at every position, interpolated to
    one grid and joined; cells of each are taken as centred over the image.

    Parameters
    ----------
    layers : list of tensor of shape (n_images, n_features, rows, columns)
    strides : list of int
        Input pixels to a cell of each layer.
    grid_stride : int or None
        Of the result; None for the finest layer's.
    center : bool
        Subtract from each feature its mean over the image.
    normalize : bool
        Scale every vector of the result to unit length.

    Returns
    -------
    tensor of shape (n_images, rows, columns, n_features), dtype float32
    """
    finest = min(range(len(layers)), key=lambda index: strides[index])
    shape = layers[finest].shape[2:]
    if grid_stride is not None:
        shape = [max(1, round(side * strides[finest] / grid_stride)) for side in shape]
    if len(layers) > 1:
        layers = [functional.normalize(layer, dim=1) for layer in layers]
    features = torch.cat(
        [
            layer
            if list(layer.shape[2:]) == list(shape)
            else functional.interpolate(
                layer, size=list(shape), mode="bilinear", align_corners=False
            )
            for layer in layers
        ],
        dim=1,
    )
    if center:
        features = features - features.mean(dim=(2, 3), keepdim=True)
    if normalize:
        features = functional.normalize(features, dim=1)
    return features.permute(0, 2, 3, 1).contiguous()
