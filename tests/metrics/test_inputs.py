"""Messages for malformed input: each names the argument and what is allowed."""

import re

import numpy as np
import pytest

from skuhas.metrics import nf_covering_score, nh_covering_score, nm_covering_score
from skuhas.tree import RegionTree

TREE = RegionTree.from_parents([2, 2, 2], [[0, 0, 1], [0, 1, 1]])
MAP = np.array([[0, 0, 1], [0, 1, 1]])
SCORES = [nm_covering_score, nh_covering_score, nf_covering_score]
OTHER = RegionTree.from_parents([0], [0, 0, 0])


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("y_true", "y_pred", "error", "message"),
    [
        ([], [], ValueError, "y_true must be a list of ground truths, one an image"),
        ([MAP], [], ValueError, "y_pred must be a list of RegionTree"),
        (None, [TREE], TypeError, "y_true must be a list of ground truths"),
        ([MAP], TREE, TypeError, "For a single one, pass [y_pred]"),
        (TREE, [TREE], TypeError, "For a single one, pass [y_true]"),
        ([MAP, MAP], [TREE], ValueError, "got 2 in y_true and 1 in y_pred"),
        (
            [MAP, MAP[:1]],
            [TREE, TREE],
            ValueError,
            "y_true[1] has shape (1, 3), y_pred[1] has shape (2, 3)",
        ),
        (
            [[MAP, MAP.T]],
            [TREE],
            ValueError,
            "y_true[0][1] has shape (3, 2), y_pred[0] has shape (2, 3)",
        ),
        ([TREE], [OTHER], ValueError, "y_pred[0] has shape (3,)"),
        ([[]], [TREE], ValueError, "y_true[0] must be a label map"),
        ([MAP.tolist()], [TREE], TypeError, "y_true[0][0] must be a label map"),
        ([3], [TREE], TypeError, "y_true[0] must be a label map"),
        ([np.int64(3)], [TREE], TypeError, "got int64"),
        (["map.png"], [TREE], TypeError, "got str"),
        (MAP, [TREE, TREE], ValueError, "got an array of shape (3,) and dtype int64"),
        ([MAP[None]], [TREE], ValueError, "got an array of shape (1, 2, 3)"),
        ([MAP * 1.0], [TREE], ValueError, "y_true[0] must be a label map (an integer"),
        ([MAP[:0]], [TREE], ValueError, "got an array of shape (0, 3)"),
        ([MAP], [None], TypeError, "y_pred[0] must be a RegionTree or a label map"),
        ([MAP], [[TREE]], TypeError, "y_pred[0] must be a RegionTree or a label map"),
        ([MAP], [MAP * 1.0], ValueError, "y_pred[0] must be a RegionTree"),
        ([MAP], [MAP * 0 - 1], ValueError, "y_pred[0] has no region"),
    ],
)
def test_malformed_pairs(score, y_true, y_pred, error, message):
    with pytest.raises(error, match=re.escape(message)):
        score(y_true, y_pred)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([1], "for each of the 2 images, got shape (1,)"),
        (2.0, "got shape ()"),
        ([[1, 1]], "got shape (1, 2)"),
        (["a", "b"], "got shape (2,) and dtype <U1"),
        ([1, -1], "at least 0, got sample_weight[1] = -1.0"),
        ([np.nan, 1], "must be finite and at least 0, got sample_weight[0] = nan"),
        ([1, np.inf], "must be finite and at least 0, got sample_weight[1] = inf"),
        ([0, 0], "must have a value above 0, got all zeros"),
    ],
)
def test_malformed_weights(score, sample_weight, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        score([MAP, MAP], [TREE, TREE], sample_weight=sample_weight)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("ignore_index", ["a", 1.5, [0, "b"], True, [[1]]])
def test_malformed_ignore_index(score, ignore_index):
    with pytest.raises(TypeError, match="ignore_index must be an integer, an iterable"):
        score([MAP], [TREE], ignore_index=ignore_index)


def test_malformed_background_index():
    with pytest.raises(TypeError, match="background_index must be an integer"):
        nf_covering_score([MAP], [TREE], background_index=0.0)
    with pytest.raises(ValueError, match=r"no label in common, got \[1, 3\] in both"):
        nf_covering_score(
            [MAP], [TREE], background_index=[1, 2, 3], ignore_index=[3, 1, 5]
        )


@pytest.mark.parametrize(
    "ignore_index", [1, [1], {1}, (1, 8), np.array([1]), range(1, 3)]
)
def test_forms_of_ignore_index(ignore_index):
    assert nm_covering_score([MAP], [TREE], ignore_index=ignore_index) == 1


def test_objects_that_turn_into_arrays():
    image = pytest.importorskip("PIL.Image").fromarray(MAP.astype(np.uint8))
    assert nm_covering_score([image], [TREE]) == 1
    assert nm_covering_score([[image, MAP]], [image]) == 1
