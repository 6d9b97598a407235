"""One run at a time writes to a folder, and no worker of another one."""

import os
import signal
import subprocess
import sys
import threading
import time
import types

import pytest

from skuhas import BatchError, HierarchicalSpectralSegmenter, segment_images
from skuhas.batch import _locks
from skuhas.batch._locks import FolderLock, wait_for_workers, working


def test_a_second_run_is_refused_at_once(few, tmp_path, estimators, monkeypatch):
    out = tmp_path / "out"
    original = HierarchicalSpectralSegmenter.predict
    errors = []

    def predict(self, X):
        if not errors:
            for resume in (False, True):
                with pytest.raises(BatchError) as caught:
                    segment_images(few, out, resume=resume, **estimators)
                errors.append(str(caught.value))
        return original(self, X)

    monkeypatch.setattr(HierarchicalSpectralSegmenter, "predict", predict)
    assert segment_images(few, out, **estimators).n_done == 3
    for error in errors:
        assert error.startswith(f"another run (process {os.getpid()} on ")
        assert f"is writing to {str(out)!r}" in error


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_the_lock_dies_with_its_process(tmp_path):
    code = (
        "import sys, time; from skuhas.batch._locks import FolderLock; "
        f"lock = FolderLock({str(tmp_path)!r}); lock.acquire(); "
        "print('has it', flush=True); "
        "time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "has it\n"
    with pytest.raises(BatchError, match=f"process {holder.pid} on "):
        FolderLock(tmp_path).acquire()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_file_was_removed_meanwhile(tmp_path, monkeypatch):
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    original = _locks._lock
    calls = []

    def late(handle):
        # The file was opened; only now does the other run end.
        calls.append(handle)
        if len(calls) == 1:
            first.release()
        original(handle)

    first.acquire()
    monkeypatch.setattr(_locks, "_lock", late)
    second.acquire()
    assert len(calls) == 2
    with pytest.raises(BatchError, match="another run"):
        FolderLock(tmp_path).acquire()
    second.release()


def journal(folder, session):
    entries = '"started":"","parameters":{},"versions":{}'
    (folder / "journal.jsonl").write_text(
        f'{{"format":"skuhas.Journal","version":1,"session":"{session}",{entries}}}\n'
    )


def test_who_takes_over_waits_for_workers(tmp_path):
    journal(tmp_path, "old")
    said, order = [], []
    entered = threading.Event()

    def worker():
        with working(tmp_path, "old"):
            entered.set()
            time.sleep(0.4)
            order.append("worker")

    thread = threading.Thread(target=worker)
    thread.start()
    entered.wait()
    journal(tmp_path, "new")
    wait_for_workers(tmp_path, say=said.append)
    order.append("run")
    thread.join()
    assert order == ["worker", "run"]
    with (
        pytest.raises(BatchError, match="it holds another run"),
        working(tmp_path, "old"),
    ):
        pass
    with working(tmp_path, "new"):
        begin = time.monotonic()
        wait_for_workers(tmp_path, say=said.append, seconds=0.1)
        assert 0.1 <= time.monotonic() - begin < 2
    assert said == []


def test_a_worker_without_the_folder_says_so(tmp_path):
    for folder in (tmp_path / "absent", tmp_path):
        with (
            pytest.raises(BatchError, match=r"does not see the folder .* of this run"),
            working(folder, "some"),
        ):
            pass


def test_a_file_system_without_locks(few, tmp_path, estimators, monkeypatch):
    def flock(handle, how):
        raise OSError("No locks available")

    monkeypatch.setattr(_locks.fcntl, "flock", flock)
    with pytest.warns(RuntimeWarning, match="has no locks"):
        assert segment_images(few, tmp_path / "out", **estimators).n_done == 3


def test_where_there_is_no_fcntl(few, tmp_path, estimators, monkeypatch):
    held = set()

    def locking(descriptor, mode, n_bytes):
        assert (mode, n_bytes) == (2, 1)
        inode = os.fstat(descriptor).st_ino
        if inode in held:
            raise PermissionError
        held.add(inode)

    fake = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(_locks, "fcntl", None)
    assert segment_images(few, tmp_path / "out", **estimators).n_done == 3
    held.clear()
    lock = FolderLock(tmp_path)
    lock.acquire()
    with pytest.raises(BatchError, match="another run is writing to"):
        FolderLock(tmp_path).acquire()
    lock.release()
