"""Size, loading time and frame times of the viewer's page.

Trees of the sizes asked for over 800 x 600 pixels, split by k-d halves of jittered
seeds, with a photograph. Chromium opens each page, then the slider sweeps from one
region to all leaves and back, a step every frame. A frame's work is what the page
does for it, without the waiting; a frame's time is from one to the next, at most 60 a
second. Needs playwright and Chromium, which draws in software where no graphics card
is at hand.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree
from skimage import data

from skuhas import RegionTree

SHAPE = (600, 800)
SWEEP = """async (frames) => {
  const { model } = skuhas;
  const most = model.leafCount[model.focus];
  const work = [], gaps = [];
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < frames; i++) {
    const t = 1 - Math.abs(2 * i / frames - 1);
    const begin = performance.now();
    skuhas.setCount(most ** t);
    const before = performance.now() - begin;
    // The page's own callback was asked for first, so it runs first.
    const now = await new Promise(requestAnimationFrame);
    work.push(before + skuhas.spent);
    gaps.push(now - last);
    last = now;
  }
  return [work, gaps];
}"""


def make_tree(n_leaves, seed=0):
    """Return a binary tree of Voronoi cells, each split at the median of its seeds."""
    rng = np.random.default_rng(seed)
    points = rng.random((n_leaves, 2)) * SHAPE
    grid = np.stack(np.mgrid[: SHAPE[0], : SHAPE[1]], axis=-1)
    labels = cKDTree(points).query(grid)[1]
    kept, labels = np.unique(labels, return_inverse=True)
    points = points[kept]
    groups, pairs = [np.arange(kept.size)], []
    for group in groups:
        if group.size == 1:
            pairs.append(())
            continue
        axis = int(np.argmax(np.ptp(points[group], axis=0)))
        order = group[np.argsort(points[group, axis])]
        pairs.append((len(groups), len(groups) + 1))
        groups += [order[: group.size // 2], order[group.size // 2 :]]
    inner = [i for i, group in enumerate(groups) if group.size > 1][::-1]
    number = {i: kept.size + rank for rank, i in enumerate(inner)}
    number |= {i: int(group[0]) for i, group in enumerate(groups) if group.size == 1}
    parents = np.full(len(groups), -1)
    ncut = np.full(len(groups), np.nan)
    for i, pair in enumerate(pairs):
        for child in pair:
            parents[number[child]] = number[i]
        if pair:
            ncut[number[i]] = rng.uniform(0.02, 0.48)
    return RegionTree.from_parents(parents, labels.reshape(SHAPE), ncut=ncut)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--leaves", type=int, nargs="+", default=[100, 1000, 5000, 20000]
    )
    parser.add_argument("--frames", type=int, default=180)
    parser.add_argument("--window", type=int, nargs=2, default=[1280, 800])
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    browser_path = next(filter(None, found))
    image = np.asarray(Image.fromarray(data.astronaut()).resize(SHAPE[::-1]))
    print(
        f"{'leaves':>7} {'MB':>6} {'write s':>8} {'load ms':>8} "
        f"{'work ms':>8} {'p95':>6} {'frame ms':>9} {'p95':>6}"
    )
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        width, height = options.window
        for n_leaves in options.leaves:
            tree = make_tree(n_leaves)
            target = Path(folder) / f"{n_leaves}.html"
            begin = time.perf_counter()
            tree.to_html(image, target)
            written = time.perf_counter() - begin
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(target.as_uri())
            page.wait_for_selector("html[data-ready]", timeout=60_000)
            # From the start of the navigation to a page that answers.
            loaded = page.evaluate("performance.getEntriesByName('ready')[0].startTime")
            page.evaluate(SWEEP, 20)
            work, gaps = page.evaluate(SWEEP, options.frames)
            page.close()
            figures = [*np.percentile(work, [50, 95]), *np.percentile(gaps, [50, 95])]
            print(
                f"{tree.n_leaves:>7} {target.stat().st_size / 1e6:>6.2f} "
                f"{written:>8.2f} {loaded:>8.0f} {figures[0]:>8.1f} {figures[1]:>6.1f} "
                f"{figures[2]:>9.1f} {figures[3]:>6.1f}"
            )
        browser.close()


if __name__ == "__main__":
    main()
