"""How many threads the linear algebra of a process may use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_state: dict[str, int] = {"users": 0}
_limits: list = []


@cache
def _controller() -> ThreadpoolController:
    # It looks through all libraries of the process, which takes milliseconds.
    return ThreadpoolController()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS to one thread.

    The setting is the process's. Where several Python threads want it, the
    first sets it and the last sets it back.
    """
    with _lock:
        if _state["users"] == 0:
            _limits.append(_controller().limit(limits=1, user_api="blas"))
        _state["users"] += 1
    try:
        yield
    finally:
        with _lock:
            _state["users"] -= 1
            if _state["users"] == 0:
                _limits.pop().restore_original_limits()
