from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.photo_key import PhotoKey
from datasources.tables.albums import AlbumKey
from datasources.tables.people import PersonKey
from datasources.tables.photos import Draft, PhotoRecord, SeenPhoto, tombstone
from indexing.open_stores import open_exclusive
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import ImportRecord
from resolvers.importing.writer import RecordWriter, WriteOutcome

OWNER = "0" * 31 + "1"
ROME: dict[str, Any] = {"latitude": 41.8902, "longitude": 12.4922}


@pytest.fixture
async def sources(tmp_path: Path) -> AsyncIterator[Sources]:
    async with open_exclusive(tmp_path / "data", "a test") as opened:
        yield opened


def record(source: str = "a", **fields: Any) -> ImportRecord:
    return read_record({"sourceId": source, **fields})


def key_of(sources: Sources, source: str = "a") -> PhotoKey:
    return PhotoKey(OWNER, sources.ids.local_id("photo", OWNER, source))


async def stored(sources: Sources, source: str = "a") -> PhotoRecord:
    key = key_of(sources, source)
    return (await sources.photos.raw([key]))[key]


async def opened(sources: Sources, source: str = "a") -> SeenPhoto:
    photo = await stored(sources, source)
    return (await sources.photos.opened([photo], OWNER_VISIBILITY))[photo.key]


async def outcomes(sources: Sources, *records: ImportRecord, restore: bool = False) -> list[WriteOutcome]:
    return [d.outcome for d in await RecordWriter(sources, OWNER, restore=restore).write(records)]


async def test_importing_the_same_records_again_changes_nothing(sources: Sources) -> None:
    records = [record(str(i), caption=f"photo {i}", **ROME) for i in range(5)]
    assert await outcomes(sources, *records) == [WriteOutcome.ADDED] * 5
    head = await sources.feed.head()
    assert await outcomes(sources, *records) == [WriteOutcome.UNCHANGED] * 5
    assert await sources.feed.head() == head


async def test_all_values_of_a_record_are_stored_and_texts_and_coordinates_only_sealed(sources: Sources) -> None:
    full = record(
        takenAt="2024-05-01T10:00:00+02:00",
        caption="Colosseo al tramonto",
        fileName="IMG_1.jpg",
        keywords=["stone"],
        favorite=True,
        rating=4,
        camera={"make": "Canon", "model": "EOS 40D"},
        embedding={"model": "m", "vector": [1.0, 0.0]},
        **ROME,
    )
    await outcomes(sources, full)
    photo = await opened(sources)
    assert photo.content is not None
    assert (photo.content.caption, photo.content.keywords) == ("Colosseo al tramonto", ("stone",))
    assert photo.coordinates is not None
    assert photo.coordinates.latitude == 41.8902
    r = photo.record
    assert (r.taken_local, r.offset_minutes, r.offset_source) == ("2024-05-01T10:00:00", 120, "RECORD")
    assert (r.favorite, r.rating, r.camera, r.time_zone) == (True, 4, "Canon EOS 40D", "Europe/Rome")
    assert r.place is not None
    assert set(r.sealed) == {"CONTENT", "LOCATION", "EMBEDDING"}
    assert b"Colosseo" not in msgspec.msgpack.encode(r)


async def test_an_offset_that_follows_only_from_the_place_is_not_stored(sources: Sources) -> None:
    await outcomes(sources, record(takenAt="2024-05-01T10:00:00", **ROME))
    r = await stored(sources)
    assert (r.offset_minutes, r.offset_source, r.time_zone) == (None, None, "Europe/Rome")


async def test_a_source_id_twice_in_one_batch_is_one_photo_with_the_later_values(sources: Sources) -> None:
    found = await outcomes(sources, record(caption="first"), record("b"), record(caption="second"), record(caption="second"))
    assert found == [WriteOutcome.ADDED, WriteOutcome.ADDED, WriteOutcome.UPDATED, WriteOutcome.UNCHANGED]
    content = (await opened(sources)).content
    assert content is not None
    assert content.caption == "second"


async def test_an_update_preserves_values_that_the_record_does_not_have(sources: Sources) -> None:
    await outcomes(
        sources, record(caption="original", favorite=True, keywords=["k"], albums=["Trip"], labels=[{"key": "beach"}], **ROME)
    )
    assert await outcomes(sources, record(rating=5)) == [WriteOutcome.UPDATED]
    photo = await opened(sources)
    assert photo.content is not None
    assert photo.coordinates is not None
    assert (photo.content.caption, photo.content.keywords) == ("original", ("k",))
    assert (photo.record.favorite, photo.record.rating, photo.record.has_caption) == (True, 5, True)
    assert len(photo.record.albums) == 1
    assert photo.record.place is not None


