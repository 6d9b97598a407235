"""Features kept on disk: found again, told apart, repaired, shared."""

import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skuhas import HierarchicalSpectralSegmenter, LiteFeatures, TimmFeatures
from skuhas.datasets import make_nested_scene
from skuhas.features._backbone import Backbone, load_backbone
from skuhas.features._cache import FeatureCache

TINY = "test_vit.r160_in1k"
RNG = np.random.default_rng(0)
IMAGES = [
    RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    for shape in [(32, 48), (32, 48), (48, 32), (40, 40), (32, 48), (64, 32)]
]


def tiny(folder, **parameters):
    defaults = {"model": TINY, "weights": "random", "image_size": 48, "device": "cpu"}
    return TimmFeatures(**(defaults | {"cache_dir": folder} | parameters))


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(one.image, other.image)


@pytest.fixture
def passes(monkeypatch):
    """Return the list of batch sizes that went through the network."""
    sizes = []
    layers = Backbone.layers

    def counted(self, pixels, *arguments, **keywords):
        if not pixels.is_meta:
            sizes.append(len(pixels))
        return layers(self, pixels, *arguments, **keywords)

    monkeypatch.setattr(Backbone, "layers", counted)
    return sizes


# ----------------------------------------------------------------- found again


@pytest.mark.parametrize("cache_dtype", ["float16", "float32"])
def test_what_is_found_is_what_was_first_computed(tmp_path, passes, cache_dtype):
    transformer = tiny(tmp_path, cache_dtype=cache_dtype)
    plain = tiny(None).transform(IMAGES)
    first = transformer.transform(IMAGES)
    passes.clear()
    second = transformer.transform(IMAGES)
    assert passes == []
    assert_equal(first, second)
    for ours, theirs in zip(first, plain, strict=True):
        exact = theirs.features
        if cache_dtype == "float16":
            assert not np.array_equal(ours.features, exact)
            exact = exact.astype(np.float16)
        assert ours.features.dtype == np.float32
        np.testing.assert_array_equal(ours.features, exact)


def test_only_what_is_missing_is_computed(tmp_path, passes):
    transformer = tiny(tmp_path)
    assert transformer.cached(IMAGES) == [False] * 6
    assert tiny(None).cached(IMAGES) == [False] * 6
    assert passes == []
    assert files(tmp_path) == []
    transformer.transform([IMAGES[1], IMAGES[4], IMAGES[1]])
    assert transformer.cached(IMAGES) == [False, True, False, False, True, False]
    passes.clear()
    maps = transformer.transform(IMAGES)
    assert sum(passes) == 4
    assert transformer.cached(IMAGES) == [True] * 6
    assert_equal(maps, [tiny(tmp_path).transform([image])[0] for image in IMAGES])
    with pytest.raises(TypeError, match=r"X\[1\] must be a path"):
        transformer.cached([IMAGES[0], 7])


def test_a_path_an_array_and_a_picture_are_one_image(tmp_path, passes):
    Image.fromarray(IMAGES[0]).save(tmp_path / "a.png")
    Image.fromarray(IMAGES[0]).save(tmp_path / "b.tif")
    kinds = [
        tmp_path / "a.png",
        str(tmp_path / "b.tif"),
        Image.fromarray(IMAGES[0]),
        IMAGES[0] / 255,
    ]
    transformer = tiny(tmp_path / "cache")
    transformer.transform(IMAGES[:1])
    passes.clear()
    maps = transformer.transform(kinds)
    assert passes == []
    assert [item.source for item in maps] == [*map(str, kinds[:2]), None, None]


# ------------------------------------------------------------------ told apart


def weights_file(path, seed):
    torch.manual_seed(seed)
    save_file(timm.create_model("test_vit").state_dict(), path)
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"model": "test_vit2.r160_in1k"},
        {"layers": -2},
        {"layers": (-1, -2)},
        {"facet": "key"},
        {"norm": False},
        {"center": True},
        {"normalize": False},
        {"grid_stride": 8},
        {"image_size": 64},
        {"image_size": (48, 48)},
        {"side": "shorter"},
        {"tile": 32},
        {"dtype": "bfloat16"},
        {"cache_dtype": "float32"},
    ],
    ids=lambda change: " ".join(map(str, *change.items())),
)
def test_what_features_depend_on_tells_them_apart(tmp_path, change):
    image = IMAGES[:1]
    tiny(tmp_path).transform(image)
    other = tiny(tmp_path, **change)
    assert other.cached(image) == [False]
    (fresh,) = tiny(
        None, **{k: v for k, v in change.items() if k != "cache_dtype"}
    ).transform(image)
    (kept,) = other.transform(image)
    np.testing.assert_allclose(kept, fresh, atol=1e-3, rtol=1e-3)
    assert len(files(tmp_path)) == 2


