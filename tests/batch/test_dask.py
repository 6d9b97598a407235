"""Dask: the same trees, also when workers die; schedulers that are not there."""

import os
import threading
import time

import pytest

from skuhas import segment_images

distributed = pytest.importorskip("distributed", reason="dask is not installed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


def test_a_worker_is_killed_midway(
    cluster, pictures, undisturbed, tmp_path, estimators, results
):
    out = tmp_path / "out"
    killed = []

    def kill():
        while len(list(out.rglob("*.npz"))) < 2:
            time.sleep(0.005)
        process = cluster.workers[0].pid
        os.kill(process, 9)
        killed.append((process, (out / "manifest.json").exists()))

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    manifest = segment_images(
        pictures,
        out,
        backend="dask",
        scheduler=cluster.scheduler_address,
        n_jobs=None,
        **estimators,
    )
    thread.join(timeout=30)
    assert len(killed) == 1
    assert not killed[0][1], "the run had ended before"
    assert manifest.n_done == 10
    assert results(out) == results(undisturbed)


def test_an_image_that_kills_its_workers_is_recorded(cluster, few, tmp_path):
    pass
