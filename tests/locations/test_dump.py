"""The import of GeoNames dumps: the rules of each file, and known faults."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.places_import import write_dump
from datasources.locations.artefact import PackedFile
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.port import PlaceKind, Point
from ingest.places.dump.assemble import NoDump
from ingest.places.dump.swapping import swap_in
from tests.locations import dump
from tests.locations.conftest import Import
from tests.locations.dump import alternate, place

FLORENCE = place(3176959, "Florence", 43.77925, 11.24626, population=349296, aliases="Firence,FLR,Флоренция")
TAIPEI = place(1668341, "Taipei", 25.05306, 121.52639, "TW", admin=("03", ""), population=7871900, zone="Asia/Taipei")


_IMPORT = """
import sys
from pathlib import Path
from datasources.locations.hot_reload import packaged_artefact
from ingest.places.dump.swapping import swap_in
from tests.locations.dump import Unwatched
made = swap_in(Path(sys.argv[1]), packaged_artefact(), Path(sys.argv[2]), Unwatched())
# Not getrusage: its maximum includes the peak of the parent process.
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(made.places, peak)
"""


async def name(gazetteer: Gazetteer, place_id: str, *languages: str) -> tuple[str, str]:
    text, language = (await gazetteer.names([place_id], languages))[place_id]
    return text, language


async def found(gazetteer: Gazetteer, query: str) -> list[str]:
    return [match.id for match in await gazetteer.search(query, ["en"], prefix=False)]


async def test_a_point_is_resolved_with_country_region_city_zone_and_version(importing: Import, tmp_path: Path) -> None:
    imported, gazetteer = importing(dump.write(tmp_path / "dump", [FLORENCE, TAIPEI]))
    assert imported.version == gazetteer.data_version
    assert imported.version.startswith("geonames-2026-11-20-")
    assert (imported.places, imported.problems.count) == (2, 0)
    assert await gazetteer.resolve([Point(43.77, 11.25), Point(0, -30)]) == ["gn:3176959", None]
    record = (await gazetteer.by_ids(["gn:3176959"]))["gn:3176959"]
    assert (record.ancestors, record.time_zone, record.population) == (("IT", "IT.16"), "Europe/Rome", 349296)
    assert "GeoNames" in gazetteer.attribution
    assert {s["licence"] for s in gazetteer.sources} >= {"CC BY 4.0", "ISC"}


async def test_the_preferred_name_is_shown_else_the_short_one_else_the_first(importing: Import, tmp_path: Path) -> None:
    names = [
        alternate(3176959, "it", "Città di Firenze"), alternate(3176959, "it", "Firenze", "p"), alternate(3176959, "it", "Fi", "s"),
        alternate(3176959, "de", "Stadt Florenz"), alternate(3176959, "de", "Florenz", "s"),
        alternate(3176959, "fr", "Florence"), alternate(3176959, "fr", "Florence-la-Belle"),
    ]  # fmt: skip
    _, gazetteer = importing(dump.write(tmp_path / "dump", [FLORENCE], names=names))
    assert await name(gazetteer, "gn:3176959", "it") == ("Firenze", "it")
    assert await name(gazetteer, "gn:3176959", "de") == ("Florenz", "de")
    assert await name(gazetteer, "gn:3176959", "fr-CA") == ("Florence", "fr")


async def test_historic_colloquial_and_untagged_names_lead_to_a_place_but_are_not_shown(
    importing: Import, tmp_path: Path
) -> None:
    names = [
        alternate(3176959, "la", "Florentia", "h"), alternate(3176959, "la", "Flora", "pc"), alternate(3176959, "", "Fiorenza", "p"),
    ]  # fmt: skip
    _, gazetteer = importing(dump.write(tmp_path / "dump", [FLORENCE], names=names))
    assert await name(gazetteer, "gn:3176959", "la") == ("Florence", "und")
    for query in ("florentia", "flora", "fiorenza", "Firence", "флоренция"):
        assert await found(gazetteer, query) == ["gn:3176959"]


async def test_what_is_no_language_is_neither_shown_nor_found(importing: Import, tmp_path: Path) -> None:
    tags = "post iata icao faac link wkdt abbr fr_1793 unlc tcid".split()
    names = [alternate(3176959, tag, f"Xyzzy {tag}", "p") for tag in tags]
    imported, gazetteer = importing(dump.write(tmp_path / "dump", [FLORENCE], names=names))
    assert [await found(gazetteer, f"xyzzy {tag}") for tag in tags] == [[]] * len(tags)
    assert imported.problems.count == 0


async def test_scripts_are_kept_apart(importing: Import, tmp_path: Path) -> None:
    names = [
        alternate(1668341, "zh-Hant", "臺北市"), alternate(1668341, "zh", "台北市"), alternate(1668341, "zh-CN", "台北"),
        alternate(1668341, "sr-Latn", "Tajpej"),
    ]  # fmt: skip
    _, gazetteer = importing(dump.write(tmp_path / "dump", [TAIPEI], names=names))
    assert await name(gazetteer, "gn:1668341", "zh-TW") == ("臺北市", "zh-Hant")
    assert await name(gazetteer, "gn:1668341", "zh-SG") == ("台北市", "zh")
    assert await name(gazetteer, "gn:1668341", "sr") == ("Taipei", "und")
    assert await name(gazetteer, "gn:1668341", "sr-Latn-ME") == ("Tajpej", "sr-Latn")


async def test_regions_and_countries_are_named_by_their_geonameids(importing: Import, tmp_path: Path) -> None:
    names = [alternate(3165361, "sw", "Toskana ya Italia"), alternate(3175395, "tlh", "ItalIya")]
    _, gazetteer = importing(dump.write(tmp_path / "dump", [FLORENCE], names=names))
    assert await name(gazetteer, "IT.16", "sw") == ("Toskana ya Italia", "sw")
    assert await name(gazetteer, "IT", "tlh") == ("ItalIya", "tlh")
    assert await name(gazetteer, "IT", "de") == ("Italien", "de")
    assert await found(gazetteer, "italiya") == ["IT"]


async def test_a_quarter_is_a_part_of_its_city_and_the_abandoned_are_none(importing: Import, tmp_path: Path) -> None:
    rows = [
        FLORENCE,
        place(1, "Oltrarno", 43.7650, 11.2480, code="PPLX", population=900_000),
        *(place(10 + i, f"Gone{i}", 43.77, 11.25, code=code) for i, code in enumerate(("PPLQ", "PPLH", "PPLW", "PPLCH"))),
        place(20, "Monte Rosso", 43.77, 11.25, code="HLL", feature="T"),
    ]
    imported, gazetteer = importing(dump.write(tmp_path / "dump", rows, cities="allCountries.txt"))
    assert imported.places == 2
    quarter = (await gazetteer.by_ids(["gn:1"]))["gn:1"]
    assert (quarter.kind, quarter.ancestors) == (PlaceKind.LOCALITY, ("IT", "IT.16", "gn:3176959"))
    assert (await gazetteer.by_ids(["gn:3176959"]))["gn:3176959"].kind is PlaceKind.CITY


async def test_the_hierarchy_gives_a_region_only_where_the_code_does_not(importing: Import, tmp_path: Path) -> None:
    rows = [FLORENCE, place(1, "Nowhere", 43.9, 11.3, admin=("00", "")), place(2, "Loop", 43.95, 11.35, admin=("", ""))]
    links = [*dump.HIERARCHY, [5, 1, ""], [3165361, 5, "ADM"], [99, 3176959, "ADM"], [3, 2, "ADM"], [2, 3, "ADM"]]
    _, gazetteer = importing(dump.write(tmp_path / "dump", rows, files={"hierarchy.txt": links}))
    records = await gazetteer.by_ids(["gn:1", "gn:2", "gn:3176959"])
    assert records["gn:1"].ancestors[:2] == ("IT", "IT.16")
    assert records["gn:2"].ancestors == ("IT",)
    assert records["gn:3176959"].ancestors == ("IT", "IT.16")


async def test_bad_lines_cost_only_themselves_and_are_reported_by_number(importing: Import, tmp_path: Path) -> None:
    rows: dump.Rows = [
        b"\xef\xbb\xbf" + "\t".join(map(str, FLORENCE)).encode(),
        b"",
        b"5\tshort",
        place("x", "No id", 43, 11),
        place(7, "Not north", "north", 11),
        place(8, "Beyond", 91, 11),
        place(9, "Nan", "nan", 11),
        place(10, "Of nowhere", 43, 11, "XX"),
        place(11, "Crowd", 43, 11, population="many"),
        place(12, "", 43, 11),
        b"13\t\xff\xfe bad",
        place(14, 'Say "no" quoting', 43.3, 11.3),
        place(99999999999, "Too long an id", 43, 11),
    ]
    names: dump.Rows = [["1", "2"], alternate("x", "it", "y"), alternate(3176959, "no tag", "y"), alternate(3176959, "it", " ")]
    imported, gazetteer = importing(dump.write(tmp_path / "dump", rows, names=names, end=b"\r\n"))
    faults = imported.problems.examples
    bad = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13]
    assert [line.split(":")[:2] for line in faults] == [
        *(["cities500.txt", str(n)] for n in bad), *(["alternateNamesV2.txt", str(n)] for n in (1, 2, 3, 4)),
    ]  # fmt: skip
    assert imported.problems.count == len(faults)
    assert imported.places == 2
    assert await name(gazetteer, "gn:14", "en") == ('Say "no" quoting', "und")


@pytest.mark.parametrize("missing", ["cities500.txt", "alternateNamesV2.txt", "countryInfo.txt", "hierarchy.txt"])
def test_a_folder_without_all_files_is_refused_by_name(importing: Import, tmp_path: Path, missing: str) -> None:
    folder = dump.write(tmp_path / "dump", [FLORENCE])
    (folder / missing).unlink()
    with pytest.raises(NoDump, match=missing):
        importing(folder)


def test_a_failed_import_leaves_what_was_there(base: PackedFile, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    swap_in(dump.write(tmp_path / "dump", [FLORENCE]), base, data, dump.Unwatched())
    before = (data / "places.bin").read_bytes()
    with pytest.raises(NoDump):
        swap_in(dump.write(tmp_path / "dump", [b"nonsense"]), base, data, dump.Unwatched())
    assert [f.name for f in data.iterdir()] == ["places.bin"]
    assert (data / "places.bin").read_bytes() == before


async def test_of_two_rows_of_one_place_the_later_one_counts(importing: Import, tmp_path: Path) -> None:
    rows = [FLORENCE, place(3176959, "Firenze Nuova", 43.78, 11.25)]
    _, gazetteer = importing(dump.write(tmp_path / "dump", rows))
    assert await name(gazetteer, "gn:3176959", "en") == ("Firenze Nuova", "und")


@pytest.mark.slow
def test_very_many_rows_take_bounded_memory(tmp_path: Path) -> None:
    # A million take two minutes of one core: in CI.
    rows, bound_kb = (1_000_000, 600_000) if os.environ.get("CI") else (100_000, 300_000)
    write_dump(tmp_path / "dump", rows)
    (tmp_path / "data").mkdir()
    done = subprocess.run([sys.executable, "-c", _IMPORT, tmp_path / "dump", tmp_path / "data"], check=True, capture_output=True)
    places, most_kb = map(int, done.stdout.split())
    assert places == rows
    assert most_kb < bound_kb
