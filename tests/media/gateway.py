"""A gateway for a data folder with imported files, and HTTP clients, for tests of `/media`."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image, ImageDraw
from starlette.applications import Starlette

from access.viewer import GuestLink
from commands.progress import PlainProgress
from datasources import Sources
from identity.issuer import LocalIssuer
from ingest.run import ImportRequest, ImportResult, run_import
from server import create_app
from settings import Settings

PICTURE = "image(width: 320) { url width height contentType expiresAt } original { url contentType }"


def picture(seed: int, size: tuple[int, int] = (800, 600)) -> Image.Image:
    """A picture that differs from those of other seeds."""
    chance = random.Random(seed)
    made = Image.new("RGB", size, tuple(chance.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(made)
    for _ in range(12):
        x, y, r = chance.randrange(size[0]), chance.randrange(size[1]), chance.randrange(20, 160)
        color = tuple(chance.randrange(256) for _ in range(3))
        (draw.ellipse if chance.random() < 0.5 else draw.rectangle)((x - r, y - r, x + r, y + r), fill=color)
    return made


def jpeg(made: Image.Image, quality: int = 90, **more: Any) -> bytes:
    out = io.BytesIO()
    made.save(out, "JPEG", quality=quality, **more)
    return out.getvalue()


async def imported(data: Path, folder: Path, owner: str = "ana", *, link: bool = False, restore: bool = False) -> ImportResult:
    order = ImportRequest(folder, owner, link=link, restore=restore)
    return await run_import(data, order, PlainProgress(io.StringIO()), asyncio.Event())


@dataclass
class RunningGateway:
    """The application with its sources and clock."""

    settings: Settings
    client: httpx.AsyncClient
    sources: Sources
    now: list[float]
    app: Starlette

    def token(self, customer: str) -> str:
        return LocalIssuer.development(self.settings.data, self.settings.audience, lambda: self.now[0]).customer(customer)

    def guest(self, of: GuestLink) -> str:
        issuer = LocalIssuer.links(self.settings.data, self.settings.audience, lambda: self.now[0])
        return issuer.guest(of, until_s=self.now[0] + 3_000)

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, *, token: str) -> Any:
        sent = {"query": query, "variables": variables or {}}
        answer = (await self.client.post("/graphql", json=sent, headers={"authorization": f"Bearer {token}"})).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def photos(self, fields: str, *, token: str, library: str = "MINE") -> list[Any]:
        data = await self.ask(f"{{ photos(library: {library}, first: 50) {{ nodes {{ id {fields} }} }} }}", token=token)
        return list(data["photos"]["nodes"])

    async def get(self, url: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(urlsplit(url).path, headers=named)


@asynccontextmanager
async def running_gateway(data: Path, **more: Any) -> AsyncIterator[RunningGateway]:
    """Runs the application for a data folder."""
    now = [1_800_000_000.0]
    settings = Settings(data=data, **more)
    app = create_app(settings, lambda: now[0])
    async with app.router.lifespan_context(app):
        sources: Sources = app.state.running.sources
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield RunningGateway(settings, client, sources, now, app)


async def first(gateway: RunningGateway, customer: str = "ana", fields: str = PICTURE) -> Any:
    """The newest photo of a customer."""
    return (await gateway.photos(fields, token=gateway.token(customer)))[0]
