"""Precomputes the places that can be nearest to a point of a cell, for cells of varying size.

A quadtree over the globe whose leaves have a few candidates each. For one zone (a country or a region) a place is a
candidate of a cell if it is within d + 2h of its centre, where d is the distance of the nearest place and h the
half-diagonal, unless another place of the zone is nearer everywhere in the cell.

Memory: 90 bytes per place for vectors and trees, 5 bytes per candidate, and the working memory of four roots.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from datasources.locations.morton_codes import FINE_PER_DEGREE, interleaved
from datasources.locations.nearest import unit_vectors
from datasources.locations.zones import CELLS_PER_DEGREE
from ingest.places.candidates import Pairs, Placed, Trees, candidates, geometry, reach
from ingest.places.owners import Owners
from ingest.places.raster import Keyed, Raster, grouped
from ingest.places.settlements import Places, Settling

_FEW = 8
_MANY = 48  # maximum candidates before dominated ones are removed; a cell with more is split first
_ROOT_BITS = 10
_PIECE = 20_000  # cells that are processed together
_CROWD = 1_000  # a leaf with at least this number of inhabitants is split along a border
_RASTER_BITS = (FINE_PER_DEGREE // CELLS_PER_DEGREE).bit_length() - 1
Ints = npt.NDArray[np.int64]
Parts = dict[str, npt.NDArray[Any]]


def build(
    zones: Parts,
    count: int,
    placed: Placed,
    *,
    inhabitants: Any | None = None,
    moved: Callable[[int, int], None] = lambda _done, _all: None,
) -> Parts:
    """The parts `cells.*`: where each leaf begins (interleaved bits), its candidates, and whether borders matter in it.

    With `inhabitants`, leaves are split along borders. `moved` is called with the number of processed places and the total.
    """
    found = _made(zones, count, placed, moved)
    homes = np.full(int(placed.region.max(initial=-1)) + 1, -1)
    homes[placed.region[placed.region >= 0]] = placed.country[placed.region >= 0]
    places = Places(unit_vectors(placed.latitude, placed.longitude), placed.country, placed.region, inhabitants)
    return Settling(places, Owners(zones, count, homes), _CROWD).of(found)


def _made(zones: Parts, count: int, placed: Placed, moved: Callable[[int, int], None]) -> Parts:
    """The leaves and their candidates; temporary memory is released on return."""
    ways = [
        ((np.asarray(of) + half) * FINE_PER_DEGREE).astype("<u2") for of, half in ((placed.longitude, 180), (placed.latitude, 90))
    ]
    behind = np.bincount(interleaved(*ways) >> 2 * (_ROOT_BITS + 1), minlength=1 << 32 - 2 * (_ROOT_BITS + 1)).cumsum()
    trees = Trees(placed, count)
    raster, leaves, roots = Raster(zones, count, trees.keys()), _Leaves(), _roots()
    # Four roots at a time, to limit memory regardless of the number of places.
    families = np.split(roots, np.flatnonzero(np.diff(roots >> 2)) + 1)
    for family in families:
        square = int(family[0]) >> 2
        leaves.add(_descended(trees, raster.keys(square, _ROOT_BITS + 1 - _RASTER_BITS), family), len(placed.country))
        moved(int(behind[square]), len(placed.country))
    return leaves.parts()


def _roots() -> Ints:
    size = 1 << _ROOT_BITS
    x, y = np.meshgrid(np.arange(-(-360 * FINE_PER_DEGREE // size)), np.arange(-(-180 * FINE_PER_DEGREE // size)))
    return np.sort(interleaved(x.ravel(), y.ravel()).astype(np.int64))


@dataclass
class _Found:
    """Leaves and their candidates."""

    code: list[Ints] = field(default_factory=list)
    cell: list[Ints] = field(default_factory=list)
    place: list[Ints] = field(default_factory=list)


def _descended(trees: Trees, base: Keyed, active: Ints) -> _Found:
    """All leaves below some roots; `base` holds the keys of their cells of the raster."""
    found, levels = _Found(), [base]
    for _ in range(_RASTER_BITS, _ROOT_BITS):
        levels.append(grouped(levels[-1], 2))
    for bits in range(_ROOT_BITS, -1, -1):
        if not len(active):
            break
        finer = _RASTER_BITS - bits
        keyed = levels[-finer] if finer <= 0 else _inherited(base, 2 * finer, active)
        pieces = [
            _level(found, trees, _of(keyed, part), part, bits) for part in np.split(active, range(_PIECE, len(active), _PIECE))
        ]
        active = (np.concatenate(pieces)[:, None] * 4 + np.arange(4)).ravel()
    return found


def _of(keyed: Keyed, cells: Ints) -> Keyed:
    """The rows of these cells; both arguments are sorted."""
    begin, end = np.searchsorted(keyed.cell, [cells[0], cells[-1] + 1])
    here = np.isin(keyed.cell[begin:end], cells)
    return Keyed(keyed.cell[begin:end][here], keyed.key[begin:end][here])


def _inherited(base: Keyed, shift: int, active: Ints) -> Keyed:
    """The keys of a cell finer than the raster are those of its raster cell: possibly too many, never too few."""
    above = active >> shift
    begin, end = np.searchsorted(base.cell, above), np.searchsorted(base.cell, above + 1)
    at = np.repeat(np.arange(len(active)), end - begin)
    which = np.arange(len(at)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin) + begin[at]
    return Keyed(active[at], base.key[which])  # cells in order, as all of them are


def _level(found: _Found, trees: Trees, keyed: Keyed, active: Ints, bits: int) -> Ints:
    """Create leaves from cells with few candidates; returns the cells to split."""
    cells, at = np.unique(keyed.cell, return_inverse=True)
    pairs = Pairs(at, keyed.key, geometry(cells, bits))
    radius, many = reach(trees, pairs)
    crowded = np.bincount(at, weights=many, minlength=len(cells)) > _MANY
    look = np.flatnonzero(((~crowded)[at] | (bits == 0)) & (many > 0))
    cell, place = candidates(trees, pairs, look, radius, many)
    counts = np.bincount(cell, minlength=len(cells))
    split = (crowded | (counts > _FEW)) & (bits > 0)
    retained = ~split[cell]
    found.cell.append(cells[cell[retained]] << 2 * bits)
    found.place.append(place[retained])
    found.code.append(np.setdiff1d(active, cells[split], assume_unique=True) << 2 * bits)
    return cells[split]


class _Leaves:
    """The concatenated leaves; each leaf ends with the sentinel place."""

    def __init__(self) -> None:
        self._code, self._count, self._place = array("I"), array("I"), array("i")

    def add(self, found: _Found, nowhere: int) -> None:
        """The leaves of one family; those of the next one lie behind."""
        cell, place, code = np.concatenate(found.cell), np.concatenate(found.place), np.sort(np.concatenate(found.code))
        order = np.lexsort((place, cell))
        cell, place = cell[order], place[order]
        counts = np.bincount(np.searchsorted(code, cell), minlength=len(code))
        # Adjacent leaves without candidates (sea) are merged.
        before = np.append(not self._count or self._count[-1] > 1, counts[:-1] > 0)
        retained = np.flatnonzero((counts > 0) | before)
        self._code.frombytes(code[retained].astype("<u4").tobytes())
        self._count.frombytes((counts[retained] + 1).astype("<u4").tobytes())
        self._place.frombytes(np.insert(place, counts[retained].cumsum(), nowhere).astype("<i4").tobytes())

    def parts(self) -> Parts:
        """The arrays."""
        return {
            "cells.code": np.frombuffer(self._code, "<u4"),
            "cells.count": np.frombuffer(self._count, "<u4"),
            "cells.place": np.frombuffer(self._place, "<i4"),
        }
