"""The Lambda function that updates the index from the streams of the tables: `deploy/lambda/stream_handler.handler`.

It has the settings of the gateway (docs/settings.md). Its event source mappings need `ReportBatchItemFailures`, a bounded
number of retries and a dead-letter queue; Lambda preserves the order within a shard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from datasources import Sources
from datasources.wiring import real
from indexing.stream_events import handle
from settings import Settings, UnusableSettings

_loop = asyncio.new_event_loop()
_sources: dict[str, Sources] = {}


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Processes a batch of stream records. Connections and keys are reused by later batches."""
    return _loop.run_until_complete(_handle(event))


async def _handle(event: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    stack = Settings().engines
    if stack is None:
        raise UnusableSettings("The function has no production engines: set PHOTOS_STACK=aws.")
    if "sources" not in _sources:
        _sources["sources"] = await real(stack)
    return await handle(_sources["sources"], event, stack.prefix)
