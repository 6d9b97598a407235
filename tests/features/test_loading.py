"""Items loaded in background threads while the consumer works."""

import threading
import time

import numpy as np
import pytest
from PIL import Image

from skuhas import ColorFeatures
from skuhas.features._loading import MOST_THREADS, load_ahead

# Far longer than anything here takes; only a test that fails waits for it.
LONG = 30


def threads():
    """Return the loader's threads that are alive."""
    return [t for t in threading.enumerate() if t.name.startswith("skuhas-images")]


def assert_no_threads():
    deadline = time.monotonic() + LONG
    while threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threads() == []


@pytest.mark.parametrize("count", [0, 1, 2, 7, 50])
@pytest.mark.parametrize("ahead", [1, 2, 100])
def test_results_come_in_order(count, ahead):
    def load(item):
        # Early items take longer than late ones.
        time.sleep(0.002 * (item % 3 == 0))
        return item * 10

    results = list(load_ahead(list(range(count)), load, ahead))
    assert results == [item * 10 for item in range(count)]
    assert_no_threads()


@pytest.mark.parametrize("bad", [0, 1, 5, 9])
def test_an_error_is_raised_at_its_place_and_what_came_before_is_yielded(bad):
    def load(item):
        if item >= bad:
            raise ValueError(f"item {item}")
        time.sleep(0.005)
        return item

    loaded = load_ahead(list(range(10)), load, 4)
    assert [next(loaded) for _ in range(bad)] == list(range(bad))
    with pytest.raises(ValueError, match=f"item {bad}"):
        next(loaded)
    assert list(loaded) == []
    assert_no_threads()


@pytest.mark.parametrize("ahead", [1, 3, 8])
def test_no_more_than_asked_for_wait(ahead):
    lock, started, taken, most = threading.Lock(), [], [], []

    def load(item):
        with lock:
            started.append(item)
            most.append(len(started) - len(taken))
        return item

    for item in load_ahead(list(range(60)), load, ahead):
        with lock:
            taken.append(item)
        # Time for the threads to run on, were they not held back.
        time.sleep(0.001)
    assert sorted(started) == list(range(60))
    assert max(most) <= ahead + MOST_THREADS


def test_items_are_loaded_while_the_consumer_works():
    begun = [threading.Event() for _ in range(6)]

    def load(item):
        begun[item].set()
        return item

    for item in load_ahead(list(range(6)), load, 2):
        # The consumer goes on only once the next ones have begun.
        for later in begun[item + 1 : item + 3]:
            assert later.wait(LONG)


def test_items_are_loaded_side_by_side(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    meeting = threading.Barrier(3)

    def load(item):
        # Each waits until two others have come as far.
        meeting.wait(LONG)
        return threading.current_thread().name

    names = list(load_ahead(list(range(6)), load, 4))
    assert len(set(names)) <= 3
    assert all(name.startswith("skuhas-images") for name in names)


def test_a_single_item_is_loaded_without_a_thread():
    (name,) = load_ahead([0], lambda _: threading.current_thread().name, 2)
    assert name == threading.current_thread().name


def test_a_consumer_that_stops_early_leaves_no_thread_and_little_loaded():
    started = []
    loaded = load_ahead(list(range(100)), lambda i: started.append(i) or i, 3)
    assert [next(loaded), next(loaded)] == [0, 1]
    loaded.close()
    assert_no_threads()
    assert len(started) <= 2 + 3 + MOST_THREADS


class Failing(ColorFeatures):
    def _compute(self, batch):
        raise RuntimeError("no memory")


def test_an_error_of_the_computation_leaves_no_thread(tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(30)]
    for path in paths:
        Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(RuntimeError, match="no memory") as caught:
        Failing(image_size=8).transform(paths)
    assert caught.value.partial_results == []
    # The traceback keeps what was running alive.
    del caught
    assert_no_threads()


def test_an_interrupt_of_the_computation_leaves_no_thread():
    class Interrupted(ColorFeatures):
        def _compute(self, batch):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Interrupted(image_size=8).transform([np.zeros((8, 8), np.uint8)] * 30)
    assert_no_threads()
