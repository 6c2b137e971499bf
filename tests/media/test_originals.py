"""Originals: sealed copies and watched links, on a real folder and a real key ring."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from access.policy import OWNER_VISIBILITY, Relation, Visibility
from datasources import Sources
from datasources.data_folder import prepare
from datasources.errors import Corrupt
from datasources.media.encrypted_blobs import Originals
from datasources.media.referenced_files import FileChanged, ReferencedFile
from datasources.wiring import embedded

OWNER = "a" * 32
PLAIN = b"picture-canary" * 30_000


@dataclass
class Room:
    sources: Sources
    originals: Originals
    folder: Path

    def files(self) -> list[Path]:
        return [p for p in (self.folder / "media").rglob("*") if p.is_file()]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    folder = prepare(tmp_path / "data")
    sources = await embedded(folder)
    yield Room(sources, sources.originals, folder)
    await sources.close()


async def chunks(data: bytes = PLAIN) -> AsyncIterator[bytes]:
    yield data


def name_of(room: Room, data: bytes = PLAIN, owner: str = OWNER) -> str:
    return room.originals.name_of(owner, hashlib.sha256(data).hexdigest())


async def whole(room: Room, name: str, owner: str = OWNER, sight: Visibility = OWNER_VISIBILITY) -> bytes | None:
    stream = await room.originals.open(sight, owner, name)
    return None if stream is None else b"".join([p async for p in stream.read(0, stream.size)])


async def test_a_copy_comes_back_and_lies_sealed(room: Room) -> None:
    name = name_of(room)
    await room.originals.keep(OWNER, name, chunks())
    assert await whole(room, name) == PLAIN
    (file,) = room.files()
    assert b"picture-canary" not in file.read_bytes()
    assert hashlib.sha256(PLAIN).hexdigest() not in str(file)
    stream = await room.originals.open(OWNER_VISIBILITY, OWNER, name)
    assert stream is not None
    assert b"".join([p async for p in stream.read(70_000, 140_001)]) == PLAIN[70_000:140_001]


async def test_owners_do_not_share_the_same_bytes(room: Room) -> None:
    other = "b" * 32
    assert name_of(room) != name_of(room, owner=other)
    await room.originals.keep(OWNER, name_of(room), chunks())
    assert await whole(room, name_of(room), other) is None
    assert not await room.originals.has(other, name_of(room, owner=other))


async def test_a_file_of_a_destroyed_owner_opens_no_more(room: Room) -> None:
    await room.originals.keep(OWNER, name_of(room), chunks())
    await room.sources.keys.destroy(OWNER)
    assert await whole(room, name_of(room)) is None
    assert await room.originals.delete_owner(OWNER) == 1
    assert room.files() == []


async def test_an_altered_copy_is_corrupt(room: Room) -> None:
    await room.originals.keep(OWNER, name_of(room), chunks())
    (file,) = room.files()
    data = bytearray(file.read_bytes())
    data[100_000] ^= 1
    file.write_bytes(data)
    with pytest.raises(Corrupt):
        await whole(room, name_of(room))


async def test_whoever_may_see_no_pictures_gets_none(room: Room) -> None:
    await room.originals.keep(OWNER, name_of(room), chunks())
    assert await whole(room, name_of(room), sight=Visibility(Relation.SUPPORT)) is None


async def test_a_linked_file_is_read_where_it_lies(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "IMG_1.jpg"
    file.write_bytes(PLAIN)
    await room.originals.link(OWNER, name_of(room), ReferencedFile.of(file, hashlib.sha256(PLAIN).hexdigest()))
    assert await whole(room, name_of(room)) == PLAIN
    assert b"IMG_1" not in b"".join(f.read_bytes() for f in room.files())
    os.utime(file)  # looks different, is the same: linked anew
    assert await whole(room, name_of(room)) == PLAIN
    await room.originals.delete(OWNER, [name_of(room)])
    assert await whole(room, name_of(room)) is None
    assert file.exists()


@pytest.mark.parametrize("what", ["other bytes", "other bytes, same size and time", "gone", "a folder", "a link to the same"])
async def test_a_changed_linked_file_is_noticed(room: Room, tmp_path: Path, what: str) -> None:
    file = tmp_path / "IMG_1.jpg"
    file.write_bytes(PLAIN)
    await room.originals.link(OWNER, name_of(room), ReferencedFile.of(file, hashlib.sha256(PLAIN).hexdigest()))
    before = file.stat()
    if what.startswith("other bytes"):
        file.write_bytes(b"x" * len(PLAIN))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        moved = file.rename(tmp_path / "moved.jpg")
        if what == "a folder":
            file.mkdir()
        if what == "a link to the same":
            file.symlink_to(moved)
    assert await whole(room, name_of(room)) is None


async def test_a_file_that_changes_while_it_is_read_is_noticed(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(bytes(3 << 20))
    name = name_of(room, bytes(3 << 20))
    await room.originals.link(OWNER, name, ReferencedFile.of(file, hashlib.sha256(bytes(3 << 20)).hexdigest()))
    stream = await room.originals.open(OWNER_VISIBILITY, OWNER, name)
    assert stream is not None
    pieces = stream.read(0, stream.size)
    await anext(pieces)
    with file.open("r+b") as changed:
        changed.seek(2 << 20)
        changed.write(b"other")
    with pytest.raises(FileChanged):
        async for _ in pieces:
            pass