def test_windows_are_told_apart_by_what_they_share(tmp_path):
    image = IMAGES[:1]
    tiny(tmp_path, tile=32).transform(image)
    # A quarter is what an overlap of None means.
    assert tiny(tmp_path, tile=32, overlap=8).cached(image) == [True]
    assert tiny(tmp_path, tile=32, overlap=16).cached(image) == [False]
    assert tiny(tmp_path, tile=16).cached(image) == [False]


def test_weights_are_told_apart_by_their_content(tmp_path):
    one = weights_file(tmp_path / "one.safetensors", 1)
    cache = tmp_path / "cache"
    tiny(cache, weights=one).transform(IMAGES[:1])
    assert tiny(cache).cached(IMAGES[:1]) == [False]
    copied = shutil.copy(one, tmp_path / "copy.safetensors")
    assert tiny(cache, weights=copied).cached(IMAGES[:1]) == [True]
    weights_file(one, 2)
    assert tiny(cache, weights=one).cached(IMAGES[:1]) == [False]
    assert tiny(cache, weights=copied).cached(IMAGES[:1]) == [True]


def test_images_are_told_apart(tmp_path):
    image = IMAGES[0]
    tiny(tmp_path).transform([image])
    other = image.copy()
    other[-1, -1, -1] ^= 1
    turned = np.ascontiguousarray(image.transpose(1, 0, 2))
    reshaped = image.reshape(48, 32, 3)
    assert tiny(tmp_path).cached([image, image.copy()]) == [True, True]
    assert tiny(tmp_path).cached([other, turned, reshaped]) == [False] * 3


def test_how_features_are_computed_does_not_tell_them_apart(tmp_path):
    tiny(tmp_path).transform(IMAGES)
    for same in (
        {"batch_size": 3},
        {"device": "auto"},
        {"verbose": 1},
        {"output": "torch"},
        {"layers": (5,)},
        {"model": "test_vit"},
        {"reduce": 2},
        {"cache_dir": str(tmp_path)},
    ):
        assert tiny(tmp_path, **same).cached(IMAGES) == [True] * 6


# -------------------------------------------------------------------- repaired


def flip(content, place):
    changed = bytearray(content)
    changed[place] ^= 0x10
    return bytes(changed)


