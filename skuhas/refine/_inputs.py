"""Features and images as the CRF needs them, or errors that say what is wrong."""

import numpy as np


def as_unit_tokens(feature_map):
    features = getattr(feature_map, "features", feature_map)
    if hasattr(features, "detach"):
        features = features.detach().cpu().numpy()
    tokens = np.asarray(features)
    if tokens.ndim != 3 or 0 in tokens.shape or tokens.dtype.kind not in "fiub":
        raise ValueError(
            "feature_map must be a FeatureMap or an array of real numbers of shape "
            f"(rows, columns, n_features), got shape {tokens.shape} and dtype "
            f"{tokens.dtype}."
        )
    tokens = tokens.astype(np.float32)
    if not np.isfinite(tokens).all():
        raise ValueError("feature_map must be finite in float32, got NaN or infinity.")
    # Scaling by the largest entry first keeps huge and tiny vectors in range.
    for length in (lambda values: np.abs(values).max(axis=2), _norms):
        scale = length(tokens)
        tokens = tokens / np.where(scale > 0, scale, np.float32(1))[..., None]
    return tokens


def _norms(tokens):
    return np.linalg.norm(tokens, axis=2)


def as_image(image, shape):
    if len(shape) != 2:
        raise ValueError(
            f"tree must be one over an image, got leaf_labels of shape {shape}."
        )
    if image is None:
        raise ValueError(
            "image must be given where feature_map does not carry it: the CRF draws "
            "boundaries on the image's colours."
        )
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.shape != (*shape, 3):
        raise ValueError(
            f"image must be a uint8 array of shape {(*shape, 3)}, as large as the "
            f"tree, got dtype {image.dtype} and shape {image.shape}."
        )
    return image
