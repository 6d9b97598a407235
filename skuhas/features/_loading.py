"""Work on the next items in background threads while the last are being used."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor

# Decoding is rarely worth more, and each thread holds a whole image.
MOST_THREADS = 4


def load_ahead(items, load, ahead):
    """Yield ``load(item)`` for each item, in order, some of them computed early.

    Parameters
    ----------
    items : list
    load : callable
        Run in background threads; what it raises is raised here, at its place.
    ahead : int
        How many results may wait at most.
    """
    if len(items) == 1:
        yield load(items[0])
        return
    threads = min(MOST_THREADS, os.cpu_count() or 1, ahead)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="skuhas-images")
    waiting = deque()
    try:
        for item in items:
            waiting.append(pool.submit(load, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Also where the consumer stops early, on an error or Ctrl-C.
        pool.shutdown(wait=True, cancel_futures=True)
