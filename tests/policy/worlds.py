"""Two worlds in this process: real tables and a real index each, one secret, one clock, one gazetteer; and one question."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from msgspec.structs import replace as changed

from access.ids import Cursors, Ids
from access.viewer import Viewer
from datasources import Sources
from datasources.data_folder import prepare
from datasources.locations.gazetteer import Gazetteer
from datasources.search.tantivy.index import TantivyIndex
from datasources.tables.albums import AlbumRecord
from datasources.tables.customers import HomeZone, Identity
from datasources.tables.grants import GrantRecord
from datasources.tables.people import PersonRecord
from datasources.tables.photos import Content, Draft, Embedding, PhotoRecord
from datasources.tables.support_tickets import OPEN_MS, TicketRecord
from datasources.translations.tables import ConceptTables
from datasources.wiring import embedded
from execution.analysis import QueryLimits
from execution.document_cache import DocumentCache
from execution.errors import ErrorMapper, GraphQLProblem, RequestError
from execution.runner import Runner
from indexing.documents import index_photos
from indexing.index_lag import IndexLag
from resolvers.context import Context
from schema import build
from tests.policy.library import ALBUMS, PEOPLE, Account, OtherGrant, Spec, World
from tests.policy.viewers import LINK, SLOT, Looker

SECRET = b"one secret for both worlds, always"
NOW_MS = 1_790_000_000_000
IDS, CURSORS = Ids(SECRET), Cursors(SECRET)


places = cache(Gazetteer.open)
concepts = cache(ConceptTables.open)


def local(owner: str, name: str) -> str:
    return IDS.local_id("test", owner, name)


@dataclass
class Answering:
    """A world that answers."""

    sources: Sources
    index_lag: IndexLag
    schema: build.Gateway
    documents: DocumentCache[Any]

    async def answer(self, query: str, variables: dict[str, Any], viewer: Viewer, *, denial: Any = "reject") -> bytes:
        """The answer as it goes over the wire; errors in the order of their paths, for they end in the order of threads."""
        # Made here, so that a gate that a test has switched off is off.
        runner: Runner[Any] = Runner(self.schema.graphql_schema, decide=build.denied_coordinates, errors=_ERRORS)
        context = Context(self.sources, self.index_lag, viewer, ("en",), public_url="http://gateway.test")
        try:
            response = await runner.execute(self.documents.prepare(query), variables, context, denial=denial)
        except RequestError as e:
            response = {"errors": _ERRORS.request_errors(e)}
        finally:
            await context.aclose()
        if "errors" in response:
            response["errors"] = sorted(response["errors"], key=orjson.dumps)
        return orjson.dumps(response)

    async def first_event(self, query: str, variables: dict[str, Any], viewer: Viewer) -> bytes:
        """What a subscription tells first."""
        runner: Runner[Any] = Runner(self.schema.graphql_schema, decide=build.denied_coordinates, errors=_ERRORS)
        context = Context(self.sources, self.index_lag, viewer, ("en",), public_url="http://gateway.test")
        try:
            async with aclosing(runner.subscribe(self.documents.prepare(query), variables, context)) as events:
                return orjson.dumps(await anext(events, None))
        except RequestError as e:
            return orjson.dumps({"errors": _ERRORS.request_errors(e)})
        except GraphQLProblem as e:
            return orjson.dumps({"errors": [{"message": e.message, "extensions": e.extensions}]})
        finally:
            await context.aclose()


_ERRORS = ErrorMapper(lambda: "an error")


@cache
def served() -> tuple[build.Gateway, DocumentCache[Any]]:
    schema = build.build()
    # The proof asks more at once than a client may: a question refused for its size proves nothing.
    room = QueryLimits(tokens=20_000, characters=1_000_000, aliases=1_000, root_fields=100, selections=100_000, steps=1_000_000)
    # Questions are made from the schema; that they are valid is tested once and not with each, for it is most of the cost.
    documents: DocumentCache[Any] = DocumentCache(
        schema.graphql_schema, classify=schema.classify, limits=room, pricing=schema.pricing, max_cost=math.inf, rules=()
    )
    return schema, documents


@asynccontextmanager
async def inhabited(folder: Path, world: World, looker: Looker) -> AsyncIterator[Answering]:
    """The world in a new folder, with what was granted to the looker."""
    # What holds no customer's data is opened once for all worlds.
    with patch.object(Gazetteer, "open", places), patch.object(ConceptTables, "open", concepts):
        opened = await embedded(prepare(folder), index=TantivyIndex.open(None))
    sources = replace(opened, ids=IDS, cursors=CURSORS, now_ms=lambda: NOW_MS)
    try:
        await _people_and_albums(sources, world)
        await _granted(sources, world, looker)
        await _photos(sources, world.specs)
        yield Answering(sources, IndexLag(), *served())
    finally:
        await opened.index.close()
        await opened.store.close()


async def _people_and_albums(sources: Sources, world: World) -> None:
    for owner in (*ALBUMS, "dan"):
        account = world.accounts.get(owner, Account(f"{owner}@outside", NOW_MS, (), None))
        record = await sources.customers.ensure(owner, account.external_id, now_ms=account.created_at_ms)
        zones = [HomeZone(*world.zone)] if owner == "ana" and world.zone else None
        identity = Identity(account.external_id, world.names.get((owner, owner)))
        settings = changed(record, languages=account.languages, time_zone=account.time_zone)
        await sources.customers.save(settings, identity=identity, home_zones=zones)
        for album in (a for a in ALBUMS.get(owner, ()) if (owner, a) in world.names):
            created_at_ms = world.created_at_ms.get((owner, album), NOW_MS)
            cover = _cover(world, owner, album)
            made = AlbumRecord(owner=owner, id=local(owner, album), version=0, created_at_ms=created_at_ms, cover=cover)
            await sources.albums.save(made, title=world.names[owner, album])
        for person in (p for p in PEOPLE.get(owner, ()) if (owner, p) in world.names):
            merged_into = local(owner, PEOPLE[owner][1]) if (owner, person) in world.merged else None
            cover = _cover(world, owner, person)
            record_of = PersonRecord(owner=owner, id=local(owner, person), version=0, cover=cover, merged_into=merged_into)
            await sources.people.save(record_of, name=world.names[owner, person])


def _cover(world: World, owner: str, holder: str) -> str | None:
    chosen = world.covers.get((owner, holder))
    return None if chosen is None else local(owner, chosen)


async def _granted(sources: Sources, world: World, looker: Looker) -> None:
    grantee = "bob" if looker.kind == "customer" else LINK
    own = [OtherGrant(grantee, album, int(place), int(time), False, None, NOW_MS) for album, place, time in looker.grants]
    for grant in (*own, *world.strangers):
        await sources.grants.save(
            GrantRecord(
                owner="ana", album=local("ana", grant.album), grantee=grant.grantee, version=0,
                created_at_ms=grant.created_at_ms, location=grant.location, time=grant.time, originals=grant.originals,
                expires_at_ms=grant.expires_at_ms,
            )
        )  # fmt: skip
    if looker.kind == "support":
        opened_ms = int(SLOT.partition("#")[0])
        ticket = TicketRecord(
            owner="ana", number=SLOT.partition("#")[2], agent="sam", version=0, classes=tuple(sorted(looker.classes)),
            opened_at_ms=opened_ms, closes_at_ms=NOW_MS + OPEN_MS,
        )  # fmt: skip
        assert await sources.tickets.open(ticket, "why") is not None


async def _photos(sources: Sources, specs: Sequence[Spec]) -> None:
    drafts = [_draft(spec) for spec in specs]
    saved = await sources.photos.save(drafts, now_ms=NOW_MS)
    await index_photos(sources, [r.key for r in saved if r is not None])


def _draft(spec: Spec) -> Draft:
    record = PhotoRecord(
        owner=spec.owner,
        id=local(spec.owner, spec.name),
        version=0,
        changed_at_ms=NOW_MS,
        has_location=spec.at is not None,
        has_caption=spec.content["caption"] is not None,
        **spec.fields,
    )
    linked = changed(
        record,
        albums=tuple(local(spec.owner, a) for a in spec.albums),
        people=tuple(local(spec.owner, p) for p in spec.people),
    )
    embedding = None if spec.embedding is None else Embedding("test-model", spec.embedding)
    return Draft(linked, Content(**spec.content), spec.coordinates, embedding)
