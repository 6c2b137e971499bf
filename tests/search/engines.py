"""The engines that keep the promise of `PhotoIndex`; a new one is one more line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from datasources.search.port import PhotoIndex
from datasources.search.tantivy import TantivyIndex

Engine = Callable[[], Awaitable[PhotoIndex]]


async def embedded() -> PhotoIndex:
    return TantivyIndex.open(None)


ENGINES = [pytest.param(embedded, id="tantivy")]


@asynccontextmanager
async def opened(engine: Engine) -> AsyncIterator[PhotoIndex]:
    index = await engine()
    try:
        yield index
    finally:
        await index.close()
