"""Runs the location service over HTTP on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from access.viewer import Viewer, ViewerKind
from datasources.locations.port import LocationService
from datasources.locations.wire import SCOPE
from identity.verifier import Unauthenticated
from serving.locations.app import create_app

TOKEN = "a-token-of-a-service"


async def identify(token: str) -> Viewer:
    if token == TOKEN:
        return Viewer(ViewerKind.SERVICE, "gateway", scopes=frozenset({SCOPE}), purpose="places")
    if token == "no-scope":
        return Viewer(ViewerKind.SERVICE, "gateway")
    if token == "a-customer":
        return Viewer(ViewerKind.CUSTOMER, "ana", customer="ana", scopes=frozenset({SCOPE}))
    raise Unauthenticated("SIGNATURE")


def locations_of(service: LocationService) -> Starlette:
    return create_app(service, identify)


@asynccontextmanager
async def listening(app: Starlette) -> AsyncIterator[str]:
    """The URL of a server that runs in this event loop."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
