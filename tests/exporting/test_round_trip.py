"""A library, exported and imported into an empty gateway, is the same library."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from access.policy import OWNER_VISIBILITY
from access.viewer import Viewer
from commands.progress import PlainProgress
from datasources.tables.photos import PhotoRecord
from demo.library import demo_library
from demo.load import load_demo
from resolvers.exporting.lines import EXPORTED_FIELDS
from resolvers.exporting.sections import Library
from tests.exporting.makers import customer_of, exported, imported
from tests.exporting.schema_walk import everything
from tests.ingest.makers import bag, xmp
from tests.requests.harness import Gateway, opened

PHOTOS = 400


async def lived_in(gateway: Gateway, folder: Path):
    """A part of Ana's demo library, with what a person does to one in years."""
    library = demo_library()
    ana = next(h for h in library.households if h.external_id == "ana")
    import dataclasses

    small = dataclasses.replace(ana, records=ana.records[:PHOTOS])
    others = [dataclasses.replace(h, records=h.records[:300]) for h in library.households if h is not ana]
    await load_demo(
        gateway.sources, folder, PlainProgress(io.StringIO()), dataclasses.replace(library, households=(small, *others))
    )
    viewer = customer_of(gateway, "ana")
    ids = [n["id"] for n in (await gateway.answer("{ photos(first: 30) { nodes { id } } }", as_=viewer))["photos"]["nodes"]]

    async def change(photos: list[str], **values: object) -> None:
        query = "mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) { userErrors { message } } }"
        done = await gateway.answer(query, {"i": {"ids": photos, "set": values}}, as_=viewer)
        assert done["updatePhotos"]["userErrors"] == []

    (place,) = (await gateway.answer('{ places(query: "Kyoto", first: 1) { nodes { id } } }', as_=viewer))["places"]["nodes"]
    await change(ids[:2], hidden=True, rating=4)
    await change(ids[2:4], placeId=place["id"], favorite=True)
    await change(ids[4:6], takenAt=None, keywords=["one", "zwei", "三"], caption='Grüße\nfrom <far> & "away"')
    await change(ids[6:8], location={"latitude": -33.85, "longitude": 151.2})
    await change(ids[8:9], location=None)
    await change(ids[9:10], utcOffsetMinutes=345)
    trash = "mutation($i: TrashPhotosInput!) { trashPhotos(input: $i) { userErrors { message } } }"
    await gateway.answer(trash, {"i": {"ids": ids[10:12]}}, as_=viewer)
    await gateway.album(viewer, "Empty 空")
    album = await gateway.album(viewer, "Chosen", *ids[12:20])
    cover = "mutation($i: UpdateAlbumInput!) { updateAlbum(input: $i) { userErrors { message } } }"
    done = await gateway.answer(cover, {"i": {"id": album, "set": {"coverId": ids[15]}}}, as_=viewer)
    assert done["updateAlbum"]["userErrors"] == []
    people = (await gateway.answer("{ people(first: 3) { nodes { id cover { id } } } }", as_=viewer))["people"]["nodes"]
    person = "mutation($i: UpdatePersonInput!) { updatePerson(input: $i) { userErrors { message } } }"
    await gateway.answer(person, {"i": {"id": people[0]["id"], "set": {"name": None}}}, as_=viewer)
    return viewer


async def stored(gateway: Gateway, viewer: Viewer) -> dict[str, dict[str, Any]]:
    """What stands in the tables beyond what can be asked for, such as where an offset came from."""
    assert viewer.customer is not None
    records: list[PhotoRecord] = []
    more: str | None = ""
    while more is not None:
        some, more = await gateway.sources.photos.of_owner(viewer.customer, limit=1_000, after=more or None)
        records += some
    seen = await gateway.sources.photos.opened(records, OWNER_VISIBILITY)
    library = await Library.of(gateway.sources, gateway.scope(viewer), viewer.customer)
    covers = await library.covers([*(a.record.cover for a in library.albums), *(p.record.cover for p in library.people)])
    named = [(a.title, a.record.cover) for a in library.albums] + [(p.name, p.record.cover) for p in library.people]
    chosen = sorted((name or "", covers[cover]) for name, cover in named if cover is not None)
    return {"covers": {"chosen": chosen}} | {
        s.content.source_id or "": {f: getattr(s.record, f) for f in EXPORTED_FIELDS}
        | {"embedding": s.embedding, "content": s.content}
        for s in seen.values()
        if s.content is not None
    }


