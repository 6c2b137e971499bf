"""The places that can be nearest to any point of a cell, for cells of every size: what the gazetteer asks, answered before.

A quadtree over the globe whose leaves hold a handful of candidates each. For one zone (a country or a region) a place
is a candidate of a cell if it is within d + 2h of its middle, where d is the distance of the nearest place and h the
half-diagonal, unless another place of the zone is nearer everywhere in the cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from datasources.locations.nearest import FAR_KM, chord, unit_vectors
from datasources.locations.squares import FINE_PER_DEGREE, interleaved, parted
from datasources.locations.zones import BLOCK, CELLS_PER_DEGREE, COLUMNS, MIXED, ROWS
from ingest.places.owners import Owners
from ingest.places.settled import Places, Settling

_FEW = 8
_MANY = 48  # candidates before the dominated ones are dropped; more are not worth the looking: the cell is split first
_APART = 0.9  # zones are 1 apart, and no cell is so wide that it looks so far
_ROOT_BITS = 10
_PIECE = 20_000  # cells at a time: memory stays bounded however many places there are
_RASTER_BITS = (FINE_PER_DEGREE // CELLS_PER_DEGREE).bit_length() - 1
_CROWD = 1_000  # inhabitants of a leaf for which splitting it along a border pays
Ints = npt.NDArray[np.int64]
Parts = dict[str, npt.NDArray[Any]]


class Keyed(NamedTuple):
    """(cell, key) pairs in order of cells; a key is a country, or the number of countries plus a region."""

    cell: Ints
    key: Ints


@dataclass
class _Found:
    """Millions of them: in four bytes each."""

    cell: list[npt.NDArray[np.uint32]]
    code: list[npt.NDArray[np.uint32]]
    place: list[npt.NDArray[np.int32]]


def build(
    zones: Parts, count: int, points: tuple[Any, Any], country: Any, region: Any, *, inhabitants: Any | None = None
) -> Parts:
    """The parts `cells.*`: where each leaf begins (interleaved bits), its candidates, and whether borders matter in it."""
    latitude, longitude = points
    found = _Found([], [], [])
    trees = _Trees(latitude, longitude, country, region, count)
    homes = np.unique(np.concatenate([country, region[region >= 0].astype(np.int64) + count]))
    levels = [_raster_keys(zones, count, homes)]
    for _ in range(_RASTER_BITS, _ROOT_BITS):
        levels.append(_grouped(levels[-1], 2))
    active = _roots()
    for bits in range(_ROOT_BITS, -1, -1):
        finer = _RASTER_BITS - bits
        keyed = levels[-finer] if finer <= 0 else _inherited(levels[0], 2 * finer, active)
        pieces = [
            _level(found, trees, _of(keyed, part), part, bits) for part in np.split(active, range(_PIECE, len(active), _PIECE))
        ]
        active = (np.concatenate(pieces)[:, None] * 4 + np.arange(4)).ravel()
    homes = np.full(int(region.max(initial=-1)) + 1, -1)
    homes[region[region >= 0]] = country[region >= 0]
    places = Places(trees.vectors, country, region, inhabitants)
    return Settling(places, Owners(zones, count, homes), _CROWD).of(_packed(found, len(latitude)))


def _of(keyed: Keyed, cells: Ints) -> Keyed:
    """Both in order: what lies between the first and the last cell, less what is none of them."""
    begin, end = np.searchsorted(keyed.cell, [cells[0], cells[-1] + 1]) if len(cells) else (0, 0)
    cell, key = keyed.cell[begin:end].astype(np.int64), keyed.key[begin:end].astype(np.int64)
    here = np.isin(cell, cells)
    return Keyed(cell[here], key[here])


def _roots() -> Ints:
    size = 1 << _ROOT_BITS
    x, y = np.meshgrid(np.arange(-(-360 * FINE_PER_DEGREE // size)), np.arange(-(-180 * FINE_PER_DEGREE // size)))
    return np.sort(interleaved(x.ravel(), y.ravel()).astype(np.int64))


def _raster_keys(zones: Parts, count: int, homes: Ints) -> Keyed:
    """The keys of each cell of the raster, those that borders cross included; only of zones that have places."""
    mixed_row, mixed_column = np.divmod(zones["border.cell"].astype(np.int64), COLUMNS)
    mixed = np.repeat(interleaved(mixed_column, mixed_row).astype(np.int64), zones["border.owners"])
    inhabited = np.zeros(65536, bool)
    inhabited[homes] = True
    crossed = _grouped(_kept(Keyed(mixed, zones["border.owner"].astype(np.int64)), inhabited), 0)
    # A strip of blocks at a time: cells of all the land at once, in numbers of eight bytes, take half a gigabyte.
    strips = [_kept(_strip_keys(zones, count, strip), inhabited) for strip in range(len(zones["zone.top"]))]
    cell = np.concatenate([crossed.cell.astype(np.uint32), *(strip.cell.astype(np.uint32) for strip in strips)])
    key = np.concatenate([crossed.key.astype(np.uint16), *(strip.key.astype(np.uint16) for strip in strips)])
    order = np.lexsort((key, cell))
    return Keyed(cell[order], key[order])


def _strip_keys(zones: Parts, count: int, strip: int) -> Keyed:
    """The keys of one row of blocks of the raster, but not of the cells that borders cross."""
    blocks = zones["zone.blocks"].reshape(-1, BLOCK, BLOCK)[zones["zone.top"][strip]]
    raster = blocks.swapaxes(0, 1).reshape(BLOCK, COLUMNS)[: ROWS - strip * BLOCK]
    row, column = np.nonzero((raster != 0) & (raster != MIXED))
    zone = raster[row, column]
    land, region = zones["zone.country"][zone].astype(np.int64), zones["zone.region"][zone].astype(np.int64)
    cell = interleaved(column, row + strip * BLOCK).astype(np.int64)
    within = region >= 0
    return Keyed(np.concatenate([cell, cell[within]]), np.concatenate([land, count + region[within]]))


def _kept(keyed: Keyed, inhabited: npt.NDArray[np.bool_]) -> Keyed:
    kept = inhabited[keyed.key]
    return Keyed(keyed.cell[kept], keyed.key[kept])


def _grouped(keyed: Keyed, shift: int) -> Keyed:
    """Coarser cells, each pair once, in numbers as small as they fit."""
    pairs = np.unique((keyed.cell >> shift).astype(np.int64) << 16 | keyed.key)
    return Keyed((pairs >> 16).astype(np.uint32), (pairs & 0xFFFF).astype(np.uint16))


def _inherited(base: Keyed, shift: int, active: Ints) -> Keyed:
    """The keys of cells finer than the raster are those of the raster's cell: perhaps too many, never too few."""
    above = (active >> shift).astype(base.cell.dtype)
    begin, end = np.searchsorted(base.cell, above), np.searchsorted(base.cell, above + 1)
    at = np.repeat(np.arange(len(active)), end - begin)
    which = np.arange(len(at)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin) + begin[at]
    return Keyed(active[at], base.key[which])  # cells in order, as all of them are


