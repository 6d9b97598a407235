"""The viewer in a real browser: what it shows is what the tree says."""

import base64
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from skuhas import RegionTree, make_nested_scene
from skuhas.plotting import region_colors

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright, which drives the browser, is missing"
)
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium or google-chrome on this machine"
)
HEIGHT, WIDTH = 48, 64


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=BROWSER,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield started
        started.close()


class Shown:
    """A page that is open in the browser, and questions to it."""

    def __init__(self, page):
        self.page = page

    def pixels(self, canvas="regions"):
        """Return the colours at the middles of the picture's pixels."""
        code = self.page.evaluate(f"document.getElementById('{canvas}').toDataURL()")
        picture = Image.open(io.BytesIO(base64.b64decode(code.split(",")[1])))
        rows, columns = self._middles(*picture.size)
        return np.asarray(picture.convert("RGBA"))[np.ix_(rows, columns)]

    def _middles(self, width, height):
        scale = min(width / WIDTH, height / HEIGHT)
        columns = (width - WIDTH * scale) / 2 + (np.arange(WIDTH) + 0.5) * scale
        rows = (height - HEIGHT * scale) / 2 + (np.arange(HEIGHT) + 0.5) * scale
        return rows.astype(int).tolist(), columns.astype(int).tolist()

    def point(self, row, column):
        """Return the place in the window of a pixel of the whole picture."""
        box = self.page.locator("#stage").bounding_box()
        rows, columns = self._middles(box["width"], box["height"])
        return box["x"] + columns[column], box["y"] + rows[row]

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def path(self):
        return self.page.locator("#path li").all_inner_texts()

    def frames(self, count=2):
        self.page.evaluate(
            """async (count) => {
              while (count--) await new Promise(requestAnimationFrame);
            }""",
            count,
        )

    def announced(self, text):
        self.page.wait_for_function(
            "text => document.getElementById('live').textContent.includes(text)",
            arg=text,
            timeout=3000,
        )


