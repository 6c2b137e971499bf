"""What serves the location service by itself: the gazetteer of a data folder, tokens, and newer data as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette

from access.ids import Ids
from datasources.data_folder import EMBEDDED, prepare
from datasources.wiring import gazetteer_of
from identity.issuer import LocalIssuer
from identity.oidc_issuers import OutsideIssuers
from identity.verifier import Verifier
from serving.gazetteer_reload import watch_gazetteer
from serving.locations.app import create_app
from settings import Settings, UnusableSettings


def locations_app(settings: Settings, now_s: Callable[[], float] = time.time) -> Starlette:
    """The application; in development the data folder's issuer gives tokens too (`photos-gateway token --service`).

    Raises `UnusableSettings` where nobody's tokens would be believed.
    """
    if not settings.development and not settings.issuers:
        raise UnusableSettings(
            "In production the location service believes issuers outside: set PHOTOS_ISSUERS (docs/identity.md)."
        )
    folder = prepare(settings.data, EMBEDDED if settings.engines is None else settings.engines.name)
    service, outside = gazetteer_of(folder), OutsideIssuers.of(settings.issuers, now_s)
    issuer = LocalIssuer.development(folder, settings.audience, now_s)
    own = {issuer.name: issuer.trusted} if settings.development else {}
    # No customer comes here, so the ids of customers are nobody's.
    verifier = Verifier({**outside.trusted, **own}, settings.audience, Ids(bytes(32)), now_s)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await service.search("a", ("en",), limit=1)  # inflates the index of names: here, and not in somebody's request
        watching = asyncio.create_task(watch_gazetteer(service))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await outside.close()

    return create_app(service, verifier.identify, lifespan)
