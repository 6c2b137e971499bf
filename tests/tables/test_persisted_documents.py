"""The safelist in the tables: registered, found, used, retired."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datasources import TABLES
from datasources.tables.documents import KNOWN_S, DocumentRecord, PersistedDocuments, hash_of
from datasources.tables.sqlite.store import SqliteTables

DAY_MS = 86_400_000
TEXT = "{ viewer { kind } }"


class Clock:
    now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


class Installation:
    """Two processes over one store."""

    def __init__(self, tables: SqliteTables) -> None:
        self.clock = Clock()
        self.here = PersistedDocuments(tables.items, self.clock)
        self.there = PersistedDocuments(tables.items, self.clock)

    def record(self, document_id: str = "", client: str = "web", text: str = TEXT) -> DocumentRecord:
        return DocumentRecord(document_id or hash_of(text), client, "Viewer", text, self.clock.now)


@pytest.fixture
async def installed(tmp_path: Path) -> AsyncIterator[Installation]:
    tables = SqliteTables.open(tmp_path / "t.sqlite", TABLES, clock=lambda: 1_700_000_000)
    yield Installation(tables)
    await tables.items.close()


async def test_a_registered_document_is_found_by_its_id_and_by_nothing_like_it(installed: Installation) -> None:
    assert await installed.here.add([installed.record()]) == 1
    assert await installed.there.text(hash_of(TEXT)) == TEXT
    for other in ("", hash_of(TEXT)[:-1], hash_of(TEXT) + "0", hash_of(TEXT) + "#web", "x"):
        assert await installed.there.text(other) is None, other


async def test_registering_again_changes_nothing(installed: Installation) -> None:
    assert await installed.here.add([installed.record()]) == 1
    assert await installed.here.add([installed.record()]) == 0
    assert len(await installed.here.all()) == 1


async def test_a_retired_document_is_refused_everywhere_within_seconds_and_can_come_back(installed: Installation) -> None:
    await installed.here.add([installed.record()])
    assert await installed.there.text(hash_of(TEXT)) == TEXT
    assert await installed.here.retire(client="web") == 1
    assert await installed.here.text(hash_of(TEXT)) is None
    installed.clock.now += KNOWN_S * 1_000
    assert await installed.there.text(hash_of(TEXT)) is None
    assert await installed.here.retire(client="web") == 0
    assert await installed.here.add([installed.record()]) == 1
    assert await installed.here.text(hash_of(TEXT)) == TEXT


async def test_what_one_client_retires_another_may_still_send(installed: Installation) -> None:
    await installed.here.add([installed.record(client="web"), installed.record(client="ios")])
    assert await installed.here.retire(client="web", document_id=hash_of(TEXT)) == 1
    assert await installed.here.text(hash_of(TEXT)) == TEXT
    assert [(r.client, r.retired_at_ms is None) for r in await installed.here.all()] == [("ios", True), ("web", False)]


async def test_retiring_by_one_id_retires_the_text_by_its_other_ids_too(installed: Installation) -> None:
    await installed.here.add([installed.record("by-name"), installed.record()])
    assert await installed.here.retire(document_id="by-name") == 2
    assert await installed.here.text(hash_of(TEXT)) is None


async def test_the_day_of_the_last_use_is_noted_once_a_day(installed: Installation) -> None:
    await installed.here.add([installed.record()])
    assert [r.used_at_ms for r in await installed.here.all()] == [None]
    first = installed.clock.now
    for _ in range(5):
        await installed.here.text(hash_of(TEXT))
        installed.clock.now += 60_000
    assert [r.used_at_ms for r in await installed.here.all()] == [first]
    installed.clock.now += DAY_MS
    await asyncio.gather(installed.here.text(hash_of(TEXT)), installed.there.text(hash_of(TEXT)))
    assert [r.used_at_ms for r in await installed.here.all()] == [installed.clock.now]


async def test_what_is_remembered_is_bounded(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasources.tables.documents._MOST_KNOWN", 10)
    for n in range(50):
        assert await installed.here.text(f"x{n}") is None
    assert len(installed.here._known) == 10
