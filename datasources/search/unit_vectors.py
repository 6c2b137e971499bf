"""Normalization of embedding vectors, the same for every engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasources.search.port import DIMENSIONS, Embedding


def unit_vector(embedding: Embedding | None) -> NDArray[np.float32] | None:
    """The vector scaled to length 1; None for a zero or infinite vector or a number of dimensions that is not supported."""
    if embedding is None or len(embedding.vector) not in DIMENSIONS:
        return None
    found = np.array(embedding.vector, dtype=np.float64)
    length = float(np.linalg.norm(found))
    return (found / length).astype(np.float32) if 0 < length < np.inf else None
