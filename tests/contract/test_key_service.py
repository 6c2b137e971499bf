"""The contract of KeyService, run on every adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from datasources.errors import Corrupt, Unavailable
from datasources.keys.file import FileKeyService
from datasources.keys.kms import KmsKeyService
from datasources.keys.port import KeyService
from tests.servers import aws_access


@asynccontextmanager
async def file(folder: Path) -> AsyncIterator[KeyService]:
    yield FileKeyService(folder / "keys")


@asynccontextmanager
async def kms(_: Path) -> AsyncIterator[KeyService]:
    service = await KmsKeyService.open(aws_access("kms"), "alias/contract")
    await service.make_key()
    yield service
    await service.close()


ADAPTERS: dict[str, Callable[[Path], AbstractAsyncContextManager[KeyService]]] = {"file": file, "kms": kms}
PARAMS = [pytest.param("file"), pytest.param("kms", marks=pytest.mark.servers)]
CONTEXT = {"purpose": "wrapping", "name": "local:2026-11"}


@pytest.fixture(params=PARAMS)
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KeyService]:
    async with ADAPTERS[request.param](tmp_path) as opened:
        yield opened


async def test_what_was_generated_is_unwrapped_in_the_same_context(service: KeyService) -> None:
    plain, wrapped = await service.generate(CONTEXT)
    assert len(plain) == 32
    assert plain not in wrapped
    assert await service.unwrap(wrapped, dict(reversed(CONTEXT.items()))) == plain


async def test_every_key_is_another(service: KeyService) -> None:
    made = [await service.generate(CONTEXT) for _ in range(20)]
    assert len({plain for plain, _ in made}) == len({wrapped for _, wrapped in made}) == 20


OTHER_CONTEXTS = [
    {},
    {"purpose": "wrapping"},
    CONTEXT | {"name": "local:2026-12"},
    CONTEXT | {"more": ""},
    {"purpose": "local:2026-11", "name": "wrapping"},
    {"name": "local:2026-11", "purposewrapping": ""},
]


@pytest.mark.parametrize("context", OTHER_CONTEXTS, ids=range(len(OTHER_CONTEXTS)))
async def test_another_context_does_not_unwrap(service: KeyService, context: dict[str, str]) -> None:
    _, wrapped = await service.generate(CONTEXT)
    with pytest.raises(Corrupt):
        await service.unwrap(wrapped, context)


async def test_an_altered_key_does_not_unwrap(service: KeyService) -> None:
    _, wrapped = await service.generate(CONTEXT)
    altered = [wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :] for at in range(len(wrapped))]
    for bad in (*altered, b"", wrapped[:-1], wrapped + b"\0", wrapped[:20]):
        with pytest.raises(Corrupt):
            await service.unwrap(bad, CONTEXT)


def test_a_key_file_is_not_for_production(tmp_path: Path) -> None:
    assert not FileKeyService(tmp_path).for_production


async def test_nothing_is_written_before_first_use_and_then_only_for_its_owner(tmp_path: Path) -> None:
    service = FileKeyService(tmp_path / "keys")
    assert not (tmp_path / "keys").exists()
    await service.generate(CONTEXT)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert [(p.name, p.stat().st_mode & 0o777) for p in (tmp_path / "keys").iterdir()] == [("root.key", 0o600)]


async def test_those_who_race_for_first_use_share_one_root_key(tmp_path: Path) -> None:
    services = [FileKeyService(tmp_path / "keys") for _ in range(8)]
    made = await asyncio.gather(*(s.generate(CONTEXT) for s in services))
    for plain, wrapped in made:
        assert [await s.unwrap(wrapped, CONTEXT) for s in services] == [plain] * 8


@pytest.mark.parametrize(("name", "mode"), [("keys", 0o755), ("keys", 0o770), ("keys/root.key", 0o640), ("keys/root.key", 0o604)])
async def test_a_looser_mode_is_refused_with_a_sentence(tmp_path: Path, name: str, mode: int) -> None:
    _, wrapped = await FileKeyService(tmp_path / "keys").generate(CONTEXT)
    (tmp_path / name).chmod(mode)
    with pytest.raises(Unavailable, match=f"has mode {mode:04o}, so others may read it; it must be 0[67]00"):
        await FileKeyService(tmp_path / "keys").unwrap(wrapped, CONTEXT)


async def test_a_root_key_that_is_none_is_reported(tmp_path: Path) -> None:
    await FileKeyService(tmp_path / "keys").generate(CONTEXT)
    (tmp_path / "keys" / "root.key").write_bytes(b"short")
    with pytest.raises(Corrupt, match="5 bytes"):
        await FileKeyService(tmp_path / "keys").generate(CONTEXT)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        await FileKeyService(tmp_path / "file").generate(CONTEXT)
