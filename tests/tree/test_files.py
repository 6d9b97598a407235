"""Round trips through files and text, and everything malformed."""

import copy
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.tree import RegionTree, TreeFormatError, _files
from tests.tree._strategies import quick, region_trees

nan, inf = np.nan, np.inf


@pytest.fixture
def tree():
    return RegionTree(
        [3, 3, 4, 4, 4],
        [[0, 0, 1], [2, -1, 2]],
        ncut=[nan, nan, nan, 0.25, 0.5],
        perturbation=[nan, nan, nan, inf, 10],
        eigengap=[nan, nan, nan, 0, 1e-300],
        altitude=[0, 0, 0.25, 0.5, 1],
        node_data={
            "name": ["a", "b", "c", "", "日本"],
            "flag": [True, False, True, False, True],
            "count": np.arange(10, dtype=np.int16).reshape(5, 2),
            "score": np.array([nan, -inf, 0.1, 1e-45, 3], dtype=np.float32),
        },
    )


@pytest.fixture
def archive(tree, tmp_path):
    """Return a function that writes the tree's archive with some arrays changed."""
    path = tmp_path / "tree.npz"
    tree.save(path)
    with np.load(path) as file:
        arrays = dict(file)

    def write(remove=(), **changes):
        kept = {name: array for name, array in arrays.items() if name not in remove}
        np.savez(path, **{**kept, **changes})
        return path

    return write


def assert_same(loaded, tree):
    assert loaded == tree
    assert (loaded._given_altitude is None) == (tree._given_altitude is None)
    for name, values in tree.node_data.items():
        assert loaded.node_data[name].dtype == values.dtype
        assert loaded.node_data[name].shape == values.shape
    assert list(loaded.node_data) == list(tree.node_data)
    for name in ("ncut", "perturbation", "eigengap"):
        assert getattr(loaded, name).tobytes() == getattr(tree, name).tobytes()


# ------------------------------------------------------------------ round trips


@quick
@given(tree=region_trees())
def test_npz_round_trip(tree, tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / "tree.npz"
    tree.save(path)
    assert_same(RegionTree.load(path), tree)


@quick
@given(tree=region_trees())
def test_json_round_trip(tree, tmp_path_factory):
    text = tree.to_json()
    assert_same(RegionTree.from_json(text), tree)
    # Strict JSON: no NaN or Infinity, which other readers refuse.
    json.loads(text, parse_constant=lambda name: pytest.fail(name))
    path = tmp_path_factory.mktemp("json") / "tree.json"
    tree.save(path)
    assert path.read_text(encoding="utf-8") == text
    assert_same(RegionTree.load(str(path)), tree)


printable = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "),
    min_size=1,
    max_size=8,
)


@quick
@given(names=st.lists(printable, unique=True, max_size=4))
def test_any_printable_name_of_data_survives(names, tmp_path_factory):
    data = {name: [i, i + 1, i + 2] for i, name in enumerate(names)}
    tree = RegionTree([2, 2, 2], [0, 1], node_data=data)
    path = tmp_path_factory.mktemp("names") / "tree.npz"
    tree.save(path)
    assert_same(RegionTree.load(path), tree)
    assert_same(RegionTree.from_json(tree.to_json()), tree)


@pytest.mark.parametrize("name", ["tree.npz", "tree.NPZ", "tree.json", "tree.Json"])
def test_suffixes_in_any_case(tree, tmp_path, name):
    tree.save(tmp_path / name)
    assert_same(RegionTree.load(tmp_path / name), tree)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_json_as_documented():
    text = RegionTree(
        [2, 2, 2],
        [[0, 0], [1, -1]],
        perturbation=[nan, nan, inf],
        node_data={"score": [-inf, 0.5, nan]},
    ).to_json()
    assert json.loads(text) == {
        "format": "skuhas.RegionTree",
        "version": 1,
        "shape": [2, 2],
        "leaf_labels": [[0, 1, -1], [2, 1, 1]],
        "parents": [2, 2, 2],
        "ncut": [None, None, None],
        "perturbation": [None, None, "inf"],
        "eigengap": [None, None, None],
        "node_data": {"score": {"dtype": "<f8", "values": ["-inf", 0.5, None]}},
    }


