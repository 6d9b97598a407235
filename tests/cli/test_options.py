"""Options: each reaches the estimator, each wrong value names its option."""

import inspect
import re

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import skuhas
from skuhas import HierarchicalSpectralSegmenter
from skuhas.cli import app

runner = CliRunner()

# Of no use for single images from a shell: a dict, statistics over a data set,
# and how a whole list is worked through.
LEFT_OUT = {
    # --device is the features'; workers have their trees on the CPU.
    "device",
    "superpixel_parameters",
    "whiten",
    "memory",
    "n_jobs",
    "verbose",
}

# What chooses features, beside the estimator's own parameters.
FEATURE_OPTIONS = {
    *("features", "weights", "image_size", "side", "layers", "facet", "tile"),
    *("overlap", "device", "dtype", "cache", "cache_dtype"),
}

# How data sets are worked through.
DATA_SET_OPTIONS = {
    *("jobs", "threads", "backend", "scheduler", "resume", "restart", "pictures"),
}

# A value that differs from the default, for parameters whose default says too
# little about what is allowed.
VALUES = {
    "superpixels": "slic",
    "affinity": "cosine",
    "assign_labels": "cluster_qr",
    "refine": "crf",
    "position_scale": 0.7,
    "max_branching": 4,
    "max_ncut": 0.3,
    "max_perturbation": 90.5,
    "max_depth": 5,
}


def estimator_parameters():
    signature = inspect.signature(HierarchicalSpectralSegmenter)
    return {name: p.default for name, p in signature.parameters.items()}