@pytest.fixture
def show(browser, tmp_path):
    """Open trees; afterwards nothing may have been logged or asked for."""
    complaints, requests, contexts = [], [], []

    def call(tree, image=None, *, width=1100, height=760, **options):
        options = {"reduced_motion": "reduce", "accept_downloads": True} | options
        title = options.pop("title", None)
        context = browser.new_context(
            viewport={"width": width, "height": height}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        target = tmp_path / "page.html"
        tree.to_html(image, target, title=title)
        page.goto(target.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=20_000)
        shown = Shown(page)
        shown.frames()
        return shown

    yield call
    for context in contexts:
        context.close()
    assert complaints == []
    asked = {url.split(":")[0] for url in requests}
    assert asked <= {"file", "data", "blob"}
    assert sum(url.startswith("file") for url in requests) == len(contexts)


@pytest.fixture(scope="module")
def scene():
    return make_nested_scene((HEIGHT, WIDTH), depth=3, random_state=0)


@pytest.fixture(scope="module")
def tree():
    """Return a tree with figures, of which some are missing and some are equal."""
    return with_figures(halved(), 0)


def halved():
    """Return a tree that halves the picture down to 48 squares, in turns."""
    squares = np.arange(48).reshape(6, 8)
    labels = np.repeat(np.repeat(squares, 8, axis=0), 8, axis=1)
    sides, pairs = [squares], []
    for block in sides:
        if block.size > 1:
            axis = int(block.shape[1] > block.shape[0])
            middle = (block.shape[axis] + 1) // 2
            pairs.append((len(sides), len(sides) + 1))
            sides += np.split(block, [middle], axis=axis)
        else:
            pairs.append(())
    # Found from the root down; numbered from the leaves up.
    inner = [i for i, block in enumerate(sides) if block.size > 1][::-1]
    number = {i: 48 + rank for rank, i in enumerate(inner)}
    number |= {i: int(block[0, 0]) for i, block in enumerate(sides) if block.size == 1}
    parents = np.full(95, -1)
    for i, pair in enumerate(pairs):
        for child in pair:
            parents[number[child]] = number[i]
    return RegionTree.from_parents(parents, labels)


def with_figures(tree, seed):
    rng = np.random.default_rng(seed)
    ncut = rng.choice([0.1, 0.25, 0.3, 0.30000000000000004, 0.45, np.nan], tree.n_nodes)
    ncut[: tree.n_leaves] = np.nan
    ncut[-1] = 0.1
    return RegionTree.from_parents(tree.parents, tree.leaf_labels, ncut=ncut)


def random_tree(seed):
    """Return a tree with one to four children a node over 48 x 64 pixels."""
    rng = np.random.default_rng(seed)
    n_leaves = 40
    labels = rng.integers(-1, n_leaves, (HEIGHT, WIDTH))
    labels.flat[:n_leaves] = np.arange(n_leaves)
    alive, parents = list(range(n_leaves)), [-1] * n_leaves
    while len(alive) > 1:
        size = min(int(rng.integers(1, 5)), len(alive))
        node = len(parents)
        parents.append(-1)
        for _ in range(size):
            parents[alive.pop(int(rng.integers(len(alive))))] = node
        alive.append(node)
    return with_figures(RegionTree.from_parents(parents, labels), seed)


def top_nodes(tree, **limits):
    """Return the tree's node that a cut shows at every pixel, -1 for none."""
    marked = RegionTree.from_parents(
        tree.parents,
        tree.leaf_labels,
        ncut=tree.ncut,
        altitude=tree.altitude,
        node_data={"node": np.arange(tree.n_nodes)},
    )
    cut = marked.cut(**limits)
    return np.append(cut.node_data["node"][: cut.n_leaves], -1)[cut.leaf_labels]


def colors_of(tree, nodes):
    opaque = np.c_[region_colors(tree), np.full(tree.n_nodes, 255)]
    return np.r_[opaque, [[0, 0, 0, 0]]][nodes]


# ------------------------------------------------------------------------ cuts


@pytest.mark.parametrize("seed", range(4))
def test_every_cut_is_the_tree_s_own(show, seed):
    """All numbers of regions and all thresholds between and at the figures."""
    tree = random_tree(seed)
    shown = show(tree)
    leaves = f"Array.from(skuhas.model.region.subarray(0, {tree.n_leaves}))"
    first = [int(np.flatnonzero(tree.leaf_labels.ravel() == i)[0]) for i in range(40)]
    for limit, call, values in (
        ("n_regions", "cutRegions", range(1, tree.n_leaves + 3)),
        ("max_ncut", "cutNcut", [0, 0.1, 0.2, 0.3, 0.30000000000000004, 0.31, 0.9]),
    ):
        ours = shown.page.evaluate(
            f"values => values.map((value) => (skuhas.model.{call}(value), {leaves}))",
            list(values),
        )
        for value, regions in zip(values, ours, strict=True):
            expected = top_nodes(tree, **{limit: value}).ravel()[first]
            np.testing.assert_array_equal(regions, expected, err_msg=f"{limit}={value}")


def test_the_slider_moved_by_keys(show, tree):
    shown = show(tree)
    shown.page.get_by_label("Boundaries").uncheck()
    slider = shown.page.get_by_role("slider", name="Number of regions")
    slider.focus()
    for key, n_regions in (
        ("Home", 1),
        ("ArrowRight", 2),
        ("ArrowUp", 3),
        ("PageUp", 4),
        ("ArrowLeft", 3),
        ("End", tree.n_leaves),
    ):
        slider.press(key)
        shown.frames()
        cut = tree.cut(n_regions=n_regions)
        plural = "" if cut.n_leaves == 1 else "s"
        assert shown.text("#count") == f"{cut.n_leaves} region{plural}"
        assert slider.get_attribute("aria-valuetext") == shown.text("#count")
        expected = colors_of(tree, top_nodes(tree, n_regions=n_regions))
        np.testing.assert_array_equal(shown.pixels(), expected)
    shown.announced(f"{tree.n_leaves} regions")


def test_the_slider_dragged(show, tree):
    shown = show(tree)
    box = shown.page.locator("#regions-slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    shown.page.mouse.move(box["x"] + 0.3 * box["width"], middle)
    shown.page.mouse.down()
    counts = []
    for share in (0.35, 0.5, 0.7, 1.1):
        shown.page.mouse.move(box["x"] + share * box["width"], middle)
        shown.frames()
        counts.append(int(shown.page.locator("#regions-number").input_value()))
        n_leaves = tree.cut(n_regions=counts[-1]).n_leaves
        assert shown.text("#count").split()[0] == str(n_leaves)
    shown.page.mouse.up()
    assert counts == sorted(counts)
    assert counts[-1] == tree.n_leaves


def test_the_threshold(show, tree):
    shown = show(tree)
    shown.page.get_by_label("Boundaries").uncheck()
    shown.page.get_by_text("Threshold").click()
    # The threshold begins where it shows no more regions than before.
    before = tree.cut(n_regions=12).n_leaves
    assert int(shown.text("#count").split()[0]) <= before
    number = shown.page.get_by_role("spinbutton", name="Threshold")
    for threshold in (0.0, 0.25, 0.3, 0.30000000000000004, 0.4, 0.5):
        number.fill(repr(threshold))
        shown.frames()
        expected = top_nodes(tree, max_ncut=threshold)
        assert shown.text("#count").split()[0] == str(np.unique(expected).size)
        np.testing.assert_array_equal(shown.pixels(), colors_of(tree, expected))
    slider = shown.page.get_by_role("slider", name="Threshold")
    slider.press("Home")
    shown.frames()
    assert shown.text("#count") == "1 region"
    shown.page.keyboard.press("+")
    shown.frames()
    assert number.input_value() == "0.01"


def test_a_tree_without_figures_has_no_threshold(show, scene):
    shown = show(RegionTree.from_parents(scene.tree.parents, scene.tree.leaf_labels))
    assert shown.page.locator("#by [value=ncut]").is_disabled()


# ----------------------------------------------------------------- looking in


def test_hovering_lights_a_region_and_its_path(show, tree):
    shown = show(tree)
    nodes = top_nodes(tree, n_regions=12)
    row, column = 20, 30
    node = int(nodes[row, column])
    shown.page.mouse.move(*shown.point(row, column))
    shown.frames(3)
    assert shown.text("#region-name") == f"Region {node}"
    path = [int(step) for step in tree.path(node)]
    names = ["Whole picture", *(f"Region {step}" for step in path[1:])]
    if len(names) > 5:
        names = [names[0], "…", *names[-4:]]
    assert shown.path() == names
    figures = shown.text("#figures")
    assert f"{tree.area[node]:,} px" in figures
    # Outlines run where two pixels are in different nodes of the path, and only there.
    level = np.full(tree.leaf_labels.shape, 0)
    for step in path:
        level += tree.mask(step)
    lines = shown.pixels("outline")[:, :, 3] > 0
    inner = np.ones_like(lines)
    inner[[0, -1]] = inner[:, [0, -1]] = False
    for axis in (0, 1):
        for shift in (1, -1):
            inner &= level == np.roll(level, shift, axis)
    assert not lines[inner & (level == len(path))].all()
    box = shown.page.locator("#stage").bounding_box()
    shown.page.mouse.move(box["x"] + 3, box["y"] - 20)
    shown.frames(3)
    assert shown.path() == ["Whole picture"]
    assert not shown.pixels("outline").any()


def test_the_outline_follows_the_region(show):
    labels = np.zeros((HEIGHT, WIDTH), dtype=int)
    labels[12:36, 16:48] = 1
    labels[20:28, 24:40] = 2
    tree = RegionTree.from_parents([4, 3, 3, 4, 4], labels)
    shown = show(tree)
    shown.page.mouse.move(*shown.point(24, 32))
    shown.frames(3)
    code = shown.page.evaluate("document.getElementById('outline').toDataURL()")
    alpha = np.asarray(Image.open(io.BytesIO(base64.b64decode(code.split(",")[1]))))
    alpha = alpha[:, :, 3]
    height, width = alpha.shape
    scale = min(width / WIDTH, height / HEIGHT)

    def at(row, column):
        x = (width - WIDTH * scale) / 2 + column * scale
        y = (height - HEIGHT * scale) / 2 + row * scale
        return alpha[round(y), round(x)]

    # On the region's four sides, on its parent's fainter, in between nothing.
    own = [at(20, 32), at(28, 32), at(24, 24), at(24, 40)]
    parent = [at(12, 32), at(36, 32), at(24, 16), at(24, 48)]
    assert min(own) > 200
    assert min(parent) > 100
    assert [at(16, 32), at(24, 32), at(24, 20), at(6, 32)] == [0, 0, 0, 0]


def test_clicking_goes_in_and_keys_come_back(show, tree):
    shown = show(tree)
    shown.page.get_by_label("Boundaries").uncheck()
    shown.page.keyboard.press("Tab")
    slider = shown.page.get_by_role("slider", name="Number of regions")
    slider.press("Home")
    slider.press("ArrowRight")
    shown.frames()
    nodes = top_nodes(tree, n_regions=2)
    node = int(nodes[24, 32])
    shown.page.mouse.click(*shown.point(24, 32))
    shown.frames(4)
    focus = shown.page.locator("#path [aria-current]")
    assert focus.inner_text() == f"Region {node}"
    assert (
        shown.page.get_by_role("treeitem", selected=True).get_attribute("id")
        == f"row-{node}"
    )
    shown.announced(f"inside Region {node}")
    # The cut is that of the subtree: its highest nodes open.
    inside = np.flatnonzero(
        [
            node in tree.ancestors(other) or other == node
            for other in range(tree.n_nodes)
        ]
    )
    count = int(shown.text("#count").split()[0])
    regions = shown.page.evaluate("Array.from(skuhas.model.region)")
    shown_nodes = {r for r in regions if r >= 0}
    assert len(shown_nodes) == count
    assert shown_nodes <= set(inside.tolist())
    areas = sum(int(tree.area[r]) for r in shown_nodes)
    assert areas == tree.area[node]
    closed = [tree.altitude[r] for r in shown_nodes if r >= tree.n_leaves]
    opened = [tree.altitude[o] for o in {int(tree.parents[r]) for r in shown_nodes}]
    assert max(closed, default=0) <= min(opened)
    shown.page.keyboard.press("Escape")
    shown.frames(4)
    assert shown.path() == ["Whole picture"]
    assert shown.text("#count") == "2 regions"
    np.testing.assert_array_equal(shown.pixels(), colors_of(tree, nodes))
    shown.page.mouse.click(*shown.point(24, 32))
    shown.frames(4)
    shown.page.keyboard.press("Backspace")
    shown.frames(4)
    assert shown.path() == ["Whole picture"]
    assert shown.text("#count") == "2 regions"
    assert shown.page.locator("#up").is_disabled()


def test_going_in_where_the_threshold_keeps_a_node_whole(show, tree):
    shown = show(tree)
    shown.page.get_by_text("Threshold").click()
    shown.page.get_by_role("spinbutton", name="Threshold").fill("0.05")
    shown.frames()
    assert shown.text("#count") == "1 region"
    node = int(tree.children(tree.root)[-1])
    shown.page.evaluate(f"skuhas.enter({node})")
    shown.frames(4)
    assert int(shown.text("#count").split()[0]) >= len(tree.children(node))


def test_the_tree_by_keys(show, tree):
    shown = show(tree)
    shown.page.get_by_role("tree").focus()
    keyboard = shown.page.keyboard
    keyboard.press("Home")
    keyboard.press("ArrowRight")
    first = int(tree.children(tree.root)[0])
    row = shown.page.get_by_role("treeitem", selected=True)
    assert row.get_attribute("id") == f"row-{first}"
    share = 100 * tree.area[first] / tree.area[-1]
    shown.announced(f"Region {first}, {share:.0f} % of the picture")
    assert (
        shown.page.get_by_role("tree").get_attribute("aria-activedescendant")
        == f"row-{first}"
    )
    assert row.get_attribute("aria-level") == "2"
    assert row.get_attribute("aria-setsize") == str(len(tree.children(tree.root)))
    assert row.get_attribute("aria-posinset") == "1"
    # Closed and opened again, with a part below it.
    if row.get_attribute("aria-expanded") == "true":
        keyboard.press("ArrowLeft")
    assert row.get_attribute("aria-expanded") == "false"
    keyboard.press("ArrowRight")
    assert row.get_attribute("aria-expanded") == "true"
    keyboard.press("ArrowDown")
    child = int(tree.children(first)[0])
    assert row.get_attribute("id") == f"row-{child}"
    shown.frames()
    assert shown.text("#region-name") == f"Region {child}"
    keyboard.press("ArrowLeft")
    if row.get_attribute("id") != f"row-{first}":
        keyboard.press("ArrowLeft")
    keyboard.press("Enter")
    shown.frames(4)
    assert shown.page.locator("#path [aria-current]").inner_text() == f"Region {first}"
    # A node outside of the focused one leads back up to what holds both.
    keyboard.press("End")
    shown.frames(4)
    assert shown.page.locator("#path [aria-current]").inner_text() == "Whole picture"


def test_keys_of_the_page(show, scene, tree):
    shown = show(tree, scene.image)
    page = shown.page
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("-")
    assert page.locator("#regions-number").input_value() == "13"
    assert page.get_by_label("Boundaries").is_checked()
    page.keyboard.press("b")
    assert not page.get_by_label("Boundaries").is_checked()
    page.keyboard.press("c")
    assert page.locator("#fill [value=means]").is_checked()
    opacity = int(page.locator("#opacity").input_value())
    page.keyboard.press("o")
    assert int(page.locator("#opacity").input_value()) == opacity + 5
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="How to look around").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_the_dendrogram_is_linked(show, tree):
    shown = show(tree)
    shown.page.locator("#regions-slider").press("Home")
    shown.page.locator("#regions-slider").press("ArrowRight")
    shown.frames()
    canvas = shown.page.locator("#dendrogram")
    assert canvas.get_attribute("aria-label") == "Dendrogram of 2 regions"
    box = canvas.bounding_box()
    # Two chips, left and right.
    for side, child in zip(
        (8, box["width"] - 8), tree.children(tree.root), strict=True
    ):
        shown.page.mouse.move(box["x"] + side, box["y"] + box["height"] - 10)
        shown.frames(3)
        assert shown.text("#region-name") == f"Region {child}"
        lit = shown.page.locator(".row.lit").get_attribute("id")
        assert lit == f"row-{child}"


# ----------------------------------------------------------------------- files


def saved(shown, button):
    with shown.page.expect_download() as waiting:
        shown.page.get_by_role("button", name=button).click()
    path = waiting.value.path()
    with Image.open(path) as picture:
        picture.load()
        return picture


def test_saved_labels_are_the_cut(show, scene, tree):
    shown = show(tree, scene.image)
    for n_regions in (1, 7, tree.n_leaves):
        shown.page.locator("#regions-number").fill(str(n_regions))
        picture = saved(shown, "Save labels")
        assert picture.mode == "P"
        labels = tree.labels(n_regions=n_regions)
        np.testing.assert_array_equal(
            np.asarray(picture), np.where(labels < 0, 255, labels)
        )
        colors = region_colors(tree)[top_nodes(tree, n_regions=n_regions)]
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), colors)


