"""Memory for what stays: pages of its own, so that what comes and goes beside it leaves no holes in the heap.

A heap that grew for a moment keeps its size while anything behind the hole lives; that was 40 MB of the gazetteer.
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


def inflated(packed: memoryview, size: int) -> mmap.mmap:
    """Deflated bytes of a known size, unpacked piece by piece; raises `zlib.error` for anything else."""
    room, unpack, at = _pages(size), zlib.decompressobj(), 0
    for begin in range(0, len(packed), _STEP):
        piece = unpack.decompress(packed[begin : begin + _STEP])
        if at + len(piece) > size:
            raise zlib.error("more than was promised")
        room[at : at + len(piece)] = piece
        at += len(piece)
    if at != size or not unpack.eof:
        raise zlib.error("less than was promised")
    return room


def empty(count: int, dtype: str) -> npt.NDArray[Any]:
    """An array of zeros in pages of its own."""
    size = count * np.dtype(dtype).itemsize
    return np.frombuffer(_pages(size), dtype, count)


def kept(values: npt.NDArray[Any], dtype: str | None = None) -> npt.NDArray[Any]:
    """A copy in pages of its own."""
    room = empty(values.size, dtype or values.dtype.str)
    room[:] = values.reshape(-1)
    return room.reshape(values.shape)


def starts(counts: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """Where each group begins, and at last where all end."""
    room = empty(len(counts) + 1, dtype)
    np.cumsum(counts, out=room[1:], dtype=dtype)
    return room


class Groups:
    """Members of groups end to end: where a group begins, and of which group a member is; a table of every 16th beginning."""

    def __init__(self, counts: npt.NDArray[Any]) -> None:
        self._counts = counts
        rest = -len(counts) % _GROUP
        whole = counts[: len(counts) - len(counts) % _GROUP].reshape(-1, _GROUP).sum(axis=1, dtype=np.uint32)
        self._begins = starts(np.append(whole, counts[len(whole) * _GROUP :].sum(dtype=np.uint32)) if rest else whole, "u4")

    def begin(self, group: int) -> int:
        """Where a group begins; for the number of groups, where all end."""
        above, below = divmod(group, _GROUP)
        inside = self._counts[group - below : group].sum(dtype=np.uint32) if below else 0
        return int(self._begins[above]) + int(inside)

    def of(self, member: int) -> int:
        """The group of a member."""
        # A key of the array's own type: any other makes numpy copy the whole array.
        above = int(np.searchsorted(self._begins, np.uint32(member), side="right")) - 1
        ends = int(self._begins[above]) + self._counts[above * _GROUP : (above + 1) * _GROUP].cumsum(dtype=np.int64)
        return above * _GROUP + int(np.searchsorted(ends, member, side="right"))


def give_back() -> None:
    """Free pages inside the heap go back to the system: 9 MB after the index of names was made. Only glibc can be asked."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _pages(size: int) -> mmap.mmap:
    return mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