def other_value(name):
    default = estimator_parameters()[name]
    if name in VALUES:
        return VALUES[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    if isinstance(default, float):
        return default * 2
    pytest.fail(f"give {name} a value in VALUES")
    return None


def segment_command():
    return typer.main.get_command(app).commands["segment"]


def offered():
    """Return the names of the options that are the estimator's."""
    own = {"images", "out", "sample", "levels", "nodes", "settings", "help"}
    names = {p.name for p in segment_command().params}
    return names - own - FEATURE_OPTIONS - DATA_SET_OPTIONS


@pytest.fixture
def recorded(monkeypatch):
    """Record the parameters that segmenters are made with, and segment nothing."""
    made = []

    class Recorder(HierarchicalSpectralSegmenter):
        def predict(self, X):
            made.append(self.get_params())
            raise RuntimeError("recorded")

        # The signature that get_params reads.
        __init__ = HierarchicalSpectralSegmenter.__init__

    monkeypatch.setattr(skuhas, "HierarchicalSpectralSegmenter", Recorder)
    return made


def parameters_of(recorded, tmp_path, pictures, *arguments):
    words = ["segment", str(pictures[0]), "--out", str(tmp_path / "out")]
    words += ["--features", "color", "--image-size", "32", *arguments]
    result = runner.invoke(app, words)
    assert "recorded" in result.stderr, result.output
    assert len(recorded) == 1
    return recorded[0]


def option(name):
    return "--" + name.replace("_", "-")


def test_every_parameter_is_an_option_or_left_out_on_purpose():
    assert set(estimator_parameters()) - LEFT_OUT == offered()
    assert set(estimator_parameters()) >= LEFT_OUT


@pytest.mark.parametrize("name", sorted(set(estimator_parameters()) - LEFT_OUT))
def test_options_reach_the_estimator(name, recorded, tmp_path, pictures):
    if name == "refine":
        pytest.importorskip("pydensecrf", reason="needs pydensecrf2 (extra crf)")
    value = other_value(name)
    given = [option(name), str(value)]
    if isinstance(value, bool):
        given = [option(name) if value else option(f"no_{name}")]
    expected = {**estimator_parameters(), name: value}
    parameters = parameters_of(recorded, tmp_path, pictures, *given)
    assert parameters == expected
    assert type(parameters[name]) is type(value)


def test_without_options_the_estimator_has_its_defaults(recorded, tmp_path, pictures):
    assert parameters_of(recorded, tmp_path, pictures) == estimator_parameters()


@pytest.mark.parametrize(
    "name",
    [
        *("leaf_size", "color_scale", "position_scale"),
        *("max_ncut", "max_perturbation", "max_depth"),
    ],
)
def test_none_switches_a_parameter_off(name, recorded, tmp_path, pictures):
    given = ["--settings", "paper", option(name), "none"]
    assert parameters_of(recorded, tmp_path, pictures, *given)[name] is None


def test_zero_is_a_value(recorded, tmp_path, pictures):
    given = ["--max-depth", "0", "--max-ncut", "0", "--max-perturbation", "0"]
    parameters = parameters_of(recorded, tmp_path, pictures, *given)
    names = ("max_depth", "max_ncut", "max_perturbation")
    assert [parameters[name] for name in names] == [0, 0.0, 0.0]


def test_paper_settings_with_an_option_over_them(recorded, tmp_path, pictures):
    given = ["--settings", "paper", "--max-depth", "3"]
    expected = {**estimator_parameters(), **skuhas.PAPER_SETTINGS, "max_depth": 3}
    assert parameters_of(recorded, tmp_path, pictures, *given) == expected


@pytest.mark.parametrize(
    ("arguments", "kind", "image_size"),
    [
        ([], "LiteFeatures", None),
        (["--features", "lite", "--image-size", "77"], "LiteFeatures", 77),
        (["--features", "color"], "ColorFeatures", None),
        (["--features", "color", "--image-size", "77"], "ColorFeatures", 77),
    ],
)
def test_features_and_image_size(
    arguments, kind, image_size, monkeypatch, pictures, tmp_path
):
    made = []

    def transform(self, X):
        made.append((type(self).__name__, self.image_size))
        raise RuntimeError("recorded")

    monkeypatch.setattr(skuhas.features.BaseFeatures, "transform", transform)
    out = ["--out", str(tmp_path / "out")]
    runner.invoke(app, ["segment", str(pictures[0]), *out, *arguments])
    default = getattr(skuhas, kind)().image_size
    assert made == [(kind, image_size or default)]


# --------------------------------------------------------------- usage errors


@pytest.mark.parametrize(
    ("arguments", "where", "what"),
    [
        ([], "IMAGE", "no images. Name some files, or try --sample coffee."),
        (["--sample", "dog"], "--sample", "'dog' is not one of"),
        (["--settings", "best"], "--settings", "'best' is not one of"),
        (["--image-size", "0"], "--image-size", "Invalid value"),
        (["--nodes", "-1"], "--nodes", "Invalid value"),
        (["--levels", ""], "--levels", "at least 1 with commas between, got ''."),
        (["--levels", "two"], "--levels", "commas between, got 'two'."),
        (["--levels", "2;4"], "--levels", "commas between, got '2;4'."),
        (["--levels", "2,0"], "--levels", "commas between, got '2,0'."),
        (["--levels", "2,-4"], "--levels", "commas between, got '2,-4'."),
        (["--superpixels", "hexagons"], "--superpixels", "superpixels must be one of"),
        (["--affinity", "gauss"], "--affinity", "affinity must be one of"),
        (["--assign-labels", "x"], "--assign-labels", "assign_labels must be one of"),
        (["--temperature", "0"], "--temperature", "temperature must be a number in"),
        (["--n-superpixels", "0"], "--n-superpixels", "n_superpixels must be an inte"),
        (["--leaf-size", "0"], "--leaf-size", "leaf_size must be an integer in [1, in"),
        (["--leaf-size", "1.5"], "--leaf-size", "must be a whole number or none, got "),
        (["--max-leaves", "0"], "--max-leaves", "max_leaves must be an integer in [1,"),
        (["--color-scale", "0"], "--color-scale", "color_scale must be a number in (0"),
        (["--max-ncut", "x"], "--max-ncut", "must be a number or none, got 'x'."),
        (["--max-ncut", "nan"], "--max-ncut", "max_ncut must be a number in [0"),
        (["--max-ncut", "-1"], "--max-ncut", "max_ncut must be a number in [0"),
        (
            ["--max-perturbation", "-1"],
            "--max-perturbation",
            "max_perturbation must be",
        ),
        (["--max-depth", "-1"], "--max-depth", "max_depth must be an integer in [0, i"),
        (["--max-branching", "1"], "--max-branching", "max_branching must be an integ"),
        (["--min-size", "-1"], "--min-size", "min_size must be an integer in ["),
        (["--random-state", "-1"], "--random-state", "Invalid value"),
        (["--depth", "1"], "--depth", "No such option"),
        (["--jobs", "0"], "--jobs", "must not be 0."),
        (["--threads", "0"], "--threads", "Invalid value"),
        (["--backend", "mpi"], "--backend", "'mpi' is not one of"),
        (["--scheduler", "tcp://a:1"], "--scheduler", "needs --backend dask."),
        (["--resume", "--restart"], "--resume", "excludes --restart."),
        (["--levels", "2", "--no-pictures"], "--levels", "excludes --no-pictures."),
        (["--jobs", "2", "--nodes", "3"], "--nodes", "not for data sets."),
    ],
)
def test_usage_errors_name_the_option(arguments, where, what, tmp_path):
    out = tmp_path / "out"
    sample = [] if where in ("IMAGE", "--sample") else ["--sample", "cat"]
    result = runner.invoke(app, ["segment", *sample, "--out", str(out), *arguments])
    assert result.exit_code == 2
    assert result.stdout == ""
    text = re.sub(r"[\s│]+", " ", result.stderr)
    assert where in text
    assert what in text
    assert not out.exists()


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")
    out = str(tmp_path / "file" / "out")
    result = runner.invoke(app, ["segment", "--sample", "cat", "--out", out])
    assert result.exit_code == 2
    assert "--out" in result.stderr
    assert "Not a directory" in result.stderr


def test_levels_are_read_in_order_and_once(tmp_path, pictures):
    arguments = ["segment", str(pictures[0]), "--out", str(tmp_path / "out")]
    arguments += ["--features", "color", "--image-size", "32", "--levels", " 3, 2,3,"]
    assert runner.invoke(app, arguments).exit_code == 0
    made = sorted(path.name for path in (tmp_path / "out").glob("one_?.png"))
    assert made == ["one_2.png", "one_3.png"]


# ----------------------------------------------------------------------- help


def test_version():
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"skuhas {skuhas.__version__}\n")


def test_without_a_command_the_help_is_shown():
    result = runner.invoke(app, [])
    assert "Usage:" in result.output
    assert "segment" in result.output


def test_help_lists_every_option():
    result = runner.invoke(app, ["segment", "--help"])
    assert result.exit_code == 0
    for parameter in segment_command().params:
        for name in parameter.opts:
            if name.startswith("--"):
                assert f"{name} " in result.stdout
        assert parameter.help or parameter.name == "help"
    for name in offered():
        assert f"{option(name)} " in result.stdout
    for word in ("felzenszwalb", "cluster_qr", "coffee", "NAME_sheet.png", "none"):
        assert word in result.stdout


def test_choices_in_the_help_are_those_allowed():
    for name in ("superpixels", "affinity", "assign_labels"):
        (parameter,) = [p for p in segment_command().params if p.name == name]
        with pytest.raises(ValueError) as caught:
            HierarchicalSpectralSegmenter(**{name: "?"}).fit(np.zeros((1, 1, 1, 1)))
        allowed = re.findall(r"'(\w+)'", str(caught.value))
        said = re.findall(r"\w+", parameter.help.replace(" or ", " "))
        assert said == allowed
