"""What the guide says runs, and its figures are those of the package."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV

from skuhas import (
    ColorFeatures,
    FeatureMap,
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    RegionTree,
    available_models,
    make_nested_scene,
    nm_covering_scorer,
)
from skuhas.features import BaseFeatures

GUIDE = Path(__file__).parent.parent / "docs" / "guide"
needs_guide = pytest.mark.skipif(
    not GUIDE.is_dir(), reason="the documentation is not beside the tests"
)


def blocks(page):
    """Return the Python blocks of a page."""
    text = (GUIDE / page).read_text(encoding="utf-8")
    found = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text, re.MULTILINE
    )
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in found]


@needs_guide
def test_a_transformer_of_ones_own_in_fifteen_lines(capsys):
    contract, use, base = blocks("own_features.rst")
    assert len([line for line in contract.splitlines() if line.strip()]) <= 15
    names = {}
    exec(contract, names)
    exec(use, names)
    tree = names["tree"]
    assert isinstance(tree, RegionTree)
    assert capsys.readouterr().out.startswith("RegionTree(")
    # Every patch of the field is one leaf of the cut.
    labels = tree.labels(n_regions=12)
    patches = np.arange(12).reshape(3, 4).repeat(8, axis=0).repeat(8, axis=1)
    assert len(np.unique(labels)) == len(np.unique(labels * 12 + patches)) == 12
    exec(base, names)
    own = names["EdgeFeatures"]
    assert issubclass(own, BaseFeatures)
    image = np.arange(96, dtype=np.uint8).reshape(8, 12)
    (feature_map,) = own(stride=2).fit_transform([image])
    assert isinstance(feature_map, FeatureMap)
    np.testing.assert_array_equal(feature_map.features[..., 0], image[::2, ::2])
    assert (feature_map.features[..., 1:] == [24, 2]).all()
    with pytest.raises(ValueError, match="stride must be at least 1, got 0"):
        own(stride=0).fit([image])


@needs_guide
def test_data_sets_in_python(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs" / "sub").mkdir(parents=True)
    for seed, name in enumerate(["b.png", "sub/a.png"]):
        scene = make_nested_scene((32, 40), depth=1, random_state=seed)
        Image.fromarray(scene.image).save(tmp_path / "photographs" / name)
    names = {}
    run, read = blocks("data_sets.rst")
    exec(run, names)
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "Manifest('trees', n_images=2, n_done=2, n_failed=0)"
    assert [line.split()[:2] for line in rest] == [
        ["b", "photographs/b.png"],
        ["sub/a", "photographs/sub/a.png"],
    ]
    exec(read, names)
    assert capsys.readouterr().out == f"None {np.__version__}\n"
    assert names["failures"] == []


@needs_guide
def test_cuts_and_searches_of_the_guide(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scenes = [make_nested_scene((32, 40), depth=2, random_state=i) for i in range(2)]
    names = {
        "maps": ColorFeatures().transform([scene.image for scene in scenes]),
        "label_maps": [scene.label_map for scene in scenes],
        "HierarchicalSpectralSegmenter": HierarchicalSpectralSegmenter,
        "GridSearchCV": lambda *args, **kwargs: GridSearchCV(*args, cv=2, **kwargs),
        "nm_covering_scorer": nm_covering_scorer,
    }
    cut, search, *_ = blocks("large.rst")
    exec(cut, names)
    leaves = [
        HierarchicalSpectralSegmenter(max_ncut=limit).predict(names["maps"])[0].n_leaves
        for limit in (0.05, 0.1, 0.2)
    ]
    assert [int(line) for line in capsys.readouterr().out.split()] == leaves
    exec(search, names)
    assert names["search"].best_params_["max_ncut"] in (0.05, 0.1, 0.2)


@needs_guide
def test_the_table_of_models_is_the_packages():
    text = (GUIDE / "backbones.rst").read_text(encoding="utf-8")
    rows = re.findall(
        r"^``(\w+)`` +(\d+) +(\d+) +(\d+) MB +(\d+) G +(.+)$", text, re.MULTILINE
    )
    expected = [
        (
            model.name,
            str(model.patch_size),
            str(model.width),
            f"{model.n_parameters * 4 / 1e6:.0f}",
            model.license.replace("-", " ") if "-" in model.license else model.license,
        )
        for model in available_models()
    ]
    shown = [(*row[:4], row[5].replace("-", " ")) for row in rows]
    assert shown == expected


@needs_guide
@pytest.mark.parametrize("name", ["dino_vits16", "dinov2_vits14_reg"])
def test_the_operations_in_the_table_are_counted_right(name):
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    from skuhas import DinoFeatures

    text = (GUIDE / "backbones.rst").read_text(encoding="utf-8")
    stated = int(re.search(rf"^``{name}`` .* MB +(\d+) G ", text, re.MULTILINE)[1])
    features = DinoFeatures(model=name)
    outline = features._outline()
    pixels = torch.zeros(1, 3, *features._scaled((3, 4)), device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        outline.layers(pixels, [len(outline.strides) - 1])
    assert counter.get_total_flops() / 1e9 == pytest.approx(stated, rel=0.02)


@needs_guide
def test_estimators_that_the_guide_shows_can_be_made():
    import skuhas

    shown = [
        line
        for block in blocks("backbones.rst")
        for line in block.splitlines()
        if re.match(r"(Lite|Dino|Timm)Features\(.*\)$", line)
    ]
    assert len(shown) >= 5
    for line in shown:
        features = eval(line, vars(skuhas))
        assert isinstance(features, (LiteFeatures, skuhas.TimmFeatures))


@needs_guide
def test_measuring_in_python(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for part in ("data/CamVid/val", "data/CamVid/valannot", "images", "labels"):
        (tmp_path / part).mkdir(parents=True)
    for seed, name in enumerate(["cat", "cup"]):
        scene = make_nested_scene((32, 40), depth=2, random_state=seed)
        labels = (scene.label_map % 12).astype(np.uint8)
        for folder in ("data/CamVid/val", "images"):
            Image.fromarray(scene.image).save(tmp_path / folder / f"{name}.png")
        Image.fromarray(labels).save(tmp_path / "data/CamVid/valannot" / f"{name}.png")
        np.save(tmp_path / "labels" / f"{name}.npy", scene.label_map)
    names = {}
    camvid, own = blocks("evaluation.rst")
    exec(camvid, names)
    out = capsys.readouterr().out
    assert out.startswith("Interval(value=0.")
    assert "# camvid val, 2 images" in out
    assert "locality at no more nodes than the rival" in out
    exec(own, names)
    assert capsys.readouterr().out == "2 {}\n"
