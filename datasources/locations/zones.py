"""The country and region of a point: from a raster where a cell is in a single zone, from border edges elsewhere.

A cell with borders has a fixed reference point, for which the file lists the zones ("owners") that contain it. A point of
the cell is inside an owner if the reference is, inverted once for each of the owner's edges that the segment between them
crosses. The segment stays inside the cell, so no other edges matter; few cells have more than three. A geometry library
would take 45 MB and most of the time (`benchmarks/places.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import PackedFile
from datasources.locations.paged_arrays import copied, starts

CELLS_PER_DEGREE = 10
ROWS, COLUMNS = 180 * CELLS_PER_DEGREE, 360 * CELLS_PER_DEGREE
BLOCK = 16
_BITS = BLOCK.bit_length() - 1
_ACROSS = COLUMNS // BLOCK
_FEW = 16  # points below which one by one is faster than arrays
MIXED = 65535
BORDER_DEG = 1e-4
REFERENCE = (0.3819, 0.6173)
"""The reference point as fractions of rows and columns of its cell; not a round number, because borders often follow those."""

Floats = npt.NDArray[np.float64]
Shorts = npt.NDArray[np.int16]


class Zones:
    """Country and region of points; -1 is none: sea, land that no state claims, or a region without known borders."""

    def __init__(self, artefact: PackedFile, region_country: Shorts, countries: int) -> None:
        self._top = artefact.array("zone.top")
        self._blocks = artefact.array("zone.blocks").reshape(-1)
        self._country = artefact.array("zone.country")
        self._region = artefact.array("zone.region")
        self._region_country = region_country
        self._countries = countries
        self._cell = artefact.array("border.cell")
        self._first_owner = starts(artefact.array("border.owners"), "i4")
        self._owner = artefact.array("border.owner")
        self._inside = artefact.array("border.inside")
        self._first_edge = starts(artefact.array("border.edges"), "i4")
        self._edge = artefact.array("border.edge")
        self._x, self._y = (degrees(artefact.array(f"border.{axis}")) for axis in "xy")
        self._scalars = tuple(a.data for a in (self._inside, self._first_edge, self._edge, self._x, self._y))

    def of(self, latitude: Floats, longitude: Floats) -> tuple[Shorts, Shorts]:
        """The country index and the region index of each point. Points must be in range; the date line is -180."""
        if len(latitude) < _FEW:
            few = [self.of_one(*point) for point in zip(latitude.tolist(), longitude.tolist(), strict=True)]
            country, region = np.array(few, np.int16).reshape(-1, 2).T
            return country, region
        across, up = (longitude + 180) * CELLS_PER_DEGREE, (latitude + 90) * CELLS_PER_DEGREE
        column, row = across.astype(np.int64), up.astype(np.int64)
        block = self._top.take((row >> _BITS) * _ACROSS + (column >> _BITS)).astype(np.int64)
        zone = self._blocks.take((block << 2 * _BITS) + ((row & BLOCK - 1) << _BITS) + (column & BLOCK - 1))
        mixed = np.flatnonzero(zone == MIXED)
        if not len(mixed):
            return self._country.take(zone), self._region.take(zone)
        zone[mixed] = 0
        country, region = self._country.take(zone), self._region.take(zone)
        country[mixed], region[mixed] = self._decided(latitude[mixed], longitude[mixed], row[mixed], column[mixed])
        return country, region

    def _decided(
        self, latitude: Floats, longitude: Floats, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
    ) -> tuple[Shorts, Shorts]:
        cell = np.searchsorted(self._cell, (row * COLUMNS + column).astype(np.int32))
        point, slot = _spread(self._first_owner, cell)
        pair, which = _spread(self._first_edge, slot)
        edge, at = self._edge[which], point[pair]
        east, north = (column + REFERENCE[1]) / CELLS_PER_DEGREE - 180, (row + REFERENCE[0]) / CELLS_PER_DEGREE - 90
        crossed = crosses(
            (longitude[at], latitude[at], east[at], north[at]),
            (self._x[edge], self._y[edge], self._x[edge + 1], self._y[edge + 1]),
        )
        switched = np.bincount(pair[crossed], minlength=len(slot)) & 1
        inside_any = np.flatnonzero(switched != self._inside[slot])[::-1]  # in reverse, so that the first owner of a point wins
        owner, points = self._owner[slot[inside_any]].astype(np.int16), point[inside_any]
        country, region = np.full(len(cell), -1, np.int16), np.full(len(cell), -1, np.int16)
        state = owner < self._countries
        country[points[state]] = owner[state]
        region[points[~state]] = owner[~state] - self._countries
        region[self._region_country[region] != country] = -1
        return country, region

    def of_one(self, latitude: float, longitude: float) -> tuple[int, int]:
        """The same for one point, without the overhead of arrays."""
        row, column = int((latitude + 90) * CELLS_PER_DEGREE), int((longitude + 180) * CELLS_PER_DEGREE)
        block = self._top.item((row >> _BITS) * _ACROSS + (column >> _BITS))
        zone = self._blocks.item((block << 2 * _BITS) + ((row & BLOCK - 1) << _BITS) + (column & BLOCK - 1))
        if zone != MIXED:
            return self._country.item(zone), self._region.item(zone)
        cells, owners, first_owners = self._cell.data, self._owner.data, self._first_owner.data
        cell = bisect_left(cells, row * COLUMNS + column)
        east, north = (column + REFERENCE[1]) / CELLS_PER_DEGREE - 180, (row + REFERENCE[0]) / CELLS_PER_DEGREE - 90
        line = longitude, latitude, east, north
        country = region = -1
        for slot in range(first_owners[cell], first_owners[cell + 1]):
            owner = owners[slot]
            if owner < self._countries:
                if country < 0 and self._holds(slot, line):
                    country = owner
            elif region < 0 and self._holds(slot, line):
                region = owner - self._countries
        return country, region if region >= 0 and self._region_country.item(region) == country else -1

    def _holds(self, slot: int, line: tuple[float, float, float, float]) -> int:
        """Whether an owner contains the start of a segment to the reference: a scalar version of `crosses`."""
        inside, first, edges, xs, ys = self._scalars
        px, py, qx, qy = line
        dx, dy, inside_any = qx - px, qy - py, inside[slot]
        for edge in edges[first[slot] : first[slot + 1]]:
            ax, ay, bx, by = xs[edge], ys[edge], xs[edge + 1], ys[edge + 1]
            if (dx * (ay - py) > dy * (ax - px)) != (dx * (by - py) > dy * (bx - px)):
                ex, ey = bx - ax, by - ay
                inside_any ^= (ex * (py - ay) > ey * (px - ax)) != (ex * (qy - ay) > ey * (qx - ax))
        return int(inside_any)


def crosses(line: tuple[Any, Any, Any, Any], edge: tuple[Any, Any, Any, Any]) -> Any:
    """Whether two segments cross; an endpoint on the other line counts as one fixed side, so that rings have no gaps."""
    px, py, qx, qy = line
    ax, ay, bx, by = edge
    a_left = (qx - px) * (ay - py) > (qy - py) * (ax - px)
    b_left = (qx - px) * (by - py) > (qy - py) * (bx - px)
    p_left = (bx - ax) * (py - ay) > (by - ay) * (px - ax)
    q_left = (bx - ax) * (qy - ay) > (by - ay) * (qx - ax)
    return (a_left != b_left) & (p_left != q_left)


def degrees(steps: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """Coordinates from delta-encoded steps."""
    return copied(steps.cumsum(dtype=np.int32) * BORDER_DEG, "f4")


def _spread(
    firsts: npt.NDArray[np.int32], groups: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(position in `groups`, member) for each member of each group."""
    begin = firsts[groups].astype(np.int64)
    count = firsts[np.asarray(groups) + 1] - begin
    total = count.cumsum()
    at = np.repeat(np.arange(len(count)), count)
    return at, np.arange(len(at)) + (begin - total + count)[at]
