"""Counts as the index of names keeps them."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt


def counted(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Counts in one byte each where they fit."""
    return counts.astype("u1" if counts.max(initial=0) < 1 << 8 else "<u2")
