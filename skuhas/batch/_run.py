"""segment_images: a whole data set, once or in several goes."""

import re
import secrets
import warnings
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime

from skuhas.batch import _journal
from skuhas.batch._checks import (
    check_estimators,
    check_levels,
    check_options,
    check_pictures,
)
from skuhas.batch._dask import DaskWorkers, check_main, connected
from skuhas.batch._files import PROBE, check_writable, naming, output_folder
from skuhas.batch._images import as_items
from skuhas.batch._journal import Journal
from skuhas.batch._locks import WORKERS, FolderLock, wait_for_workers
from skuhas.batch._manifest import (
    DONE,
    Manifest,
    write_manifest,
)
from skuhas.batch._manifest import NAME as MANIFEST
from skuhas.batch._parameters import describe, versions
from skuhas.batch._report import Report
from skuhas.batch._resume import kept_records, take_up
from skuhas.batch._suspects import Careful
from skuhas.batch._work import Context, Job, tree_path
from skuhas.batch._workers import InProcess, local_workers, n_processes
from skuhas.features import LiteFeatures
from skuhas.segmenter import HierarchicalSpectralSegmenter

# Batches in a chunk: images of one size have to meet to fill one.
BATCHES = 4


def segment_images(
    images,
    out,
    *,
    features=None,
    segmenter=None,
    n_jobs=1,
    n_threads=1,
    backend="loky",
    scheduler=None,
    resume=False,
    restart=False,
    levels=None,
    verbose=0,
):
    """Segment many images into trees on disk.

    Each image gives one file, written under a temporary name and renamed, and
    one line in a journal, so that a run can be killed at any moment. With
    `resume` it goes on and ends with the trees of a run that was left alone:
    those of ``segmenter.predict(features.transform([image]))``, computed with
    `n_threads` threads. At the end ``manifest.json`` lists parameters, versions
    and what became of every image. Memory does not grow with trees; an image
    costs some hundred bytes of bookkeeping.

    Parameters
    ----------
    images : path-like, list of path-like, or dict
        A folder, searched with its subfolders; files and folders, see
        `find_images`; or images by the names of their results, such as
        ``"kitchen/cup"``, as paths, PIL images or arrays.
    out : path-like
        Folder for the results, made if need be: ``NAME.npz`` for each image,
        which `RegionTree.load` reads, and ``manifest.json``.
    features : transformer, default=None
        From images to feature maps. None for ``LiteFeatures()``.
    segmenter : estimator, default=None
        From feature maps to trees. None for
        ``HierarchicalSpectralSegmenter()``.
    n_jobs : int, default=1
        Processes, by joblib's rules: -1 for one a core. 1 works in this
        process. With a Dask scheduler, how many images are under way at once;
        None for as many as its workers have threads.
    n_threads : int, default=1
        Threads of torch in each process. Features change in the last digits
        with it, so it belongs to the parameters of a run.
    backend : {"loky", "dask"}, default="loky"
        Processes of this machine, or workers of Dask.
    scheduler : str or distributed.Client, default=None
        Address of a Dask scheduler, whose workers must see images and `out`
        under the same paths. None starts `n_jobs` worker processes here, which
        a script has to do under ``if __name__ == "__main__":``.
    resume : bool, default=False
        Go on with the run in `out`: images that are done and have not changed
        are not done again, those that failed are, and new ones join in.
        Parameters and versions must be the same. Starts one where there is none.
    restart : bool, default=False
        Forget the run in `out`, finished or not, which is an error otherwise
        unless no image of it is done. Its trees are written over one by one.
    levels : sequence of int, default=None
        Also write label maps of so many regions and a contact sheet, see
        `write_pictures`. Not into the folders of the images.
    verbose : int, default=0
        Above 0, show progress, rate, remaining time and failures on standard
        error.

    Returns
    -------
    Manifest
        Counts, records and trees, read from the disk as they are asked for.

    Raises
    ------
    BatchError
        A run is in `out`, and neither `resume` nor `restart` is given; or one to
        be resumed has other parameters, versions or images; or another run writes
        to it now; or the Dask scheduler is not there.
    TypeError, ValueError
        A parameter is wrong; the message names it.
    OSError
        The images cannot be listed, or results cannot be written any more.
    WeightsError, WeightsNotFound, ImportError
        What the transformer needs is missing.
    NotFittedError
        An estimator that has to be fitted is not.

    Warns
    -----
    RuntimeWarning
        Some images failed. The others are not affected.

    See Also
    --------
    read_manifest : Reads the results later.

    Notes
    -----
    With a `batch_size` above 1 in `features`, images of a chunk of four batches
    go through the network together, always the same ones, whatever was done
    before.

    Whatever ends a run early, also Ctrl-C, leaves what is done in place.

    Examples
    --------
    >>> import tempfile
    >>> from skuhas import ColorFeatures, make_nested_scene, segment_images
    >>> scenes = {
    ...     f"scenes/{seed}": make_nested_scene((32, 32), random_state=seed).image
    ...     for seed in range(3)
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     manifest = segment_images(scenes, folder, features=ColorFeatures())
    ...     [record.tree for record in manifest.records()]
    ['scenes/0.npz', 'scenes/1.npz', 'scenes/2.npz']
    """
    features = LiteFeatures() if features is None else features
    segmenter = HierarchicalSpectralSegmenter() if segmenter is None else segmenter
    check_options(n_jobs, n_threads, backend, scheduler, resume, restart)
    if backend == "dask" and scheduler is None:
        check_main()
    levels = check_levels(levels)
    check_estimators(features, segmenter)
    parameters = {
        "features": describe(features, "features"),
        "segmenter": describe(segmenter, "segmenter"),
        "levels": levels,
        "n_threads": n_threads,
    }
    items = as_items(images, out)
    check_pictures(out, items, levels)
    with ExitStack() as stack:
        folder = stack.enter_context(output_folder(out))
        check_writable(folder)
        lock = FolderLock(folder)
        lock.acquire()
        stack.callback(lock.release)
        before = take_up(folder, parameters, resume, restart)
        pool = _pool(stack, backend, scheduler, n_jobs)
        run = _Run(folder, items, parameters, before, levels, verbose)
        manifest = run.go(pool, features, segmenter, n_threads)
    if manifest.n_failed:
        warnings.warn(
            f"{manifest.n_failed} of {manifest.n_images} images failed; "
            "manifest.failures() says why, and resume=True tries them again.",
            RuntimeWarning,
            stacklevel=2,
        )
    return manifest