DAMAGE = {
    "truncated": lambda content: content[: len(content) // 2],
    "one byte less": lambda content: content[:-1],
    "one byte more": lambda content: content + b"\0",
    "data flipped": lambda content: flip(content, -5),
    "header flipped": lambda content: flip(content, 20),
    "length flipped": lambda content: flip(content, 1),
    "empty": lambda _: b"",
    "text": lambda _: b"no features\n" * 50,
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_computed_again_and_repaired(tmp_path, passes, kind):
    transformer = tiny(tmp_path)
    first = transformer.transform(IMAGES[:2])
    path = files(tmp_path)[0]
    content = path.read_bytes()
    path.write_bytes(DAMAGE[kind](content))
    passes.clear()
    assert sorted(transformer.cached(IMAGES[:2])) == [False, True]
    assert_equal(transformer.transform(IMAGES[:2]), first)
    assert passes == [1]
    # Only the order of the header's entries may differ.
    assert sorted(path.read_bytes()) == sorted(content)
    assert transformer.cached(IMAGES[:2]) == [True, True]
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_no_flipped_bit_changes_what_is_found(tmp_path, dtype):
    cache = FeatureCache(tmp_path, dtype, {"network": "none"})
    array = np.linspace(-1, 1, 12, dtype=np.float32).reshape(2, 3, 2)
    kept = cache.store("key", array)
    path = cache.path("key")
    content = path.read_bytes()
    for place in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            found = cache.load("key")
            assert found is None or np.array_equal(found, kept), (place, bit)


def test_a_header_that_was_tampered_with_is_not_believed(tmp_path):
    cache = FeatureCache(tmp_path, "float32", {})
    cache.store("key", np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    path = cache.path("key")
    content = path.read_bytes()
    for old, new in ((b"[2,3,4]", b"[3,2,4]"), (b"F32", b"I32")):
        assert old in content
        path.write_bytes(content.replace(old, new))
        assert cache.load("key") is None


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    cache = FeatureCache(tmp_path, "float32", {})
    path = cache.path("key")
    path.mkdir(parents=True)
    assert cache.load("key") is None
    array = np.full((1, 1, 1), 0.1, np.float32)
    with pytest.warns(RuntimeWarning, match="cannot be written to") as caught:
        np.testing.assert_array_equal(cache.store("key", array), array)
    assert path.name in str(caught[0].message)
    # Said once.
    np.testing.assert_array_equal(cache.store("key", array), array)
    assert len(caught) == 1
    assert files(tmp_path) == []


def test_features_that_are_not_finite_are_named_and_not_kept(tmp_path, monkeypatch):
    from skuhas.features._backbone import Backbone

    original = Backbone.layers

    def broken(self, pixels, *rest, **keywords):
        layers = original(self, pixels, *rest, **keywords)
        bad = pixels.mean(dim=(1, 2, 3)) > 0
        return [layer / (~bad).float()[:, None, None, None] for layer in layers]

    monkeypatch.setattr(Backbone, "layers", broken)
    dark, light = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)
    features = LiteFeatures(image_size=32, cache_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"X\[1\]: features came out as NaN") as caught:
        features.transform([dark, light, dark])
    assert len(caught.value.partial_results) == 1
    assert features.cached([dark, light]) == [True, False]


def test_values_beyond_half_precision_are_kept_in_single(tmp_path):
    cache = FeatureCache(tmp_path, "float16", {})
    for name, value in (("a", 65504.0), ("b", 65505.0), ("c", 1e30), ("d", np.inf)):
        array = np.full((2, 2, 1), [value], np.float32)
        array[0, 0] = 0.1
        stored = cache.store(name, array)
        np.testing.assert_array_equal(cache.load(name), stored)
        expected = array.astype(np.float16) if name == "a" else array
        np.testing.assert_array_equal(stored, expected)


# ---------------------------------------------------------------------- shared

PROGRAM = """
import sys
import numpy as np
from skuhas import TimmFeatures
rng = np.random.default_rng(5)
images = [rng.integers(0, 256, (32, 48, 3), dtype=np.uint8) for _ in range(6)]
transformer = TimmFeatures(
    model="test_vit", weights="random", image_size=48, cache_dir=sys.argv[1]
)
print("ready", flush=True)
sys.stdin.readline()
maps = transformer.transform(images)
np.save(sys.argv[2], np.stack([item.features for item in maps]))
"""

HALTED = """
import pathlib, time
replace = pathlib.Path.replace
done = []

def replace_two(self, target):
    if len(done) == 2:
        print("halted", flush=True)
        time.sleep(600)
    done.append(target)
    return replace(self, target)

pathlib.Path.replace = replace_two
"""


def start(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def shared_images():
    rng = np.random.default_rng(5)
    return [rng.integers(0, 256, (32, 48, 3), dtype=np.uint8) for _ in range(6)]


def test_processes_fill_one_folder_at_once(tmp_path):
    folder = tmp_path / "cache"
    results = [tmp_path / f"{index}.npy" for index in range(3)]
    children = [start(PROGRAM, folder, path) for path in results]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=120)
        assert child.returncode == 0
    arrays = [np.load(path) for path in results]
    np.testing.assert_array_equal(arrays[1], arrays[0])
    np.testing.assert_array_equal(arrays[2], arrays[0])
    assert len(files(folder)) == 6
    assert {path.suffix for path in files(folder)} == {".safetensors"}
    assert tiny(folder).cached(shared_images()) == [True] * 6
    maps = tiny(folder).transform(shared_images())
    np.testing.assert_array_equal(np.stack([item.features for item in maps]), arrays[0])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_process_that_is_killed_leaves_a_folder_of_use(tmp_path, passes):
    folder = tmp_path / "cache"
    child = start(HALTED + PROGRAM, folder, tmp_path / "result.npy")
    child.stdin.write("\n")
    child.stdin.flush()
    assert [child.stdout.readline() for _ in range(2)] == ["ready\n", "halted\n"]
    child.kill()
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    images = shared_images()
    assert sum(tiny(folder).cached(images)) == 2
    passes.clear()
    maps = tiny(folder).transform(images)
    assert passes == [1] * 4
    assert tiny(folder).cached(images) == [True] * 6
    exact = tiny(tmp_path / "other").transform(images)
    assert_equal(maps, exact)


def test_a_search_computes_each_image_once(tmp_path, passes):
    scenes = [make_nested_scene((48, 64), depth=1, random_state=i) for i in range(4)]
    images = [scene.image for scene in scenes]
    labels = [scene.label_map for scene in scenes]
    features = tiny(tmp_path, image_size=64)
    pipe = Pipeline([("feat", features), ("seg", HierarchicalSpectralSegmenter())])
    search = GridSearchCV(
        pipe, {"seg__max_ncut": [0.1, 0.3, None]}, cv=2, error_score="raise"
    )
    search.fit(images, labels)
    trees = search.predict(images)
    assert passes == [1] * 4
    assert [tree.shape for tree in trees] == [(48, 64)] * 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# -------------------------------------------------------------- with the rest


def test_a_full_cache_needs_no_weights(tmp_path, monkeypatch, passes):
    hub = tmp_path / "hub"
    commit = "0123456789abcdef" * 2 + "01234567"
    folder = hub / "models--timm--test_vit.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    (folder / "snapshots" / commit).mkdir(parents=True)
    weights_file(folder / "snapshots" / commit / "model.safetensors", 4)
    monkeypatch.setenv("HF_HUB_CACHE", str(hub))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformer = tiny(tmp_path / "cache", weights="pretrained")
    load_backbone.cache_clear()
    first = transformer.transform(IMAGES[:3])
    shutil.rmtree(hub)
    load_backbone.cache_clear()
    passes.clear()
    assert_equal(transformer.transform(IMAGES[:3]), first)
    assert transformer.cached(IMAGES[:4]) == [True, True, True, False]
    assert passes == []
    with pytest.raises(FileNotFoundError, match="HF_HUB_OFFLINE") as caught:
        transformer.transform(IMAGES[:4])
    assert_equal(caught.value.partial_results, first)


def test_tensors_are_the_same_computed_and_found(tmp_path):
    plain = tiny(tmp_path).transform(IMAGES[:2])
    for folder in (tmp_path, tmp_path / "new", tmp_path / "new"):
        maps = tiny(folder, output="torch").transform(IMAGES[:2])
        for ours, theirs in zip(maps, plain, strict=True):
            assert isinstance(ours.features, torch.Tensor)
            assert ours.features.dtype == torch.float32
            np.testing.assert_array_equal(ours.features.numpy(), theirs.features)


def test_components_are_learned_from_what_is_kept(tmp_path, passes):
    transformer = tiny(tmp_path, reduce=3)
    first = transformer.fit_transform(IMAGES)
    assert passes == [1] * 6
    assert_equal(transformer.transform(IMAGES), first)
    again = tiny(tmp_path, reduce=3).fit(IMAGES)
    np.testing.assert_array_equal(again.components_, transformer.components_)
    assert_equal(again.transform(IMAGES), first)
    assert tiny(tmp_path, reduce=5).fit_transform(IMAGES)[0].shape[2] == 5
    assert tiny(tmp_path).transform(IMAGES)[0].shape[2] == 64
    assert passes == [1] * 6


def test_the_lite_network_has_a_cache_of_the_same_kind(tmp_path, passes):
    transformer = LiteFeatures(image_size=64, cache_dir=tmp_path, device="cpu")
    first = transformer.transform(IMAGES[:2])
    assert_equal(transformer.transform(IMAGES[:2]), first)
    assert passes == [1, 1]
    assert tiny(tmp_path).cached(IMAGES[:2]) == [False, False]


def test_a_cache_that_can_be_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("text")
    for folder in (tmp_path / "file", str(tmp_path / "file" / "below")):
        message = re.escape(f"cache_dir={str(folder)!r} is no folder that can be made")
        for method in ("fit", "transform", "cached"):
            with pytest.raises(OSError, match=message):
                getattr(tiny(folder), method)(IMAGES[:1])
    with pytest.raises(TypeError, match="cache_dir must be a path or None, got 3"):
        tiny(3).fit(IMAGES)
    with pytest.raises(ValueError, match="cache_dtype must be"):
        tiny(tmp_path, cache_dtype="float64").fit(IMAGES)
