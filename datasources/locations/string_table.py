"""A compact array of strings; a list of strings would take ten times the memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from datasources.locations.paged_arrays import empty

_STEP = 1 << 19
_GROUP = 16
"""Every 16th line has a stored offset; the others are found by scanning from there."""


class StringTable:
    """Lines of UTF-8 by number; bytes sort like code points."""

    def __init__(self, text: bytes | mmap.mmap) -> None:
        self._text = text
        self._size = len(text)
        self._count = 1 + sum(len(ends) for ends in self._breaks())
        self._groups = empty(-(-self._count // _GROUP), "u4")
        seen = 1  # number of line starts so far; the first is 0
        for ends in self._breaks():
            known = ends[-seen % _GROUP :: _GROUP]
            first = -(-seen // _GROUP)
            self._groups[first : first + len(known)] = known + 1
            seen += len(ends)
        self._begins = self._groups.data

    def __len__(self) -> int:
        return self._count

    def raw(self, number: int) -> bytes:
        """A line as bytes."""
        if number < 0:
            raise IndexError(number)
        return self._group(number // _GROUP)[number % _GROUP]

    def __getitem__(self, number: int) -> str:
        return self.raw(number).decode()

    def at(self, key: bytes) -> int:
        """The index of a key among sorted lines, or where it would be inserted."""
        low, high = 0, len(self._begins)
        while low < high:
            middle = (low + high) // 2
            if self._first(middle) < key:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            return 0
        before = (low - 1) * _GROUP
        return before + sum(line < key for line in self._group(low - 1))

    def lengths(self) -> npt.NDArray[np.uint8]:
        """The number of bytes of each line, at most 255."""
        found, at, last = empty(self._count, "u1"), 0, -1
        for ends in [*self._breaks(), np.array([self._size])]:
            found[at : at + len(ends)] = np.minimum(np.diff(ends, prepend=last) - 1, 255)
            at, last = at + len(ends), int(ends[-1]) if len(ends) else last
        return found

    def letters(self, of: Sequence[int]) -> npt.NDArray[np.uint32]:
        """A 32-bit mask of the letters of each line, by the table `of` of bits per byte; line breaks are ignored."""
        table, view = np.array(of, "u4"), np.frombuffer(self._text, "u1", self._size)
        found, at, begin = empty(self._count, "u4"), 0, 0
        for ends in [*self._breaks(), np.array([self._size])]:
            if not len(ends):
                continue
            begins = np.append(begin, ends[:-1] + 1) - begin
            bits = np.append(table[view[begin : int(ends[-1])]], np.uint32(0))
            found[at : at + len(ends)] = np.bitwise_or.reduceat(bits, begins)
            at, begin = at + len(ends), int(ends[-1]) + 1
        return found

    def _breaks(self) -> Iterator[npt.NDArray[np.int64]]:
        """The offsets of line breaks, in pieces."""
        view = np.frombuffer(self._text, "u1", self._size)
        for at in range(0, self._size, _STEP):
            yield np.flatnonzero(view[at : at + _STEP] == ord("\n")) + at

    def _first(self, group: int) -> bytes:
        begin = self._begins[group]
        end = self._text.find(b"\n", begin)
        return self._text[begin : end if end >= 0 else self._size]

    def _group(self, group: int) -> list[bytes]:
        begin = self._begins[group]
        end = self._begins[group + 1] - 1 if group + 1 < len(self._begins) else self._size
        return self._text[begin:end].split(b"\n")
