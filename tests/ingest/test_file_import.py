"""Imports of files: no duplicates, edits are preserved, live photos are one item, imports can be resumed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from access.policy import OWNER_VISIBILITY
from datasources.tables.photos import Draft, PhotoRecord, SeenPhoto
from indexing.open_stores import open_exclusive
from tests.ingest import makers
from tests.ingest.makers import bag, exif, picture, raw, video, xmp, zipped
from tests.ingest.test_import_run import counts, imported, verified

PLAIN = picture("JPEG", exif=exif())


def put(folder: Path, **files: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return folder


async def library(data: Path) -> list[SeenPhoto]:
    async with open_exclusive(data, "a test") as sources:
        records, _ = await sources.photos.of_owner(sources.ids.local_id("customer", "ana"))
        seen = await sources.photos.opened(records, OWNER_VISIBILITY)
        found = [seen[r.key] for r in records]
        for photo in found:
            assert photo.content is not None  # decrypted while the data folder is open
        return found


async def edited(data: Path, caption: str) -> None:
    async with open_exclusive(data, "a test") as sources:
        [record], _ = await sources.photos.of_owner(sources.ids.local_id("customer", "ana"))
        content = (await sources.photos.opened([record], OWNER_VISIBILITY))[record.key].content
        assert content is not None
        await sources.photos.save([Draft(record, msgspec.structs.replace(content, caption=caption))], now_ms=1)


async def test_the_same_photo_in_two_folders_is_imported_once(tmp_path: Path) -> None:
    data, pictures = tmp_path / "data", tmp_path / "pictures"
    put(pictures / "one", a__jpg=PLAIN)
    put(pictures / "two", b__jpg=PLAIN)
    assert counts(await imported(data, pictures)) == (1, 0, 1, 0)
    assert counts(await imported(data, pictures)) == (0, 0, 2, 0)
    assert counts(await imported(data, pictures / "two")) == (0, 0, 1, 0)
    (tmp_path / "again.zip").write_bytes(zipped({"c.jpg": PLAIN}))
    assert counts(await imported(data, tmp_path / "again.zip")) == (0, 0, 1, 0)
    [photo] = await library(data)
    assert photo.content is not None
    assert photo.content.file_name == "a.jpg"


async def test_importing_again_preserves_the_edits_of_the_owner(tmp_path: Path) -> None:
    data, one = tmp_path / "data", put(tmp_path / "one", a__jpg=picture("JPEG", exif=exif({0x010E: "by the camera's owner"})))
    await imported(data, one)
    await edited(data, "by the owner, later")
    two = put(tmp_path / "two", renamed__jpg=(one / "a.jpg").read_bytes())
    assert counts(await imported(data, two)) == (0, 0, 1, 0)
    [photo] = await library(data)
    assert photo.content is not None
    assert photo.content.caption == "by the owner, later"


async def test_a_later_sidecar_updates_the_photo_and_a_copy_without_sidecar_changes_nothing(tmp_path: Path) -> None:
    data, pictures = tmp_path / "data", tmp_path / "pictures"
    put(pictures / "a", a__jpg=PLAIN)
    put(pictures / "b", a__jpg=PLAIN)
    assert counts(await imported(data, pictures)) == (1, 0, 1, 0)
    put(
        pictures / "a",
        a__xmp=xmp('xmp:Rating="5"', bag("dc:description", "Am Meer", kind="Alt") + bag("dc:subject", "Strand", "Krzysztof")),
    )
    assert counts(await imported(data, pictures)) == (0, 1, 1, 0)
    assert counts(await imported(data, pictures)) == (0, 0, 2, 0)
    [photo] = await library(data)
    assert photo.content is not None
    assert (photo.record.rating, photo.content.caption) == (5, "Am Meer")
    assert ([m.concept for m in photo.record.labels], photo.content.keywords) == (["beach"], ("Krzysztof",))


async def test_a_live_photo_is_one_photo_with_its_video_and_bursts_have_an_id(tmp_path: Path) -> None:
    still, motion = makers.live_photo()
    burst = [picture("JPEG", (80, 60 + n), xmp=xmp('GCamera:BurstID="b1"')) for n in range(2)]
    pictures = put(tmp_path / "p", IMG_1__JPG=still, IMG_1__MOV=motion, b1__jpg=burst[0], b2__jpg=burst[1])
    assert counts(await imported(tmp_path / "data", pictures)) == (3, 0, 0, 0)
    photos = await library(tmp_path / "data")
    live = [p for p in photos if p.content is not None and p.content.motion_id]
    assert len(live) == 1
    records: list[PhotoRecord] = [p.record for p in photos if p.record.burst]
    assert len({r.burst for r in records}) == 1
    assert len(records) == 2


async def test_an_instant_becomes_local_time_if_the_place_is_known(tmp_path: Path) -> None:
    from datetime import datetime

    created = datetime(2024, 5, 1, 8)  # noqa: DTZ001
    pictures = put(
        tmp_path / "p",
        rome__mp4=video(created=created, atoms={b"\xa9xyz": "+41.8900+012.4833/"}),
        nowhere__mp4=video(created=created, seconds=3),
    )
    await imported(tmp_path / "data", pictures)
    found = {(p.record.taken_local, p.record.offset_minutes, p.record.offset_source) for p in await library(tmp_path / "data")}
    assert found == {("2024-05-01T10:00:00", 120, "PLACE"), ("2024-05-01T08:00:00", 0, "RECORD")}


async def test_unsupported_and_skipped_files_are_counted_separately(tmp_path: Path) -> None:
    pictures = put(tmp_path / "p", a__jpg=PLAIN, b__psd=b"8BPS" + bytes(60), c__nef=raw(), d__txt=b"words", e__jpg=b"broken")
    ended = await imported(tmp_path / "data", pictures)
    assert counts(ended) == (2, 0, 0, 2)
    assert (ended.counters.counts["unread"], ended.counters.counts["skipped"]) == (1, 1)
    assert [line.split()[0] for line in ended.counters.rejections] == ["b.psd", "e.jpg"]


@pytest.mark.parametrize("in_zip", [False, True])
async def test_an_import_of_files_resumes_where_it_was_stopped(
    tmp_path: Path, in_zip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.run.BATCH", 10)
    files = {f"{n:03}.jpg": PLAIN + n.to_bytes(2) for n in range(25)}
    path = tmp_path / ("p.zip" if in_zip else "p")
    if in_zip:
        path.write_bytes(zipped(files))
    else:
        put(path, **{name.replace(".", "__"): content for name, content in files.items()})
    first = await imported(tmp_path / "data", path, after=1)
    assert (first.is_complete, counts(first)) == (False, (10, 0, 0, 0))
    assert counts(await imported(tmp_path / "data", path)) == (25, 0, 0, 0)
    assert (await verified(tmp_path / "data")).photos == 25
    assert list((tmp_path / "data" / "imports").iterdir()) == []
