"""Graphs of superpixels that are kept on disk."""

import functools
import marshal
import pickle

import joblib
from sklearn.utils.validation import check_memory

from skuhas._common import package_versions, sources_digest
from skuhas.superpixels import region_graph

# Whose other versions may make other graphs.
MAKERS = ("scikit-image", "scikit-learn", "numpy", "scipy", "pillow", "torch")
# Of the code that is loaded: later the files may hold another.
SOURCES = sources_digest()


def cached_graphs(memory, superpixels):
    """Return `region_graph`, or what looks its results up in a cache.

    Parameters
    ----------
    memory : str, joblib.Memory or None
    superpixels : str or callable
        joblib knows a function by its name alone; here its code counts too.

    Returns
    -------
    callable
    """
    if memory is None:
        return region_graph
    memory = check_memory(memory)
    code = _code(superpixels) if callable(superpixels) else superpixels
    try:
        # An edit between two releases may make other graphs too.
        code = joblib.hash((code, SOURCES, _versions()))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(
            f"superpixels={superpixels!r} cannot be cached, because what it holds "
            f"cannot be pickled ({error}); use a function that a module defines, or "
            "memory=None."
        ) from error
    cached = memory.cache(_graph, ignore=["superpixels"])

    def build(features, image, image_shape, valid, *, superpixels, **settings):
        return cached(
            features, image, image_shape, valid, settings, code, superpixels=superpixels
        )

    return build


@functools.cache
def _versions():
    return package_versions(MAKERS)


def _graph(features, image, image_shape, valid, settings, code, superpixels):
    return region_graph(
        features, image, image_shape, valid, superpixels=superpixels, **settings
    )


def _code(function):
    """Return what tells a function from an edited one: code, defaults, closure."""
    if isinstance(function, functools.partial):
        return _code(function.func), function.args, function.keywords
    method = getattr(function, "__func__", function)
    owner = getattr(function, "__self__", None)
    if hasattr(method, "__code__"):
        cells = method.__closure__ or ()
        return (
            marshal.dumps(method.__code__),
            method.__defaults__,
            method.__kwdefaults__,
            [cell.cell_contents for cell in cells],
            owner,
        )
    call = getattr(type(function).__call__, "__code__", None)
    return (None if call is None else marshal.dumps(call)), function
