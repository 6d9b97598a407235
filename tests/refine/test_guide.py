"""What the guide's page on boundaries says runs."""

import re
from pathlib import Path

import pytest

pytest.importorskip("pydensecrf", reason="needs pydensecrf2 (extra crf)")

import skuhas
from skuhas import ColorFeatures, HierarchicalSpectralSegmenter, make_nested_scene

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "refinement.rst"


@pytest.mark.skipif(
    not PAGE.is_file(), reason="the documentation is not beside the tests"
)
def test_the_code_of_the_page():
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text, re.MULTILINE
    )
    scene = make_nested_scene((48, 64), depth=2, random_state=0)
    maps = ColorFeatures(image_size=32).transform([scene.image])
    names = {name: getattr(skuhas, name) for name in skuhas.__all__}
    names["maps"] = maps
    first, second = (re.sub(r"^ {4}", "", block, flags=re.M) for block in blocks)
    exec(first, names)
    plain = HierarchicalSpectralSegmenter(**skuhas.PAPER_SETTINGS).predict(maps)
    assert names["trees"] == [skuhas.DenseCRF().refine(plain[0], maps[0])]
    names["tree"] = plain[0]
    exec(second, names)
    assert names["refined"].shape == (48, 64)
    assert names["segmenter"].refine.inertia == 2.0
