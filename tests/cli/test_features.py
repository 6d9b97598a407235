"""`skuhas features`, and the options that choose features for every command."""

import re
import sys

import pytest
import typer
from typer.testing import CliRunner

import skuhas
from skuhas import DinoFeatures, LiteFeatures, RegionTree, TimmFeatures
from skuhas.cli import _transformers as options
from skuhas.cli import app

pytest.importorskip("torch")
runner = CliRunner()
NETWORK = ["--features", "convnext_atto", "--weights", "random", "--image-size", "64"]


def run(*words):
    return runner.invoke(app, [str(word) for word in words])


def words_of(text):
    return re.sub(r"[\s│]+", " ", text)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def passes(monkeypatch):
    """Return a list that grows by one with every image that a network sees."""
    from skuhas.features._backbone import Backbone

    seen = []
    original = Backbone.layers

    def layers(self, pixels, *rest, **keywords):
        if pixels.device.type != "meta":
            seen.extend(len(pixels) * [1])
        return original(self, pixels, *rest, **keywords)

    monkeypatch.setattr(Backbone, "layers", layers)
    return seen


# -------------------------------------------------------------------- features


def test_a_run_fills_the_cache_and_the_next_finds_it(pictures, cache, passes):
    first = run("features", *pictures[:2], "--cache", cache, *NETWORK)
    assert first.exit_code == 0
    assert first.stdout == f"2 computed, 0 there already, 0 failed, of 2, in {cache}\n"
    again = run("features", *pictures, "--cache", cache, *NETWORK, "--batch-size", 2)
    assert again.stdout == f"1 computed, 2 there already, 0 failed, of 3, in {cache}\n"
    assert len(passes) == 3
    assert len(list(cache.rglob("*.safetensors"))) == 3


def test_segment_and_python_use_what_features_kept(pictures, cache, passes, tmp_path):
    run("features", pictures[0], "--cache", cache, *NETWORK)
    out = tmp_path / "out"
    result = run(
        "segment", pictures[0], "--out", out, "--levels", 2, "--cache", cache, *NETWORK
    )
    assert result.exit_code == 0
    features = TimmFeatures(
        model="convnext_atto", weights="random", image_size=64, cache_dir=str(cache)
    )
    maps = features.transform([pictures[0]])
    (tree,) = skuhas.HierarchicalSpectralSegmenter().predict(maps)
    assert RegionTree.load(out / "one.npz") == tree
    assert len(passes) == 1


def test_a_bad_image_is_named_and_the_rest_kept(pictures, cache):
    bad = pictures[0].with_name("bad.png")
    bad.write_text("no picture")
    missing = pictures[0].with_name("missing.png")
    order = [pictures[0], bad, pictures[1], missing, pictures[2]]
    result = run("features", *order, "--cache", cache, *NETWORK)
    assert result.exit_code == 1
    assert "3 computed, 0 there already, 2 failed, of 5" in result.stdout
    assert f"failed '{bad}' is not an image" in result.stderr
    assert f"failed no such file: '{missing}'" in result.stderr


def test_an_image_that_the_network_refuses_is_named(pictures, cache, tmp_path):
    from PIL import Image

    small = tmp_path / "small.png"
    Image.new("RGB", (9, 5)).save(small)
    result = run(
        *("features", small, pictures[0], "--cache", cache, *NETWORK),
        *("--image-size", "none"),
    )
    assert result.exit_code == 1
    assert f"failed {small}: the image has 5 x 9 pixels" in result.stderr
    assert "1 computed, 0 there already, 1 failed, of 2" in result.stdout


def test_missing_weights_end_the_run_at_once(pictures, cache, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(cache))
    for command in ("features", "segment"):
        result = run(
            *(command, *pictures, "--cache", cache, "--image-size", 56),
            *("--features", "dinov2_vits14"),
        )
        assert result.exit_code == 1
        assert result.stderr.count("failed") == 1
        assert "no weights for 'vit_small_patch14_dinov2.lvd142m'" in result.stderr
        assert "LiteFeatures needs no download." in result.stderr


@pytest.mark.parametrize("command", ["features", "segment"])
def test_weights_of_another_network_end_the_run_at_once(
    command, pictures, cache, tmp_path
):
    import torch

    path = tmp_path / "other.pth"
    torch.save({"a": torch.zeros(1)}, path)
    result = run(
        *(command, *pictures, "--cache", cache, *NETWORK, "--weights", path),
        *([] if command == "features" else ["--out", tmp_path / "out"]),
    )
    assert result.exit_code == 1
    assert result.stderr.count("failed") == 1
    assert "does not fit the architecture 'convnext_atto'" in result.stderr
    path.write_text("no checkpoint")
    result = run(command, pictures[0], "--cache", cache, *NETWORK, "--weights", path)
    assert result.exit_code == 2
    assert "is not a checkpoint that torch can read" in words_of(result.stderr)


def test_ctrl_c_says_how_to_go_on(pictures, cache, monkeypatch):
    def interrupt(self, X):
        raise KeyboardInterrupt

    monkeypatch.setattr(TimmFeatures, "transform", interrupt)
    result = run("features", *pictures, "--cache", cache, *NETWORK)
    assert result.exit_code == 130
    assert "the same command goes on from here" in result.stderr
    assert "0 computed" in result.stdout


