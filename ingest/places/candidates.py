"""The places that can be nearest to a point of a cell: found by a tree per zone, without places that are never nearest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from datasources.locations.morton_codes import FINE_PER_DEGREE, parted
from datasources.locations.nearest import FAR_KM, STEPS_PER_DEGREE, chord, unit_vectors

_COMPARED = 512  # larger sets are not reduced: slower to search, but correct
_PILED = 4
_AT_ONCE = 100_000  # candidates that are processed together
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Placed(NamedTuple):
    """Columns of places. A region is in one country; -1 is none."""

    latitude: Any
    longitude: Any
    country: Any
    region: Any


class Trees:
    """The places of each country and of each region. Rows are places in order of their zones: a zone is a slice of them."""

    def __init__(self, placed: Placed, count: int) -> None:
        _, _, country, region = placed
        steps = [np.round(np.asarray(degrees) * STEPS_PER_DEGREE).astype("<i4") for degrees in placed[:2]]
        order = np.lexsort((steps[1], steps[0], region, country))
        # Of places of a zone at the same point only the first can be found; some sources have thousands at one point.
        other = np.append(True, np.any([of[order[1:]] != of[order[:-1]] for of in (country, region, *steps)], axis=0))
        pile = np.maximum.accumulate(np.where(other, np.arange(len(order)), 0))
        self.place = order[np.arange(len(order)) - pile < _PILED].astype("<i4")
        at = (steps[0][self.place] / STEPS_PER_DEGREE, steps[1][self.place] / STEPS_PER_DEGREE)
        self.vectors = unit_vectors(*at)
        self._slices = _runs(country[self.place].astype(np.int64)) | _runs(region[self.place].astype(np.int64), count)
        self._trees: dict[int, cKDTree] = {}

    def keys(self) -> Ints:
        """The numbers of the zones that have places."""
        return np.array(sorted(self._slices), np.int64)

    def of(self, key: Ints) -> Iterator[tuple[Ints, cKDTree, int]]:
        """(which of the keys, their tree, the row of its first place)."""
        order = np.argsort(key, kind="stable")
        for which in np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if len(order) else ():
            zone = int(key[which[0]])
            begin, end = self._slices[zone]
            if zone not in self._trees:
                self._trees[zone] = cKDTree(self.vectors[begin:end])
            yield which, self._trees[zone], begin


def _runs(group: Ints, first: int = 0) -> dict[int, tuple[int, int]]:
    begins = np.append(np.flatnonzero(np.diff(group, prepend=-2)), len(group)).tolist()
    runs = zip(group[begins[:-1]].tolist(), begins, begins[1:], strict=False)
    return {first + number: (begin, end) for number, begin, end in runs if number >= 0}


class Pairs(NamedTuple):
    """Cells of one size with a key each: `at` is the cell's place in the arrays of `shape`."""

    at: Ints
    key: Ints
    shape: Shape


def reach(trees: Trees, pairs: Pairs) -> tuple[Floats, Ints]:
    """The maximum distance of candidates from the centre, for each pair, and the number of places within it."""
    radius, many = np.zeros(len(pairs.at)), np.zeros(len(pairs.at), np.int64)
    middle, half = pairs.shape.middle[pairs.at], pairs.shape.half[pairs.at]
    for which, tree, _ in trees.of(pairs.key):
        far = chord(FAR_KM) + half[which]
        nearest = tree.query(middle[which], distance_upper_bound=far.max() * 1.001)[0]
        sure = which[nearest <= far]
        radius[sure] = nearest[nearest <= far] + 2 * half[sure]
        many[sure] = tree.query_ball_point(middle[sure], radius[sure], return_length=True)
    return radius, many


