"""Dask below joblib."""

import logging
import multiprocessing
import socket
import time
from contextlib import contextmanager

from joblib import Parallel, parallel_config, register_parallel_backend
from joblib.parallel import ParallelBackendBase

from skuhas._common import optional_import
from skuhas.batch._manifest import BatchError
from skuhas.batch._workers import LostWorkersError, Workers

NAME = "skuhas-dask"
# Seconds until a scheduler or its first worker counts as absent.
PATIENCE = 15
_GUARD = (
    "the script calls segment_images(..., backend='dask') outside of "
    '`if __name__ == "__main__":`, where each worker would do it again: put it there.'
)


class DaskBackend(ParallelBackendBase):
    """Tasks of joblib as futures of a Dask client.

    joblib's own backend for Dask never ends when a task has killed its workers:
    nobody tells it of futures that end in an error. Nor must what runs inside a
    task be spread over the cluster again.
    """

    supports_retrieve_callback = True
    default_n_jobs = -1

    def __init__(self, client=None, **keywords):
        super().__init__(**keywords)
        self._client = client

    def effective_n_jobs(self, n_jobs):
        # With one, joblib would do without workers.
        return max(2, n_jobs)

    def submit(self, func, callback=None):
        future = self._client.submit(func, pure=False)
        future.add_done_callback(callback)
        return future

    # The name before joblib 1.5.
    apply_async = submit

    def retrieve_result_callback(self, out):
        from distributed import CancelledError, KilledWorker

        try:
            return out.result()
        except KilledWorker as error:
            raise LostWorkersError("workers were killed") from error
        except CancelledError as error:
            raise BatchError(
                "the connection to the Dask scheduler was lost, or it gave the run up."
            ) from error


class DaskWorkers(Workers):
    """Workers of a Dask cluster."""

    def __init__(self, client, n_jobs):
        self.n_jobs = n_jobs
        self._client = client
        register_parallel_backend(NAME, DaskBackend)

    @contextmanager
    def _parallel(self, width):
        with parallel_config(backend=NAME, client=self._client):
            yield Parallel(
                n_jobs=width,
                return_as="generator_unordered",
                batch_size=1,
                pre_dispatch=2 * width if width > 1 else 1,
            )


@contextmanager
def connected(scheduler, n_jobs):
    """Yield a client of a scheduler, or of a cluster on this machine, and its size.

    Parameters
    ----------
    scheduler : str, distributed.Client or None
    n_jobs : int or None
        Processes to start where there is no scheduler.
    """
    distributed = optional_import(
        "distributed", package="skuhas[dask]", purpose="backend='dask'"
    )
    if scheduler is None:
        with (
            _local_cluster(distributed, n_jobs) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client, n_jobs
        return
    if isinstance(scheduler, distributed.Client):
        yield scheduler, _size(scheduler, n_jobs)
        return
    with _quiet_client():
        yield from _connection(distributed, scheduler, n_jobs)


def check_main():
    """Raise in a process that Dask starts and that runs the script once more."""
    # What multiprocessing itself looks at to say the same.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise BatchError(f"a worker of Dask has come to where {_GUARD}")


def _local_cluster(distributed, n_jobs):
    try:
        return distributed.LocalCluster(
            n_workers=n_jobs,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        # Tracebacks of several processes would hide the message.
        raise BatchError(
            f"Dask's workers do not start ({error.__cause__ or error}). Most often "
            f"that is because {_GUARD}"
        ) from None


@contextmanager
def _quiet_client():
    """Keep the client from printing tracebacks of what becomes an error anyway."""
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _connection(distributed, scheduler, n_jobs):
    """Yield a client of the scheduler at an address, and the cluster's size."""
    try:
        # A client made with what is no address cannot be closed, and one that
        # waits for an answer hardly interrupted.
        _probe(distributed.comm.resolve_address(scheduler))
        client = distributed.Client(
            scheduler, timeout=PATIENCE, set_as_default=False, name="skuhas"
        )
    # ValueError where it is no address at all.
    except (OSError, TimeoutError, ValueError) as error:
        raise BatchError(
            f"no Dask scheduler answers at {scheduler!r} ({error}). Start one with "
            "`dask scheduler`, and workers with `dask worker ADDRESS`."
        ) from error
    with client:
        yield client, _size(client, n_jobs)


def _probe(address):
    """Connect to where a scheduler should be, which may be about to start."""
    kind, _, place = address.partition("://")
    if kind not in ("tcp", "tls", "ws", "wss"):
        return
    host, _, port = place.rpartition(":")
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _size(client, n_jobs):
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise BatchError(
            f"the Dask scheduler at {client.scheduler.address!r} has no workers. Start "
            f"some with `dask worker {client.scheduler.address}`."
        ) from error
    return n_jobs or sum(client.ncores().values())
