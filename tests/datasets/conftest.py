"""Miniatures of data sets on disk."""

import numpy as np
import pytest

from tests.datasets._folder import SIZE, Folder


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture
def camvid(folder):
    """Return three frames of CamVid in both splits, with labels counted up."""
    for split in ("train", "val"):
        for number in range(3):
            folder.image(f"{split}/frame{number}.png", seed=number)
            labels = np.full(SIZE, number)
            labels[:, 4:] = 8
            labels[0, 0] = 11
            folder.labels(f"{split}annot/frame{number}.png", labels)
    return folder
