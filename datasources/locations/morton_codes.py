"""Morton codes (interleaved bits) of grid cells: cells within a larger cell have consecutive numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FINE_PER_DEGREE = 160
_CORNER = np.array([[90.0], [180.0]])
Numbers = npt.NDArray[np.int64]


def _spread_bits() -> npt.NDArray[np.uint32]:
    """All 16-bit numbers with a zero bit inserted before each bit."""
    spread: npt.NDArray[np.uint32] = np.arange(65536, dtype=np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = ((spread | spread << np.uint32(shift)) & np.uint32(mask)).astype(np.uint32)
    return spread


_SPREAD = _spread_bits()


def interleaved(x: npt.NDArray[np.integer], y: npt.NDArray[np.integer]) -> npt.NDArray[np.uint32]:
    """The Morton codes of two arrays of 16-bit numbers."""
    return np.asarray(_SPREAD.take(x) | _SPREAD.take(y) << np.uint32(1))


def parted(code: Numbers) -> tuple[Numbers, Numbers]:
    """The two numbers of each Morton code."""
    x, y = np.zeros_like(code), np.zeros_like(code)
    for bit in range(16):
        x |= (code >> 2 * bit & 1) << bit
        y |= (code >> 2 * bit + 1 & 1) << bit
    return x, y


def codes(points: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """The cells of points (latitudes, longitudes)."""
    fine = ((points + _CORNER) * FINE_PER_DEGREE).astype(np.int64)
    return interleaved(fine[1], fine[0])


def code_of(latitude: float, longitude: float) -> int:
    """The cell of one point."""
    x, y = int((longitude + 180) * FINE_PER_DEGREE), int((latitude + 90) * FINE_PER_DEGREE)
    return _SPREAD.item(x) | _SPREAD.item(y) << 1
