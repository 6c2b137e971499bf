"""Originals: encrypted copies and references to files."""

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
class Harness:
    sources: Sources
    originals: Originals
    folder: Path

    def files(self) -> list[Path]:
        return [p for p in (self.folder / "media").rglob("*") if p.is_file()]


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    folder = prepare(tmp_path / "data")
    sources = await embedded(folder)
    yield Harness(sources, sources.originals, folder)
    await sources.close()


async def chunks(data: bytes = PLAIN) -> AsyncIterator[bytes]:
    yield data


def name_of(harness: Harness, data: bytes = PLAIN, owner: str = OWNER) -> str:
    return harness.originals.name_of(owner, hashlib.sha256(data).hexdigest())


async def whole(harness: Harness, name: str, owner: str = OWNER, visibility: Visibility = OWNER_VISIBILITY) -> bytes | None:
    stream = await harness.originals.open(visibility, owner, name)
    return None if stream is None else b"".join([p async for p in stream.read(0, stream.size)])


async def test_a_copy_is_encrypted_and_can_be_read(harness: Harness) -> None:
    name = name_of(harness)
    await harness.originals.store(OWNER, name, chunks())
    assert await whole(harness, name) == PLAIN
    (file,) = harness.files()
    assert b"picture-canary" not in file.read_bytes()
    assert hashlib.sha256(PLAIN).hexdigest() not in str(file)
    stream = await harness.originals.open(OWNER_VISIBILITY, OWNER, name)
    assert stream is not None
    assert b"".join([p async for p in stream.read(70_000, 140_001)]) == PLAIN[70_000:140_001]


async def test_owners_do_not_share_files(harness: Harness) -> None:
    other = "b" * 32
    assert name_of(harness) != name_of(harness, owner=other)
    await harness.originals.store(OWNER, name_of(harness), chunks())
    assert await whole(harness, name_of(harness), other) is None
    assert not await harness.originals.has(other, name_of(harness, owner=other))


async def test_a_file_of_an_erased_owner_cannot_be_opened(harness: Harness) -> None:
    await harness.originals.store(OWNER, name_of(harness), chunks())
    await harness.sources.keys.destroy(OWNER)
    assert await whole(harness, name_of(harness)) is None
    assert await harness.originals.delete_owner(OWNER) == 1
    assert harness.files() == []


async def test_an_altered_copy_is_corrupt(harness: Harness) -> None:
    await harness.originals.store(OWNER, name_of(harness), chunks())
    (file,) = harness.files()
    data = bytearray(file.read_bytes())
    data[100_000] ^= 1
    file.write_bytes(data)
    with pytest.raises(Corrupt):
        await whole(harness, name_of(harness))


async def test_a_viewer_without_the_picture_class_gets_no_file(harness: Harness) -> None:
    await harness.originals.store(OWNER, name_of(harness), chunks())
    assert await whole(harness, name_of(harness), visibility=Visibility(Relation.SUPPORT)) is None


async def test_a_referenced_file_is_read_from_its_path(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "IMG_1.jpg"
    file.write_bytes(PLAIN)
    await harness.originals.link(OWNER, name_of(harness), ReferencedFile.of(file, hashlib.sha256(PLAIN).hexdigest()))
    assert await whole(harness, name_of(harness)) == PLAIN
    assert b"IMG_1" not in b"".join(f.read_bytes() for f in harness.files())
    os.utime(file)  # looks different, is the same: linked anew
    assert await whole(harness, name_of(harness)) == PLAIN
    await harness.originals.delete(OWNER, [name_of(harness)])
    assert await whole(harness, name_of(harness)) is None
    assert file.exists()


@pytest.mark.parametrize("what", ["other bytes", "other bytes, same size and time", "gone", "a folder", "a link to the same"])
async def test_a_changed_referenced_file_is_detected(harness: Harness, tmp_path: Path, what: str) -> None:
    file = tmp_path / "IMG_1.jpg"
    file.write_bytes(PLAIN)
    await harness.originals.link(OWNER, name_of(harness), ReferencedFile.of(file, hashlib.sha256(PLAIN).hexdigest()))
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
    assert await whole(harness, name_of(harness)) is None


async def test_a_file_that_changes_while_it_is_read_is_detected(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(bytes(3 << 20))
    name = name_of(harness, bytes(3 << 20))
    await harness.originals.link(OWNER, name, ReferencedFile.of(file, hashlib.sha256(bytes(3 << 20)).hexdigest()))
    stream = await harness.originals.open(OWNER_VISIBILITY, OWNER, name)
    assert stream is not None
    pieces = stream.read(0, stream.size)
    await anext(pieces)
    with file.open("r+b") as changed:
        changed.seek(2 << 20)
        changed.write(b"other")
    with pytest.raises(FileChanged):
        async for _ in pieces:
            pass
