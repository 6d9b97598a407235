import numpy as np
import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def _one_thread():
    """Hold BLAS, as `predict` does, and OpenMP to one thread: all is small here."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def random_graph():
    """Make graphs with blocks, so that spectra have gaps and cuts differ."""

    def make(n_vertices, seed, *, self_affinity=True, density=1.0):
        rng = np.random.default_rng(seed)
        n_blocks = max(2, n_vertices // 4)
        block = rng.integers(n_blocks, size=n_vertices)
        centres = rng.normal(size=(n_blocks, 4))
        points = centres[block] + 0.4 * rng.normal(size=(n_vertices, 4))
        distance = np.linalg.norm(points[:, None] - points[None], axis=2)
        weights = rng.uniform(0.5, 3.0, n_vertices)
        affinity = np.exp(-distance) * weights * weights[:, None]
        if density < 1:
            keep = np.triu(rng.random((n_vertices, n_vertices)) < density, 1)
            affinity *= keep | keep.T | np.eye(n_vertices, dtype=bool)
        affinity = (affinity + affinity.T) / 2
        if not self_affinity:
            np.fill_diagonal(affinity, 0.0)
        return affinity, weights

    return make


def _tensors(device):
    def convert(values):
        torch = pytest.importorskip("torch")
        if device == "cuda" and not torch.cuda.is_available():
            pytest.skip("needs CUDA")
        return torch.as_tensor(np.asarray(values), device=device)

    return convert


ARRAYS = {"numpy": np.asarray, "torch": _tensors("cpu"), "cuda": _tensors("cuda")}


@pytest.fixture(params=ARRAYS)
def to_array(request):
    """Return the function that makes numpy arrays ones of the kind under test."""
    return ARRAYS[request.param]
