"""Which of our regions a Natural Earth region is: by the places inside it, since its codes are old or another level's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from ingest.places.gazetteer import World

_PURE = 0.9  # of the places inside must be of the one region (borders are drawn coarsely)
_WHOLE = 0.6  # of the region's places must be inside: a province is not its region
_TOLERANCE_DEG = 0.005


def match(world: World, features: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """Region number to the properties of the one feature that is this region."""
    shapes = [shapely.geometry.shape(f["geometry"]) if f["geometry"] else shapely.Point() for f in features]
    shapes = list(shapely.make_valid(shapely.simplify(shapes, _TOLERANCE_DEG)))
    points = shapely.points(world.longitude, world.latitude)
    at, inside = shapely.STRtree(points).query(shapes, predicate="intersects")
    held = np.zeros((len(features), len(world.regions) + 1), np.int32)
    np.add.at(held, (at, world.region[inside]), 1)
    held = held[:, :-1]  # the last column counts places of no region
    total = np.bincount(world.region[world.region >= 0], minlength=len(world.regions))
    best = held.argmax(axis=1)
    count = held[np.arange(len(features)), best]
    pure = count >= _PURE * np.maximum(held.sum(axis=1), 1)
    whole = count >= _WHOLE * np.maximum(total[best], 1)
    return {int(best[i]): features[i]["properties"] for i in np.flatnonzero(pure & whole & (count > 0)).tolist()}
