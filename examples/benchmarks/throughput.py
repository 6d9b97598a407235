"""Images per second with one job and with several.

    python examples/benchmarks/throughput.py --data DATA

Two rows: `HierarchicalSpectralSegmenter.predict` on features made beforehand,
and features and tree together through `skuhas.batch.segment_images`, which
writes the trees to a folder, or joblib alone where skuhas has no such part.
DATA holds BSDS500 as examples/benchmarks/quality.py takes it; without it, crops
of the photographs that come with scikit-image stand in.

Every job has one thread of BLAS, OpenMP and torch, whatever the number of jobs:
the environment variables are set here before numpy and torch are imported, and
worker processes inherit them; the line below the table says what they then
find. All pictures are segmented once by every arm before the clock runs, so
that workers are there, with their networks loaded. Then the arms take turns; the
ratio is the median over the turns.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")


def pictures(data, count, side):
    """Return RGB images, of BSDS500 or crops of photographs."""
    import numpy as np
    from PIL import Image
    from skimage import data as shipped

    if data is not None:
        paths = sorted((data / "BSDS500/data/images/val").glob("*.jpg"))[:count]
        if len(paths) < count:
            raise SystemExit(f"{len(paths)} images under {data}, {count} wanted")
        return [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    shape = (round(side * 2 / 3), side)
    rng = np.random.default_rng(0)
    images = []
    for index in range(count):
        image = getattr(shipped, PHOTOGRAPHS[index % len(PHOTOGRAPHS)])()
        scale = max(1.2 * shape[0] / image.shape[0], 1.2 * shape[1] / image.shape[1])
        size = [round(length * scale) for length in image.shape[1::-1]]
        image = np.asarray(Image.fromarray(image).resize(size))
        top, left = (
            rng.integers(full - part + 1)
            for full, part in zip(image.shape[:2], shape, strict=True)
        )
        images.append(image[top : top + shape[0], left : left + shape[1]].copy())
    return images


def threads():
    """Return the threads of BLAS and OpenMP, and of torch, in this process."""
    import torch
    from threadpoolctl import threadpool_info

    pools = [pool["num_threads"] for pool in threadpool_info()]
    return max(pools, default=1), torch.get_num_threads()


def segment(features, images, jobs):
    """Segment images, each from pixels to tree in one job."""
    try:
        from skuhas.batch import segment_images
    except ImportError:
        segment_by_joblib(features, images, jobs)
        return
    named = {f"{position:04}": image for position, image in enumerate(images)}
    with tempfile.TemporaryDirectory() as folder:
        segment_images(named, folder, features=features, n_jobs=jobs)


def segment_by_joblib(features, images, jobs):
    """Segment images in a pipeline, one image a task."""
    from sklearn.pipeline import Pipeline
    from sklearn.utils.parallel import Parallel, delayed

    from skuhas import HierarchicalSpectralSegmenter

    pipeline = Pipeline(
        [("features", features), ("segmenter", HierarchicalSpectralSegmenter())]
    )
    Parallel(n_jobs=jobs)(delayed(pipeline.predict)([image]) for image in images)


def measure(function, jobs, turns):
    """Return the seconds of every turn by number of jobs, all arms warm."""
    for n_jobs in jobs:
        function(n_jobs)
    times = {n_jobs: [] for n_jobs in jobs}
    for _ in range(turns):
        for n_jobs in jobs:
            begin = time.perf_counter()
            function(n_jobs)
            times[n_jobs].append(time.perf_counter() - begin)
    return times


def stop_workers():
    """End the workers, so that the next row begins with new ones.

    joblib replaces those that have grown by much since their first task, as a
    network makes them do, in the midst of a row.
    """
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def main():
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder that holds BSDS500")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--side", type=int, default=481, help="longer one, of crops")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2, help="of the second arm")
    parser.add_argument("--features", choices=["lite", "color"], default="lite")
    arguments = parser.parse_args()
    # Read when the libraries are loaded, which is why nothing was imported yet.
    os.environ.update(ONE_THREAD)

    from sklearn.utils.parallel import Parallel, delayed

    from skuhas import ColorFeatures, HierarchicalSpectralSegmenter, LiteFeatures

    features = {"lite": LiteFeatures, "color": ColorFeatures}[arguments.features]()
    images = pictures(arguments.data, arguments.images, arguments.side)
    maps = features.transform(images)
    several = arguments.jobs
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{len(images)} pictures, {os.cpu_count()} cores, load {load}\n")
    print(
        f"{'work':20} {'1 job':>8} {f'{several} jobs':>8} {'ratio':>6}"
        "   (images per second)"
    )
    for name, function in (
        (
            "tree",
            lambda jobs: HierarchicalSpectralSegmenter(n_jobs=jobs).predict(maps),
        ),
        ("features and tree", lambda jobs: segment(features, images, jobs)),
    ):
        times = measure(function, (1, several), arguments.turns)
        ratio = statistics.median(
            one / more for one, more in zip(times[1], times[several], strict=True)
        )
        speeds = [len(images) / statistics.median(times[jobs]) for jobs in (1, several)]
        print(f"{name:20} {speeds[0]:8.2f} {speeds[1]:8.2f} {ratio:6.2f}", flush=True)
        stop_workers()
    found = Parallel(n_jobs=several)(delayed(threads)() for _ in range(several))
    blas, torch = (max(column) for column in zip(threads(), *found, strict=True))
    print(f"\nthreads of a job: BLAS and OpenMP {blas}, torch {torch}")


if __name__ == "__main__":
    main()
