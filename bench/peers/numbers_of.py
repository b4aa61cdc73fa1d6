"""Numbers that a case and its peer make alike."""

import numpy as np
import torch


def hashed_numbers(rows: int, width: int, first: int, size: float = 1) -> torch.Tensor:
    """In [-size, size) from the element's index by an integer hash, the same as in ../numbers.mjs."""
    x = (np.arange(first, first + rows * width, dtype=np.uint64) * 2654435761).astype(np.uint32)
    x = ((x ^ (x >> 16)).astype(np.uint64) * 2246822519).astype(np.uint32)
    x = (x.view(np.int32) ^ (x >> 13).view(np.int32)).astype(np.float64) / 2**31 * size
    return torch.tensor(x.astype(np.float32).reshape(rows, width), requires_grad=True)
