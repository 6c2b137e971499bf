"""New places while the server runs: an import puts a whole file in the data folder, and here it is noticed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from datasources.errors import SourceError
from datasources.locations.port import LocationService

_EVERY_S = 2.0
_log = logging.getLogger("photos.places")


async def watch_gazetteer(locations: LocationService, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> NoReturn:
    """Looks again every two seconds; data that cannot be used is told, and what was served goes on being served."""
    while True:
        try:
            if await locations.look_again():
                _log.warning("new places are served", extra={"reason": locations.data_version})
        except SourceError as e:
            _log.warning("new places cannot be used", extra={"reason": f"{e.source}: {type(e).__name__}"})
        await pause(_EVERY_S)
