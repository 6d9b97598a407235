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

from skuhas._common import thread_controller
from skuhas.batch._files import naming
from skuhas.batch._images import Content, content_of
from skuhas.batch._locks import working
from skuhas.batch._manifest import DONE, FAILED, BatchError, ImageRecord
from skuhas.batch._parameters import differences, versions
from skuhas.batch._pictures import write_pictures
from skuhas.features import WeightsError, WeightsNotFound

# As true of every other image, so that going on would be of no use.
FATAL = (BatchError, WeightsError, WeightsNotFound, NotFittedError, ImportError)
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

    def outcomes(self, job):
        """Yield an Outcome for each image of a job that is not done.

        Whatever is wrong with an image is in its record, not raised.
        """
        try:
            with (
                working(self.folder, self.session),
                worker_threads(self.n_threads, self.transformer),
            ):
                _check_versions(self.versions)
                for entry in _segment_all(self, job):
                    yield Outcome([entry])
        except FATAL as error:
            yield Outcome([], portable(error))
        except _OutputError as error:
            yield Outcome([], portable(error.__cause__))

    def lost(self, item, text):
        """Return the record of an image that kills its workers."""
        return failed_record(item, text, content_of(item.image))


@dataclass
class Job:
    """A chunk of images that go through a transformer together.

    Parameters
    ----------
    indices : list of int
        Positions of the images in their run.
    items : list
        The images themselves.
    done : list of bool
        Those whose results are there: others of their chunk may need them, since
        features can change in the last digits with their batch.

    Examples
    --------
    >>> from skuhas.batch import Job
    >>> job = Job([3, 4], ["cat.png", "cup.png"], [True, False])
    >>> list(job.undone())
    [(4, 'cup.png')]
    """

    indices: list[int]
    items: list[Any]
    done: list[bool]

    def undone(self):
        """Yield position and image of those that are not done."""
        for index, item, done in zip(self.indices, self.items, self.done, strict=True):
            if not done:
                yield index, item

    def singly(self):
        """Yield a job for each image that is not done."""
        for index, item in self.undone():
            yield Job([index], [item], [False])


@dataclass
class Outcome:
    """What has come of a job, or of some of its images.

    Parameters
    ----------
    records : list of tuple
        Positions of images and their records.
    fatal : BaseException, default=None
        An error that ends the run, as it would come with every other image.
    killed : bool, default=False
        Whether the job's only image killed its worker.

    Examples
    --------
    >>> from skuhas.batch import Outcome
    >>> Outcome([(0, "a record")]).fatal is None
    True
    """

    records: list[tuple[int, Any]]
    fatal: BaseException | None = None
    killed: bool = False


def tree_path(name):
    """Return the file of a tree inside the folder of the run."""
    return f"{name}.npz"


class _OutputError(Exception):
    """Carries why results cannot be written, as its cause."""


def _segment_all(context, job):
    begin = time.perf_counter()
    contents = [None] * len(job.items)
    try:
        # Before they are read: of an image that changes meanwhile the record then
        # does not fit, so that it is done again.
        for place, (item, done) in enumerate(zip(job.items, job.done, strict=True)):
            contents[place] = None if done else content_of(item.image)
        maps = list(context.transformer.transform([item.image for item in job.items]))
        if len(maps) != len(job.items):
            raise BatchError(
                f"{type(context.transformer).__name__}.transform must return as many "
                f"maps as it was given images, got {len(maps)} for {len(job.items)}."
            )
    except FATAL:
        raise
    # One bad image must not cost the others, whatever is wrong with it.
    except Exception as error:  # noqa: BLE001
        if len(job.items) == 1:
            yield job.indices[0], _failure(job.items[0], error, begin, contents[0])
            return
        for single in job.singly():
            yield from _segment_all(context, single)
        return
    share = (time.perf_counter() - begin) / len(maps)
    for place, (index, item) in enumerate(zip(job.indices, job.items, strict=True)):
        feature_map, maps[place] = maps[place], None
        if job.done[place]:
            continue
        begin = time.perf_counter() - share
        try:
            record = _segment(context, item, feature_map, begin, contents[place])
        except (*FATAL, _OutputError):
            raise
        except Exception as error:  # noqa: BLE001
            record = _failure(item, error, begin, contents[place])
        yield index, record


def _segment(context, item, feature_map, begin, content):
    tree = context.segmenter.predict([feature_map])[0]
    path = Path(context.folder) / tree_path(item.name)
    try:
        with naming(path):
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


def _failure(item, error, begin, content):
    seconds = time.perf_counter() - begin
    return failed_record(item, reason(error, item), content, seconds)


def failed_record(item, text, content=None, seconds=0.0):
    """Return the record of an image that could not be segmented."""
    content = Content(None, None, None) if content is None else content
    return ImageRecord(
        name=item.name,
        source=item.source,
        status=FAILED,
        error=text,
        seconds=round(seconds, 3),
        **content._asdict(),
    )


def reason(error, item):
    """Return why an image failed, in one line that names it.

    Parameters
    ----------
    error : Exception
    item : object
        With the image's ``name`` and its path ``source``, which may be None.

    Returns
    -------
    str

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skuhas.batch import reason
    >>> item = SimpleNamespace(name="cup", source="in/cup.png")
    >>> reason(ValueError("X[0]: no pixels"), item)
    'in/cup.png: no pixels'
    """
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


def portable(error):
    """Return an error that can be sent to another process.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    BaseException
        The error itself, or a `BatchError` of the same words.

    Examples
    --------
    >>> from skuhas.batch import portable
    >>> portable(ValueError("no"))
    ValueError('no')
    """
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


def _torch_of(transformer):
    """Return torch if it is used, loaded now so that its threads can be limited."""
    if "torch" in sys.modules or hasattr(transformer, "device"):
        # Who needs it and lacks it says so later.
        with suppress(ImportError):
            return importlib.import_module("torch")
    return None


_limits = ExitStack()
_n_inside = 0
_guard = threading.Lock()


@contextmanager
def worker_threads(n_threads, transformer=None):
    """Hold numeric libraries to their threads while images are worked on.

    The last digits of features depend on how many threads computed them, so the
    number must not change with the number of jobs or of cores. Several threads
    of one worker may be in here; the last to leave undoes it. What asks joblib
    for workers does its work in this one.

    Parameters
    ----------
    n_threads : int
        Threads of torch; BLAS and OpenMP have one.
    transformer : transformer, default=None
        What computes features, so that torch is loaded if it is a network.

    Examples
    --------
    >>> from skuhas.batch import worker_threads
    >>> with worker_threads(1):
    ...     pass
    """
    global _n_inside, _limits
    torch = _torch_of(transformer)
    with _guard:
        if _n_inside == 0 and torch is not None:
            _limits.callback(torch.set_num_threads, torch.get_num_threads())
        _limits.enter_context(thread_controller().limit(limits=1))
        if torch is not None:
            torch.set_num_threads(n_threads)
        _n_inside += 1
    try:
        # Images are what runs in parallel; parts of one would get in the way.
        with parallel_config(backend="sequential"):
            yield
    finally:
        with _guard:
            _n_inside -= 1
            if _n_inside == 0:
                _limits.close()
                _limits = ExitStack()
