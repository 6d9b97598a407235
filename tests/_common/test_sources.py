"""The digest of the package's sources."""

import pytest

from skuhas._common import _sources, sources_digest


@pytest.fixture(autouse=True)
def _nothing_kept():
    yield
    sources_digest.cache_clear()


def test_the_digest_of_sources_is_that_of_code_and_data(tmp_path, monkeypatch):
    def digest():
        sources_digest.cache_clear()
        return sources_digest()

    before = digest()
    assert digest() == before
    package = tmp_path / "skuhas"
    (package / "_common").mkdir(parents=True)
    module = package / "_common" / "_sources.py"
    module.write_text("a = 1\n", encoding="utf-8")
    monkeypatch.setattr(_sources, "__file__", str(module))
    found = [digest()]
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_bytes(b"1")
    for name in (".DS_Store", ".data.json.swp", "data.json~"):
        (package / name).write_bytes(b"1")
    assert digest() == found[0]
    for name, text in (("data.json", "{}"), ("_common/_sources.py", "a = 2\n")):
        (package / name).write_text(text, encoding="utf-8")
        found.append(digest())
    assert len({before, *found}) == 4