def test_equal_trees_make_equal_files(tree, tmp_path):
    tree.save(tmp_path / "a.npz")
    copy.deepcopy(tree).save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


# ------------------------------------------------------------------- writing


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_a_failing_write_leaves_the_old_file(tree, tmp_path, monkeypatch, suffix):
    path = tmp_path / f"tree{suffix}"
    tree.save(path)
    before = path.read_bytes()

    def half(handle, **arrays):
        handle.write(b"half")
        raise OSError("disk full")

    def no_text(fields):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", half)
    monkeypatch.setattr(_files, "to_json", no_text)
    with pytest.raises(OSError, match="disk full"):
        tree.cut(depth=0).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_saving_replaces_the_old_file(tree, tmp_path):
    path = tmp_path / "tree.npz"
    tree.save(path)
    tree.cut(depth=1).save(path)
    assert RegionTree.load(path) == tree.cut(depth=1)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["tree", "tree.txt", "tree.npz.gz", "npz"])
def test_unknown_suffixes_are_named(tree, tmp_path, name):
    path = tmp_path / name
    message = f"path must end in '.npz' or '.json' .*got '.*{name}'"
    with pytest.raises(ValueError, match=message) as caught:
        tree.save(path)
    assert not isinstance(caught.value, TreeFormatError)
    with pytest.raises(ValueError, match=message):
        RegionTree.load(path)
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_named(tree, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: '.*nowhere'"):
        tree.save(tmp_path / "nowhere" / "tree.npz")


# ------------------------------------------------------------- damaged archives


@pytest.mark.parametrize("name", ["missing.npz", "missing.json"])
def test_missing_files_are_missing_files(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=name):
        RegionTree.load(tmp_path / name)


@pytest.mark.parametrize("name", ["folder.npz", "folder.json"])
def test_folders_are_no_damaged_files(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(OSError, match=name) as caught:
        RegionTree.load(tmp_path / name)
    assert not isinstance(caught.value, ValueError)


def test_truncated_archives(tree, tmp_path):
    path = tmp_path / "tree.npz"
    tree.save(path)
    content = path.read_bytes()
    for length in [*range(0, 60, 7), *range(60, len(content) - 1, 97)]:
        path.write_bytes(content[:length])
        with pytest.raises(TreeFormatError, match=r"tree\.npz: not a readable \.npz"):
            RegionTree.load(path)


def test_archives_with_a_wrong_byte(tree, tmp_path):
    path = tmp_path / "tree.npz"
    tree.save(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for place in rng.choice(len(content), 200, replace=False):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            loaded = RegionTree.load(path)
        except TreeFormatError:
            refused += 1
            continue
        # A time stamp or an attribute of a member was hit; or the length of a
        # comment, which hides the members after it and which no check sum covers.
        np.testing.assert_array_equal(loaded.parents, tree.parents)
        np.testing.assert_array_equal(loaded.leaf_labels, tree.leaf_labels)
        for name in ("ncut", "perturbation", "eigengap"):
            values = getattr(loaded, name)
            assert np.isnan(values).all() or (
                values.tobytes() == getattr(tree, name).tobytes()
            )
    assert refused > 100


@pytest.mark.parametrize("content", [b"", b"hello, world\n" * 9, b"PK\x03\x04", b"{}"])
def test_other_files_called_npz(tmp_path, content):
    path = tmp_path / "tree.npz"
    path.write_bytes(content)
    with pytest.raises(TreeFormatError, match=r"tree\.npz: not a readable \.npz file"):
        RegionTree.load(path)


def test_a_single_array_is_no_tree(tmp_path):
    path = tmp_path / "tree.npz"
    with path.open("wb") as handle:
        np.save(handle, np.arange(3))
    with pytest.raises(TreeFormatError, match="a single array"):
        RegionTree.load(path)


def test_members_that_are_no_arrays(archive):
    path = archive(remove=["parents"])
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("parents", "2 2 2")
    with pytest.raises(TreeFormatError, match="member 'parents' is no array"):
        RegionTree.load(path)


@pytest.mark.parametrize("method", ["ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA"])
def test_damage_under_every_compression(tmp_path, method):
    path = tmp_path / "tree.npz"
    noise = np.random.default_rng(0).bytes(4000)
    with zipfile.ZipFile(path, "w", getattr(zipfile, method)) as file:
        file.writestr("parents.npy", noise)
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)
    with pytest.raises(TreeFormatError, match="not a readable"):
        RegionTree.load(path)


class Bomb:
    """An object whose unpickling would be noticed."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


@pytest.mark.parametrize("name", ["parents", "data.mine", "format", "extra"])
def test_pickled_objects_are_refused(archive, name):
    path = archive(**{name: np.array([Bomb(), None], dtype=object)})
    with pytest.raises(TreeFormatError, match="Object arrays cannot be loaded"):
        RegionTree.load(path)


def test_a_pickle_called_npz_is_refused(tmp_path):
    path = tmp_path / "tree.npz"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(TreeFormatError, match="not a readable"):
        RegionTree.load(path)


@pytest.mark.parametrize(
    ("remove", "changes", "message"),
    [
        ([], {"format": np.array("other")}, "'format' is 'other', expected 'skuhas"),
        ([], {"format": np.array(["a", "b"])}, r"'format' is \['a', 'b'\], expected"),
        (["format"], {}, "'format' is None, expected"),
        ([], {"version": np.array(2)}, "version 2 of the format cannot be read"),
        ([], {"version": np.array([1, 1])}, r"version \[1, 1\] of the format cannot"),
        (["version"], {}, "version None of the format cannot be read"),
        (["parents"], {}, "not a region tree: no 'parents'"),
        (["leaf_labels"], {}, "not a region tree: no 'leaf_labels'"),
        ([], {"zeta": 1, "alpha": 2}, r"unknown entries \['alpha', 'zeta'\]"),
        ([], {"parents": np.array(3)}, r"parents must be .* got shape \(\)"),
        ([], {"parents": np.zeros((2, 2), int)}, r"parents must be .* got shape"),
        ([], {"parents": np.array([1.5, 2])}, "parents must be .* dtype float64"),
        ([], {"parents": np.array([4, 3, 4, 4])}, r"parents\[3\] = 4"),
        ([], {"parents": np.array([1, 4, 4, 4, 4])}, "parents: leaves must come"),
        ([], {"leaf_labels": np.zeros((2, 3))}, "leaf_labels must be .*dtype float64"),
        ([], {"leaf_labels": np.zeros((2, 3), int)}, "leaf 1 has no pixel"),
        ([], {"leaf_labels": np.full((2, 3), 9)}, r"leaf_labels must lie in \[-1, 2\]"),
        ([], {"ncut": np.zeros(4)}, r"ncut must have one value .*got shape \(4,\)"),
        ([], {"ncut": np.full(5, -1.0)}, "ncut must be at least 0 or nan"),
        ([], {"eigengap": np.array(list("abcde"))}, "eigengap must hold numbers"),
        ([], {"perturbation": np.ones(5) * 1j}, "perturbation must hold numbers"),
        ([], {"altitude": np.array([0, 0, 0, 2.0, 1])}, "altitude must not fall"),
        ([], {"altitude": np.zeros((5, 1))}, "altitude must have one finite"),
        ([], {"data.mine": np.zeros(4)}, r"node_data\['mine'\] must have one row"),
        ([], {"data.mine": np.ones(5) * 1j}, r"node_data\['mine'\] must hold"),
        ([], {"data.": np.zeros(5)}, "node_data: names must be non-empty"),
    ],
)
def test_malformed_archives(archive, remove, changes, message):
    with pytest.raises(TreeFormatError, match=rf"tree\.npz: .*{message}"):
        RegionTree.load(archive(remove, **changes))


def test_archives_without_the_optional_arrays(archive, tree):
    names = ["ncut", "perturbation", "eigengap", "altitude"]
    names += [f"data.{name}" for name in tree.node_data]
    loaded = RegionTree.load(archive(names))
    assert loaded == RegionTree(tree.parents, tree.leaf_labels)


# ------------------------------------------------------------------ damaged text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("nonsense", "not valid JSON"),
        (b"\xff\xfe\xff", "not valid JSON"),
        (None, "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("1" * 5000, "not valid JSON"),
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
        ('"text"', "no JSON object"),
        ("{}", "'format' is None, expected 'skuhas.RegionTree'"),
        ('{"format": []}', r"'format' is \[\], expected"),
        ('{"format": "skuhas.RegionTree"}', "version None of the format"),
        ('{"format": "skuhas.RegionTree", "version": 2}', "version 2 of the format"),
        ('{"format": "skuhas.RegionTree", "version": 1}', "no 'shape'"),
    ],
)
def test_malformed_text(text, message):
    with pytest.raises(TreeFormatError, match=f"^text: .*{message}"):
        RegionTree.from_json(text)


def test_text_that_is_not_utf8(tmp_path):
    path = tmp_path / "tree.json"
    path.write_bytes(b'{"format": "\xff"}')
    with pytest.raises(TreeFormatError, match=r"tree\.json: not UTF-8 text"):
        RegionTree.load(path)


def test_truncated_text(tree, tmp_path):
    path = tmp_path / "tree.json"
    text = tree.to_json()
    for length in range(0, len(text), 11):
        path.write_text(text[:length], encoding="utf-8")
        with pytest.raises(TreeFormatError, match=r"tree\.json: not valid JSON"):
            RegionTree.load(path)


def places(value, path=()):
    """Every place in a document, as keys from the top."""
    items = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(document, path, change):
    """Return a copy of the document with `change` applied to one place's holder."""
    document = copy.deepcopy(document)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return document


def expanded(document):
    """Return the document with its runs spelt out, since one map has many codings."""
    values, lengths = document["leaf_labels"]
    document = {k: v for k, v in document.items() if v is not None}
    return {**document, "leaf_labels": np.repeat(values, lengths).tolist()}


def assert_refused_or_faithful(document):
    """Read a document: it is refused properly, or nothing of it changes."""
    try:
        tree = RegionTree.from_json(json.dumps(document))
    except TreeFormatError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert message.startswith("text: ")
        return False
    again = json.loads(tree.to_json())
    for name in ("ncut", "perturbation", "eigengap"):
        if document.get(name) is None:
            assert again.pop(name) == [None] * tree.n_nodes
    document.setdefault("node_data", {})
    # The root may be given as -1.
    document["parents"][-1] = tree.root
    assert expanded(again) == expanded(document)
    return True


JUNK = [
    None,
    True,
    False,
    0,
    -1,
    3,
    2**70,
    2.5,
    10**400,
    "",
    "x",
    "3",
    "inf",
    "nan",
    [],
    [0],
    [[0]],
    ["3"],
    [None],
    {},
    {"a": 1},
]


def test_documents_with_one_place_replaced(tree):
    document = json.loads(tree.to_json())
    refused = accepted = 0
    for path in places(document):
        for junk in JUNK:

            def replace(holder, key, junk=junk):
                holder[key] = junk

            if assert_refused_or_faithful(changed(document, path, replace)):
                accepted += 1
            else:
                refused += 1
    assert refused > 5 * accepted


def test_documents_with_one_place_removed(tree):
    document = json.loads(tree.to_json())
    optional = {("node_data",), ("ncut",), ("perturbation",), ("eigengap",)}
    optional |= {("altitude",)}
    optional |= {("node_data", name) for name in tree.node_data}
    for path in places(document):

        def remove(holder, key):
            del holder[key]

        accepted = assert_refused_or_faithful(changed(document, path, remove))
        assert accepted == (path in optional), path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zeta": 1}, r"unknown entries \['zeta'\]"),
        ({"parents": [2.7, 2.2, 2]}, "parents does not hold values of dtype"),
        ({"parents": ["2", "2", "2"]}, "parents does not hold values of dtype"),
        ({"parents": [2, 2, 1]}, "parents: the last node is the root"),
        ({"shape": [1, 3]}, r"leaf_labels covers 2 pixels, the shape \[1, 3\] has 3"),
        ({"shape": [-1, -2]}, "not a region tree: ValueError"),
        ({"leaf_labels": [[0, 1], [1, 0]]}, "leaf_labels must be a list of values"),
        ({"leaf_labels": [[0, 1], [2]]}, "leaf_labels must be a list of values"),
        ({"leaf_labels": [[0, 1]]}, "not a region tree"),
        ({"leaf_labels": [[0, 1], [2**62, 2**62]]}, "leaf_labels covers"),
        ({"ncut": [[[]]]}, r"ncut must have one value .*got shape \(1, 1, 0\)"),
        ({"ncut": [None, None, "3"]}, "'3' is no number"),
        ({"ncut": [None, None, True]}, "True is no number"),
        ({"node_data": {"a": {"values": [1, 2, 3]}}}, "dtype"),
        ({"node_data": {"a": [1, 2, 3]}}, "not a region tree"),
    ],
)
def test_malformed_documents(changes, message):
    document = json.loads(RegionTree([2, 2, 2], [[0, 1]]).to_json())
    with pytest.raises(TreeFormatError, match=message):
        RegionTree.from_json(json.dumps({**document, **changes}))


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("O", [1, 2, 3]),
        ("V8", [1, 2, 3]),
        ("<M8[s]", [1, 2, 3]),
        ("<c16", [1, 2, 3]),
        ("a3", ["a", "b", "c"]),
        ("<i4,<i4", [1, 2, 3]),
        ("float", [1, 2, 3]),
        ("<b2", [True, True, True]),
        (None, [1, 2, 3]),
        (["<i4"], [1, 2, 3]),
        ("|i1", [1, 2, 300]),
        ("|u1", [1, 2, -1]),
        ("<i8", [1, 2, 2.5]),
        ("<i8", [1, 2, None]),
        ("|b1", ["a", "", "b"]),
        ("<U1", ["a", "b", "long"]),
        ("<U1", ["a", "b", 3]),
        ("<f4", [1, 2, 1e300]),
        ("<f8", [1, 2, 10**400]),
        ("<f8", [[1], [2, 3], [4]]),
    ],
)
def test_data_that_its_type_cannot_hold(code, values):
    document = json.loads(RegionTree([2, 2, 2], [[0, 1]]).to_json())
    document["node_data"] = {"mine": {"dtype": code, "values": values}}
    with pytest.raises(TreeFormatError, match=r"^text: not a region tree"):
        RegionTree.from_json(json.dumps(document))


def test_deeply_nested_figures():
    document = json.loads(RegionTree([2, 2, 2], [[0, 1]]).to_json())
    deep = 0.5
    for _ in range(600):
        deep = [deep]
    with pytest.raises(TreeFormatError, match="not a region tree"):
        RegionTree.from_json(json.dumps({**document, "ncut": deep}))


def test_an_archive_in_memory_has_only_plain_members(tree, tmp_path):
    tree.save(tmp_path / "tree.npz")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "tree.npz").read_bytes())) as file:
        names = set(file.namelist())
    assert names == {
        "format.npy",
        "version.npy",
        "parents.npy",
        "leaf_labels.npy",
        "ncut.npy",
        "perturbation.npy",
        "eigengap.npy",
        "altitude.npy",
        "data.name.npy",
        "data.flag.npy",
        "data.count.npy",
        "data.score.npy",
    }
