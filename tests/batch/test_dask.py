"""Dask: the same trees, also when workers die; schedulers that are not there."""

import multiprocessing
import os
import socket
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from skuhas import BatchError, HierarchicalSpectralSegmenter, segment_images
from skuhas.batch import _dask

distributed = pytest.importorskip("distributed", reason="dask is not installed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
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


def test_an_image_that_kills_its_workers_is_recorded(
    cluster, few, tmp_path, estimators, monkeypatch
):
    # Not four workers each time, as by default.
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    rows, columns = np.indices((24, 32)) // 8
    leaves = rows * 10 + columns
    victim = np.asarray(Image.open(few / "1.png").convert("RGB"))

    def superpixels(image):
        # Local, so that workers get it by value.
        if np.array_equal(image, victim):
            os._exit(1)
        return leaves

    estimators["segmenter"] = HierarchicalSpectralSegmenter(superpixels=superpixels)
    with (
        distributed.Client(cluster, set_as_default=False) as client,
        pytest.warns(RuntimeWarning, match="1 of 3 images failed"),
    ):
        manifest = segment_images(
            few, tmp_path / "out", backend="dask", scheduler=client, **estimators
        )
    (failure,) = manifest.failures()
    assert failure.name == "1"
    assert "its worker was killed each time" in failure.error


def test_a_cluster_of_its_own(few, tmp_path, estimators, results):
    segment_images(few, tmp_path / "whole", **estimators)
    segment_images(few, tmp_path / "dask", backend="dask", n_jobs=1, **estimators)
    assert results(tmp_path / "dask") == results(tmp_path / "whole")


@pytest.mark.parametrize("address", ["nowhere", "carrier-pigeon://a:1", "tcp"])
def test_a_scheduler_that_is_not_there(address, few, tmp_path, estimators, monkeypatch):
    monkeypatch.setattr(_dask, "PATIENCE", 0.5)
    if address == "tcp":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(BatchError, match=f"no Dask scheduler answers at '{address}'"):
        segment_images(few, tmp_path, backend="dask", scheduler=address, **estimators)
    # Nothing was begun, so there is nothing to resume.
    assert [path.name for path in tmp_path.iterdir()] == ["few"]


def test_ctrl_c_while_no_scheduler_answers(few, tmp_path, estimators, monkeypatch):
    """No client is made, which would take its time to close again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"

    def connect(place, timeout):
        assert place == ("127.0.0.1", int(address.rpartition(":")[2]))
        assert timeout == _dask.PATIENCE
        raise KeyboardInterrupt

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(KeyboardInterrupt) as caught:
        segment_images(
            few, tmp_path / "out", backend="dask", scheduler=address, **estimators
        )
    # Nothing was begun, so that there is nothing to go on with.
    assert not hasattr(caught.value, "__notes__")
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_is_late_is_waited_for(monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        timer = threading.Timer(0.3, server.listen)
        timer.start()
        begin = time.monotonic()
        _dask._probe(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        timer.join()
    assert 0.2 < time.monotonic() - begin < 5


def test_without_a_guard_the_message_names_it(few, tmp_path, estimators, monkeypatch):
    def cluster(**_):
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr(distributed, "LocalCluster", cluster)
    guard = r'if __name__ == "__main__":`.* put it there'
    out = tmp_path / "out"
    with pytest.raises(BatchError, match=guard) as caught:
        segment_images(few, out, backend="dask", **estimators)
    assert "workers do not start (Nanny failed to start.)" in str(caught.value)
    assert caught.value.__suppress_context__
    # Where a worker runs the script once more.
    monkeypatch.setattr(
        multiprocessing.current_process(), "_inheriting", True, raising=False
    )
    with pytest.raises(BatchError, match=f"a worker of Dask has come to .*{guard}"):
        segment_images(few, out, backend="dask", **estimators)
    assert not out.exists()


def test_a_scheduler_without_workers(few, tmp_path, estimators, monkeypatch):
    monkeypatch.setattr(_dask, "PATIENCE", 0.5)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        pytest.raises(BatchError, match=r"has no workers\. Start some with"),
    ):
        segment_images(few, tmp_path, backend="dask", scheduler=client, **estimators)


def test_without_dask_the_command_is_told(few, tmp_path, estimators, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="backend='dask' needs") as caught:
        segment_images(few, tmp_path, backend="dask", **estimators)
    assert str(caught.value).endswith('pip install "skuhas[dask]"')
