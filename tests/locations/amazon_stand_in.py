"""A local implementation of Amazon Location's protocol: towns by rounded position."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

FLORENCE = {"Country": {"Code2": "IT"}, "Region": {"Name": "Tuscany"}, "Locality": "Florence"}
TOWNS: dict[tuple[float, float], dict[str, Any]] = {
    (11.26, 43.77): FLORENCE,
    (12.49, 41.89): {"Country": {"Code2": "IT"}, "Locality": "Rome"},
    (2.35, 48.86): {"Country": {"Code2": "FR"}, "Region": {"Name": "Île-de-France"}, "Locality": "No such town"},
}


@dataclass
class StandIn:
    """Records requests; `fault` is (status, error code)."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    fault: tuple[int, str] | None = None

    async def answer(self, request: web.Request) -> web.Response:
        request_body = json.loads(await request.read())
        self.requests.append({**request_body, "query": request.query_string})
        if self.fault is not None:
            status, code = self.fault
            return web.json_response({"message": "no"}, status=status, headers={"x-amzn-errortype": code})
        address = TOWNS.get(tuple(request_body["QueryPosition"]))
        items = [] if address is None else [{"PlaceId": "x", "PlaceType": "Locality", "Title": "x", "Address": address}]
        return web.json_response({"ResultItems": items, "PricingBucket": "Stored"})


@asynccontextmanager
async def stand_in(patch: Callable[[str, str], None]) -> AsyncIterator[StandIn]:
    """The server, with dummy credentials in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch(name, "stand-in")
    made = StandIn()
    app = web.Application()
    app.router.add_post("/reverse-geocode", made.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    made.url = str(server.make_url("/"))
    try:
        yield made
    finally:
        await server.close()
