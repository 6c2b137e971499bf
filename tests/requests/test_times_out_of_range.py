"""Times that no photo can have, such as the zero value 0001-01-01 of many programs, are refused by every input."""

from __future__ import annotations

import pytest

from access.viewer import Viewer, ViewerKind
from ingest.formats.merging import merge_sources
from ingest.formats.metadata import Moment, SourceMetadata
from ingest.readers.export import read_export
from resolvers.importing.records import BadRecord
from tests.requests.harness import Gateway, served

UPDATE = "mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) { photos { takenAtLocal } userErrors { code field } } }"
SHARE = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { userErrors { code } } }"
UPSERT = "mutation($i: UpsertPhotosInput!) { upsertPhotos(input: $i) { photos { id } userErrors { code field } } }"
EARLY = "0001-01-01T00:00:00Z"


async def test_a_time_before_the_year_1000_is_refused_in_mutations_and_filters(gateway: Gateway) -> None:
    for time in (EARLY, "0001-01-01T00:00:00-18:00", "0999-12-31T23:59:59Z", "1000-01-01T00:00:00+01:00"):
        await refused(gateway, time)


async def refused(gateway: Gateway, time: str) -> None:
    """Sends the time to every input that has one."""
    ana = await gateway.customer("ana")
    photo = await gateway.photo("ana", time, taken_local="2024-01-01T00:00:00")
    album = await gateway.album(ana, "Trip")
    for query, variables in (
        (UPDATE, {"i": {"ids": [photo], "set": {"takenAt": time}}}),
        (SHARE, {"i": {"albumId": album, "with": {"link": True}, "expiresAt": time}}),
        ("query($f: PhotoFilter) { photos(filter: $f) { nodes { id } } }", {"f": {"takenAt": {"start": time}}}),
        ("query($f: PhotoFilter) { photos(filter: $f) { nodes { id } } }", {"f": {"not": {"addedAt": {"end": time}}}}),
        ("query($f: PhotoFilter) { photos(filter: $f) { nodes { id } } }", {"f": {"takenOn": {"start": "0001-01-01"}}}),
        (f'{{ photos(filter: {{takenAt: {{start: "{time}"}}}}) {{ nodes {{ id }} }} }}', {}),
        ('{ photos(filter: {takenOn: {end: "0999-12-31"}}) { nodes { id } } }', {}),
    ):
        answer = await gateway.execute(query, variables, as_=ana)
        code = "BAD_USER_INPUT" if variables else "GRAPHQL_VALIDATION_FAILED"  # as of every invalid literal
        assert [e["extensions"]["code"] for e in answer["errors"]] == [code], query
        assert time not in str(answer["errors"])
    assert (await gateway.record(photo)).taken_local == "2024-01-01T00:00:00"


def test_every_scalar_of_a_time_has_a_test_here() -> None:
    types = served()[0].graphql_schema.type_map
    assert {name for name in types if "Date" in name or "Time" in name} == {"DateTime", "Date", "LocalDateTime", "TimeRange", "DateRange", "TimeUnit", "TimePrecision"}  # fmt: skip


async def test_a_change_cannot_move_a_photo_out_of_the_range(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    old = await gateway.photo("ana", "old", taken_local="1000-01-01T00:00:05")
    last = await gateway.photo("ana", "last", taken_local="9999-12-31T23:00:00")
    for photo, values, path in (
        (old, {"shiftTakenAtSeconds": -10}, ["ids", "0"]),
        (last, {"shiftTakenAtSeconds": 7_200}, ["ids", "0"]),
        (last, {"utcOffsetMinutes": -120}, ["ids", "0"]),
    ):
        done = (await gateway.answer(UPDATE, {"i": {"ids": [photo], "set": values}}, as_=ana))["updatePhotos"]
        assert (done["photos"], done["userErrors"]) == ([], [{"code": "INVALID", "field": path}])
    moved = await gateway.answer(UPDATE, {"i": {"ids": [old], "set": {"shiftTakenAtSeconds": 10}}}, as_=ana)
    assert moved["updatePhotos"]["photos"] == [{"takenAtLocal": "1000-01-01T00:00:15"}]


async def test_a_photo_whose_stored_time_is_out_of_the_range_can_be_changed_and_corrected(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    photo = await gateway.photo("ana", "a", taken_local="0001-01-01T00:00:00")
    for values, local in (
        ({"favorite": True}, "0001-01-01T00:00:00"),
        ({"takenAt": "2024-05-01T08:00:00Z"}, "2024-05-01T08:00:00"),
    ):
        done = (await gateway.answer(UPDATE, {"i": {"ids": [photo], "set": values}}, as_=ana))["updatePhotos"]
        assert (done["photos"], done["userErrors"]) == ([{"takenAtLocal": local}], [])


@pytest.mark.parametrize("field", ["takenAt", "trashedAt"])
async def test_an_import_record_with_such_a_time_is_rejected(gateway: Gateway, field: str) -> None:
    etl = Viewer(ViewerKind.SERVICE, "etl", scopes=frozenset({"photos:write", "photos:read"}), purpose="sync")
    given = {"i": {"customerId": "ana", "records": [{"sourceId": "a", field: EARLY}]}}
    done = (await gateway.answer(UPSERT, given, as_=etl))["upsertPhotos"]
    assert (done["photos"], done["userErrors"]) == ([None], [{"code": "INVALID", "field": ["records", "0", field]}])


def test_a_file_whose_clock_was_never_set_is_imported_with_the_next_time_or_none() -> None:
    unset, taken = Moment("0001-01-01T00:00:00", None, None), Moment("2024-05-01T10:00:00", None, None)
    fixed = {"sourceId": "sha256:1", "mediaType": "PHOTO"}
    first = SourceMetadata("EXIF", moments={"DateTimeOriginal": unset})
    other = SourceMetadata("XMP", moments={"xmp:CreateDate": taken})
    assert merge_sources([first, other], dict(fixed))[0].taken_local == taken.wall
    assert merge_sources([first], dict(fixed))[0].taken_local is None


def test_an_export_of_an_earlier_version_is_restored_without_such_a_time() -> None:
    assert read_export({"sourceId": "a", "takenAt": EARLY, "caption": "Sea"}).caption == "Sea"
    stored = {"taken_local": "0001-01-01T00:00:00"}
    assert read_export({"sourceId": "a", "stored": stored}).stored == stored
    with pytest.raises(BadRecord):
        read_export({"sourceId": "a", "takenAt": "yesterday"})
