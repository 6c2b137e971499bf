"""What serves the location service by itself: the gazetteer of a data folder, tokens, and newer data as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette

from access.ids import Ids
from access.viewer import Viewer
from datasources.folder import prepare
from datasources.wiring import gazetteer_of
from identity.issuer import LocalIssuer
from identity.verifier import Verifier
from serving.locations.app import create_app
from serving.places import watch_places
from settings import Profile, Settings


def locations_app(settings: Settings, now_s: Callable[[], float] = time.time) -> Starlette:
    """The application; in development the data folder's issuer gives tokens (`photos-gateway token --service`)."""
    folder = prepare(settings.data)
    service = gazetteer_of(folder)
    issuer = LocalIssuer.development(folder, settings.audience, now_s)
    trusted = {issuer.name: issuer.trusted} if settings.profile is Profile.DEVELOPMENT else {}
    # No customer comes here, so the ids of customers are nobody's.
    verifier = Verifier(trusted, settings.audience, Ids(bytes(32)), now_s)

    async def identify(token: str) -> Viewer:
        return verifier.viewer(token)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await service.search("a", ("en",), limit=1)  # inflates the index of names: here, and not in somebody's request
        watching = asyncio.create_task(watch_places(service))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    return create_app(service, identify, lifespan)
