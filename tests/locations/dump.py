"""Writes GeoNames dumps: six tab-separated files without header or quoting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Rows = Iterable[Sequence[object] | bytes]


def place(
    geonameid: object, name: str, latitude: object, longitude: object, country: str = "IT", *, code: str = "PPL",
    admin: tuple[str, str] = ("16", "FI"), population: object = 1000, zone: str = "Europe/Rome", aliases: str = "", day: str = "2026-11-20",
    feature: str = "P",
) -> list[object]:  # fmt: skip
    """A row of 19 columns."""
    return [
        geonameid, name, name, aliases, latitude, longitude, feature, code, country, "", *admin, "", "", population, "", 50, zone, day,
    ]  # fmt: skip


def alternate(geonameid: object, language: str, name: str, flags: str = "") -> list[object]:
    """A row of 10 columns; flags of p(referred), s(hort), c(olloquial), h(istoric)."""
    return [1, geonameid, language, name, *("1" if flag in flags else "" for flag in "psch"), "", ""]


def country(code: str, name: str, geonameid: int) -> list[object]:
    """A row of 19 columns."""
    return [code, code + "X", "1", code, name, "", "1", "1", "EU", ".x", "EUR", "Euro", "39", "#", "^", "xx", geonameid, "", ""]


COUNTRIES: Rows = [b"#ISO\tISO3\tISO-Numeric\tfips\tCountry", country("IT", "Italy", 3175395), country("TW", "Taiwan", 1668284)]
REGIONS: Rows = [["IT.16", "Tuscany", "Tuscany", 3165361], ["TW.03", "Taipei", "Taipei", 7280290]]
COUNTIES: Rows = [["IT.16.FI", "Florence", "Florence", 3176958], ["IT.16.LU", "Lucca", "Lucca", 3174529]]
HIERARCHY: Rows = [[6295630, 6255148, ""], [6255148, 3175395], [3175395, 3165361, "ADM"]]


def write(
    folder: Path,
    places: Rows,
    *,
    names: Rows = (),
    cities: str = "cities500.txt",
    files: Mapping[str, Rows] | None = None,
    end: bytes = b"\n",
) -> Path:
    """Write the six files; `files` replaces default ones."""
    usual: dict[str, Rows] = {
        cities: places,
        "alternateNamesV2.txt": names,
        "countryInfo.txt": COUNTRIES,
        "admin1CodesASCII.txt": REGIONS,
        "admin2Codes.txt": COUNTIES,
        "hierarchy.txt": HIERARCHY,
    }
    folder.mkdir(exist_ok=True)
    for name, rows in (usual | dict(files or {})).items():
        lines = (row if isinstance(row, bytes) else "\t".join(map(str, row)).encode() for row in rows)
        (folder / name).write_bytes(b"".join(line + end for line in lines))
    return folder


class Unwatched:
    """Ignores the progress of an import."""

    def start_stage(self, text: str) -> None:
        """Ignored."""

    def update(self, records: int, done: int, total: int) -> None:
        """Ignored."""
