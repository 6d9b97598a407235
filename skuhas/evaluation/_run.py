"""evaluate: a data set, methods and features to figures, once or in several goes."""

from __future__ import annotations

from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

from skuhas._common import atomic_write, check_integer, sources_digest
from skuhas.baselines import ContourMapReader
from skuhas.batch import (
    BatchError,
    FolderLock,
    Job,
    Report,
    describe,
    differences,
    local_workers,
    output_folder,
    versions,
)
from skuhas.evaluation._digests import digests_of
from skuhas.evaluation._methods import as_methods
from skuhas.evaluation._pictures import Example, write_sheet
from skuhas.evaluation._records import (
    DONE,
    FAILED,
    NAME,
    NO_TRUTH,
    Record,
    RecordFile,
    read_header,
    read_records,
)
from skuhas.evaluation._result import RESULTS, Evaluation
from skuhas.evaluation._scores import Truth
from skuhas.evaluation._work import Evaluator, Item
from skuhas.features import LiteFeatures

PICTURES = "cuts"
SHEET = "sheet.png"
# Images in each half of the contact sheet.
N_SHOWN = 10


def evaluate(
    dataset,
    methods=None,
    *,
    features=None,
    out=None,
    limit=None,
    n_jobs=1,
    n_threads=1,
    resume=False,
    restart=False,
    verbose=0,
):
    """Measure methods on the images of a data set.

    Features are computed once an image and handed to all methods. Each tree is
    scored at once and then forgotten. The tree of the first method is also cut to
    the number of nodes of each other method's tree on the same image, and scored
    again, so that none is ahead by its size alone.

    Parameters
    ----------
    dataset : ImageDataset
        See `load_dataset`. Or another sequence of samples with ``id``, ``image``,
        ``hierarchy``, ``label_map()`` and ``target()``, that has itself ``name``,
        ``split`` and ``hierarchy``.
    methods : estimator, str, list of str, or dict of estimators, default=None
        Names are those of `method_names`; a dict gives estimators names of one's
        own. The first is the one that the others are compared with. None for the
        defaults of this package.
    features : transformer, default=None
        From images to feature maps. None for ``LiteFeatures()``.
    out : path-like, default=None
        Folder for the results, made if need be; see `Evaluation.save`. It also
        gets a line for each image as it is done, so that a run that is killed can
        be resumed, and the images with the highest and lowest scores as
        ``sheet.png``. None to write nothing.
    limit : int, default=None
        Only the first so many images.
    n_jobs : int, default=1
        Processes, by joblib's rules: -1 for one a core.
    n_threads : int, default=1
        Threads of torch in each process; BLAS has one.
    resume : bool, default=False
        Go on with the run in `out`; what failed is tried again. Data set, methods,
        features, versions and the sources of this package must be the same,
        `limit` need not be.
    restart : bool, default=False
        Forget a run that is in `out`, which is an error otherwise.
    verbose : int, default=0
        Above 0, show progress, rate and failures on standard error.

    Returns
    -------
    Evaluation

    Raises
    ------
    BatchError
        A run is in `out` already, or to be resumed and of other settings or more
        images, or another run writes to it now.
    TypeError, ValueError
        A parameter is wrong, or there are no images; the message says which.
    FileNotFoundError
        A folder of contour maps has none of any of the images.
    OSError
        Results cannot be written.
    WeightsError, WeightsNotFound, ImportError
        What a transformer or a method needs is missing.

    See Also
    --------
    compare_runs : Tells whether two runs differ.

    Notes
    -----
    Images without ground truth, and those of which every pixel is ignored or
    background, are left out and counted. An image or a method that fails is
    recorded with the reason; the others are not affected.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import ColorFeatures, evaluate, make_nested_scene
    >>> from skuhas.datasets import ImageDataset, Sample
    >>> scenes = [make_nested_scene((32, 32), random_state=seed) for seed in range(3)]
    >>> samples = [
    ...     Sample(str(n), scene.image, scene.label_map, lambda labels, shape: labels)
    ...     for n, scene in enumerate(scenes)
    ... ]
    >>> result = evaluate(ImageDataset(samples, "scenes"), features=ColorFeatures())
    >>> result
    Evaluation('scenes', methods=['skuhas'], n_images=3)
    >>> result.summary()["skuhas"]["nm_covering"].value > 0.7
    True
    """
    features = LiteFeatures() if features is None else features
    chosen = as_methods(methods)
    limit = check_integer(limit, "limit", low=1, none=True)
    if n_jobs == 0 or (check_integer(n_jobs, "n_jobs", none=True) is None):
        raise ValueError(f"n_jobs must be a whole number other than 0, got {n_jobs!r}.")
    check_integer(n_threads, "n_threads", low=1)
    if resume and restart:
        raise ValueError("resume and restart exclude each other, got both.")
    if out is None and (resume or restart):
        raise ValueError("resume and restart need a folder, out, got None.")
    if not hasattr(features, "transform"):
        raise TypeError(
            f"features must have a method transform, got {type(features).__name__}."
        )
    n_total = len(dataset)
    if n_total == 0:
        raise ValueError(
            f"dataset must hold at least one image, got none in the split "
            f"{dataset.split!r} of {dataset.name!r}."
        )
    samples = [dataset[place] for place in range(min(n_total, limit or n_total))]
    _check_ids(samples)
    _check_contours(chosen, samples)
    header = {
        "settings": {
            "dataset": dataset.name,
            "split": dataset.split,
            "kind": _kind(dataset.hierarchy),
            "hierarchy": dataset.hierarchy and dataset.hierarchy.name,
            "features": describe(features, "features"),
            "methods": {
                name: describe(method, f"methods[{name!r}]")
                for name, method in chosen.items()
            },
            "n_threads": n_threads,
        },
        # The version alone does not tell one state of the code from another.
        "versions": versions() | {"skuhas sources": sources_digest()},
        "started": _now(),
        "n_images": len(samples),
        "n_total": n_total,
    }
    work = Evaluator(features, chosen, n_threads, out is not None)
    if out is None:
        records = _go(work, samples, {}, None, None, n_jobs, verbose)
        return Evaluation(header | {"finished": _now()}, records)
    with ExitStack() as stack:
        folder = stack.enter_context(output_folder(out))
        lock = FolderLock(folder)
        lock.acquire()
        stack.callback(lock.release)
        kept = _take_up(folder, header, dataset, samples, resume, restart)
        file = RecordFile(folder, header, kept.values())
        stack.callback(file.close)
        (folder / RESULTS).unlink(missing_ok=True)
        try:
            records = _go(work, samples, kept, file, folder, n_jobs, verbose)
            result = Evaluation(header | {"finished": _now()}, records)
            _draw(folder, result, {sample.id: sample for sample in samples})
            result.save(folder)
        except BaseException as error:
            n_done = sum(record.status != FAILED for record in kept.values())
            if n_done == 0:
                # There is nothing to go on with.
                file.close()
                (folder / NAME).unlink(missing_ok=True)
                raise
            error.add_note(
                f"{n_done} of {len(samples)} images are done; "
                "the same call with resume=True goes on from there."
            )
            raise
    return result


