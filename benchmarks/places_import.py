"""Measures time and peak memory of `photos-gateway places import`: `python -m benchmarks.places_import 1000000`.

The dump is generated from copies of the places of the artefact, at slightly different positions and with other names, so that
their distribution is realistic. The import runs in a separate process.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from datasources.locations.artefact import DEFAULT_PATH, PackedFile
from datasources.locations.atlas import Atlas
from datasources.locations.string_table import StringTable

_FIRST_ID = 100_000_000
_OFFSET_DEG = 0.05
_COUNTRY = "{0}\t{0}X\t1\t{0}\t{0}land\t\t1\t1\tEU\t.x\tEUR\tEuro\t39\t#\t^\txx\t{1}\t\t\n"


def write_dump(folder: Path, rows: int) -> None:
    """Writes the six files, with `rows` places in allCountries.txt and one translated name for each."""
    artefact = PackedFile(DEFAULT_PATH)
    atlas = Atlas(artefact)
    folder.mkdir(exist_ok=True)
    countries = enumerate(atlas.countries, _FIRST_ID - 1_000)
    (folder / "countryInfo.txt").write_text("".join(_COUNTRY.format(code, number) for number, code in countries))
    regions = enumerate(atlas.regions, _FIRST_ID - 10_000)
    (folder / "admin1CodesASCII.txt").write_text("".join(f"{code}\tRegion {n}\tRegion {n}\t{n}\n" for n, code in regions))
    (folder / "admin2Codes.txt").write_text("".join(f"{code}.X\tCounty\tCounty\t1\n" for code in atlas.regions))
    with (folder / "hierarchy.txt").open("w") as links:
        links.writelines(f"{_FIRST_ID + n // 10}\t{_FIRST_ID + n}\tADM\n" for n in range(1, rows))
    names = StringTable(artefact.text("place.name"))
    with (folder / "allCountries.txt").open("w") as places, (folder / "alternateNamesV2.txt").open("w") as others:
        for number, row in enumerate(_places(atlas, names, rows)):
            places.write(row)
            others.write(f"{number}\t{_FIRST_ID + number}\t{('de', 'fr', 'ja')[number % 3]}\t{number}burg\t\t\t\t\t\t\n")


def _places(atlas: Atlas, names: StringTable, rows: int) -> Iterator[str]:
    rng = np.random.default_rng(1)
    for number in range(rows):
        at = number % len(atlas.latitude)
        north, east = rng.normal(0, _OFFSET_DEG, 2) if number >= len(atlas.latitude) else (0.0, 0.0)
        latitude = min(max(atlas.latitude[at] / 1e5 + north, -88), 88)
        longitude = (atlas.longitude[at] / 1e5 + east + 180) % 360 - 180
        country = atlas.countries[atlas.country[at]]
        region = atlas.regions[atlas.region[at]].partition(".")[2] if atlas.region[at] >= 0 else ""
        name = f"{names[at]} {number // len(atlas.latitude) or ''}".strip()
        yield (
            f"{_FIRST_ID + number}\t{name}\t{name}\t{name[::-1]},{number}ville,{name}\t{latitude:.5f}\t{longitude:.5f}"
            f"\tP\tPPL\t{country}\t\t{region}\tX\t\t\t{number % 5000}\t\t50\tEurope/Rome\t2026-11-20\n"
        )


def main() -> None:
    """Writes the dump, imports it and prints the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as scratch:
        dump, data = Path(scratch) / "dump", Path(scratch) / "data"
        write_dump(dump, rows)
        start_s = time.perf_counter()
        command = [sys.executable, "-m", "cli", "places", "import", str(dump), "--data", str(data)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        times = f"{time.perf_counter() - start_s:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of CPU)"
        print(f"{rows:,} rows: {times}, {used.ru_maxrss * 1024 / 1e6:.0f} MB peak memory")
        print(done.stdout.strip().splitlines()[-1], f"artefact {(data / 'places.bin').stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