class _Trees:
    """The places of each zone: one tree of countries and one of regions, each zone 1 apart on a fourth axis."""

    def __init__(self, latitude: Any, longitude: Any, country: Any, region: Any, count: int) -> None:
        self.count = count
        self.vectors = unit_vectors(latitude, longitude)
        self._home = np.flatnonzero(region >= 0)
        self._state = cKDTree(np.column_stack([self.vectors, country]))
        self._region = cKDTree(np.column_stack([self.vectors[self._home], region[self._home] + float(count)]))

    def sides(self, key: Ints) -> Iterator[tuple[Ints, cKDTree, Ints]]:
        """(which pairs, their tree, its numbers of places)."""
        yield np.flatnonzero(key < self.count), self._state, np.arange(len(self.vectors))
        yield np.flatnonzero(key >= self.count), self._region, self._home


def _level(found: _Found, trees: _Trees, keyed: Keyed, active: Ints, bits: int) -> Ints:
    """Makes leaves of the cells of one size that have few candidates; the cells to be split."""
    shape = _geometry(keyed.cell, bits)
    radius, many = _reach(trees, keyed, shape)
    whole, cell_at = np.unique(keyed.cell, return_inverse=True)
    crowded = np.bincount(cell_at, weights=many, minlength=len(whole)) > _MANY
    look = np.flatnonzero(((~crowded)[cell_at] | (bits == 0)) & (many > 0))
    cell, place = _candidates(trees, keyed, look, shape, radius)
    cells, counts = np.unique(cell, return_counts=True)
    kept = np.isin(cell, cells[(counts <= _FEW) | (bits == 0)])
    found.cell.append((cell[kept] << 2 * bits).astype(np.uint32))
    found.place.append(place[kept].astype(np.int32))
    split = np.union1d(whole[crowded], cells[counts > _FEW]) if bits else whole[:0]
    found.code.append((np.setdiff1d(active, split) << 2 * bits).astype(np.uint32))
    return split


