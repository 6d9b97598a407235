import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    # On tiny images threads only wait for each other, for long on a busy machine.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
