"""Converts the places of the packages to the numbered tables of the packed file: countries, regions, populated places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from datasources.locations.nearest import unit_vectors
from ingest.places.policy import DISSOLVED

_EARTH_KM = 6371.0088
_RADIUS_KM, _RADIUS_POWER = 0.04, 0.4
_QUARTER_KM = 1_000.0
_OWN_CITY = 70_000  # a place in another county with at least this population remains a separate city
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[Any]


@dataclass(frozen=True)
class World:
    """The data of the packages, in numbered order. `region` and `country` of a place count from 0; -1 is none."""

    countries: list[str]
    regions: list[str]
    region_names: list[str]
    zones: list[str]
    places: list[Mapping[str, Any]]
    country: Ints
    region: Ints
    zone: Ints
    population: Ints
    latitude: Floats
    longitude: Floats


def read(cities: Sequence[Mapping[str, Any]], countries: Sequence[str], admin1: Mapping[str, str]) -> World:
    """The world of the populated places; regions are those that have both places and a name."""
    places = sorted((c for c in cities if c["countrycode"] not in DISSOLVED), key=lambda c: int(c["geonameid"]))
    codes = sorted(set(countries) - DISSOLVED)
    region_of = [f"{p['countrycode']}.{p['admin1code']}" for p in places]
    regions = sorted(set(region_of) & admin1.keys())
    zones = sorted({str(p["timezone"]) for p in places})
    country_index = {code: i for i, code in enumerate(codes)}
    region_index = {code: i for i, code in enumerate(regions)}
    zone_index = {code: i for i, code in enumerate(zones)}
    return World(
        countries=codes,
        regions=regions,
        region_names=[admin1[code] for code in regions],
        zones=zones,
        places=places,
        country=np.array([country_index[p["countrycode"]] for p in places], "<i2"),
        region=np.array([region_index.get(code, -1) for code in region_of], "<i2"),
        zone=np.array([zone_index[str(p["timezone"])] for p in places], "<i2"),
        population=np.array([p["population"] for p in places], "<i4"),
        latitude=np.array([p["latitude"] for p in places], float),
        longitude=np.array([p["longitude"] for p in places], float),
    )


@dataclass(frozen=True)
class Settled:
    """The data that assigns places to cities. Groups (regions, or countries without regions) count from 0."""

    latitude: Floats
    longitude: Floats
    population: Ints
    group: Ints
    county: Ints
    """-1 if unknown."""
    quarter: npt.NDArray[np.bool_] | None = None
    """Places that the source marks as part of a city."""


def parents(world: World, counties: Sequence[str]) -> Ints:
    """The city of each place, or the place itself."""
    numbers = {code: i for i, code in enumerate(dict.fromkeys(c for c in counties if c))}
    return cities_of(
        Settled(
            latitude=world.latitude,
            longitude=world.longitude,
            population=world.population,
            group=np.where(world.region >= 0, world.region, len(world.regions) + world.country),
            county=np.array([numbers.get(c, -1) for c in counties]),
        )
    )


def cities_of(settled: Settled) -> Ints:
    """The city that each place is a part of, or itself: a power diagram of the places of one region.

    A place belongs to the city c with the least d(place, c)^2 - r(c)^2, where r = 0.04 * population^0.4 km. Taken once
    here, since the city is a property of the place and not of the photo.
    """
    own = np.arange(len(settled.population))
    quarter = np.zeros(len(own), bool) if settled.quarter is None else settled.quarter
    cities = np.flatnonzero(~quarter)
    if not len(cities):
        return own.astype("<i4")
    radius = _RADIUS_KM * np.maximum(settled.population, 1) ** _RADIUS_POWER
    lift = np.sqrt(radius.max() ** 2 - radius**2)
    # Groups are moved apart by more than any distance on earth.
    apart = settled.group[:, None] * 1e5
    sphere = unit_vectors(settled.latitude, settled.longitude) * _EARTH_KM
    tree = cKDTree(np.column_stack([sphere, lift, apart])[cities])
    bound = _QUARTER_KM + radius.max()
    away, at = tree.query(np.column_stack([sphere, np.zeros_like(lift), apart]), workers=-1, distance_upper_bound=bound)
    nearest = np.where(np.isinf(away), own, cities[np.minimum(at, len(cities) - 1)])
    county = settled.county
    elsewhere = (county != county[nearest]) & (county >= 0) & (county[nearest] >= 0)
    nearest = np.where(elsewhere & (settled.population >= _OWN_CITY) & ~quarter, own, nearest)
    for _ in range(8):
        nearest = nearest[nearest]
    return np.asarray(nearest, "<i4")


def counties(world: World, cities: Sequence[Mapping[str, str]]) -> list[str]:
    """The second-level code of each place, joined by coordinates and name; empty where the join fails."""
    known = {(c["country"], c["lat"], c["lng"]): c["admin2"] for c in cities}
    return [
        known.get((p["countrycode"], f"{p['latitude']:.5f}", f"{p['longitude']:.5f}"))
        or known.get((p["countrycode"], str(p["latitude"]), str(p["longitude"])), "")
        for p in world.places
    ]


def bounds(group: Ints, count: int, latitude: Floats, longitude: Floats) -> npt.NDArray[np.float32]:
    """Bounding boxes (west, south, east, north) of the places of each group, also across the date line."""
    boxes = np.full((count, 4), np.nan, "<f4")
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count + 1))
    for i in range(count):
        members = order[starts[i] : starts[i + 1]]
        if len(members):
            ring = np.sort(longitude[members])
            gaps = np.diff(ring, append=ring[0] + 360)
            widest = int(gaps.argmax())
            west, east = ring[(widest + 1) % len(ring)], ring[widest]
            boxes[i] = west, latitude[members].min(), east, latitude[members].max()
    return boxes