def _reach(trees: _Trees, keyed: Keyed, shape: _Shape) -> tuple[npt.NDArray[np.float64], Ints]:
    """How far candidates may be from the middle, for each pair, and how many places are so near."""
    radius, many = np.zeros(len(keyed.cell)), np.zeros(len(keyed.cell), np.int64)
    for at, tree, _ in trees.sides(keyed.key):
        asked = np.column_stack([shape.middle[at], keyed.key[at]])
        nearest = tree.query(asked, distance_upper_bound=_APART, workers=-1)[0]
        radius[at] = np.where(nearest - shape.half[at] > chord(FAR_KM), 0, nearest + 2 * shape.half[at])
        sure = at[radius[at] > 0]
        asked = np.column_stack([shape.middle[sure], keyed.key[sure]])
        many[sure] = tree.query_ball_point(asked, radius[sure], return_length=True, workers=-1)
    return radius, many


def _candidates(trees: _Trees, keyed: Keyed, look: Ints, shape: _Shape, radius: npt.NDArray[np.float64]) -> tuple[Ints, Ints]:
    """(cell, place) of the candidates, each once, in order."""
    pairs: list[Ints] = []
    for side, tree, numbers in trees.sides(keyed.key[look]):
        at = look[side]
        lists = tree.query_ball_point(np.column_stack([shape.middle[at], keyed.key[at]]), radius[at], workers=-1)
        sizes = np.fromiter(map(len, lists), np.int64, len(lists))
        for size in np.unique(sizes[sizes > 0]).tolist():
            group = np.flatnonzero(sizes == size)
            for part in np.array_split(group, max(1, len(group) * size * size // 2_000_000)):
                near = numbers[np.array([lists[i] for i in part.tolist()], np.int64).reshape(len(part), size)]
                needed = _undominated(trees.vectors[near], shape.samples[at[part]], shape.bulge)
                cells = np.broadcast_to(keyed.cell[at[part]][:, None], near.shape)
                pairs.append(cells[needed] << 24 | near[needed])
    every = np.unique(np.concatenate(pairs)) if pairs else np.zeros(0, np.int64)
    return every >> 24, every & 0xFFFFFF


def _undominated(near: Any, samples: Any, bulge: float) -> npt.NDArray[np.bool_]:
    """Whether no other place is nearer at every corner and side: between two places runs a straight line."""
    distance = np.linalg.norm(near[:, :, None, :] - samples[:, None, :, :], axis=-1)
    nearer = distance[:, :, None, :] > distance[:, None, :, :] + bulge
    return np.asarray(~nearer.all(axis=-1).any(axis=2))


class _Shape(NamedTuple):
    """Of cells of one size: middles, corners and sides, half-diagonals, and how far a parallel strays from a straight line."""

    middle: Any
    samples: Any
    half: Any
    bulge: float


def _geometry(cell: Ints, bits: int) -> _Shape:
    x, y = parted(cell)
    size = (1 << bits) / FINE_PER_DEGREE
    west, south = x * size - 180, y * size - 90
    offsets = [(a, b) for a in (0, 0.5, 1) for b in (0, 0.5, 1) if (a, b) != (0.5, 0.5)]
    samples = np.stack([unit_vectors(np.minimum(south + b * size, 90), west + a * size) for a, b in offsets], 1)
    middle = unit_vectors(np.minimum(south + size / 2, 90), west + size / 2)
    half = np.linalg.norm(samples - middle[:, None, :], axis=-1).max(axis=1) * 1.001
    return _Shape(middle, samples, half, float(np.radians(size)) ** 2 / 4)


def _packed(found: _Found, nowhere: int) -> Parts:
    """Each leaf ends with a place that is nowhere."""
    cell, place, code = np.concatenate(found.cell), np.concatenate(found.place), np.unique(np.concatenate(found.code))
    order = np.lexsort((place, cell))
    cell, place = cell[order], place[order]
    counts = np.bincount(np.searchsorted(code, cell), minlength=len(code))
    # Neighbors without candidates are one stretch of sea.
    kept = np.flatnonzero((counts > 0) | np.append(True, counts[:-1] > 0))
    ends = counts[kept].cumsum()
    return {
        "cells.code": code[kept].astype("<u4"),
        "cells.count": (counts[kept] + 1).astype("<u2"),
        "cells.place": np.insert(place, ends, nowhere).astype("<i4"),
    }