def test_many_saved_labels_take_sixteen_bits(show):
    labels = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) // 8
    labels[-1, -8:] = -1
    n_leaves = labels.max() + 1
    tree = RegionTree.from_parents([n_leaves] * (n_leaves + 1), labels)
    shown = show(tree)
    shown.page.locator("#regions-slider").press("End")
    values = np.asarray(saved(shown, "Save labels")).astype(int)
    np.testing.assert_array_equal(values, np.where(labels < 0, 65535, labels))


def test_the_saved_picture_is_what_is_shown(show, scene, tree):
    shown = show(tree, scene.image)
    shown.page.get_by_label("Boundaries").uncheck()
    shown.page.locator("#opacity").fill("100")
    colors = region_colors(tree)[top_nodes(tree, n_regions=12)]
    np.testing.assert_array_equal(np.asarray(saved(shown, "Save picture")), colors)
    np.testing.assert_array_equal(shown.pixels()[:, :, :3], colors)
    shown.page.locator("#opacity").fill("0")
    plain = np.asarray(saved(shown, "Save picture")).astype(int)
    # The picture is stored with losses.
    assert np.abs(plain - scene.image).mean() < 12
    shown.page.get_by_text("Mean colour", exact=True).click()
    shown.page.locator("#opacity").fill("100")
    nodes = top_nodes(tree, n_regions=12)
    means = np.asarray(saved(shown, "Save picture"))
    for node in np.unique(nodes):
        mean = scene.image[nodes == node].mean(axis=0)
        assert np.abs(means[nodes == node] - mean).max() <= 0.51