class _Run:
    """One go at a run, by the process that holds the folder's lock."""

    def __init__(self, folder, items, parameters, before, levels, verbose):
        self._folder = folder
        self._items = items
        self._levels = levels
        self._verbose = verbose
        self._header = {
            "started": _now() if _is_new(before) else before.started,
            "parameters": parameters,
            "versions": versions(),
        }
        self._session = secrets.token_hex(8)
        self._before = before

    def _open(self):
        """Write the journal with what is done already."""
        before = self._before
        try:
            self._journal = Journal(
                self._folder,
                {"session": self._session, **self._header},
                kept_records(self._folder, self._items, before),
                len(self._items),
                before.suspects if before else (),
            )
        except KeyboardInterrupt as error:
            # To tell whether images have changed takes time.
            if not _is_new(before):
                error.add_note(
                    "what was done is kept; the same call with resume=True goes on "
                    "from there."
                )
            raise
        # From here on the journal says what is there.
        (self._folder / MANIFEST).unlink(missing_ok=True)

    def go(self, pool, features, segmenter, n_threads):
        """Do what is left to do, and return the manifest."""
        context = Context(
            folder=str(self._folder.resolve()),
            session=self._session,
            transformer=features,
            segmenter=segmenter,
            levels=self._levels,
            n_threads=n_threads,
            versions=self._header["versions"],
        )
        self._open()
        if isinstance(pool, InProcess):
            pool = Careful(self._journal)
        report = Report(len(self._items), self._journal.n_done, self._verbose)
        try:
            with report:
                wait_for_workers(self._folder, say=report.say)
                self._clean()
                jobs = self._jobs(getattr(features, "batch_size", 1))
                outcomes = pool.outcomes(context, jobs, report.say)
                with closing(outcomes):
                    self._record(outcomes, report)
            return self._finish()
        except BaseException as error:
            with suppress(OSError):
                self._journal.calm()
            self._journal.close()
            wait_for_workers(self._folder, say=report.say, seconds=5)
            self._clean()
            error.add_note(
                f"{self._journal.n_done} of {len(self._items)} images are done; "
                "the same call with resume=True goes on from there."
            )
            raise

    def _record(self, outcomes, report):
        fatal = None
        for outcome in outcomes:
            for index, record in outcome.records:
                if record.status != DONE:
                    # Not one of an earlier run.
                    with suppress(OSError):
                        (self._folder / tree_path(record.name)).unlink()
                self._journal.append(index, record)
                report.add(record)
            fatal = fatal or outcome.fatal
        if fatal is not None:
            raise fatal

    def _finish(self):
        """Turn the journal into the manifest."""
        header = self._header | {
            "finished": _now(),
            "n_images": len(self._items),
            "n_done": self._journal.n_done,
            "n_failed": self._journal.n_failed,
        }
        started = header.pop("started")
        order = {"started": started, "finished": header.pop("finished")} | header
        with naming(self._folder / MANIFEST):
            write_manifest(self._folder, order, self._journal.records())
        self._journal.remove()
        wait_for_workers(self._folder, say=lambda text: None, seconds=5)
        self._clean()
        (self._folder / WORKERS).unlink(missing_ok=True)
        return Manifest(self._folder)

    def _jobs(self, batch_size):
        """Yield the jobs that are left, always cut at the same places."""
        size = 1 if batch_size in (None, 1) else BATCHES * batch_size
        for start in range(0, len(self._items), size):
            indices = range(start, min(start + size, len(self._items)))
            done = [self._journal.is_recorded(index) for index in indices]
            if not all(done):
                yield Job(list(indices), [self._items[i] for i in indices], done)

    def _clean(self):
        """Remove what killed workers left of files of this run."""
        endings = [".npz", "_sheet.png", *(f"_{n}.png" for n in self._levels or ())]
        names = {item.name for item in self._items}
        folders = {self._folder / name.rpartition("/")[0] for name in names}
        for folder in folders:
            if not folder.is_dir():
                continue
            inside = folder.relative_to(self._folder)
            for path in folder.glob(".*.part"):
                found = re.fullmatch(r"\.(.+)\.[0-9a-f]{12}\.part", path.name)
                target = found[1] if found else ""
                stems = [target.removesuffix(e) for e in endings if target.endswith(e)]
                ours = any((inside / stem).as_posix() in names for stem in stems)
                if ours or target in (_journal.NAME, MANIFEST, PROBE):
                    path.unlink(missing_ok=True)


def _is_new(before):
    """Tell whether a run has nothing to go on with."""
    return before is None or before.is_empty()


def _now():
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _pool(stack, backend, scheduler, n_jobs):
    if backend == "dask":
        if scheduler is None:
            n_jobs = n_processes(n_jobs)
        client, size = stack.enter_context(connected(scheduler, n_jobs))
        return DaskWorkers(client, size)
    return local_workers(n_jobs)
