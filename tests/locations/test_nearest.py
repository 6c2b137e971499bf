"""The two ways to resolve a point agree, and both agree with plain geometry."""

from __future__ import annotations

import numpy as np
import pytest

from datasources.locations.artefact import DEFAULT_PATH
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.nearest import CAP_KM, chord, unit_vectors
from datasources.locations.port import PlaceKind, Point


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


def points(gazetteer: Gazetteer, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Half of them around places, half anywhere."""
    chance, atlas = np.random.default_rng(11), gazetteer._atlas
    at = chance.integers(0, len(atlas.latitude), count // 2)
    near = np.column_stack([atlas.latitude[at], atlas.longitude[at]]) / 1e5 + chance.normal(0, 0.1, (count // 2, 2))
    anywhere = np.column_stack([chance.uniform(-88, 88, count // 2), chance.uniform(-180, 180, count // 2)])
    both = np.clip(np.concatenate([near, anywhere]), (-88, -180), (88, 180))
    return both[:, 0].copy(), both[:, 1].copy()


def test_one_by_one_and_all_at_once_are_the_same(gazetteer: Gazetteer) -> None:
    latitude, longitude = points(gazetteer, 4_000)
    one_by_one = [gazetteer.locate_one(lat, lon) for lat, lon in zip(latitude.tolist(), longitude.tolist(), strict=True)]
    assert gazetteer.numbers(latitude, longitude).tolist() == one_by_one


def test_no_place_of_the_country_is_nearer_than_the_one_found(gazetteer: Gazetteer) -> None:
    latitude, longitude = points(gazetteer, 600)
    atlas = gazetteer._atlas
    country, _ = gazetteer._zones.of(latitude, longitude)
    nowhere = np.full(len(country), -1, np.int16)  # as if no region's borders were known
    found, apart = gazetteer._nearest.of(latitude, longitude, country, nowhere)
    vectors = unit_vectors(atlas.latitude / 1e5, atlas.longitude / 1e5)
    for i, point in enumerate(unit_vectors(latitude, longitude)):
        own = np.flatnonzero(atlas.country == country[i])
        least = np.linalg.norm(vectors[own] - point, axis=1).min() if len(own) else np.inf
        if least < chord(CAP_KM):
            assert np.sqrt(apart[i]) == pytest.approx(least, abs=1e-6), (latitude[i], longitude[i], found[i])


async def test_a_border_of_a_region_overrules_a_nearer_place_across_it(gazetteer: Gazetteer) -> None:
    # Old Faithful: the nearest town is in Montana, and no town of Wyoming is within 100 km.
    wyoming, abbey = await gazetteer.locate([Point(44.4605, -110.8281), Point(48.6360, -1.5114)])
    assert wyoming is not None
    assert (wyoming.id, wyoming.precision) == ("US.WY", PlaceKind.REGION)
    assert abbey is not None
    assert (await gazetteer.by_ids([abbey.id]))[abbey.id].ancestors[1] == "FR.28"


def test_the_artefact_is_small_and_says_where_each_part_comes_from(gazetteer: Gazetteer) -> None:
    assert DEFAULT_PATH.stat().st_size <= 20_000_000
    assert all(set(s) >= {"part", "source", "version", "licence", "attribution"} for s in gazetteer.sources)