def _check_ids(samples):
    """Raise unless ids differ and can be names of files."""
    seen = set()
    for sample in samples:
        name = sample.id
        if not isinstance(name, str) or not name or set(name) & set("/\\\0"):
            raise ValueError(
                f"ids of samples must be strings fit for names of files, got {name!r}."
            )
        if name in seen:
            raise ValueError(f"ids of samples must differ, got several of {name!r}.")
        seen.add(name)


def _check_contours(methods, samples):
    """Raise where a folder of contour maps has none of any image."""
    images = [sample.image for sample in samples]
    if not all(isinstance(image, (str, Path)) for image in images):
        return
    paths = [Path(image) for image in images]
    stems = {path.stem for path in paths}
    for name, method in methods.items():
        if not isinstance(method, ContourMapReader):
            continue
        # The images themselves are no maps.
        files = set(Path(method.root).iterdir()) - set(paths)
        if stems.isdisjoint(path.stem for path in files):
            raise FileNotFoundError(
                f"methods[{name!r}]: root={str(method.root)!r} holds no contour map of "
                f"any of the {len(paths)} images: no file {paths[0].stem + '.*'!r}, "
                f"for example, among {len(files)}."
            )


def _go(work, samples, kept, file, folder, n_jobs, verbose):
    """Do what is not kept, and return all records in the order of the images."""
    jobs = (
        Job([place], [Item(sample)], [False])
        for place, sample in enumerate(samples)
        if sample.id not in kept
    )
    report = Report(len(samples), len(kept), verbose, action="Evaluating")
    fatal = None
    with report:
        outcomes = local_workers(n_jobs).outcomes(work, jobs, report.say)
        with closing(outcomes):
            for outcome in outcomes:
                for _, record in outcome.records:
                    if folder is not None:
                        _keep(folder, file, record)
                    kept[record.id] = record
                    report.add(record)
                fatal = fatal or outcome.fatal
    if fatal is not None:
        raise fatal
    return [kept[sample.id] for sample in samples]


