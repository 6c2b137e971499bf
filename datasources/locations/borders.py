"""The country that a point lies in: by a raster where a whole cell lies in one, by small polygons elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from datasources.locations.artefact import Artefact

_OPEN, _MIXED = 255, 254


class Borders:
    """Country indices of points; -1 is no country: open sea, or land that no state claims."""

    def __init__(self, artefact: Artefact) -> None:
        self._raster = artefact.array("borders.raster")
        self._rows, self._columns = self._raster.shape
        self._per_degree = self._rows / 180
        self._owner = artefact.array("borders.owner")
        wkb = artefact.text("borders.wkb")
        ends = artefact.array("borders.length").cumsum(dtype=np.int64).tolist()
        pieces = [wkb[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
        self._tree = shapely.STRtree(shapely.from_wkb(pieces))

    def countries(self, latitude: npt.NDArray[np.float64], longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.int16]:
        """The country index of each point. Points must be in range."""
        row = np.minimum(((latitude + 90) * self._per_degree).astype(np.intp), self._rows - 1)
        column = ((longitude + 180) * self._per_degree).astype(np.intp) % self._columns
        found: npt.NDArray[np.int16] = self._raster[row, column].astype(np.int16)
        mixed = np.flatnonzero(found == _MIXED)
        found[found >= _MIXED] = -1
        if len(mixed):
            points = shapely.points(longitude[mixed], latitude[mixed])
            at, piece = self._tree.query(points, predicate="intersects")
            # On a shared border, and where states overlap, the first piece wins: any fixed rule will do.
            order = np.argsort(-piece, kind="stable")
            found[mixed[at[order]]] = self._owner[piece[order]]
        return found

    def country(self, latitude: float, longitude: float) -> int:
        """The same for one point, without the cost of arrays."""
        row = min(int((latitude + 90) * self._per_degree), self._rows - 1)
        cell: Any = self._raster[row, int((longitude + 180) * self._per_degree) % self._columns]
        if cell < _MIXED:
            return int(cell)
        if cell == _OPEN:
            return -1
        pieces = self._tree.query(shapely.Point(longitude, latitude), predicate="intersects")
        return int(self._owner[pieces.min()]) if len(pieces) else -1
