"""A data folder with a few pictures, imported once for a test run."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.media.gateway import RunningGateway, imported, jpeg, picture, running_gateway

START = 1_800_000_000.0
ORIGINS = ("https://photos.example",)


@pytest.fixture(scope="session")
def library_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which Ana has nine pictures. Tests that change it must copy it."""
    folder = tmp_path_factory.mktemp("library_folder")
    (folder / "pictures").mkdir()
    for n in range(9):
        (folder / "pictures" / f"IMG_{n}.jpg").write_bytes(jpeg(picture(n)))
    asyncio.run(imported(folder / "data", folder / "pictures"))
    return folder / "data"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_gateway(library_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningGateway]:
    data = shutil.copytree(library_folder, tmp_path_factory.mktemp("module_gateway") / "data")
    async with running_gateway(data, allowed_origins=ORIGINS) as opened:
        yield opened


@pytest.fixture
def gateway(module_gateway: RunningGateway) -> RunningGateway:
    """The gateway of a module with its clock reset. Changes must not affect other tests."""
    module_gateway.now[0] = START
    return module_gateway


@pytest.fixture
async def own_gateway(library_folder: Path, tmp_path: Path) -> AsyncIterator[RunningGateway]:
    """A gateway with its own copy of the data folder."""
    async with running_gateway(shutil.copytree(library_folder, tmp_path / "data"), allowed_origins=ORIGINS) as opened:
        yield opened