def candidates(trees: Trees, pairs: Pairs, look: Ints, radius: Floats, many: Ints) -> tuple[Ints, Ints]:
    """The distinct (cell, place) pairs of candidates, in order."""
    result = [np.zeros(0, np.int64)]
    for part in np.split(look, np.flatnonzero(np.diff(many[look].cumsum() // _AT_ONCE)) + 1):
        pair_indexes, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for which, tree, first in trees.of(pairs.key[part]):
            pair = part[which]
            lists = tree.query_ball_point(pairs.shape.middle[pairs.at[pair]], radius[pair])
            sizes = np.fromiter(map(len, lists), np.int64, len(lists))
            rows.append(np.fromiter(chain.from_iterable(lists), np.int64, int(sizes.sum())) + first)
            pair_indexes.append(np.repeat(pair, sizes))
        pair, row = np.concatenate(pair_indexes), np.concatenate(rows)
        needed = _undominated(pair, trees.vectors[row], pairs.shape, pairs.at[pair])
        result.append(pairs.at[pair[needed]] << 32 | trees.place[row[needed]])
    every = np.unique(np.concatenate(result))
    return every >> 32, every & 0xFFFFFFFF


def _undominated(pair: Ints, near: Floats, shape: Shape, cell: Ints) -> npt.NDArray[np.bool_]:
    """Whether no other place of its pair is nearer at every corner and side: between two places runs a straight line.

    Pairs lie together. Distances are reckoned around the middle of the cell, where numbers are small and therefore exact.
    """
    if not len(pair):
        return np.zeros(0, bool)
    from_middle = near - shape.middle[cell]
    square = np.einsum("ij,ij->i", from_middle, from_middle)
    away = np.matmul(shape.around[cell], from_middle[:, :, None])[:, :, 0]
    away *= -2
    away += square[:, None]
    away += shape.squares[cell]
    np.sqrt(np.maximum(away, 0, out=away), out=away)
    # The place nearest to the centre dominates most candidates.
    begins = np.flatnonzero(np.diff(pair, prepend=-1))
    sizes = np.diff(begins, append=len(pair))
    of = np.repeat(np.arange(len(begins)), sizes)
    central = np.zeros(len(begins), np.int64)
    least = np.flatnonzero(square == np.minimum.reduceat(square, begins)[of])
    central[of[least]] = least
    needed: npt.NDArray[np.bool_] = ~(away > away[central][of] + shape.bulge).all(axis=1)
    at = np.flatnonzero(needed)
    left = np.bincount(of[at], minlength=len(begins))
    first = np.cumsum(left) - left
    for size in np.unique(left[(left > 2) & (left <= _COMPARED)]).tolist():  # noqa: PLR2004 - of two neither is beaten
        group = first[left == size]
        for part in np.array_split(group, max(1, len(group) * size * size // 1_000_000)):
            rows = at[part[:, None] + np.arange(size)]
            needed[rows] = ~_beaten(away[rows], shape.bulge)
    return needed


def _beaten(away: Floats, bulge: float) -> npt.NDArray[np.bool_]:
    """By distances (group, place, sample): whether another place of the group is nearer at all samples."""
    nearer = np.ones((*away.shape[:2], away.shape[1]), bool)
    for sample in np.moveaxis(away, 2, 0):
        nearer &= sample[:, :, None] > sample[:, None, :] + bulge
    return np.asarray(nearer.any(axis=2))


class Shape(NamedTuple):
    """Of cells of one size: middles, ways from there to corners and sides and their squares, half-diagonals, and how far a
    parallel strays from a straight line.
    """

    middle: Floats
    around: Floats
    squares: Floats
    half: Floats
    bulge: float


def geometry(cell: Ints, bits: int) -> Shape:
    """Of cells of 2^bits finest cells a side, by their interleaved bits."""
    x, y = parted(cell)
    size = (1 << bits) / FINE_PER_DEGREE
    west, south = x * size - 180, y * size - 90
    offsets = [(a, b) for a in (0, 0.5, 1) for b in (0, 0.5, 1) if (a, b) != (0.5, 0.5)]
    samples = np.stack([unit_vectors(np.minimum(south + b * size, 90), west + a * size) for a, b in offsets], 1)
    middle = unit_vectors(np.minimum(south + size / 2, 90), west + size / 2)
    samples -= middle[:, None, :]
    squares = np.einsum("ijk,ijk->ij", samples, samples)
    return Shape(middle, samples, squares, np.sqrt(squares.max(axis=1, initial=0)) * 1.001, float(np.radians(size)) ** 2 / 4)
