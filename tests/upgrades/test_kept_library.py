"""A data folder and exports of an older commit give the same answers on this program."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from commands.progress import PlainProgress
from datasources import Sources
from datasources.audit.chain import AuditKeys
from datasources.audit.verification import verify_log
from datasources.versions import UPGRADES
from indexing.change_feed_consumer import IndexFollower
from indexing.open_stores import open_exclusive
from indexing.verify import verify
from ingest.readers.opening import open_reader
from ingest.run import ImportRequest, ImportRun
from tests.upgrades.kept_library import KEPT, Replay, comparable, expected, stored_of, unpacked

CONTENT = """sourceId mediaType contentType fileSize width height durationSeconds
  takenAt takenAtLocal takenOn takenAtPrecision utcOffsetMinutes timeZone
  location { latitude longitude altitudeMeters precision }
  place { code kind name localizedName(languages: ["ja", "de"]) { text language } address { text language } countryCode
    ancestors { code kind } timeZone } placePinned caption fileName recognizedText keywords
  labels(minConfidence: 0) { confidence label { key name } }
  camera { name make model lens } exposure { iso aperture shutterSeconds focalLengthMm } favorite hidden rating trashedAt
  people { name } albums { title }"""


REMOVED = frozenset({"drawn"})
"""Fields of records that newer programs ignore: photos of the demo were drawn, and are referenced files now."""

INTENDED = {
    r"\.fileName: .* is now None": "file names need exact time and exact place (docs/decisions/057-file-names-are-a-class-of-their-own.md)",
    r"\.albums\.nodes\[\d+\]\.createdAt: .* is now None": "the creation of an album tells the time (the same note)",
    r"\.withheld: \[.*\] is now \['FILE_NAME'.*": "the class of file names is among the withheld ones",
    r"\.name: 'Tokio' is now 'Tokyo'": "a German name does not stand for an English one (docs/decisions/143-meanings-add-to-the-text.md)",
    r"\.album\.owner: .* is now None": "guests see no customer (docs/decisions/110-shares-are-invitations.md)",
}
"""Differences that a later decision intends, by the whole text of the difference."""
SEARCHES = "search"
"""Searches by text find more and rank otherwise (docs/decisions/143-meanings-add-to-the-text.md), but never find fewer photos."""
GUESTS_LIBRARY = frozenset({"search by a guest", "photos of a guest"})
"""Requests for `library: MINE` by a guest, which is the album of the link since docs/decisions/110-shares-are-invitations.md."""


@pytest.fixture
def recorded_time(monkeypatch: pytest.MonkeyPatch) -> int:
    """The clock stands still two days after the folder was made: nothing expires between the recording and the test."""
    at: int = expected()["recordedAtMs"]
    monkeypatch.setattr(time, "time", lambda: at / 1_000)
    monkeypatch.setattr(time, "time_ns", lambda: at * 1_000_000)
    return at


async def test_the_kept_folder_is_upgraded_and_answers_as_before(tmp_path: Path, recorded_time: int) -> None:
    data, recorded = unpacked(tmp_path), expected()
    assert (data / "version").read_text().strip() == "1"
    async with open_exclusive(data, "a test") as opened:
        assert (data / "version").read_text().strip() == str(UPGRADES.folder_format)
        sources = replace(opened, now_ms=lambda: recorded_time)
        for name, stored in recorded["stored"]["customers"].items():
            assert differences(stored, await stored_of(sources, name)) == []
        await audit_is_whole(sources, recorded["stored"]["audit"]["records"])
        found = await verify(sources, repair=False)
        assert found.agrees, found
        await answers_as_recorded(sources, recorded)


def differences(before: Any, now: Any, path: str = "") -> list[str]:
    """The paths at which two values differ; members that only `before` has, at its top, are not compared."""
    if isinstance(before, dict) and isinstance(now, dict):
        names = (now.keys() | (before.keys() if path else ())) - REMOVED
        return [d for n in sorted(names) for d in differences(before.get(n), now.get(n), f"{path}.{n}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [d for n, (b, a) in enumerate(zip(before, now, strict=True)) for d in differences(b, a, f"{path}[{n}]")]
    return [] if before == now else [f"{path}: {before!r} is now {now!r}"]


async def audit_is_whole(sources: Sources, records: int) -> None:
    keys = AuditKeys.of(await sources.keys.installation_secret("audit"))
    findings = await verify_log(sources.audit, keys)
    assert (findings.unkeyed, findings.unsigned) == (records, 0)
    assert (findings.records, findings.faults) == (records, [])


async def answers_as_recorded(sources: Sources, recorded: Any) -> None:
    """In the order of the recording, because each reading by others makes the access logs longer."""
    replay, other = Replay(sources), []
    for request in recorded["asked"]:
        viewer = replay.viewer(recorded["viewers"][request["viewer"]])
        answer = await replay.answer(request["query"], request["variables"], viewer)
        if request["name"].startswith(SEARCHES) and "searchPhotos" in (request["answer"].get("data") or {}):
            found, before = (one["data"]["searchPhotos"]["total"]["count"] for one in (answer, request["answer"]))
            assert found >= before, request["name"]
        elif "note" not in request and request["name"] not in GUESTS_LIBRARY:
            other += [(request["name"], request["viewer"], d) for d in differences(comparable(request["answer"]), answer)]
    other = [found for found in other if not any(re.search(intended, found[2]) for intended in INTENDED)]
    assert other == [], "\n".join(map(str, other))
    assert len(recorded["asked"]) > 400


@pytest.mark.parametrize("name", ["export.zip", "export-parquet.zip", "export-arrow.zip"])
async def test_the_kept_exports_are_imported_as_before(tmp_path: Path, recorded_time: int, name: str) -> None:
    del recorded_time
    recorded = expected()["imported"]["export.zip"]
    archive, data = tmp_path / name, tmp_path / "data"
    shutil.copy(KEPT / name, archive)
    async with open_exclusive(data, "a test") as sources:
        job = await imported(sources, archive, data)
        assert {k: v for k, v in job.counters.counts.items() if v} == {k: v for k, v in recorded["counts"].items() if v}
        assert job.counters.rejections == recorded["rejections"]
        replay = Replay(sources)
        ana = replay.viewer({"kind": "CUSTOMER", "externalId": "ana"})
        photos = await all_photos(replay, ana)
        assert photos.keys() == recorded["photos"].keys()
        for source, photo in photos.items():
            assert comparable({part: recorded["photos"][source][part] for part in photo}) == photo, source
        rest = await replay.answer(
            "{ albums(first: 50) { nodes { title createdAt photoCount shares { id } } } people(first: 50) { nodes { name photoCount } }"
            " viewer { customer { externalId displayName } } }",
            {},
            ana,
        )
        for part in ("albums", "people"):
            assert as_set(rest["data"][part]["nodes"]) == as_set(recorded[part])
        assert rest["data"]["viewer"]["customer"] == recorded["customer"]


async def imported(sources: Sources, archive: Path, data: Path) -> ImportRun:
    reader = open_reader(archive, spool=data / "imports")
    job = ImportRun(sources, IndexFollower(sources), PlainProgress(io.StringIO()), asyncio.Event())
    try:
        assert await job.run(reader, ImportRequest(archive, "ana"), data)
        assert await job.wait_for_index(data)
    finally:
        job.close()
        reader.close()
    return job


async def all_photos(replay: Replay, viewer: Any) -> dict[str, Any]:
    query = "query($a: String) { photos(filter: {states: [ACTIVE, HIDDEN, TRASHED]}, first: 15, after: $a) { nodes { %s } pageInfo { hasNextPage endCursor } } }"
    found: dict[str, Any] = {}
    after = None
    while True:
        page = (await replay.answer(query % CONTENT, {"a": after}, viewer))["data"]["photos"]
        found |= {p["sourceId"]: p for p in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def as_set(things: Any) -> list[str]:
    return sorted(json.dumps(thing, sort_keys=True) for thing in json.loads(msgspec.json.encode(things)))
