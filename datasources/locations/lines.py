"""Many short texts in one: a list of them would take ten times the memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_STEP = 1 << 20


class Lines:
    """Lines of UTF-8 by number; bytes compare as their code points do."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        view = np.frombuffer(text, "u1")
        breaks = [np.flatnonzero(view[at : at + _STEP] == ord("\n")) + at for at in range(0, len(text), _STEP)]
        self.ends = np.concatenate([*breaks, [len(text)]]).astype(np.uint32)
        self._bounds = self.ends.data

    def __len__(self) -> int:
        return len(self.ends)

    def raw(self, number: int) -> bytes:
        """A line as bytes."""
        return self._text[self._bounds[number - 1] + 1 if number else 0 : self._bounds[number]]

    def __getitem__(self, number: int) -> str:
        return self.raw(number).decode()

    def at(self, key: bytes) -> int:
        """Where a key stands or would stand among sorted lines."""
        return bisect_left(_Raw(self), key)

    def lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of each line."""
        ends = self.ends.astype(np.int64)
        found: npt.NDArray[np.int64] = ends - np.append(-1, ends[:-1]) - 1
        return found

    def letters(self, of: Sequence[int]) -> npt.NDArray[np.uint32]:
        """Which letters each line has, one bit of 32 for each byte by the table `of`."""
        table, view = np.array(of, "u4"), np.frombuffer(self._text, "u1")
        begins = np.append(0, self.ends[:-1] + 1).astype(np.int64)
        found = np.zeros(len(self.ends), "u4")
        for first in range(0, len(begins), _STEP // 16):
            part = begins[first : first + _STEP // 16]
            end = int(self.ends[min(first + _STEP // 16, len(begins)) - 1])
            bits = table[view[part[0] : end + 1]] if end + 1 <= len(view) else np.append(table[view[part[0] : end]], np.uint32(0))
            found[first : first + len(part)] = np.bitwise_or.reduceat(bits, part - part[0])
        return found


class _Raw(Sequence[bytes]):
    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, number):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - one index is all that bisect asks
        return self._lines.raw(number)
