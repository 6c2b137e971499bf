"""Counts in the storage format of the name index."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt


def counted(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Counts as one byte each if they fit, else as larger integers."""
    return counts.astype("u1" if counts.max(initial=0) < 1 << 8 else "<u2")
