"""Arrays in anonymous memory maps instead of the heap, to avoid heap fragmentation.

A heap that grew temporarily does not shrink while later allocations exist; for the gazetteer this cost 40 MB.
"""

from __future__ import annotations

import ctypes
import mmap
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

_STEP = 1 << 16
_GROUP = 16


def inflate(packed: memoryview, size: int) -> mmap.mmap:
    """Inflate bytes of a known size in pieces; raises `zlib.error` for invalid data or another size."""
    target, unpack, at = _pages(size), zlib.decompressobj(), 0
    for begin in range(0, len(packed), _STEP):
        piece = unpack.decompress(packed[begin : begin + _STEP])
        if at + len(piece) > size:
            raise zlib.error("the data is longer than its declared size")
        target[at : at + len(piece)] = piece
        at += len(piece)
    if at != size or not unpack.eof:
        raise zlib.error("the data is shorter than its declared size")
    return target


def empty(count: int, dtype: str) -> npt.NDArray[Any]:
    """An array of zeros."""
    size = count * np.dtype(dtype).itemsize
    return np.frombuffer(_pages(size), dtype, count)


def copied(values: npt.NDArray[Any], dtype: str | None = None) -> npt.NDArray[Any]:
    """A copy of an array."""
    target = empty(values.size, dtype or values.dtype.str)
    target[:] = values.reshape(-1)
    return target.reshape(values.shape)


def starts(counts: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """The start index of each group, followed by the end of the last one."""
    target = empty(len(counts) + 1, dtype)
    np.cumsum(counts, out=target[1:], dtype=dtype)
    return target


class Groups:
    """Consecutive groups of members, by their sizes. Only every 16th start index is stored."""

    def __init__(self, counts: npt.NDArray[Any]) -> None:
        self._counts = counts
        rest = -len(counts) % _GROUP
        complete = counts[: len(counts) - len(counts) % _GROUP].reshape(-1, _GROUP).sum(axis=1, dtype=np.uint32)
        self._begins = starts(
            np.append(complete, counts[len(complete) * _GROUP :].sum(dtype=np.uint32)) if rest else complete, "u4"
        )

    def begin(self, group: int) -> int:
        """The start index of a group; for the number of groups, the end of the last one."""
        above, below = divmod(group, _GROUP)
        inside = self._counts[group - below : group].sum(dtype=np.uint32) if below else 0
        return int(self._begins[above]) + int(inside)

    def of(self, member: int) -> int:
        """The group of a member."""
        # The key must have the type of the array, or numpy copies the array.
        above = int(np.searchsorted(self._begins, np.uint32(member), side="right")) - 1
        ends = int(self._begins[above]) + self._counts[above * _GROUP : (above + 1) * _GROUP].cumsum(dtype=np.int64)
        return above * _GROUP + int(np.searchsorted(ends, member, side="right"))


def release_free_memory() -> None:
    """Return free heap pages to the system (glibc only): 9 MB after the name index was built."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _pages(size: int) -> mmap.mmap:
    return mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
