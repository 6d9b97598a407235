"""Runs killed at any moment end, resumed, as if nobody had disturbed them."""

import os
import signal
import subprocess
import sys
import time
import warnings

import pytest

from skuhas import segment_images
from skuhas.batch import _journal, _suspects

needs_posix = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
OPTIONS = ("--features", "color", "--image-size", "48")


def command(images, out, *more):
    words = [sys.executable, "-W", "error", "-m", "skuhas", "segment"]
    words += [str(images), "--out", str(out), *OPTIONS, *more]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def n_trees(out):
    return len(list(out.rglob("*.npz")))


def wait_for(condition, process):
    for _ in range(6000):
        if condition() or process.poll() is not None:
            return
        time.sleep(0.005)
    pytest.fail("nothing happened for 30 seconds")


@needs_posix
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_sigkill_again_and_again(jobs, pictures, undisturbed, tmp_path, results):
    out = tmp_path / "out"
    # As soon as there is a journal, and then as trees appear.
    moments = [0, 3, 7] if jobs == "1" else [1, 6]
    for moment in moments:
        running = command(pictures, out, "--jobs", jobs, "--resume")
        journal = out / _journal.NAME
        wait_for(
            lambda moment=moment, journal=journal: (
                journal.exists() and n_trees(out) >= moment
            ),
            running,
        )
        running.kill()
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        assert not (out / "manifest.json").exists()
    # Workers of the run that was killed may be at their last images still.
    running = command(pictures, out, "--jobs", jobs, "--resume")
    stdout, stderr = running.communicate(timeout=120)
    assert running.returncode == 0, stderr
    assert stdout.startswith("10 trees in ")
    assert "of 10 images are done already" in stderr
    assert results(out) == results(undisturbed)


@needs_posix
def test_a_run_killed_before_any_change_on_disk(
    few, tmp_path, estimators, results, monkeypatch
):
    """Kill a run before its first access that changes the disk, its second, ..."""
    # Forks start no processes.
    monkeypatch.setattr(_suspects, "LokyWorkers", Here)
    images = {"a/x": few / "0.png", "y": few / "1.png"}
    segment_images(images, tmp_path / "whole", **estimators)
    expected = results(tmp_path / "whole")
    seen = set()
    for moment in range(1, 200):
        out = tmp_path / f"out{moment}"
        status = in_child(
            lambda out=out, moment=moment: (
                die_at(moment),
                segment_images(images, out, **estimators),
            )
        )
        if moment % 3 == 0:
            # Once more, killed at the same moment of the resumed run.
            in_child(
                lambda out=out, moment=moment: (
                    die_at(moment),
                    segment_images(images, out, resume=True, **estimators),
                )
            )
        seen.add((out / _journal.NAME).exists())
        segment_images(images, out, resume=True, **estimators)
        assert results(out) == expected, f"killed at moment {moment}"
        if status == 0:
            break
    assert status == 0
    assert moment > 20
    assert seen == {True, False}


class Here:
    """No process of its own for an image that was under way."""

    def __init__(self, n_jobs):
        pass

    def alone(self, context, job):
        return context.outcomes(job)


def in_child(function):
    with warnings.catch_warnings():
        # The threads that Python warns of are those of other tests, at rest.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL)
    return code


def die_at(moment):
    """Kill this process before its change of the disk of that number."""
    count = 0

    def hook(event, arguments):
        nonlocal count
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.remove", "os.mkdir", "os.truncate"):
            count += 1
            if count == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_a_torn_line_does_not_count(few, tmp_path, estimators, results, monkeypatch):
    segment_images(few, tmp_path / "whole", **estimators)
    monkeypatch.setattr("skuhas.batch._run.write_manifest", interrupted)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        segment_images(few, out, **estimators)
    journal = out / _journal.NAME
    monkeypatch.undo()
    text = journal.read_bytes()
    header, *lines = text.splitlines(keepends=True)
    lines = [line for line in lines if b"under_way" not in line]
    for length in (1, len(lines[-1]) // 2, len(lines[-1]) - 1):
        journal.write_bytes(header + b"".join(lines[:-1]) + lines[-1][:length])
        kept = list(_journal.read_records(out))
        assert [record.name for record in kept] == ["0", "1"]
        manifest = segment_images(few, out, resume=True, **estimators)
        assert manifest.n_done == 3
        assert results(out) == results(tmp_path / "whole")
        (out / "manifest.json").unlink()


def test_a_full_disk_takes_half_a_line(few, tmp_path, estimators, results, monkeypatch):
    segment_images(few, tmp_path / "whole", **estimators)
    out = tmp_path / "out"
    original = _journal.Journal.append

    class Full:
        def __init__(self, handle):
            self.close = handle.close
            self._handle = handle

        def write(self, line):
            return self._handle.write(line[:20])

    def append(self, index, record):
        if index == 1:
            self._handle = Full(self._handle)
        original(self, index, record)

    with monkeypatch.context() as patch:
        patch.setattr(_journal.Journal, "append", append)
        with pytest.raises(OSError, match=r"No space left .*journal\.jsonl"):
            segment_images(few, out, **estimators)
    assert (out / _journal.NAME).read_bytes()[-1:] != b"\n"
    # Nothing came after it.
    assert (out / _journal.NAME).read_bytes().count(b"\n") == 4
    segment_images(few, out, resume=True, **estimators)
    assert results(out) == results(tmp_path / "whole")


def interrupted(*_):
    raise KeyboardInterrupt


def test_files_of_killed_workers_are_removed(few, tmp_path, estimators, results):
    out = tmp_path / "out"
    segment_images(few, out, **estimators)
    expected = results(out)
    left = [".0.npz.0123456789ab.part", ".manifest.json.0123456789ab.part"]
    other = [".notes.txt.0123456789ab.part", ".0.npz.part"]
    for name in left + other:
        (out / name).touch()
    segment_images(few, out, resume=True, **estimators)
    assert sorted(path.name for path in out.glob(".*")) == sorted(other)
    for name in other:
        (out / name).unlink()
    assert results(out) == expected
