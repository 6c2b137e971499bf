"""Matches Natural Earth regions to GeoNames regions by the places inside, because their codes are often outdated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from ingest.places.gazetteer import World

_PURE = 0.9  # of the places inside must be of the one region (borders are drawn coarsely)
_WHOLE = 0.6  # of the region's places must be inside: a province is not its region
_TRUSTED = 0.97  # of the places inside must be of the one region for its borders to overrule the nearest place
_ENOUGH = 5  # places inside, for that to mean anything
_TOLERANCE_DEG = 0.015


class Matched(NamedTuple):
    """By region number: the properties of the feature that is this region, and the shapes inside it."""

    properties: dict[int, Mapping[str, Any]]
    shapes: dict[int, list[Any]]


def match(world: World, features: Sequence[Mapping[str, Any]]) -> Matched:
    """Natural Earth's features by region. Provinces contribute their borders to their region, but not their names."""
    shapes = [shapely.geometry.shape(f["geometry"]) if f["geometry"] else shapely.Polygon() for f in features]
    # Together, so that neighbors keep their common border.
    shapes = list(shapely.make_valid(shapely.coverage_simplify(shapely.make_valid(shapes), _TOLERANCE_DEG)))
    points = shapely.points(world.longitude, world.latitude)
    at, inside = shapely.STRtree(points).query(shapes, predicate="intersects")
    held = np.zeros((len(features), len(world.regions) + 1), np.int32)
    np.add.at(held, (at, world.region[inside]), 1)
    all_inside = np.maximum(held.sum(axis=1), 1)
    held = held[:, :-1]  # the last column counts places of no region
    total = np.bincount(world.region[world.region >= 0], minlength=len(world.regions))
    best = held.argmax(axis=1)
    count = held[np.arange(len(features)), best]
    pure = count >= _PURE * all_inside
    complete = count >= _WHOLE * np.maximum(total[best], 1)
    drawn: dict[int, list[Any]] = {}
    for i in np.flatnonzero((count >= _TRUSTED * all_inside) & (count >= _ENOUGH)).tolist():
        drawn.setdefault(int(best[i]), []).append(shapes[i])
    named = np.flatnonzero(pure & complete & (count > 0)).tolist()
    return Matched({int(best[i]): features[i]["properties"] for i in named}, drawn)
