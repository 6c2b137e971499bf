"""The countries and regions that have land in the cells of the zone raster, for a square of cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.morton_codes import interleaved
from datasources.locations.zones import BLOCK, COLUMNS, MIXED, ROWS

Ints = npt.NDArray[np.int64]


class Keyed(NamedTuple):
    """Distinct (cell, key) pairs in order; a key is a country, or the number of countries plus a region."""

    cell: Ints
    key: Ints


def grouped(keyed: Keyed, shift: int) -> Keyed:
    """The pairs of coarser cells."""
    pairs = np.unique((keyed.cell >> shift) << 16 | keyed.key)
    return Keyed(pairs >> 16, pairs & 0xFFFF)


class Raster:
    """The decompressed raster (13 MB) and the owners of border cells, limited to zones that have places."""

    def __init__(self, zones: Mapping[str, npt.NDArray[Any]], count: int, inhabited: Ints) -> None:
        blocks = zones["zone.blocks"].reshape(-1, BLOCK, BLOCK)[zones["zone.top"]]
        self._zone = blocks.swapaxes(1, 2).reshape(-1, COLUMNS)[:ROWS]
        self._country, self._region = zones["zone.country"].astype(np.int64), zones["zone.region"].astype(np.int64)
        self._count, self._inhabited = count, np.zeros(1 << 16, bool)
        self._inhabited[inhabited] = True
        row, column = np.divmod(zones["border.cell"].astype(np.int64), COLUMNS)
        crossed = np.repeat(interleaved(column, row).astype(np.int64), zones["border.owners"])
        self._crossed = self._of(crossed, zones["border.owner"].astype(np.int64))

    def keys(self, square: int, bits: int) -> Keyed:
        """The pairs of the square with this Morton code and a side of 2^bits cells."""
        begin, end = np.searchsorted(self._crossed.cell, [square << 2 * bits, (square + 1) << 2 * bits])
        west, south = (sum((square >> 2 * bit + side & 1) << bit for bit in range(16)) << bits for side in (0, 1))
        window = self._zone[south : south + (1 << bits), west : west + (1 << bits)]
        row, column = np.nonzero((window != 0) & (window != MIXED))
        zone = window[row, column]
        cell = interleaved(column + west, row + south).astype(np.int64)
        region = self._region[zone]
        within = region >= 0
        return self._of(
            np.concatenate([cell, cell[within], self._crossed.cell[begin:end]]),
            np.concatenate([self._country[zone], self._count + region[within], self._crossed.key[begin:end]]),
        )

    def _of(self, cell: Ints, key: Ints) -> Keyed:
        inhabited = self._inhabited[key]
        return grouped(Keyed(cell[inhabited], key[inhabited]), 0)