@pytest.mark.parametrize(
    "format_", ["JSONL", pytest.param("PARQUET", marks=pytest.mark.slow), pytest.param("ARROW", marks=pytest.mark.slow)]
)
async def test_an_export_imported_into_an_empty_gateway_gives_the_same_library(tmp_path: Path, format_: str) -> None:
    out = tmp_path / "export"
    async with opened(tmp_path / "one") as gateway:
        viewer = await lived_in(gateway, tmp_path / "one")
        before = await everything(gateway, viewer) | {"stored": await stored(gateway, viewer)}
        job = await exported(gateway, viewer, out, format_)
    assert len(before["photos"]) == job.rows == PHOTOS
    assert {s["state"] for s in before["photos"].values() if "state" in s} <= {"ACTIVE", "HIDDEN", "TRASHED"}
    async with opened(tmp_path / "two") as gateway:
        tally = await imported(gateway, out, "ana", tmp_path / "bookmarks")
        assert (tally.counts["added"], tally.counts["rejected"]) == (PHOTOS, 0)
        assert tally.remarks == []
        ana = customer_of(gateway, "ana")
        after = await everything(gateway, ana) | {"stored": await stored(gateway, ana)}
        for part in before:
            assert after[part] == before[part], part
        again = await imported(gateway, out, "ana", tmp_path / "bookmarks")
        assert again.counts["unchanged"] == PHOTOS
        assert await everything(gateway, ana) | {"stored": await stored(gateway, ana)} == after


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small export, made once."""
    import asyncio

    out = tmp_path_factory.mktemp("exports") / "small"

    async def make() -> None:
        async with opened(out.parent) as gateway:
            ana = await gateway.customer("ana")
            await gateway.photos(
                "ana", "a", "b", "c", keywords=("sea & <sky>",), caption="one", taken_local="2024-05-01T10:00:00"
            )
            await gateway.person("ana", "Yuki")
            album = await gateway.album(ana, "Trip", *await gateway.photos("ana", "d"))
            share = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { userErrors { message } } }"
            await gateway.answer(share, {"i": {"albumId": album, "with": {"link": True}}}, as_=ana)
            await exported(gateway, ana, out)

    asyncio.run(make())
    return out


def test_it_can_be_read_without_this_program(small: Path) -> None:
    manifest = json.loads((small / "manifest.json").read_text())
    assert {f["name"] for f in manifest["files"]} | {"manifest.json"} == {f.name for f in small.iterdir()}
    assert manifest["photos"] == 4
    lines = [json.loads(line) for line in (small / "photos-00001.jsonl").read_text().splitlines()]
    assert {line["sourceId"] for line in lines} == {"a", "b", "c", "d"}
    with zipfile.ZipFile(small / "files-00001.zip") as archive:
        assert archive.testzip() is None
        assert {line["sidecar"] for line in lines} == set(archive.namelist())
        for line in lines:
            root = ET.fromstring(archive.read(line["sidecar"]))
            words = [e.text for e in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")]
            assert words == (["one", "sea & <sky>"] if line["sourceId"] != "d" else [])
    (share,) = [json.loads(line) for line in (small / "shares.jsonl").read_text().splitlines()]
    assert (share["albumTitle"], share["kind"]) == ("Trip", "LINK")
    assert "not created again" in (small / "readme.md").read_text()


async def test_a_zip_of_the_folder_is_as_good(small: Path, tmp_path: Path) -> None:
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", small.parent, small.name))
    async with opened(tmp_path) as gateway:
        tally = await imported(gateway, packed, "ana", tmp_path / "bookmarks")
        assert (tally.counts["added"], tally.counts["rejected"]) == (4, 0)
        shares = await gateway.answer("{ albums { nodes { title shares { id } photoCount } } }", as_=customer_of(gateway, "ana"))
        assert shares["albums"]["nodes"] == [{"title": "Trip", "shares": [], "photoCount": 1}]


async def test_damaged_and_altered_files_are_reported_and_the_rest_is_imported(small: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(small, bad)
    first, *rest = (bad / "photos-00001.jsonl").read_bytes().splitlines(keepends=True)
    altered = json.loads(first) | {"stored": {"taken_local": 7, "owner": "bob"}}
    stolen = json.loads(rest[0]) | {"stored": {"owner": "bob", "version": 99, "content": {"source_id": "z"}}}
    lines = [json.dumps(altered).encode() + b"\n", json.dumps(stolen).encode() + b"\n", b"[" * 2_000 + b"\n", *rest[1:]]
    (bad / "photos-00001.jsonl").write_bytes(b"".join(lines))
    (bad / "albums.jsonl").write_bytes(b'nonsense\n{"key": 7}\n{"key": "k", "title": "Kept", "createdAt": "never"}\n')
    (bad / "files-00001.zip").unlink()
    async with opened(tmp_path) as gateway:
        tally = await imported(gateway, bad, "ana", tmp_path / "bookmarks")
        assert (tally.counts["added"], tally.counts["rejected"]) == (2, 4)
        assert any("does not have the checksum" in r for r in tally.rejections)
        albums = await gateway.answer("{ albums(order: TITLE_ASC) { nodes { title } } }", as_=customer_of(gateway, "ana"))
        assert {a["title"] for a in albums["albums"]["nodes"]} >= {"Kept"}


async def test_originals_come_along_as_they_were(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, color in enumerate(("red", "green", "blue")):
        exif = Image.Exif()
        exif[0x010F] = "Maker"
        drawn = Image.new("RGB", (64 + number, 48), color)
        drawn.paste("white", (number * 9, 5, number * 9 + 20, 30))
        drawn.save(pictures / f"IMG:{number} ü.jpg", exif=exif)
    Image.new("RGB", (70, 48), "orange").save(pictures / os.fsdecode(b"caf\xe9.jpg"))
    bytes_of = {hashlib.sha256(p.read_bytes()).hexdigest(): p.read_bytes() for p in pictures.iterdir()}
    texts = bag("dc:title", "Caffè", kind="Alt") + bag("dc:description", "Al bar", kind="Alt")
    (pictures / os.fsdecode(b"caf\xe9.jpg.xmp")).write_bytes(xmp("", texts))
    async with opened(tmp_path / "one") as gateway:
        await imported(gateway, pictures, "ana", tmp_path / "bookmarks")
        before = await everything(gateway, customer_of(gateway, "ana"), beside="placeholder")
        await exported(gateway, customer_of(gateway, "ana"), tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "photos-00001.jsonl").read_text().splitlines()]
    with zipfile.ZipFile(tmp_path / "out" / "files-00001.zip") as archive:
        assert archive.testzip() is None
        found = {line["sourceId"].removeprefix("sha256:"): archive.read(line["original"]) for line in lines}
        assert all(name.isprintable() and ":" not in name and not name.startswith("/") for name in archive.namelist())
    assert found == bytes_of
    async with opened(tmp_path / "two") as gateway:
        tally = await imported(gateway, tmp_path / "out", "ana", tmp_path / "bookmarks")
        assert (tally.counts["added"], tally.remarks) == (4, [])
        ana = customer_of(gateway, "ana")
        assert await everything(gateway, ana, beside="placeholder") == before
        assert all(p["placeholder"] for p in before["photos"].values())
        assert [(p["title"], p["fileName"]) for p in before["photos"].values() if p["title"]] == [("Caffè", "caf\\xe9.jpg")]
        assert ana.customer is not None
        for sha in bytes_of:
            assert await gateway.sources.originals.has(ana.customer, gateway.sources.originals.name_of(ana.customer, sha))


async def test_an_original_of_other_bytes_is_not_taken(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (64, 48), "red").save(pictures / "a.jpg")
    async with opened(tmp_path / "one") as gateway:
        await imported(gateway, pictures, "ana", tmp_path / "bookmarks")
        await exported(gateway, customer_of(gateway, "ana"), tmp_path / "out")
    forged = tmp_path / "out" / "files-00001.zip"
    with zipfile.ZipFile(forged) as archive:
        names = archive.namelist()
    with zipfile.ZipFile(forged, "w") as archive:
        for name in names:
            archive.writestr(name, b"something else")
    async with opened(tmp_path / "two") as gateway:
        tally = await imported(gateway, tmp_path / "out", "ana", tmp_path / "bookmarks")
        assert tally.counts["added"] == 1
        assert len(tally.remarks) == 1
        assert "original" in tally.remarks[0]


async def test_an_export_given_back_to_its_own_library_doubles_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as gateway:
        external = customer_of(gateway, "ana")
        assert external.customer is not None
        await gateway.sources.customers.ensure(external.customer, "ana", now_ms=1)
        line = {"sourceId": "x", "albums": ["Trip"], "people": ["Yuki"]}
        (tmp_path / "r.jsonl").write_text(json.dumps(line) + "\n")
        await imported(gateway, tmp_path / "r.jsonl", "ana", tmp_path / "bookmarks")
        await exported(gateway, external, tmp_path / "out")
        before = await everything(gateway, external)
        await imported(gateway, tmp_path / "out", "ana", tmp_path / "bookmarks")
        assert await everything(gateway, external) == before
