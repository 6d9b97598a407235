"""How many threads the linear algebra of a process may use."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_state: dict[str, int] = {"users": 0, "before": 1}
_limits: list = []


def thread_controller() -> ThreadpoolController:
    """Return threadpoolctl's controller of the libraries that are loaded.

    It is made once, and again when torch has come with libraries of its own: looking
    through the process takes milliseconds, and swallows a Ctrl-C that falls into it.
    """
    return _controller("torch" in sys.modules)


@cache
def _controller(with_torch: bool) -> ThreadpoolController:
    return ThreadpoolController()


def _most_threads() -> int:
    libraries = thread_controller().lib_controllers
    return max(
        (item.num_threads for item in libraries if item.user_api == "blas"), default=1
    )


@contextmanager
def beside() -> Iterator[Callable[..., Future]]:
    """Yield a function that starts a call in another thread, if a core is there for it.

    Where BLAS may use one thread only, as in one of several workers, the call is
    made at once. The function returns a future either way, and leaving the
    context waits for it.
    """
    with _lock:
        threads = _state["before"] if _state["users"] else _most_threads()
    if threads > 1:
        with ThreadPoolExecutor(max_workers=1) as pool:
            yield pool.submit
    else:
        yield _at_once


def _at_once(function: Callable[..., Any], *arguments: Any) -> Future:
    future: Future = Future()
    try:
        future.set_result(function(*arguments))
    # To be raised where the result is asked for.
    except Exception as error:  # noqa: BLE001
        future.set_exception(error)
    return future


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS to one thread.

    The setting is the process's. Where several Python threads want it, the
    first sets it and the last sets it back.
    """
    with _lock:
        if _state["users"] == 0:
            _state["before"] = _most_threads()
            _limits.append(thread_controller().limit(limits=1, user_api="blas"))
        _state["users"] += 1
    try:
        yield
    finally:
        with _lock:
            _state["users"] -= 1
            if _state["users"] == 0:
                _limits.pop().restore_original_limits()
