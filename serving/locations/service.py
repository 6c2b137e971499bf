"""Composition of the location service: the gazetteer of a data folder, token verification and reload."""

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
from identity.oidc_issuers import OidcIssuers
from identity.verifier import Verifier
from serving.gazetteer_reload import watch_gazetteer
from serving.locations.app import create_app
from settings import Settings, UnusableSettings


def locations_app(settings: Settings, now_s: Callable[[], float] = time.time) -> Starlette:
    """The application. In development it also accepts tokens of `photos-gateway token --service`.

    Raises `UnusableSettings` if no issuer is configured.
    """
    if not settings.development and not settings.issuers:
        raise UnusableSettings("In production the location service needs token issuers: set PHOTOS_ISSUERS (docs/identity.md).")
    folder = prepare(settings.data, EMBEDDED if settings.engines is None else settings.engines.name)
    service, outside = gazetteer_of(folder), OidcIssuers.of(settings.issuers, now_s)
    issuer = LocalIssuer.development(folder, settings.audience, now_s)
    own = {issuer.name: issuer.trusted} if settings.development else {}
    # Customers are refused, so their ids need no installation secret.
    verifier = Verifier({**outside.trusted, **own}, settings.audience, Ids(bytes(32)), now_s)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await service.search("a", ("en",), limit=1)  # decompresses the index of names before the first request
        watch = asyncio.create_task(watch_gazetteer(service))
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            await outside.close()

    return create_app(service, verifier.identify, lifespan)
