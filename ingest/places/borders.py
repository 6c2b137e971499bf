"""Border polygons to what answers fast: a raster of cells that lie in one country, small pieces for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from ingest.places.policy import BORDER_CODES

CELLS_PER_DEGREE = 10
OPEN, MIXED = 255, 254
_TILE_DEG = 2.0
Parts = dict[str, npt.NDArray[Any]]


def polygons(features: Sequence[Mapping[str, Any]], countries: Sequence[str]) -> tuple[list[Any], list[int]]:
    """The polygons with the index of their country; those of no state left out."""
    index = {code: place for place, code in enumerate(countries)}
    shapes: list[Any] = []
    owners: list[int] = []
    for feature in features:
        if not feature["geometry"]:
            continue
        properties = feature["properties"]
        own = properties.get("iso1A2") or properties["nameEn"]
        # A part of a country without a code of its own (Java, Scotland) carries its country's.
        code = BORDER_CODES[own] if own in BORDER_CODES else properties.get("iso1A2") or properties["country"]
        if code is None:
            continue
        for polygon in shapely.get_parts(shapely.make_valid(shapely.geometry.shape(feature["geometry"]))):
            if polygon.geom_type == "Polygon":
                shapes.append(polygon)
                owners.append(index[code])
    return shapes, owners


def build(features: Sequence[Mapping[str, Any]], countries: Sequence[str]) -> Parts:
    """The parts `borders.*`: raster of country indices, and the pieces (well-known binary) with their countries."""
    if len(countries) >= MIXED:
        raise ValueError("the raster has one byte a cell")
    shapes, owners = polygons(features, countries)
    pieces, piece_owners = _cut(shapes, owners)
    wkb = shapely.to_wkb(pieces)
    return {
        "borders.raster": _raster(pieces, piece_owners),
        "borders.owner": np.array(piece_owners, "u1"),
        "borders.length": np.array([len(piece) for piece in wkb], "<u4"),
        "borders.wkb": np.frombuffer(b"".join(wkb), "u1"),
    }


def _cut(shapes: Sequence[Any], owners: Sequence[int]) -> tuple[list[Any], list[int]]:
    """Polygons cut along a grid: a test of a point then reads few vertices."""
    tiles = [
        shapely.box(x, y, x + _TILE_DEG, y + _TILE_DEG)
        for x in np.arange(-180, 180, _TILE_DEG)
        for y in np.arange(-90, 90, _TILE_DEG)
    ]
    shape_at, tile_at = shapely.STRtree(tiles).query(shapes, predicate="intersects")
    shapely.prepare(shapes)
    cut = shapely.intersection(np.array(shapes)[shape_at], np.array(tiles)[tile_at])
    pieces: list[Any] = []
    piece_owners: list[int] = []
    for piece, shape in zip(cut, shape_at, strict=True):
        for part in shapely.get_parts(piece):
            if part.geom_type == "Polygon" and part.area > 0:
                pieces.append(part)
                piece_owners.append(owners[shape])
    return pieces, piece_owners


def _raster(pieces: Sequence[Any], owners: Sequence[int]) -> npt.NDArray[np.uint8]:
    rows, columns = 180 * CELLS_PER_DEGREE, 360 * CELLS_PER_DEGREE
    raster = np.full(rows * columns, OPEN, "u1")
    size = 1 / CELLS_PER_DEGREE
    tree = shapely.STRtree(pieces)
    owner = np.array(owners, "u1")
    west = -180 + np.arange(columns) * size
    for row in range(rows):
        south = -90 + row * size
        cells = shapely.box(west, south, west + size, south + size)
        line = raster[row * columns : (row + 1) * columns]
        touched, _ = tree.query(cells, predicate="intersects")
        line[touched] = MIXED
        covered, piece = tree.query(cells, predicate="covered_by")
        # Where two states' polygons overlap, the cell stays mixed and the policy of the pieces decides.
        alone = np.bincount(touched, minlength=columns)[covered] == 1
        line[covered[alone]] = owner[piece[alone]]
    return raster.reshape(rows, columns)
