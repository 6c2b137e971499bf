"""Finds the leaves of `ingest.places.cells` that are settled: in one country, and the nearest candidate is always the result.

Most leaves are in one zone, and at many coasts the nearest place is the same on land and on water. In populated areas with
borders, leaves are split until few remain unsettled. Candidates that no point of a leaf can need are removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.morton_codes import FINE_PER_DEGREE, parted
from datasources.locations.nearest import EARTH_KM, HERE_KM, SETTLED, STEPS, USUAL, chord, unit_vectors
from ingest.places.owners import Owners, Zoned, groups

_MOST = 16  # maximum candidates; leaves with more are not processed
_PIECE = 20_000
_NOISE = 1e-6  # a multiple of the error of distances in single precision
_CLOSE = chord(HERE_KM * 1.1)
_AROUND_KM = 4.0
_KM_PER_DEGREE = 111.2
NEVER, HERE, ANYWHERE = range(3)
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Parts = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Places:
    """The data of each place. Leaves are split only where `inhabitants` is given and large."""

    vectors: npt.NDArray[np.float64]
    country: npt.NDArray[Any]
    region: npt.NDArray[Any]
    inhabitants: npt.NDArray[Any] | None = None


class _Leaves(NamedTuple):
    """The start codes of leaves, the logarithms of their sides, and their candidates, -1 after the last."""

    code: Ints
    bits: Ints
    place: npt.NDArray[np.int32]

    def some(self, which: Any) -> _Leaves:
        return _Leaves(*(of[which] for of in self))


class _Cells(NamedTuple):
    """Leaves in file format: concatenated candidates, where the sentinel is the last one of each leaf."""

    code: Ints
    many: Ints
    place: npt.NDArray[np.int32]
    settled: npt.NDArray[np.uint8]


class _Shapes(NamedTuple):
    """For each leaf and candidate: a bit mask of candidates that are nearer everywhere in the leaf, and whether it is close."""

    beaten: Ints
    close: Flags
    living: npt.NDArray[np.float64]
    """The estimated population of the leaf."""


class Settling:
    """Classifies leaves, and splits unsettled ones with more than `least` inhabitants."""

    def __init__(self, places: Places, owners: Owners, least: float) -> None:
        self._places, self._owners, self._least = places, owners, least
        self._nowhere = len(places.country)

    def of(self, cells: Parts) -> Parts:
        """The parts `cells.*`, including the settled flags."""
        code, count = cells["cells.code"].astype(np.int64), cells["cells.count"].astype(np.int64)
        bits = np.log2(np.diff(code, append=1 << 32)).astype(np.int64) // 2
        ends = np.append(0, count.cumsum())
        made = []
        for at in range(0, len(code), _PIECE):
            some = slice(at, min(at + _PIECE, len(code)))
            place = cells["cells.place"][ends[some.start] : ends[some.stop]]
            made.append(self._piece(_Cells(code[some], count[some], place, np.zeros(0, "u1")), bits[some]))
        merged = _Cells(*(np.concatenate(of) for of in zip(*made, strict=True)))
        return {
            STEPS: np.diff(merged.code, prepend=0).astype("<u4"),
            # The number of places at one point may exceed two bytes.
            "cells.count": merged.many.astype("<u2" if merged.many.max(initial=0) < 1 << 16 else "<u4"),
            "cells.place": merged.place.astype("<i4", copy=False),
            SETTLED: merged.settled,
        }

    def _piece(self, cells: _Cells, bits: Ints) -> _Cells:
        usual = np.flatnonzero((cells.many > 1) & (cells.many <= _MOST + 1))
        first = cells.many.cumsum() - cells.many
        begin = np.repeat(first[usual, None], _MOST, axis=1)
        listed = np.arange(_MOST) < cells.many[usual, None] - 1
        rows = np.where(listed, cells.place[np.where(listed, begin + np.arange(_MOST), 0)], -1)
        todo = _Leaves(cells.code[usual], bits[usual], rows)
        done, settled = [], []
        while len(todo.code):
            todo, how, living = self._judged(todo)
            split = (how != ANYWHERE) & (todo.bits > 0) & (living > self._least)
            done.append(todo.some(~split))
            settled.append(how[~split])
            todo = _quartered(todo.some(split))
        rest = np.setdiff1d(np.arange(len(bits)), usual)
        return self._in_order(done, settled, cells, rest)

    def _in_order(self, done: list[_Leaves], settled: list[Any], cells: _Cells, rest: Ints) -> _Cells:
        """Classified and unchanged leaves; equal adjacent leaves are merged."""
        place = np.concatenate([*(leaves.place for leaves in done), np.full((len(rest), _MOST), -1, np.int32)])
        code = np.concatenate([*(leaves.code for leaves in done), cells.code[rest]])
        how = np.concatenate([*settled, np.zeros(len(rest), np.uint8)])
        listed = np.column_stack([place, np.full(len(place), self._nowhere, np.int32)])
        count = (listed >= 0).sum(axis=1)
        begin = count.cumsum() - count
        pool = np.concatenate([listed[listed >= 0], cells.place])
        begin[len(code) - len(rest) :] = (len(pool) - len(cells.place)) + (cells.many.cumsum() - cells.many)[rest]
        count[len(code) - len(rest) :] = cells.many[rest]
        order = np.argsort(code)
        alike = (place[order][1:] == place[order][:-1]).all(axis=1)
        alike &= (how[order][1:] == how[order][:-1]) & (count[order][1:] == count[order][:-1]) & (count[order][1:] <= _MOST + 1)
        retained = order[np.append(True, ~alike)]
        return _Cells(code[retained], count[retained], pool[groups(begin[retained], count[retained])[1]], how[retained])

    def _judged(self, leaves: _Leaves) -> tuple[_Leaves, npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
        """Leaves with the required candidates, the settled flags and the population."""
        zoned, shapes = self._owners.of(leaves.code, leaves.bits), self._shapes(leaves)
        nearest, of_state, doubt = self._nearest_by_zone(leaves, shapes, zoned)
        first = np.flatnonzero(np.diff(zoned.square, prepend=-1))
        square = zoned.square[first]
        one = (np.minimum.reduceat(zoned.country, first) == np.maximum.reduceat(zoned.country, first)) & (
            zoned.country[first] >= 0
        )
        same = np.minimum.reduceat(nearest, first) == np.maximum.reduceat(nearest, first)
        same &= one & ~np.logical_or.reduceat(doubt, first)
        needed, how = np.zeros(len(leaves.code), np.int64), np.zeros(len(leaves.code), np.uint8)
        needed[square] = np.where(same, nearest[first], np.bitwise_or.reduceat(nearest | of_state, first))
        how[square] = np.where(same, ANYWHERE, np.where(one, HERE, NEVER))
        keep = (needed[:, None] >> np.arange(_MOST) & 1).astype(bool)
        how[(keep.sum(axis=1) > USUAL) | (needed == 0)] = NEVER
        behind = np.argsort(~keep, axis=1, kind="stable")
        place = np.where(np.take_along_axis(keep, behind, 1), np.take_along_axis(leaves.place, behind, 1), -1)
        return leaves._replace(place=place.astype(np.int32)), how, shapes.living

    def _nearest_by_zone(self, leaves: _Leaves, shapes: _Shapes, zoned: Zoned) -> tuple[Ints, Ints, Flags]:
        """For each zone of each leaf the candidates (bits) of which one is nearest, and those by country alone.

        The third is whether places of other regions, so close as to count, leave it in doubt.
        """
        place, beaten = leaves.place[zoned.square], shapes.beaten[zoned.square]
        of_country = (place >= 0) & (self._places.country[place] == zoned.country[:, None])
        of_region = of_country & (self._places.region[place] == zoned.region[:, None]) & (zoned.region >= 0)[:, None]
        state, own = _bits(of_country), _bits(of_region)
        of_state = _unbeaten(beaten, state)
        nearest = np.where(own > 0, _unbeaten(beaten, own), of_state)
        others = state & ~own & _bits(shapes.close)[zoned.square]
        return nearest, of_state, (own > 0) & (others > 0) & (nearest != of_state)

    def _shapes(self, leaves: _Leaves) -> _Shapes:
        beaten, close = np.zeros(leaves.place.shape, np.int64), np.zeros(leaves.place.shape, bool)
        living = np.zeros(len(leaves.code))
        sizes = (leaves.place >= 0).sum(axis=1)
        for size in np.unique(sizes[sizes > 0]).tolist():
            at = np.flatnonzero(sizes == size)
            near = self._places.vectors[leaves.place[at, :size]]
            middle, samples, side = _geometry(leaves.some(at))
            away = np.linalg.norm(near[:, :, None, :] - samples[:, None, :, :], axis=-1)
            margin = np.radians(side) ** 2 / 4 + _NOISE  # the maximum deviation of a parallel from a straight line
            nearer = (away[:, :, None, :] > away[:, None, :, :] + margin[:, None, None, None]).all(axis=-1)
            beaten[at, :size] = _bits(nearer)
            half = np.linalg.norm(samples - middle[:, None, :], axis=-1).max(axis=1) * 1.001
            beyond = np.linalg.norm(near - middle[:, None, :], axis=-1) - half[:, None]
            close[at, :size] = beyond < _CLOSE
            if self._places.inhabitants is not None:
                square_km = (side * _KM_PER_DEGREE) ** 2 * np.hypot(middle[:, 0], middle[:, 1])
                living[at] = _living(self._places.inhabitants[leaves.place[at, :size]], beyond, square_km)
        return _Shapes(beaten, close, living)


def _living(inhabitants: npt.NDArray[Any], beyond: Any, square_km: Any) -> npt.NDArray[np.float64]:
    """The population in a leaf, assuming a Gaussian distribution around places at the distance `beyond` from the leaf."""
    gaussian = np.exp(-((np.maximum(beyond, 0) * EARTH_KM / _AROUND_KM) ** 2) / 2)
    return np.asarray((inhabitants * gaussian).sum(axis=1) * np.minimum(square_km / (2 * np.pi * _AROUND_KM**2), 1))


def _geometry(leaves: _Leaves) -> tuple[Any, Any, Any]:
    """Centres, corners and edge midpoints, and the side lengths in degrees."""
    x, y = parted(leaves.code)
    side = (1 << leaves.bits) / FINE_PER_DEGREE
    west, south = x / FINE_PER_DEGREE - 180, y / FINE_PER_DEGREE - 90
    offsets = [(a, b) for a in (0, 0.5, 1) for b in (0, 0.5, 1) if (a, b) != (0.5, 0.5)]
    samples = np.stack([unit_vectors(np.minimum(south + b * side, 90), west + a * side) for a, b in offsets], 1)
    return unit_vectors(np.minimum(south + side / 2, 90), west + side / 2), samples, side


def _quartered(leaves: _Leaves) -> _Leaves:
    bits = leaves.bits - 1
    code = leaves.code[:, None] + (np.arange(4) << 2 * bits[:, None])
    return _Leaves(code.ravel(), np.repeat(bits, 4), np.repeat(leaves.place, 4, axis=0))


def _bits(flags: Flags) -> Ints:
    return np.asarray((flags.astype(np.int64) << np.arange(flags.shape[-1])).sum(axis=-1))


def _unbeaten(beaten: Ints, among: Ints) -> Ints:
    """The candidates that no other one dominates."""
    free = (beaten & among[:, None]) == 0
    return _bits(free) & among
