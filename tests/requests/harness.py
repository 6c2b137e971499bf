"""The gateway in the test process with real embedded engines in a test folder: executes GraphQL documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from access.scope import Scope
from access.viewer import GuestLink, Viewer, ViewerKind
from datasources import Sources
from datasources.data_folder import prepare
from datasources.photo_key import PhotoKey
from datasources.search.port import PhotoIndex
from datasources.tables.people import PersonRecord
from datasources.tables.photos import Content, Coordinates, Draft, PhotoRecord
from datasources.tables.store import ItemStore
from datasources.wiring import embedded
from execution.document_cache import DocumentCache
from execution.errors import ErrorMapper, RequestError
from execution.runner import Runner
from indexing.documents import index_photos
from indexing.index_lag import IndexLag
from resolvers.context import Context
from schema.after_execution import after_execution
from schema.build import Gateway as Schema
from schema.build import build, denied_coordinates
from tests.tables.reordering_store import Awkward

ROME = Coordinates(41.9, 12.5)
_EPOCH_MS = 1_700_000_000_000


@cache
def served() -> tuple[Schema, DocumentCache[Any], Runner[Any]]:
    """The schema and its runner, built once for all tests because they have no request state."""
    schema = build()
    documents: DocumentCache[Any] = DocumentCache(schema.graphql_schema, classify=schema.classify, pricing=schema.pricing)
    return schema, documents, Runner(schema.graphql_schema, decide=denied_coordinates, after_execution=after_execution)


def customer(name: str) -> Viewer:
    return Viewer(ViewerKind.CUSTOMER, name, customer=name)


def service(name: str = "reports") -> Viewer:
    return Viewer(ViewerKind.SERVICE, name, scopes=frozenset({"photos:read"}), purpose="tests")


def guest(owner: str, album: str, grantee: str) -> Viewer:
    return Viewer(ViewerKind.GUEST, grantee, guest_of=GuestLink(owner, album, grantee))


@dataclass
class Gateway:
    """Executes requests, and creates objects in the tables and in the index."""

    sources: Sources
    index_lag: IndexLag

    async def execute(
        self, query: str, variables: Mapping[str, Any] | None = None, *, as_: Viewer, languages: tuple[str, ...] = ("en",)
    ) -> dict[str, Any]:
        """The response to one request; a rejected request has `errors` and no `data`."""
        _, documents, runner = served()
        context = Context(self.sources, self.index_lag, as_, languages, public_url="http://gateway.test")
        try:
            return await runner.execute(documents.prepare(query), variables or {}, context)
        except RequestError as e:
            return {"errors": ErrorMapper().request_errors(e)}
        finally:
            await context.aclose()

    async def answer(self, query: str, variables: Mapping[str, Any] | None = None, *, as_: Viewer) -> Any:
        """The data of a response, which must have no errors."""
        answer = await self.execute(query, variables, as_=as_)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def id(self, type_name: str, owner: str, local: str) -> str:
        return self.sources.ids.encode(type_name, owner, local)

    async def customer(self, name: str) -> Viewer:
        """A customer whose local id is their name."""
        await self.sources.customers.ensure(name, f"{name}@outside", now_ms=_EPOCH_MS)
        return customer(name)

    async def photo(self, owner: str, name: str, *, at: Coordinates | None = None, indexed: bool = True, **fields: Any) -> str:
        """Creates a photo and returns its global id. `caption`, `keywords` and `file_name` are encrypted."""
        local = self.local(owner, name)
        words = {k: fields.pop(k) for k in ("caption", "keywords", "file_name") if k in fields}
        record = PhotoRecord(
            owner=owner, id=local, version=0, added_at_ms=_EPOCH_MS, changed_at_ms=_EPOCH_MS,
            has_location=at is not None, has_caption="caption" in words, **{"media_type": "PHOTO", **fields},
        )  # fmt: skip
        draft = Draft(record, Content(source_id=name, **words), at)
        (saved,) = await self.sources.photos.save([draft], now_ms=self.sources.now_ms())
        assert saved is not None
        if indexed:
            await index_photos(self.sources, [saved.key])
        return self.id("Photo", owner, local)

    async def photos(self, owner: str, *names: str, **fields: Any) -> list[str]:
        """Creates indexed photos with the same fields; returns their global ids."""
        made = [await self.photo(owner, n, indexed=False, **fields) for n in names]
        await index_photos(self.sources, [PhotoKey(owner, self.local(owner, n)) for n in names])
        return made

    async def person(self, owner: str, name: str) -> str:
        """Creates a named person and returns the global id."""
        local = self.local(owner, name)
        assert await self.sources.people.save(PersonRecord(owner=owner, id=local, version=0), name=name) is not None
        return self.id("Person", owner, local)

    async def album(self, viewer: Viewer, title: str, *photo_ids: str) -> str:
        """Creates an album by mutation and returns the global id."""
        made = await self.answer(
            "mutation($i: CreateAlbumInput!) { createAlbum(input: $i) { album { id } userErrors { code field } } }",
            {"i": {"title": title, "photoIds": list(photo_ids)}},
            as_=viewer,
        )
        assert made["createAlbum"]["userErrors"] == []
        return str(made["createAlbum"]["album"]["id"])

    async def accept(self, viewer: Viewer) -> None:
        """Accepts every invitation of a customer by mutation."""
        query = "{ viewer { invitations { nodes { id } } } }"
        for invitation in (await self.answer(query, as_=viewer))["viewer"]["invitations"]["nodes"]:
            accepted = await self.answer(
                "mutation($i: AcceptShareInput!) { acceptShare(input: $i) { album { id } userErrors { code field } } }",
                {"i": {"invitationId": invitation["id"]}},
                as_=viewer,
            )
            assert accepted["acceptShare"]["userErrors"] == []

    def local(self, owner: str, name: str) -> str:
        """The local id of an object by its name in the test."""
        return self.sources.ids.local_id("test", owner, name)

    async def record(self, photo_id: str) -> PhotoRecord:
        """The stored record of a photo."""
        known = self.sources.ids.decode(photo_id)
        key = PhotoKey(known.owner, known.local)
        return (await self.sources.photos.raw([key]))[key]

    def scope(self, viewer: Viewer) -> Scope:
        return Scope(viewer, viewer.customer)

    async def settle(self) -> None:
        """Waits for background work of earlier requests."""
        await asyncio.wait_for(self.index_lag.close(), 10)


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    index_lag: IndexLag | None = None,
    around_index: Callable[[PhotoIndex], PhotoIndex] = lambda index: index,
    around_store: Callable[[ItemStore], ItemStore] = Awkward,
    now_ms: Callable[[], int] | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway with a new data folder. `around_store` and `around_index` wrap the real engines, `now_ms` is the clock."""
    sources = await embedded(prepare(folder / "gateway"), around_store=around_store)
    wrapped = replace(sources, index=around_index(sources.index), now_ms=now_ms or sources.now_ms)
    gateway = Gateway(wrapped, index_lag or IndexLag())
    try:
        yield gateway
    finally:
        await gateway.settle()
        await sources.close()
