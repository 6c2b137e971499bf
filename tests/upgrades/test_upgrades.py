"""Folders of older and newer programs: upgraded, resumed after a kill, copied first, or refused in one sentence."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from datasources.data_folder import IndexLock, UnusableFolder, copies_of, prepare
from datasources.errors import Unavailable
from datasources.tables.documents import DOCUMENTS
from datasources.tables.record_versions import VERSIONS, upgrade_if_older
from datasources.tables.store import Item, Key, Put
from datasources.versions import UPGRADES, FolderStep, Upgrades
from datasources.wiring import embedded
from indexing.open_stores import open_exclusive
from tests.upgrades.planted import NEW, OLD, PLANTED, upgrade

RECORDS = 1_300
"""Three pages of an upgrade."""
ROOT = Path(__file__).parents[2]


async def old_folder(folder: Path) -> Path:
    """A folder of today with records that a planted step changes."""
    sources = await embedded(prepare(folder))
    puts = [Put(DOCUMENTS, Item(Key(f"p{n % 7}", f"{n:05d}"), 3, OLD), 0) for n in range(RECORDS)]
    assert all(await sources.store.write_each(puts))
    await sources.close()
    return folder


def rows(file: Path) -> tuple[int, dict[bytes, int], set[int]]:
    """Version of the file, the number of records by body, and their versions."""
    with closing(sqlite3.connect(file)) as conn:
        (version,) = conn.execute("PRAGMA user_version").fetchone()
        bodies = dict(conn.execute("SELECT body, count(*) FROM items_documents GROUP BY body").fetchall())
        return version, bodies, {v for (v,) in conn.execute("SELECT DISTINCT version FROM items_documents")}


def is_upgraded(folder: Path) -> bool:
    version, bodies, versions = rows(folder / "tables.sqlite")
    return (
        (version, bodies, versions) == (2, {NEW: RECORDS}, {3})
        and (folder / "version").read_text().strip() == str(PLANTED.folder_format)
        and (folder / "media" / "planted").read_text() == "once"
        and not (folder / "upgrading").exists()
    )


async def test_an_older_folder_is_upgraded_and_a_copy_of_its_tables_is_retained(tmp_path: Path) -> None:
    folder = await old_folder(tmp_path / "data")
    await upgrade(folder)
    assert is_upgraded(folder)
    (copy,) = copies_of(folder)
    assert copy.name == f"tables.sqlite.before-{UPGRADES.folder_format}"
    assert copy.stat().st_mode & 0o077 == 0
    assert rows(copy) == (1, {OLD: RECORDS}, {3})
    await upgrade(folder)
    assert is_upgraded(folder)


@pytest.mark.parametrize("point", ["sqlite", "folder", "records"])
async def test_an_upgrade_that_was_killed_continues(tmp_path: Path, point: str) -> None:
    folder = await old_folder(tmp_path / "data")
    command = [sys.executable, "-m", "tests.upgrades.planted", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "KILL_AT": point}, check=False, capture_output=True)  # noqa: ASYNC221 - the program is killed, nothing else runs
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert not is_upgraded(folder)
    if point == "records":
        assert set(rows(folder / "tables.sqlite")[1]) == {OLD, NEW}
    await upgrade(folder)
    assert is_upgraded(folder)
    (copy,) = copies_of(folder)
    assert rows(copy)[1] == {OLD: RECORDS}, "the copy is of the time before the first step"


async def test_a_folder_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    folder = await old_folder(tmp_path / "data")
    await upgrade(folder)
    with pytest.raises(
        UnusableFolder,
        match=f"format '{PLANTED.folder_format}', and this program reads formats up to {UPGRADES.folder_format}: install the newer",
    ):
        prepare(folder)
    newer = await embedded(folder, upgrades=PLANTED)
    with pytest.raises(Unavailable, match="newer program upgraded the records of documents to version 2"):
        await upgrade_if_older(newer.store, [DOCUMENTS], UPGRADES)
    await newer.close()
    assert is_upgraded(folder)


async def test_a_folder_that_is_in_use_is_not_upgraded(tmp_path: Path) -> None:
    folder = await old_folder(tmp_path / "data")
    lock = IndexLock.take(folder, "a server")
    assert lock is not None
    with lock, pytest.raises(UnusableFolder, match=r"must be upgraded, and is in use by a server \(process \d+\): stop it"):
        prepare(folder, upgrades=PLANTED)
    assert rows(folder / "tables.sqlite")[1] == {OLD: RECORDS}


async def test_a_step_that_fails_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    folder = await old_folder(tmp_path / "data")

    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(UnusableFolder, match="No space left on device"):
        prepare(folder, upgrades=Upgrades((*UPGRADES.steps, FolderStep("fail", fail))))
    assert (folder / "version").read_text().strip() == str(UPGRADES.folder_format)
    prepare(folder)


async def test_an_erasure_deletes_the_copies(tmp_path: Path) -> None:
    folder = await old_folder(tmp_path / "data")
    (folder / "tables.sqlite.before-1").write_bytes(b"keys")
    async with open_exclusive(folder, "a test") as sources:
        assert sum([await forget("ana") for forget in sources.caches]) == 1
    assert copies_of(folder) == []


async def test_a_new_folder_has_the_current_versions_and_no_copy(tmp_path: Path) -> None:
    sources = await embedded(prepare(tmp_path / "data"))
    assert (await sources.store.scan(VERSIONS, limit=10)).items == []
    await sources.close()
    assert (tmp_path / "data" / "version").read_text() == f"{UPGRADES.folder_format}\n"
    assert copies_of(tmp_path / "data") == []
