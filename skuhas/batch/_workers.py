"""Jobs on processes of this machine or of a Dask cluster, whatever kills them."""

import os
import signal
import threading
import time
import warnings
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import LokyBackend

from skuhas.batch._work import Outcome

KILLED = (
    "its worker was killed each time, even with no other image at work beside it; "
    "most often by the system, for want of memory"
)


class LostWorkersError(Exception):
    """Processes died, and with them the jobs that they were at."""


class InProcess:
    """No workers: jobs are done where the run is.

    Of a context, here and in `Workers`, ``outcomes(job)`` yields an Outcome for
    each image of a job that is not done, and raises nothing that an image is to
    blame for; ``lost(item, text)`` returns the record of an image that kills its
    workers.
    """

    def outcomes(self, context, jobs, say):
        """Yield the Outcome of every image."""
        for job in jobs:
            for outcome in context.outcomes(job):
                yield outcome
                if outcome.fatal is not None:
                    return


class Workers:
    """Common to all kinds of worker processes."""

    def outcomes(self, context, jobs, say):
        """Yield the Outcome of every job, in the order in which they end.

        Jobs that were under way when workers died are done again; when that
        happens a second time, one after the other, so that the image that is
        to blame shows, or else the number of jobs, which is then halved.
        """
        feed = _Feed(jobs)
        width = self.n_jobs
        n_losses = 0
        while True:
            try:
                yield from self._round(context, feed, width)
            except LostWorkersError as loss:
                n_losses += 1
                suspects = feed.take_back()
                say(f"{loss}; going on with {len(suspects)} that were under way")
                if n_losses == 1:
                    feed.put_back(suspects)
                    continue
                n_killed = 0
                for suspect in suspects:
                    for outcome in self.alone(context, suspect):
                        n_killed += outcome.killed
                        yield outcome
                if not n_killed and width > 1:
                    width = (width + 1) // 2
                    say(f"no image kills its worker alone: going on with {width} jobs")
            else:
                return

    def _round(self, context, feed, width):
        """Yield outcomes until all jobs are done, or workers are lost."""
        with self._parallel(width) as parallel:
            results = parallel(
                delayed(_numbered)(context, number, job) for number, job in feed.take()
            )
            with _ending_quietly(results):
                try:
                    for number, outcome in results:
                        feed.finished(number)
                        if outcome.fatal is not None:
                            # What is under way may end; its trees are good.
                            feed.stop()
                        yield outcome
                except BrokenProcessPool as error:
                    raise LostWorkersError("workers were killed") from error

    def alone(self, context, job):
        """Yield the outcomes of a job while no other is under way."""
        try:
            yield from self._round(context, _Feed([job]), 1)
            return
        except LostWorkersError:
            singles = list(job.singly())
        if len(singles) > 1:
            for single in singles:
                yield from self.alone(context, single)
            return
        (item,) = singles[0].items
        text = f"{item.source or item.name}: {KILLED}"
        record = context.lost(item, text)
        yield Outcome([(singles[0].indices[0], record)], killed=True)


class LokyWorkers(Workers):
    """Processes of this machine, started by joblib."""

    def __init__(self, n_jobs):
        self.n_jobs = n_jobs

    @contextmanager
    def _parallel(self, width):
        with warnings.catch_warnings():
            # Workers that have grown are replaced, which is as it should be.
            warnings.filterwarnings("ignore", message="A worker stopped while some")
            yield self._make(width)

    def _make(self, width):
        # For joblib, one job is done by the process that asks; a job that may
        # kill its worker has to have one.
        return Parallel(
            n_jobs=max(2, width),
            backend=_Loky(),
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch=2 * width if width > 1 else 1,
            max_nbytes=None,
        )


class _Loky(LokyBackend):
    """joblib's processes, which go when the one that started them goes.

    Of themselves they would stay for minutes after it was killed.
    """

    def configure(self, *arguments, **keywords):
        return super().configure(
            *arguments, initializer=_follow, initargs=(os.getpid(),), **keywords
        )


def _follow(parent):
    """End this process soon after its parent, which leaves Ctrl-C to it too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "nt":
        # There a process keeps the number of its dead parent.
        return

    def wait():
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="skuhas-parent").start()


def n_processes(n_jobs):
    """Return the number of processes that joblib makes of `n_jobs`."""
    return effective_n_jobs(n_jobs)


def local_workers(n_jobs):
    """Return what does jobs on this machine.

    Parameters
    ----------
    n_jobs : int
        Processes, by joblib's rules; 1 for none beside this one.

    Returns
    -------
    InProcess or LokyWorkers
        Its ``outcomes(context, jobs, say)`` yields an `Outcome` for each job, or
        part of one, as they end. ``context.outcomes(job)`` does a job and
        ``context.lost(item, text)`` returns the record of an image that kills its
        worker. What happens to workers is told by ``say(text)``.

    Examples
    --------
    >>> from skuhas.batch import Job, Outcome, local_workers
    >>> class Doubling:
    ...     def outcomes(self, job):
    ...         yield Outcome([(index, 2 * item) for index, item in job.undone()])
    >>> jobs = [Job([0], [10], [False]), Job([1], [20], [False])]
    >>> for outcome in local_workers(1).outcomes(Doubling(), jobs, print):
    ...     print(outcome.records)
    [(0, 20)]
    [(1, 40)]
    """
    n_jobs = n_processes(n_jobs)
    return InProcess() if n_jobs == 1 else LokyWorkers(n_jobs)


def _numbered(context, number, job):
    """Do a job in a worker process."""
    whole = Outcome([])
    for outcome in context.outcomes(job):
        whole.records += outcome.records
        whole.fatal = outcome.fatal
    return number, whole


class _Feed:
    """Hands jobs out to joblib's threads, and knows which are under way."""

    def __init__(self, jobs):
        self._jobs = iter(jobs)
        self._again = []
        self._under_way = {}
        self._count = 0
        self._round = 0
        self._lock = threading.Lock()

    def take(self):
        """Yield numbered jobs until there are none, or they are taken back."""
        this_round = self._round
        while True:
            with self._lock:
                if self._round != this_round:
                    return
                job = self._again.pop() if self._again else next(self._jobs, None)
                if job is None:
                    return
                self._count += 1
                number = self._count
                self._under_way[number] = job
            yield number, job

    def stop(self):
        """Hand out no more jobs."""
        with self._lock:
            self._again.clear()
            self._jobs = iter(())

    def finished(self, number):
        with self._lock:
            self._under_way.pop(number, None)

    def take_back(self):
        """Return the jobs under way, and hand out no more to those who ask now."""
        with self._lock:
            self._round += 1
            jobs = list(self._under_way.values())
            self._under_way.clear()
            return jobs

    def put_back(self, jobs):
        with self._lock:
            self._again.extend(reversed(jobs))


@contextmanager
def _ending_quietly(results):
    """Close joblib's generator, which warns when it has not come to its end."""
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()
