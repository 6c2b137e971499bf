"""Converts border polygons to a raster of zones, and to edges for cells that a border crosses.

A zone is a country, or a country and one of its regions. Owners are numbered countries first, then regions. The layout
is read by `datasources/locations/zones.py`, which also describes the test for points in crossed cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from datasources.locations.zones import BLOCK, BORDER_DEG, CELLS_PER_DEGREE, COLUMNS, MIXED, REFERENCE, ROWS
from ingest.places.policy import BORDER_CODES

_MARGIN_DEG = 1e-4  # an edge along the side of a cell belongs to both cells
Parts = dict[str, npt.NDArray[Any]]
Ints = npt.NDArray[np.int64]


class Drawn(NamedTuple):
    """Polygons with their owners; where polygons overlap, the first one wins."""

    shapes: list[Any]
    owners: list[int]


def country_polygons(features: Sequence[Mapping[str, Any]], countries: Sequence[str]) -> Mapping[int, Sequence[Any]]:
    """The polygons of countries, by number, without territories of no country."""
    index = {code: place for place, code in enumerate(countries)}
    of_state: dict[int, list[Any]] = {}
    for feature in features:
        if not feature["geometry"]:
            continue
        properties = feature["properties"]
        own = properties.get("iso1A2") or properties["nameEn"]
        # A part of a country without a code of its own (Java, Scotland) carries its country's.
        code = BORDER_CODES[own] if own in BORDER_CODES else properties.get("iso1A2") or properties["country"]
        if code is not None:
            of_state.setdefault(index[code], []).append(shapely.geometry.shape(feature["geometry"]))
    return of_state


def _rounded(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(points, 4)


def _add(drawn: Drawn, geometry: Any, owner: int) -> None:
    for polygon in shapely.get_parts(shapely.make_valid(shapely.transform(geometry, _rounded))):
        if polygon.geom_type == "Polygon" and polygon.area > 0:
            drawn.shapes.append(polygon)
            drawn.owners.append(owner)


def build(
    countries: Mapping[int, Sequence[Any]], regions: Mapping[int, Sequence[Any]], region_country: npt.NDArray[Any], count: int
) -> Parts:
    """The parts `zone.*` and `border.*` of polygons by country and by region; `count` is how many countries there are."""
    drawn = Drawn([], [])
    for number, shapes in sorted(countries.items()):
        _add(drawn, shapely.union_all(shapely.make_valid(shapes)), number)
    for region, shapes in sorted(regions.items()):
        _add(drawn, shapely.union_all(shapely.make_valid(shapes)), count + region)
    owner = np.array(drawn.owners, np.int64)
    edges = _Edges.of(drawn)
    mixed_cell, edge = _crossed(edges)
    mixed = np.unique(mixed_cell)
    inside = _inside(drawn.shapes, owner, *_reference(mixed), len(mixed))
    parts = _mixed_parts(mixed, np.searchsorted(mixed, mixed_cell), edge, owner[edges.shape[edge]], inside)
    raster, zones = _raster(drawn.shapes, owner, mixed, region_country, count)
    top, blocks = _blocked(raster)
    return parts | {
        # Steps from point to point are small numbers, which pack well.
        "border.x": _steps(edges.x),
        "border.y": _steps(edges.y),
        "zone.top": top,
        "zone.blocks": blocks,
        "zone.country": zones[:, 0].astype("<i2"),
        "zone.region": zones[:, 1].astype("<i2"),
    }


def _steps(degrees: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    return np.diff(np.round(degrees / BORDER_DEG).astype("<i4"), prepend=np.int32(0)).astype("<i4")


class _Edges(NamedTuple):
    """All rings, concatenated; an edge is identified by its first vertex."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    first: Ints
    shape: Ints
    """The polygon of each vertex."""

    @classmethod
    def of(cls, drawn: Drawn) -> _Edges:
        rings, ring_shape = shapely.get_rings(drawn.shapes, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        return cls(points[:, 0], points[:, 1], np.flatnonzero(ring[:-1] == ring[1:]), ring_shape[ring])


def _crossed(edges: _Edges) -> tuple[Ints, Ints]:
    """(cell, edge) pairs for every cell that an edge touches."""
    a, b = edges.first, edges.first + 1
    west = _column(np.minimum(edges.x[a], edges.x[b]) - _MARGIN_DEG)
    east = _column(np.maximum(edges.x[a], edges.x[b]) + _MARGIN_DEG)
    south = _row(np.minimum(edges.y[a], edges.y[b]) - _MARGIN_DEG)
    north = _row(np.maximum(edges.y[a], edges.y[b]) + _MARGIN_DEG)
    wide, high = east - west + 1, north - south + 1
    which = np.repeat(np.arange(len(a)), wide * high)
    at = np.arange(len(which)) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
    row, column = south[which] + at // wide[which], west[which] + at % wide[which]
    lines = shapely.linestrings(np.stack([np.stack([edges.x[a], edges.y[a]], 1), np.stack([edges.x[b], edges.y[b]], 1)], 1))
    left, low = column / CELLS_PER_DEGREE - 180 - _MARGIN_DEG, row / CELLS_PER_DEGREE - 90 - _MARGIN_DEG
    size = 1 / CELLS_PER_DEGREE + 2 * _MARGIN_DEG
    touched = shapely.intersects(lines[which], shapely.box(left, low, left + size, low + size))
    return (row * COLUMNS + column)[touched], edges.first[which[touched]]


def _column(longitude: npt.NDArray[np.float64]) -> Ints:
    return np.clip(np.floor((longitude + 180) * CELLS_PER_DEGREE), 0, COLUMNS - 1).astype(np.int64)


def _row(latitude: npt.NDArray[np.float64]) -> Ints:
    return np.clip(np.floor((latitude + 90) * CELLS_PER_DEGREE), 0, ROWS - 1).astype(np.int64)


def _reference(cell: Ints) -> tuple[Any, Any]:
    row, column = np.divmod(cell, COLUMNS)
    return (row + REFERENCE[0]) / CELLS_PER_DEGREE - 90, (column + REFERENCE[1]) / CELLS_PER_DEGREE - 180


def _inside(shapes: Sequence[Any], owner: Ints, latitude: Any, longitude: Any, count: int) -> Ints:
    """(point, owner, shape) rows for each polygon that contains a point."""
    shapely.prepare(shapes)
    at, shape = shapely.STRtree(shapes).query(shapely.points(longitude, latitude), predicate="within")
    rows = np.stack([at, owner[shape], shape], 1)
    assert not len(at) or at.max() < count
    return rows[np.lexsort((rows[:, 2], rows[:, 0]))]


def _mixed_parts(mixed: Ints, at: Ints, edge: Ints, owner: Ints, inside: Ints) -> Parts:
    """The owners of each crossed cell by priority, whether each contains the reference point, and their edges."""
    many = int(max(owner.max(), inside[:, 1].max())) + 1
    held = inside[:, 0] * many + inside[:, 1]
    pair = np.unique(np.concatenate([at * many + owner, held]))
    # Polygons of one owner do not overlap, but may be many: a point is inside the owner by the parity of all of them.
    parity = np.bincount(np.searchsorted(pair, held), minlength=len(pair)) % 2
    slot = np.searchsorted(pair, at * many + owner)
    order = np.argsort(slot, kind="stable")
    return {
        "border.cell": mixed.astype("<i4"),
        "border.owners": np.bincount(pair // many, minlength=len(mixed)).astype("u1"),
        "border.owner": (pair % many).astype("<u2"),
        "border.inside": parity.astype("u1"),
        "border.edges": np.bincount(slot, minlength=len(pair)).astype("<u2"),
        "border.edge": edge[order].astype("<i4"),
    }


def _raster(
    shapes: Sequence[Any], owner: Ints, mixed: Ints, region_country: npt.NDArray[Any], count: int
) -> tuple[npt.NDArray[np.uint16], Ints]:
    """Cells to zones, 0 for none, `MIXED` where a border runs; and the (country, region) of each zone from 1 on."""
    free = np.ones(ROWS * COLUMNS, bool)
    free[mixed] = False
    # Adjacent cells without a border between them are in the same zone, so one point decides for all.
    part, parts = ndimage.label(free.reshape(ROWS, COLUMNS))
    _, cell = np.unique(part.ravel(), return_index=True)
    cell = cell[-parts:]
    inside = _inside(shapes, owner, *_reference(cell), parts)[::-1]
    country, region = np.full(parts, -1), np.full(parts, -1)
    of_state = inside[:, 1] < count
    country[inside[of_state, 0]] = inside[of_state, 1]
    region[inside[~of_state, 0]] = inside[~of_state, 1] - count
    region[(country < 0) | (np.asarray(region_country)[region] != country)] = -1
    zones, zone = np.unique(np.stack([country, region], 1), axis=0, return_inverse=True)
    if zones[0].tolist() != [-1, -1] or len(zones) >= MIXED:
        raise ValueError("the first zone is none, and there is room for them")
    numbers = np.concatenate([[MIXED], zone.ravel()]).astype("<u2")
    return numbers[part], zones


def _blocked(raster: npt.NDArray[np.uint16]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The raster as deduplicated blocks; the sea is a single block."""
    rows, columns = -(-ROWS // BLOCK), COLUMNS // BLOCK
    padded = np.zeros((rows * BLOCK, COLUMNS), "<u2")
    padded[:ROWS] = raster
    blocks = padded.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)
    distinct, top = np.unique(blocks, axis=0, return_inverse=True)
    return top.reshape(rows, columns).astype("<u2"), distinct