async def test_a_pinned_place_is_not_changed_by_new_coordinates(sources: Sources) -> None:
    await outcomes(sources, record(**ROME))
    before = await stored(sources)
    await sources.photos.save([Draft(msgspec.structs.replace(before, place="FR", place_pinned=True))], now_ms=1)
    await outcomes(sources, record(caption="moved", latitude=48.8566, longitude=2.3522))
    after = await stored(sources)
    assert (after.place, after.place_pinned) == ("FR", True)


async def test_a_place_id_of_the_record_is_pinned_and_an_unknown_one_is_left_out(sources: Sources) -> None:
    writer = RecordWriter(sources, OWNER)
    named, unknown = record(placeId="IT", **ROME), record("b", placeId="XX.nowhere", **ROME)
    await writer.write([named, unknown])
    first, second = await stored(sources), await stored(sources, "b")
    assert (first.place, first.place_pinned) == ("IT", True)
    assert second.place not in {None, "XX.nowhere"}
    assert not second.place_pinned
    assert (writer.unknown_place(named), writer.unknown_place(unknown)) == (False, True)


async def test_a_deleted_photo_is_restored_only_on_request(sources: Sources) -> None:
    await outcomes(sources, record(caption="gone"))
    await sources.photos.save([Draft(tombstone(await stored(sources)))], now_ms=1)
    assert await outcomes(sources, record(caption="gone")) == [WriteOutcome.UNCHANGED]
    assert await outcomes(sources, record(caption="other words")) == [WriteOutcome.UNCHANGED]
    assert (await stored(sources)).deleted
    assert await outcomes(sources, record(caption="gone"), restore=True) == [WriteOutcome.ADDED]
    photo = await opened(sources)
    assert not photo.record.deleted
    assert photo.content is not None
    assert photo.record.version == 3


async def test_labels_without_a_concept_become_keywords(sources: Sources) -> None:
    await outcomes(sources, record(labels=[{"key": "beach", "confidence": 0.9}, {"key": "qwertz thing"}], keywords=["sea"]))
    photo = await opened(sources)
    assert [(m.concept, m.confidence) for m in photo.record.labels] == [("beach", 0.9)]
    assert photo.content is not None
    assert photo.content.keywords == ("sea", "qwertz thing")


async def test_albums_and_people_are_created_once_with_their_names(sources: Sources) -> None:
    named = {"albums": [{"key": "t", "title": "Trip"}], "people": [{"key": "p", "name": "Ana"}, "Ben"]}
    await outcomes(sources, *(record(str(i), **named) for i in range(3)))
    await outcomes(sources, record("later", albums=[{"key": "t", "title": "Renamed"}]))
    album = AlbumKey(OWNER, sources.ids.local_id("album", OWNER, "t"))
    assert (await sources.albums.raw([album]))[album].version == 1
    photo = await stored(sources, "2")
    assert photo.albums == (album.id,)
    people = await sources.people.raw([PersonKey(OWNER, p) for p in photo.people])
    assert len(people) == 2


async def test_a_merged_person_is_replaced_by_the_remaining_one(sources: Sources) -> None:
    await outcomes(sources, record(people=["Ana", "Anna"]))
    ana, anna = (PersonKey(OWNER, sources.ids.local_id("person", OWNER, n)) for n in ("Ana", "Anna"))
    old = (await sources.people.raw([anna]))[anna]
    await sources.people.save(msgspec.structs.replace(old, merged_into=ana.id))
    await outcomes(sources, record("b", people=["Anna"]))
    assert (await stored(sources, "b")).people == (ana.id,)


async def test_a_photo_that_was_modified_concurrently_is_read_again(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    await outcomes(sources, record(caption="old"))
    save, pending = sources.photos.save, [True]

    async def late(drafts: list[Draft], *, now_ms: int) -> Any:
        if pending.pop() if pending else False:
            rated = msgspec.structs.replace(await stored(sources), rating=3)
            await save([Draft(rated)], now_ms=1)
        return await save(drafts, now_ms=now_ms)

    monkeypatch.setattr(sources.photos, "save", late)
    assert await outcomes(sources, record(caption="new")) == [WriteOutcome.UPDATED]
    after = await opened(sources)
    assert after.content is not None
    assert (after.record.rating, after.content.caption) == (3, "new")
