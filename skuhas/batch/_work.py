"""What a worker does: a chunk of images to trees on disk."""

import errno
import importlib
import pickle
import socket
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joblib import parallel_config
from sklearn.exceptions import NotFittedError
from threadpoolctl import threadpool_limits

from skuhas.batch._images import Content, content_of
from skuhas.batch._locks import working
from skuhas.batch._manifest import DONE, FAILED, BatchError, ImageRecord
from skuhas.batch._parameters import differences, versions
from skuhas.batch._pictures import write_pictures
from skuhas.features import WeightsError, WeightsNotFound

# As true of every other image, so that going on would be of no use.
_FATAL = (BatchError, WeightsError, WeightsNotFound, NotFittedError, ImportError)
# What can be wrong with one file name and not with the next.
_OF_ONE_FILE = {errno.ENAMETOOLONG, errno.EISDIR, errno.EINVAL, errno.EILSEQ}
MEMORY_HINT = (
    "not enough memory for this image; fewer jobs at once, or smaller features "
    "(image_size) and graphs (leaf_size, max_leaves) need less"
)


@dataclass(frozen=True)
class Context:
    """What all chunks of a run have in common."""

    folder: str
    session: str
    transformer: Any
    segmenter: Any
    levels: list[int] | None
    n_threads: int
    versions: dict[str, str | None]


@dataclass
class Job:
    """A chunk of images that go through the transformer together.

    `done` marks those whose trees are there: others of their chunk may need
    them, since features can change in the last digits with their batch.
    """

    indices: list[int]
    items: list[Any]
    done: list[bool]

    def singly(self):
        """Yield a job for each image that is not done."""
        for index, item, done in zip(self.indices, self.items, self.done, strict=True):
            if not done:
                yield Job([index], [item], [False])


@dataclass
class Outcome:
    """Records of a job by position, and the error that ends the run, if any.

    `killed` tells that the job's only image killed its worker.
    """

    records: list[tuple[int, ImageRecord]]
    fatal: BaseException | None = None
    killed: bool = False


def tree_path(name):
    """Return the file of a tree inside the folder of the run."""
    return f"{name}.npz"


def work(context, job):
    """Segment the images of a job that are not done, in a worker process."""
    whole = Outcome([])
    for outcome in work_singly(context, job):
        whole.records += outcome.records
        whole.fatal = outcome.fatal
    return whole


def work_singly(context, job):
    """Yield an Outcome for each image of a job that is not done.

    Whatever is wrong with an image is in its record, not raised.
    """
    try:
        with (
            working(context.folder, context.session),
            _limited_threads(context),
            # Images are what runs in parallel; parts of one would get in the way.
            parallel_config(backend="sequential"),
        ):
            _check_versions(context.versions)
            for entry in _segment_all(context, job):
                yield Outcome([entry])
    except _FATAL as error:
        yield Outcome([], _portable(error))
    except _OutputError as error:
        yield Outcome([], _portable(error.__cause__))


class _OutputError(Exception):
    """Carries why results cannot be written, as its cause."""


def _segment_all(context, job):
    begin = time.perf_counter()
    try:
        maps = list(context.transformer.transform([item.image for item in job.items]))
        if len(maps) != len(job.items):
            raise BatchError(
                f"{type(context.transformer).__name__}.transform must return as many "
                f"maps as it was given images, got {len(maps)} for {len(job.items)}."
            )
    except _FATAL:
        raise
    # One bad image must not cost the others, whatever is wrong with it.
    except Exception as error:  # noqa: BLE001
        if len(job.items) == 1:
            yield job.indices[0], _failure(job.items[0], error, begin)
            return
        for single in job.singly():
            yield from _segment_all(context, single)
        return
    share = (time.perf_counter() - begin) / len(maps)
    for place, (index, item, done) in enumerate(
        zip(job.indices, job.items, job.done, strict=True)
    ):
        feature_map, maps[place] = maps[place], None
        if done:
            continue
        begin = time.perf_counter() - share
        try:
            record = _segment(context, item, feature_map, begin)
        except (*_FATAL, _OutputError):
            raise
        except Exception as error:  # noqa: BLE001
            record = _failure(item, error, begin)
        yield index, record


