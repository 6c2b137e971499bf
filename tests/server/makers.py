"""The application with an empty data folder, and tokens."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette

from datasources.data_folder import prepare
from identity.issuer import LocalIssuer
from server import create_app
from settings import Settings


class Served:
    """A client, and the issuers of its tokens."""

    def __init__(self, client: httpx.AsyncClient, issuer: LocalIssuer, app: Starlette) -> None:
        self.client = client
        self.issuer = issuer
        self.app = app

    def customer(self, name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.customer(name)}"}

    def service(self, *scopes: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.service('etl', scopes, 'tests')}"}

    async def ask(self, query: str, headers: dict[str, str], **variables: object):
        sent = {"query": query, "variables": variables}
        answer = (await self.client.post("/graphql", json=sent, headers=headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]


@asynccontextmanager
async def served(data: Path) -> AsyncIterator[Served]:
    """A client of the application in this process."""
    settings = Settings(data=data, public_url="http://127.0.0.1:8000")
    prepare(data)
    app = create_app(settings)
    issuer = LocalIssuer.development(data, settings.audience, time.time)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        yield Served(client, issuer, app)