# ------------------------------------------------------------- any page at all


def test_a_narrow_window_has_no_sideways_scroll(show, scene, tree):
    shown = show(tree, scene.image, width=380, height=800, has_touch=True)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 380
    for control in shown.page.locator("button, input, [role=tree], canvas").all():
        if control.is_visible():
            box = control.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 380
    # The first tap lights a region up, the second goes inside.
    shown.page.evaluate("skuhas.setCount(2)")
    shown.frames()
    first = int(top_nodes(tree, n_regions=2)[24, 32])
    shown.page.touchscreen.tap(*shown.point(24, 32))
    shown.frames(3)
    assert shown.text("#region-name") == f"Region {first}"
    assert shown.page.locator("#path [aria-current]").inner_text() == "Whole picture"
    shown.page.touchscreen.tap(*shown.point(24, 32))
    shown.frames(4)
    assert shown.page.locator("#path [aria-current]").inner_text() == f"Region {first}"


def test_everything_has_a_name(show, scene, tree):
    shown = show(tree, scene.image)
    nameless = shown.page.evaluate(
        """() => Array.from(document.querySelectorAll('button, input, [role]'))
          .filter((e) => !e.hidden && e.getAttribute('role') !== 'none')
          .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length
                           || e.getAttribute('aria-labelledby') || e.id === 'live'))
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    snapshot = shown.page.locator("main").aria_snapshot()
    for expected in ("tree", "treeitem", "slider", "checkbox", "radio", "navigation"):
        assert expected in snapshot


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dark_and_light(show, tree, scheme):
    shown = show(tree, color_scheme=scheme)

    def brightness():
        color = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(color.split("(")[1].split(",")[0])

    assert (brightness() < 60) == (scheme == "dark")
    shown.page.keyboard.press("t")
    assert (brightness() < 60) == (scheme == "light")
    shown.page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    shown.frames()
    assert (brightness() < 60) == (scheme == "light")


def test_hostile_names_are_shown_as_text(show):
    bad = '<img src=x onerror="window.hacked = 1"></script><b>&lt;'
    tree = RegionTree.from_parents(
        [2, 2, 2],
        np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 2,
        node_data={
            "name": [bad, "sky", ""],
            bad: [bad, bad, bad],
            "huge": [2**63 - 1, -1, 10**18],
            "odd": [np.nan, np.inf, -np.inf],
        },
    )
    shown = show(tree, title=bad)
    assert shown.text("h1") == bad
    assert shown.page.title() == bad
    assert bad in shown.page.get_by_role("treeitem").nth(1).inner_text()
    shown.page.get_by_role("treeitem").nth(1).click()
    shown.frames(3)
    figures = shown.text("#figures")
    assert shown.text("#region-name") == bad
    assert bad in figures
    assert "9223372036854775807" in figures
    assert "nan" in figures
    assert shown.page.evaluate("window.hacked") is None
    assert shown.page.locator("img").count() == 0


def test_one_region(show):
    shown = show(RegionTree.from_parents([0], np.zeros((HEIGHT, WIDTH), int)))
    assert shown.text("#count") == "1 region"
    assert shown.page.get_by_role("treeitem").count() == 1
    assert shown.page.locator("#regions-slider").is_disabled()
    shown.page.mouse.click(*shown.point(10, 10))
    for key in ("ArrowRight", "ArrowDown", "Enter", "Escape", "Backspace", "+"):
        shown.page.keyboard.press(key)
    shown.frames(3)
    assert shown.text("#count") == "1 region"
    labels = np.asarray(saved(shown, "Save labels"))
    assert not labels.any()


@pytest.mark.parametrize("flat", [True, False])
def test_twenty_thousand_leaves(show, flat):
    n_leaves = 20_000
    labels = np.arange(n_leaves).reshape(100, 200)
    if flat:
        parents = [n_leaves] * (n_leaves + 1)
    else:
        parents = np.empty(2 * n_leaves - 1, dtype=int)
        # The children of internal node n + i are the two oldest without a parent.
        parents[: 2 * n_leaves - 2] = n_leaves + np.arange(2 * n_leaves - 2) // 2
        parents[-1] = 2 * n_leaves - 2
    tree = RegionTree.from_parents(parents, labels)
    shown = show(tree)
    shown.page.locator("#regions-slider").press("End")
    shown.frames(3)
    assert shown.text("#count") == "20,000 regions"
    shown.page.get_by_role("tree").focus()
    shown.page.keyboard.press("End")
    shown.frames(3)
    assert shown.page.get_by_role("treeitem").count() < 60
    last = shown.page.get_by_role("treeitem", selected=True)
    assert last.is_visible()
    if flat:
        assert last.get_attribute("id") == f"row-{n_leaves - 1}"
        assert last.get_attribute("aria-setsize") == str(n_leaves)


def test_in_a_notebook_s_frame(browser, tree):
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(f"<!doctype html><p>cell</p>{tree._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for(timeout=20_000)
    frame.locator("#regions-slider").press("Home")
    assert frame.locator("#count").inner_text() == "1 region"
    with page.expect_download() as waiting:
        frame.get_by_role("button", name="Save labels").click()
    with Image.open(waiting.value.path()) as picture:
        assert picture.size == (WIDTH, HEIGHT)
    context.close()
    assert complaints == []


def test_the_page_can_ask_for_nothing(browser, tree, tmp_path):
    page = browser.new_page()
    answered, refused = [], []
    page.on("response", lambda response: answered.append(response.url))
    page.on("requestfailed", lambda request: refused.append(request.failure))
    target = tmp_path / "page.html"
    tree.to_html(path=target)
    page.goto(target.as_uri())
    page.wait_for_selector("html[data-ready]")
    outcome = page.evaluate(
        """async () => {
          const image = new Image();
          const failed = new Promise((done) => { image.onerror = done; });
          image.src = 'https://example.org/a.png';
          await failed;
          try { await fetch('https://example.org/'); return 'sent'; }
          catch { return 'refused'; }
        }"""
    )
    page.close()
    assert outcome == "refused"
    assert [url for url in answered if url.startswith("http")] == []
    assert set(refused) == {"csp"}


def test_a_broken_page_says_so(browser, tree, tmp_path):
    page = browser.new_page()
    target = tmp_path / "page.html"
    text = tree.to_html()
    start = text.index('"parents":')
    data = text.index('"data":"', start) + 8
    target.write_text(text[:data] + "AAAA" + text[data + 4 :], encoding="utf-8")
    page.goto(target.as_uri())
    page.wait_for_selector("#note:not([hidden])", timeout=5000)
    note = page.locator("#note").inner_text()
    page.close()
    assert note.startswith("This page cannot be shown")
