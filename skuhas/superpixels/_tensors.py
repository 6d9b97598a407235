"""Features that are tensors, on any device."""

import numpy as np


class UnitTensor:
    """Unit features as a tensor, the counterpart of `UnitRows`.

    Parameters
    ----------
    features : tensor of shape (rows, columns, n_features)
    """

    is_small = False

    def __init__(self, features):
        self.shape = tuple(features.shape)
        # Scaling by the largest entry first keeps huge and tiny vectors in range.
        largest = features.abs().amax(dim=2, keepdim=True)
        tokens = features / (largest + (largest == 0))
        length = tokens.square().sum(dim=2, keepdim=True).sqrt()
        self._tokens = tokens / (length + (length == 0))

    def whole(self):
        return self._tokens

    def means(self, weights, areas):
        """Return the means over leaves, by a sparse product on the device.

        Parameters
        ----------
        weights : csr_array of shape (n_leaves, rows * columns)
            As `skuhas.tree.token_weights` gives them.
        areas : ndarray of shape (n_leaves,)
        """
        import torch

        flat = self._tokens.reshape(-1, self.shape[2])
        entries = weights.tocoo()
        matrix = torch.sparse_coo_tensor(
            np.stack([entries.row, entries.col]).astype(np.int64),
            torch.from_numpy(entries.data).to(flat.dtype),
            size=weights.shape,
            device=flat.device,
            check_invariants=False,
        )
        total = torch.from_numpy(areas).to(flat.device, flat.dtype)
        return torch.sparse.mm(matrix, flat) / total[:, None]
