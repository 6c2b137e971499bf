"""The Lambda function behind the event source mappings of the tables' streams: `deploy/lambda/stream_handler.handler`.

Its settings are the gateway's own (docs/settings.md). Configure the mapping with `ReportBatchItemFailures`, a bounded
number of retries and a dead-letter queue; the order within a shard is kept by Lambda.
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
_opened: dict[str, Sources] = {}


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """One batch; connections and keys are kept from one to the next."""
    return _loop.run_until_complete(_handled(event))


async def _handled(event: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    stack = Settings().engines
    if stack is None:
        raise UnusableSettings("The stream's function needs PHOTOS_STACK=aws.")
    if "sources" not in _opened:
        _opened["sources"] = await real(stack)
    return await handle(_opened["sources"], event, stack.prefix)
