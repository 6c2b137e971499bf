"""The countries and regions that a grid square may intersect: possibly too many, never too few."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.morton_codes import FINE_PER_DEGREE, parted
from datasources.locations.zones import BLOCK, CELLS_PER_DEGREE, COLUMNS, MIXED, REFERENCE, ROWS, crosses, degrees

_MARGIN_DEG = 2e-4  # coordinates of borders are in single precision: 1.5e-5
_NONE = -1
RASTER_BITS = (FINE_PER_DEGREE // CELLS_PER_DEGREE).bit_length() - 1
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Parts = dict[str, npt.NDArray[Any]]


class Zoned(NamedTuple):
    """Distinct (square, country, region) rows, in order of squares; -1 is none."""

    square: Ints
    country: Ints
    region: Ints


class _Pieces(NamedTuple):
    """Squares, or cells of larger squares, that a border may cross: their south-west corners and sides in degrees."""

    square: Ints
    cell: Ints
    west: Floats
    south: Floats
    size: Floats


class Owners:
    """Of the parts `zone.*` and `border.*`; `count` countries, and the country of each region."""

    def __init__(self, zones: Parts, count: int, homes: npt.NDArray[Any]) -> None:
        drawn = max(int(zones["zone.region"].max()), int(zones["border.owner"].max()) - count) + 1
        # Points of regions without places use the places of the country, as do points without a region (the last entry).
        self._count, self._homes = count, np.full(max(drawn, len(homes)) + 1, -2)
        self._homes[: len(homes)] = homes
        self._top, self._blocks = zones["zone.top"].astype(np.int64), zones["zone.blocks"].reshape(-1)
        self._zone = zones["zone.country"].astype(np.int64), zones["zone.region"].astype(np.int64)
        self._cell, self._owner, self._inside, self._edge = (zones[f"border.{of}"] for of in ("cell", "owner", "inside", "edge"))
        self._first_owner, self._first_edge = (
            np.append(0, zones[f"border.{of}"].cumsum(dtype=np.int64)) for of in ("owners", "edges")
        )
        self._x, self._y = degrees(zones["border.x"]), degrees(zones["border.y"])

    def of(self, code: Ints, bits: Ints) -> Zoned:
        """The zones of squares, given by their start codes (Morton) and the logarithms of their sides."""
        square, cell = groups(code >> 2 * RASTER_BITS, 1 << 2 * np.maximum(bits - RASTER_BITS, 0))
        column, row = parted(cell)
        earth = np.flatnonzero((row < ROWS) & (column < COLUMNS))
        square, column, row = square[earth], column[earth], row[earth]
        block = self._top[row // BLOCK, column // BLOCK]
        zone = self._blocks[(block * BLOCK + row % BLOCK) * BLOCK + column % BLOCK].astype(np.int64)
        uncrossed_index, crossed = np.flatnonzero(zone != MIXED), np.flatnonzero(zone == MIXED)
        zone = zone[uncrossed_index]
        pieces = self._pieces(code, bits, square[crossed], row[crossed] * COLUMNS + column[crossed])
        found = self._crossed(pieces)
        uncrossed = square[uncrossed_index], self._zone[0][zone], self._zone[1][zone]
        return _once(*(np.concatenate(pair) for pair in zip(uncrossed, found, strict=True)))

    def _pieces(self, code: Ints, bits: Ints, square: Ints, cell: Ints) -> _Pieces:
        row, column = np.divmod(cell, COLUMNS)
        x, y = parted(code[square])
        small = bits[square] < RASTER_BITS
        west = np.where(small, x / FINE_PER_DEGREE, column / CELLS_PER_DEGREE) - 180
        south = np.where(small, y / FINE_PER_DEGREE, row / CELLS_PER_DEGREE) - 90
        return _Pieces(square, cell, west, south, (1 << np.minimum(bits[square], RASTER_BITS)) / FINE_PER_DEGREE)

    def _crossed(self, pieces: _Pieces) -> Zoned:
        """The zones of pieces, from the owners whose edges cross them and those that contain them."""
        at = np.searchsorted(self._cell, pieces.cell)
        piece, slot = groups(self._first_owner[at], self._first_owner[at + 1] - self._first_owner[at])
        pair, which = groups(self._first_edge[slot], self._first_edge[slot + 1] - self._first_edge[slot])
        edge, of = self._edge[which], piece[pair]
        ends = self._x[edge], self._y[edge], self._x[edge + 1], self._y[edge + 1]
        torn = np.bincount(pair[_touches(ends, pieces, of)], minlength=len(slot)) > 0
        row, column = np.divmod(pieces.cell[of], COLUMNS)
        middle = pieces.west[of] + pieces.size[of] / 2, pieces.south[of] + pieces.size[of] / 2
        reference = (column + REFERENCE[1]) / CELLS_PER_DEGREE - 180, (row + REFERENCE[0]) / CELLS_PER_DEGREE - 90
        switched = np.bincount(pair[crosses((*middle, *reference), ends)], minlength=len(slot)) & 1
        holds = (switched != self._inside[slot]) & ~torn
        owner = self._owner[slot].astype(np.int64)
        state = owner < self._count
        lands = _first_holders(piece[state], owner[state], holds[state], torn[state], len(at))
        provinces = _first_holders(piece[~state], owner[~state] - self._count, holds[~state], torn[~state], len(at))
        piece, country, region = _joined(lands, provinces, len(at))
        return Zoned(pieces.square[piece], country, np.where(self._homes[region] == country, region, _NONE))


def groups(begin: Ints, count: Ints) -> tuple[Ints, Ints]:
    """(group, member) of the members of each group, which follow each other from where it begins."""
    at = np.repeat(np.arange(len(count)), count)
    return at, np.arange(len(at)) + np.repeat(begin - count.cumsum() + count, count)


def _once(square: Ints, country: Ints, region: Ints) -> Zoned:
    keys = np.unique(square << 32 | country + 1 << 16 | region + 1)
    return Zoned(keys >> 32, (keys >> 16 & 0xFFFF) - 1, (keys & 0xFFFF) - 1)


def _first_holders(piece: Ints, owner: Ints, holds: Flags, torn: Flags, pieces: int) -> tuple[Ints, Ints]:
    """(piece, owner or none) of all possible first owners of a point; none after an owner that contains the entire piece."""
    before = np.append(0, holds.cumsum())
    begin = np.searchsorted(piece, np.arange(pieces + 1))
    free = before[:-1] == before[begin][piece]
    may = (holds | torn) & free
    bare = np.flatnonzero(np.diff(before[begin]) == 0)
    found = np.concatenate([piece[may], bare])
    order = np.argsort(found, kind="stable")
    return found[order], np.concatenate([owner[may], np.full(len(bare), _NONE)])[order]


def _joined(lands: tuple[Ints, Ints], provinces: tuple[Ints, Ints], pieces: int) -> tuple[Ints, Ints, Ints]:
    """(piece, country, region): the combinations of each country and region of a piece."""
    begin = np.searchsorted(provinces[0], np.arange(pieces + 1))
    at, which = groups(begin[lands[0]], np.diff(begin)[lands[0]])
    return lands[0][at], lands[1][at], provinces[1][which]


def _touches(ends: tuple[Any, Any, Any, Any], pieces: _Pieces, of: Ints) -> Flags:
    """Whether an edge may cross a piece: their boxes overlap, and the corners of the piece are on both sides of the edge."""
    ax, ay, bx, by = (of_end.astype(np.float64) for of_end in ends)
    west, south = pieces.west[of] - _MARGIN_DEG, pieces.south[of] - _MARGIN_DEG
    east, north = west + pieces.size[of] + 2 * _MARGIN_DEG, south + pieces.size[of] + 2 * _MARGIN_DEG
    separate = (
        (np.maximum(ax, bx) < west) | (np.minimum(ax, bx) > east) | (np.maximum(ay, by) < south) | (np.minimum(ay, by) > north)
    )
    left = [(bx - ax) * (y - ay) > (by - ay) * (x - ax) for x in (west, east) for y in (south, north)]
    return np.asarray(~separate & ~(np.all(left, axis=0) | ~np.any(left, axis=0)))
