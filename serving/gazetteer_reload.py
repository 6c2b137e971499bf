"""Reloads the gazetteer of a running server after an import has replaced its file in the data folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from datasources.errors import SourceError
from datasources.locations.port import LocationService

_INTERVAL_S = 2.0
_log = logging.getLogger("photos.places")


async def watch_gazetteer(locations: LocationService, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> NoReturn:
    """Checks for a new file every two seconds. A file that cannot be used is logged, and the current one stays in use."""
    while True:
        try:
            if await locations.reload():
                _log.warning("a new gazetteer is in use", extra={"reason": locations.data_version})
        except SourceError as e:
            _log.warning(
                "the new gazetteer cannot be used: import the places again", extra={"reason": f"{e.source}: {type(e).__name__}"}
            )
        await pause(_INTERVAL_S)