def _keep(folder, file, record):
    """Write what became of an image, its line last."""
    path = _picture_path(folder, record.id)
    if record.picture is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as handle:
            handle.write(record.picture)
        record.picture = None
    file.append(record)


def _picture_path(folder, sample_id):
    return folder / PICTURES / f"{sample_id}.png"


def _take_up(folder, header, dataset, samples, resume, restart):
    """Return the records that need not be made again, by the ids of their images."""
    if restart or not (folder / NAME).exists():
        return {}
    if not resume:
        word = "an" if (folder / RESULTS).exists() else "an unfinished"
        raise BatchError(
            f"{word} evaluation is in {str(folder)!r} already. Go on with it by "
            "resume=True (--resume), forget it by restart=True (--restart), or take "
            "another folder."
        )
    before = read_header(folder)
    changed = _changes(before["settings"], header["settings"])
    if not changed:
        changed = [
            f"version of {line}"
            for line in differences(before["versions"], header["versions"])
        ]
    if changed:
        lines = "".join(f"\n  {line}" for line in changed)
        raise BatchError(
            f"the evaluation in {str(folder)!r} cannot be resumed under other "
            f"settings, as its figures would not belong together:{lines}\nUse the "
            "same, another folder, or restart=True (--restart) to start over."
        )
    header["started"] = before["started"]
    by_id = {sample.id: sample for sample in samples}
    found: dict[str, Record] = {}
    for record in read_records(folder):
        found[record.id] = record
    more = [name for name in found if name not in by_id]
    if more:
        present = {dataset[place].id for place in range(len(dataset))}
        gone = [name for name in more if name not in present]
        if gone:
            raise BatchError(
                f"the evaluation in {str(folder)!r} has {len(gone)} of its "
                f"{len(found)} images that {'is' if len(gone) == 1 else 'are'} no "
                f"longer in the data set, {gone[0]!r} first: resumed, it would lose "
                "what it has of them. Put them back, take another folder, or start "
                "over with restart=True (--restart)."
            )
        raise BatchError(
            f"the evaluation in {str(folder)!r} has {len(found)} images, some of which "
            f"this one leaves out, {more[0]!r} first: resumed, it would lose them. "
            "Raise the limit (--limit), or take another folder."
        )
    return {
        name: record
        for name, record in found.items()
        if _still_holds(folder, record, by_id[name])
    }


def _changes(before, now):
    """Return lines on what differs, one for each method that only one side has."""
    sides = [dict(before), dict(now)]
    methods = [side.pop("methods") for side in sides]
    common = [name for name in methods[0] if name in methods[1]]
    lines = differences(
        *(
            side | {"methods": {name: each[name] for name in common}}
            for side, each in zip(sides, methods, strict=True)
        )
    )
    lines += [
        f"method {name}: in the folder's run, not in this one"
        for name in methods[0]
        if name not in common
    ]
    lines += [
        f"method {name}: not in the folder's run"
        for name in methods[1]
        if name not in common
    ]
    references = [next(iter(each)) for each in methods]
    if not lines and references[0] != references[1]:
        # The others' records hold cuts of the first one's trees.
        lines = [
            f"first method: {references[0]!r} in the folder, {references[1]!r} now"
        ]
    return lines


def _still_holds(folder, record, sample):
    if record.status == FAILED or record.error == NO_TRUTH:
        return False
    if (record.digest, record.truth_digest) != digests_of(sample):
        return False
    return record.status != DONE or _picture_path(folder, record.id).exists()


def _draw(folder, result, samples):
    """Draw the contact sheet of the reference's highest and lowest scores."""
    method = result.methods[0]
    ids, scores = result.image_scores("nm_covering", method)
    order = sorted(range(len(ids)), key=lambda place: (scores[place], ids[place]))
    if not order:
        (folder / SHEET).unlink(missing_ok=True)
        return
    n_worst = min(N_SHOWN, len(order) // 2)
    n_best = min(N_SHOWN, len(order) - n_worst)

    def example(place):
        sample = samples[ids[place]]
        return Example(
            sample,
            Truth(sample.target(), sample.hierarchy),
            _picture_path(folder, ids[place]),
            f"{ids[place]}   NMCovering {100 * scores[place]:.1f}",
        )

    write_sheet(
        folder / SHEET,
        f"{result.title}: {method}",
        (example(place) for place in order[:n_worst]),
        (example(place) for place in order[::-1][:n_best]),
    )


def _kind(hierarchy):
    """Return what ground truth is: a tree of classes, flat classes, or regions."""
    if hierarchy is None:
        return "regions"
    return "tree" if hierarchy.category_names else "classes"


def _now():
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
