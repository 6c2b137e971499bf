"""What of a vector is compared: where it points. The same for every engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasources.search.port import DIMENSIONS, Embedding


def direction(embedding: Embedding | None) -> NDArray[np.float32] | None:
    """The vector at length one; None where it has no direction, or a length that no index keeps."""
    if embedding is None or len(embedding.vector) not in DIMENSIONS:
        return None
    found = np.array(embedding.vector, dtype=np.float64)
    length = float(np.linalg.norm(found))
    return (found / length).astype(np.float32) if 0 < length < np.inf else None
