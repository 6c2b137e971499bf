"""The versions of the records of each table, and the upgrade of records that an older program wrote.

It works through the port, so it is the same on every engine. It may run while other processes of this program write:
each record is written on condition of its version. It may be stopped anywhere: the next run continues.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from datasources.errors import Unavailable
from datasources.stored_data import NoCustomerData
from datasources.tables.sealed_body import read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Table
from datasources.versions import RecordStep, Upgrades

VERSIONS = Table(
    "versions",
    stored=NoCustomerData("It holds the version of each table's records and, during an upgrade, the last upgraded key."),
)
_log = logging.getLogger("photos.upgrade")
_LOG_EVERY_S: Final = 5.0
_SORT: Final = "records"
_PAGE: Final = 500
_ROUNDS: Final = 5
Progress = Callable[[str, int], None]
"""Called with the name of a step and the records behind it."""


class RecordVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """The version of a table's records; `after` and `done` belong to a step that is not finished."""

    version: int = 1
    after: tuple[str, str] | None = None
    done: int = 0


_RECORD = msgspec.msgpack.Decoder(RecordVersion)


async def stored_versions(store: ItemStore, tables: Sequence[Table]) -> Mapping[str, tuple[RecordVersion, int]]:
    """Version and item version by table; a table without an item has records of version 1."""
    items = await store.get_many(VERSIONS, [_key(table) for table in tables])
    found = {t.name: items.get(_key(t)) for t in tables}
    return {n: (RecordVersion(), 0) if i is None else (read_body(_RECORD, i, VERSIONS), i.version) for n, i in found.items()}


async def is_older(store: ItemStore, tables: Sequence[Table], upgrades: Upgrades) -> bool:
    """Whether records must be upgraded; raises `Unavailable` where a newer program wrote them."""
    older = False
    for name, (stored, _) in (await stored_versions(store, tables)).items():
        ours = upgrades.record_version(name)
        if stored.version > ours:
            raise Unavailable(
                "tables",
                f"a newer program upgraded the records of {name} to version {stored.version}, and this program reads version "
                f"{ours}: use the newer program",
            )
        older = older or stored.version < ours
    return older


async def upgrade_if_older(store: ItemStore, tables: Sequence[Table], upgrades: Upgrades) -> None:
    """Upgrades records with a log line now and then; raises `Unavailable` for records of a newer program. One read if current."""
    if not await is_older(store, tables, upgrades):
        return
    last = time.monotonic()

    def log(step: str, done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _LOG_EVERY_S:
            last = time.monotonic()
            _log.warning("Upgrading records: %s: %d done.", step, done)

    _log.warning("Upgrading records of an older program.")
    await upgrade_records(store, tables, upgrades, log)
    _log.warning("The records are upgraded.")


async def upgrade_records(store: ItemStore, tables: Sequence[Table], upgrades: Upgrades, progress: Progress) -> None:
    """Runs every step that is not done yet."""
    for table in tables:
        for to, step in enumerate(upgrades.of_table(table.name), 2):
            stored, at = (await stored_versions(store, [table]))[table.name]
            if stored.version < to:
                await _run(_Step(store, table, step, to), progress, stored, at)


@dataclass(frozen=True, slots=True)
class _Step:
    store: ItemStore
    table: Table
    step: RecordStep
    to: int


async def _run(at: _Step, progress: Progress, stored: RecordVersion, item_version: int) -> None:
    while True:
        page = await at.store.scan(at.table, limit=_PAGE, after=None if stored.after is None else Key(*stored.after))
        await _change(at, page.items)
        done = stored.done + len(page.items)
        progress(at.step.name, done)
        end = page.after is None
        stored = (
            RecordVersion(at.to)
            if page.after is None
            else RecordVersion(stored.version, (page.after.partition, page.after.sort), done)
        )
        item_version = await _save(at, stored, item_version)
        if end:
            return


async def _change(at: _Step, items: Sequence[Item]) -> None:
    """Writes the changed items; an item that another process wrote meanwhile is read and changed again."""
    for _ in range(_ROUNDS):
        changed = [new for item in items if (new := at.step.change(item)) is not None]
        written = await at.store.write_each([Put(at.table, item, item.version) for item in changed]) if changed else []
        missed = [item.key for item, ok in zip(changed, written, strict=True) if not ok]
        if not missed:
            return
        items = list((await at.store.get_many(at.table, missed)).values())
    raise Unavailable("tables", f"records of {at.table.name} change all the time; stop the other processes and start again")


async def _save(at: _Step, version: RecordVersion, item_version: int) -> int:
    """Several processes may upgrade at once; each step gives the same result, so the last write may win."""
    item = Item(_key(at.table), item_version + 1, msgspec.msgpack.encode(version))
    await at.store.write_each([Put(VERSIONS, item, None)])
    return item_version + 1


def _key(table: Table) -> Key:
    return Key(table.name, _SORT)
