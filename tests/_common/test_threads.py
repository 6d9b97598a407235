from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skuhas._common import beside, single_threaded_blas, thread_controller


def _threads():
    np.linalg.eigvalsh(np.eye(3))
    return {
        pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"
    }


def test_one_thread_inside_and_as_before_outside():
    with threadpool_limits(2, user_api="blas"):
        before = _threads()
        with single_threaded_blas():
            assert _threads() == {1}
            with single_threaded_blas():
                assert _threads() == {1}
            assert _threads() == {1}
        assert _threads() == before


def test_python_threads_do_not_leave_it_at_one():
    barrier = Barrier(2)

    def work(_):
        with single_threaded_blas():
            barrier.wait(10)
            return _threads()

    with threadpool_limits(2, user_api="blas"):
        before = _threads()
        with single_threaded_blas(), ThreadPoolExecutor(2) as pool:
            assert list(pool.map(work, range(2))) == [{1}, {1}]
        assert _threads() == before


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("held", [False, True])
def test_work_goes_beside_only_where_a_core_is_there(threads, held):
    with threadpool_limits(threads, user_api="blas"):
        if held:
            with single_threaded_blas(), beside() as start:
                future = start(get_ident)
        else:
            with beside() as start:
                future = start(get_ident)
        available = max(_threads())
    assert (future.result() == get_ident()) == (available == 1)


def test_what_fails_beside_is_raised_where_it_is_asked_for():
    with threadpool_limits(1, user_api="blas"), beside() as start:
        future = start(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        future.result()


def test_libraries_are_looked_for_once():
    assert thread_controller() is thread_controller()
