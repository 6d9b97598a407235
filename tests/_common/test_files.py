"""Files that are either whole or absent."""

import os
import stat
from pathlib import Path

import pytest

from skuhas._common import atomic_write


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize(("mode", "content"), [("wb", b"\r\n\xff"), ("w", "日本\n")])
def test_writes(tmp_path, kind, mode, content):
    path = tmp_path / "file.bin"
    path.write_text("old")
    with atomic_write(kind(path), mode) as handle:
        handle.write(content)
        assert path.read_text() == "old"
    assert path.read_bytes() == (content if mode == "wb" else content.encode())
    assert list(tmp_path.iterdir()) == [path]


def test_relative_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_write("file.bin") as handle:
        handle.write(b"new")
    assert Path("file.bin").read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failure_keeps_the_old_file(tmp_path, error):
    path = tmp_path / "file.bin"
    path.write_text("old")

    def write_half():
        with atomic_write(path) as handle:
            handle.write(b"half")
            handle.flush()
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_without_an_old_file_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="stop"), atomic_write(tmp_path / "new"):
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_stays(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"), atomic_write(tmp_path / "file"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").is_dir()


def test_missing_folders_are_named(tmp_path):
    message = r"^cannot write '.*file\.bin': no such folder: '.*nowhere'\.$"
    path = tmp_path / "nowhere" / "file.bin"
    with pytest.raises(FileNotFoundError, match=message), atomic_write(path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_permissions_are_those_of_an_ordinary_file(tmp_path, mask):
    old = os.umask(mask)
    try:
        with atomic_write(tmp_path / "file"):
            # Nothing that other threads write meanwhile is affected.
            (tmp_path / "other").touch()
    finally:
        os.umask(old)
    for name in ("file", "other"):
        mode = stat.S_IMODE((tmp_path / name).stat().st_mode)
        assert mode == 0o666 & ~mask
