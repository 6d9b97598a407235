"""A cache of calls in which threads that ask together wait for one answer."""

import functools
import threading


def cached_once(maxsize):
    """Return a decorator like ``functools.lru_cache``, with a lock.

    Without it, threads that start together each compute the answer, here a
    network in memory.
    """

    def decorate(function):
        cached = functools.lru_cache(maxsize=maxsize)(function)
        lock = threading.Lock()

        @functools.wraps(function)
        def call(*arguments):
            with lock:
                return cached(*arguments)

        call.cache_clear = cached.cache_clear
        call.cache_info = cached.cache_info
        return call

    return decorate
