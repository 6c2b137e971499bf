"""A local implementation of Amazon Translate's protocol with configurable errors and delays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

WORDS = {("koiranulkoilutus", "fi", "en"): "dog walking", ("koiranulkoilutus", "auto", "en"): "dog walking"}
WORDS |= {("pilvenpiirtäjä", "fi", "en"): "skyscraper", ("mökkielämä", "fi", "de"): "Hüttenleben"}


@dataclass
class StandIn:
    """`faults`: one (status, error code) per call; `hold` delays responses until it is set."""

    url: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    hold: asyncio.Event | None = None
    raw: bytes | None = None

    async def answer(self, request: web.Request) -> web.Response:
        assert request.headers["x-amz-target"].endswith(".TranslateText")
        request_body = json.loads(await request.read())
        self.calls.append(request_body)
        if self.hold is not None:
            await self.hold.wait()
        if self.faults:
            status, code = self.faults.pop(0)
            return _json({"__type": code, "message": "no"}, status)
        if self.raw is not None:
            return web.Response(body=self.raw, content_type="application/x-amz-json-1.1")
        source, target = request_body["SourceLanguageCode"], request_body["TargetLanguageCode"]
        text = WORDS.get((request_body["Text"], source, target))
        if text is None:
            return _json({"__type": "DetectedLanguageLowConfidenceException"}, 400)
        spoken = "fi" if source == "auto" else source
        return _json({"TranslatedText": text, "SourceLanguageCode": spoken, "TargetLanguageCode": target}, 200)


def _json(body: dict[str, Any], status: int) -> web.Response:
    return web.Response(text=json.dumps(body), status=status, content_type="application/x-amz-json-1.1")


@asynccontextmanager
async def stand_in(patch: Callable[[str, str], None]) -> AsyncIterator[StandIn]:
    """The server, with dummy credentials in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch(name, "stand-in")
    made = StandIn()
    app = web.Application()
    app.router.add_post("/", made.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    made.url = str(server.make_url("/"))
    try:
        yield made
    finally:
        if made.hold is not None:
            made.hold.set()
        await server.close()