def _segment(context, item, feature_map, begin):
    tree = context.segmenter.predict([feature_map])[0]
    content = content_of(item.image)
    path = Path(context.folder) / tree_path(item.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if context.levels is not None:
            image = getattr(feature_map, "image", None)
            stem = path.with_name(path.name.removesuffix(".npz"))
            write_pictures(image, tree, context.levels, stem)
        # Last, so that where there is a tree the pictures are there too.
        tree.save(path)
        n_bytes = path.stat().st_size
    except OSError as error:
        if error.errno in _OF_ONE_FILE:
            raise
        raise _OutputError from error
    return ImageRecord(
        name=item.name,
        source=item.source,
        status=DONE,
        tree=tree_path(item.name),
        tree_bytes=n_bytes,
        shape=tuple(int(side) for side in tree.shape),
        n_leaves=int(tree.n_leaves),
        n_nodes=int(tree.n_nodes),
        seconds=round(time.perf_counter() - begin, 3),
        **content._asdict(),
    )


def _failure(item, error, begin):
    return failed_record(item, reason(error, item), time.perf_counter() - begin)


def failed_record(item, text, seconds=0.0):
    """Return the record of an image that could not be segmented."""
    is_file = isinstance(item.image, str)
    content = content_of(item.image) if is_file else Content(None, None, None)
    return ImageRecord(
        name=item.name,
        source=item.source,
        status=FAILED,
        error=text,
        seconds=round(seconds, 3),
        **content._asdict(),
    )


def reason(error, item):
    """Return why an image failed, in one line that names it."""
    # The library names the place in its list, which is of no use to the reader.
    text = str(error)
    _, mark, rest = text.partition("]: ")
    if mark and text.startswith("X["):
        text = rest
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        text = f"{MEMORY_HINT} ({text or type(error).__name__})"
    text = " ".join(text.split()) or type(error).__name__
    name = item.source or item.name
    return text if name in text else f"{name}: {text}"


def _portable(error):
    """Return an error that can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301
    # Whatever the error's class does when it is pickled.
    except Exception:  # noqa: BLE001
        return BatchError(f"{type(error).__name__}: {error}")
    return error


def _check_versions(expected):
    changed = differences(expected, versions())
    if changed:
        lines = "; ".join(changed).replace("in the folder", "where the run started")
        raise BatchError(
            f"{socket.gethostname()} has other versions: "
            f"{lines.replace(' now', ' there')}. All workers must have the same."
        )


def _torch_of(context):
    """Return torch if it is used, loaded now so that its threads can be limited."""
    if "torch" in sys.modules or hasattr(context.transformer, "device"):
        # Who needs it and lacks it says so later.
        with suppress(ImportError):
            return importlib.import_module("torch")
    return None


_limits = ExitStack()
_n_inside = 0
_guard = threading.Lock()


@contextmanager
def _limited_threads(context):
    """Hold numeric libraries to their threads while images are worked on.

    The last digits of features depend on how many threads computed them, so the
    number must not change with the number of jobs or of cores. Several threads
    of one worker may be in here; the last to leave undoes it.
    """
    global _n_inside, _limits
    torch = _torch_of(context)
    with _guard:
        if _n_inside == 0 and torch is not None:
            _limits.callback(torch.set_num_threads, torch.get_num_threads())
        _limits.enter_context(threadpool_limits(limits=1))
        if torch is not None:
            torch.set_num_threads(context.n_threads)
        _n_inside += 1
    try:
        yield
    finally:
        with _guard:
            _n_inside -= 1
            if _n_inside == 0:
                _limits.close()
                _limits = ExitStack()
