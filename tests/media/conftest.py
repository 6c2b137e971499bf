"""A house with a few pictures in it: imported once for a run, opened once for those who only look."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.media.gateway import House, house, imported, jpeg, picture

START = 1_800_000_000.0
ORIGINS = ("https://photos.example",)


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which Ana has nine pictures. Copy it before you change it."""
    folder = tmp_path_factory.mktemp("stocked")
    (folder / "pictures").mkdir()
    for n in range(9):
        (folder / "pictures" / f"IMG_{n}.jpg").write_bytes(jpeg(picture(n)))
    asyncio.run(imported(folder / "data", folder / "pictures"))
    return folder / "data"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    data = shutil.copytree(stocked, tmp_path_factory.mktemp("standing") / "data")
    async with house(data, allowed_origins=ORIGINS) as opened:
        yield opened


@pytest.fixture
def home(standing: House) -> House:
    """One for a module, to be changed only where no other test looks; its clock stands at the start again."""
    standing.now[0] = START
    return standing


@pytest.fixture
async def own_home(stocked: Path, tmp_path: Path) -> AsyncIterator[House]:
    """For a test that leaves nothing as it was."""
    async with house(shutil.copytree(stocked, tmp_path / "data"), allowed_origins=ORIGINS) as opened:
        yield opened