@pytest.mark.parametrize(
    ("words", "where", "what"),
    [
        (["--cache", "c"], "IMAGE", "no images"),
        (["a.png"], "--cache", "name the folder"),
        (["a.png", "--cache", "c", "--features", "color"], "--features", "cost less"),
        (
            ["a.png", "--cache", "c", "--batch-size", "0"],
            "--batch-size",
            "must be an integer",
        ),
    ],
)
def test_usage_errors_of_features(words, where, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("features", *words)
    assert result.exit_code == 2
    text = words_of(result.stderr)
    assert where in text
    # Versions of typer differ in how they say that 0 is not at least 1.
    assert what in text or where == "--batch-size"


def test_a_cache_that_is_a_file_is_refused(pictures, cache):
    cache.write_text("")
    result = run("features", pictures[0], "--cache", cache)
    assert result.exit_code == 2
    assert "Invalid value for --cache" in words_of(result.stderr)


def test_the_list_names_every_model():
    result = run("features", "--list")
    assert result.exit_code == 0
    for model in skuhas.available_models():
        assert re.search(
            rf"^{model.name} +{model.patch_size} +{model.width} ", result.stdout, re.M
        )


# --------------------------------------------------------------- choosing them


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lite", LiteFeatures),
        ("color", skuhas.ColorFeatures),
        ("dinov2_vits14_reg", DinoFeatures),
        ("dinov3_vith+16", DinoFeatures),
        ("resnet18", TimmFeatures),
        ("vit_small_patch14_dinov2.lvd142m", TimmFeatures),
    ],
)
def test_names_choose_the_transformer(name, kind):
    transformer = options.make_transformer(name, {})
    assert type(transformer) is kind
    if kind not in (LiteFeatures, skuhas.ColorFeatures):
        assert transformer.model == name


def given(command, arguments):
    """Return what a command's feature options are parsed to."""
    parsed = typer.main.get_command(app).commands[command]
    context = parsed.make_context(command, ["a.png", *arguments])
    return context.params


@pytest.mark.parametrize("command", ["segment", "features"])
@pytest.mark.parametrize(
    ("option", "text", "name", "value"),
    [
        ("--image-size", "518", "image_size", 518),
        ("--image-size", "480x640", "image_size", (480, 640)),
        ("--image-size", "none", "image_size", "none"),
        ("--layers", "-1", "layers", (-1,)),
        ("--layers", "5,8,11", "layers", (5, 8, 11)),
        ("--tile", "224", "tile", 224),
        ("--facet", "key", "facet", "key"),
    ],
)
def test_options_are_parsed_alike(command, option, text, name, value):
    assert given(command, [option, text])[name] == value


def test_given_options_become_parameters(tmp_path):
    transformer = options.make_transformer(
        "dinov2_vits14",
        {
            "weights": "random",
            "image_size": "none",
            "layers": (3, -1),
            "facet": "key",
            "tile": None,
            "cache_dir": tmp_path / "kept",
        },
    )
    assert (
        transformer.get_params()
        == DinoFeatures(
            model="dinov2_vits14",
            weights="random",
            image_size=None,
            layers=(3, -1),
            facet="key",
            cache_dir=str(tmp_path / "kept"),
        ).get_params()
    )


@pytest.mark.parametrize(
    ("words", "where", "what"),
    [
        (["--features", "dinov2_vits1"], "--features", "near it are dinov2_vits14"),
        (["--features", "vgg"], "--features", "model='vgg' is unknown to timm"),
        (["--features", "lite", "--weights", "x"], "--weights", "no such option"),
        (["--features", "color", "--cache", "x"], "--cache", "no such option"),
        (["--image-size", "large"], "--image-size", "got 'large'"),
        (["--image-size", "0"], "--image-size", "got 0"),
        (["--layers", "a"], "--layers", "got 'a'"),
        (["--side", "upper"], "--side", "got 'upper'"),
        (["--tile", "64", "--overlap", "64"], "--overlap", "smaller than tile=64"),
        (["--dtype", "int8"], "--dtype", "got 'int8'"),
        (["--device", "tpu"], "--device", "got 'tpu'"),
        ([*NETWORK, "--layers", "4"], "--layers", "in [-4, 3], got 4"),
        ([*NETWORK, "--facet", "key"], "--facet", "plain vision transformer"),
        ([*NETWORK, "--weights", "nowhere.pth"], "--weights", "no file or folder"),
    ],
)
def test_wrong_feature_options_are_named(words, where, what, pictures, tmp_path):
    result = run("segment", pictures[0], "--out", tmp_path / "out", *words)
    assert result.exit_code == 2
    text = words_of(result.stderr)
    assert f"Invalid value for {where}" in text.replace("'--", "--").replace("':", ":")
    assert what in text
    assert not (tmp_path / "out").exists()


def test_help_needs_no_torch():
    import subprocess

    code = (
        "import sys; from skuhas.cli import app\n"
        "try: app(['features', '--help'])\n"
        "except SystemExit: print('torch' in sys.modules, 'timm' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "False False"
