"""Precomputed cells give the same results as distances, for sparse, dense and coincident places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasources.locations.artefact import PackedFile
from datasources.locations.nearest import CAP_KM, chord, unit_vectors
from datasources.locations.port import Point
from ingest.places.cells import _Found, _Leaves
from tests.locations import dump
from tests.locations.conftest import Import
from tests.locations.dump import place

_HERE_KM = 1.5


def _spots() -> list[tuple[float, float]]:
    """Tuscany: a few far apart, 300 within two kilometres, and 20 at one spot."""
    chance = np.random.default_rng(5)
    thin = chance.uniform((42.5, 10.5), (44.2, 12.0), (150, 2))
    close = chance.normal((43.77, 11.25), 0.008, (300, 2))
    return [*map(tuple, thin.round(5).tolist()), *map(tuple, close.round(5).tolist()), *[(43.9, 11.1)] * 20]


def _rows() -> dump.Rows:
    return [place(n, f"P{n}", *spot, admin=("16" if n % 3 else "00", "FI")) for n, spot in enumerate(_spots(), 1)]


def _requested(count: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(6)
    spots = np.array(_spots())
    near = spots[chance.integers(0, len(spots), count)] + chance.normal(0, 0.01, (count, 2))
    return near[:, 0].copy(), near[:, 1].copy()


def test_an_import_answers_as_plain_distances_do(importing: Import, tmp_path: Path) -> None:
    _, gazetteer = importing(dump.write(tmp_path / "dump", _rows()))
    latitude, longitude = _requested(1_500)
    atlas = gazetteer._atlas
    country, region = gazetteer._zones.of(latitude, longitude)
    found, apart = gazetteer._all_parts(latitude, longitude)
    vectors = unit_vectors(atlas.latitude / 1e5, atlas.longitude / 1e5)
    checked = 0
    for i, point in enumerate(unit_vectors(latitude, longitude)):
        away = np.linalg.norm(vectors - point, axis=1)
        away[atlas.country != country[i]] = np.inf
        own = (atlas.region == region[i]) | (region[i] < 0) | (away < chord(_HERE_KM))
        least = np.where(own, away, np.inf).min()
        if least < chord(CAP_KM):
            checked += 1
            assert np.sqrt(apart[i]) == pytest.approx(least, abs=1e-6), (latitude[i], longitude[i], found[i])
    assert checked > 1_000
    one_by_one = [gazetteer.locate_one(lat, lon) for lat, lon in zip(latitude.tolist(), longitude.tolist(), strict=True)]
    assert gazetteer.numbers(latitude, longitude).tolist() == one_by_one


async def test_of_many_at_one_spot_the_first_is_found_and_few_are_written_down(importing: Import, tmp_path: Path) -> None:
    rows = [place(n, f"P{n}", 43.77, 11.25) for n in range(1, 5_000)]
    _, gazetteer = importing(dump.write(tmp_path / "dump", rows))
    assert await gazetteer.resolve([Point(43.77, 11.25), Point(43.8, 11.3)]) == ["gn:1", "gn:1"]
    assert _counts(tmp_path).max() <= 5


def test_more_places_in_one_cell_than_two_bytes_count() -> None:
    leaves, many = _Leaves(), 70_000
    zero = np.zeros(many, np.int64)
    leaves.add(_Found(code=[np.arange(2)], cell=[zero], place=[np.arange(many)]), many)
    parts = leaves.parts()
    assert parts["cells.count"].tolist() == [many + 1, 1]
    assert parts["cells.place"].tolist() == [*range(many + 1), many]


def _counts(tmp_path: Path) -> np.ndarray:
    return PackedFile(tmp_path / "data" / "places.bin").array("cells.count")
