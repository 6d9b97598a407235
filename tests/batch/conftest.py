import json

import pytest
from PIL import Image

from skuhas import ColorFeatures, HierarchicalSpectralSegmenter, make_nested_scene

N_PICTURES = 10
TIMES = {"seconds", "modified"}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of small scenes, some of them in a subfolder."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "sub").mkdir()
    for seed in range(N_PICTURES):
        scene = make_nested_scene((40, 48), depth=2, random_state=seed)
        name = f"sub/{seed}.png" if seed % 3 == 0 else f"{seed}.png"
        Image.fromarray(scene.image).save(folder / name)
    return folder


@pytest.fixture
def few(tmp_path):
    """Three scenes in a folder of the test's own, free to be changed."""
    folder = tmp_path / "few"
    folder.mkdir()
    for seed in range(3):
        scene = make_nested_scene((24, 32), depth=1, random_state=seed)
        Image.fromarray(scene.image).save(folder / f"{seed}.png")
    return folder


@pytest.fixture
def estimators():
    """Keyword arguments that keep a run short."""
    return {
        "features": ColorFeatures(image_size=48),
        "segmenter": HierarchicalSpectralSegmenter(),
    }


@pytest.fixture(scope="session")
def undisturbed(pictures, tmp_path_factory):
    """The folder of a run over all pictures that nobody disturbed."""
    from skuhas import segment_images

    out = tmp_path_factory.mktemp("undisturbed")
    segment_images(pictures, out, features=ColorFeatures(image_size=48))
    return out


def results(out):
    """Return what a run left: every file, and the manifest without its times."""
    files = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }
    manifest = json.loads(files.pop("manifest.json"))
    del manifest["started"], manifest["finished"]
    for record in manifest["images"]:
        for name in TIMES:
            del record[name]
    return manifest, files


@pytest.fixture(name="results")
def _results():
    return results
