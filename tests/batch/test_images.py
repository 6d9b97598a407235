"""Which images a run is over, and what they are called."""

import os
import re

import numpy as np
import pytest

from skuhas.batch import find_images, unique_names
from skuhas.batch._images import as_items, content_of, is_unchanged


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folders_are_searched_with_their_subfolders(tmp_path):
    touch(tmp_path, "b.PNG", "a.jpg", "sub/a.png", "sub/deep/z.tif", "notes.txt")
    touch(tmp_path, ".hidden.png", ".git/x.png", "out/a_2.png")
    found = find_images(tmp_path, skip=tmp_path / "out")
    assert list(found) == ["a", "b", "sub/a", "sub/deep/z"]
    assert found["sub/a"] == str(tmp_path / "sub" / "a.png")


def test_equal_names_get_numbers(tmp_path):
    touch(tmp_path, "a.jpg", "a.png", "sub/a.jpg")
    assert list(find_images(tmp_path)) == ["a", "a-2", "sub/a"]
    assert unique_names(["a", "a-2", "a"]) == ["a", "a-2", "a-3"]


def test_several_folders_keep_their_own_names(tmp_path):
    touch(tmp_path, "x/1.png", "y/1.png", "y/s/2.png", "1.jpg")
    found = find_images([tmp_path / "x", tmp_path / "y", tmp_path / "1.jpg"])
    assert list(found) == ["x/1", "y/1", "y/s/2", "1"]


def test_links_to_folders_are_followed_but_never_in_a_circle(tmp_path):
    touch(tmp_path, "data/a.png", "elsewhere/b.png")
    try:
        (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "data")
    except OSError:
        pytest.skip("no links here")
    assert list(find_images(tmp_path / "data")) == ["a", "link/b"]


def test_folders_that_give_no_images(tmp_path, monkeypatch):
    touch(tmp_path, "sub/notes.txt", "locked/a.png")
    with pytest.raises(ValueError, match=r"holds no images: no file ends in \.avif, "):
        find_images(tmp_path / "sub")
    with pytest.raises(FileNotFoundError, match="no such file or folder: 'absent'"):
        find_images("absent")
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    message = f"cannot read the folder '{tmp_path / 'locked'}': Permission denied."
    with pytest.raises(OSError, match=re.escape(message)):
        find_images(tmp_path)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ("absent", FileNotFoundError, "images: no such folder: 'absent'"),
        ([], ValueError, "images must hold at least one image"),
        ({}, ValueError, "images must hold at least one image"),
        (3, TypeError, "images must be a folder, a list of paths, or a dict"),
        (np.zeros((2, 4, 4, 3)), TypeError, "got ndarray"),
        ([np.zeros((4, 4))], TypeError, "images[0] must be a path, got ndarray. Pass"),
        ({"a": object()}, TypeError, "must be paths, PIL images or arrays, got object"),
        ({"../a": "a.png"}, ValueError, "names of images must be relative paths"),
        ({"/a": "a.png"}, ValueError, "got '/a'"),
        ({"a//b": "a.png"}, ValueError, "got 'a//b'"),
        ({"": "a.png"}, ValueError, "got ''"),
        ({3: "a.png"}, ValueError, "got 3"),
    ],
)
def test_bad_images(images, error, message, tmp_path):
    with pytest.raises(error, match=re.escape(message)):
        as_items(images, tmp_path)


def test_a_single_file_is_no_folder(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(NotADirectoryError, match=r"pass \[path\]"):
        as_items(tmp_path / "a.png", tmp_path)


def test_content_tells_images_apart(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    before = content_of(str(path))
    assert is_unchanged(str(path), before)
    path.write_bytes(b"two")
    os.utime(path, ns=(0, before.modified + 1))
    assert not is_unchanged(str(path), before)
    path.write_bytes(b"one")
    os.utime(path, ns=(0, before.modified + 1))
    assert is_unchanged(str(path), before)
    path.unlink()
    # A tree outlives its image.
    assert is_unchanged(str(path), before)
    array = np.zeros((2, 3), np.uint8)
    assert is_unchanged(array.copy(), content_of(array))
    assert not is_unchanged(array.reshape(3, 2), content_of(array))
