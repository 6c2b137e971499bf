"""The context of one request: viewer, languages, sources and loaders."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal, NamedTuple

from access.access_log import AccessLogBuffer
from access.classes import DataClass
from access.policy import Visibility, withheld
from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from access.write_permission import may_write
from datasources import Sources
from datasources.errors import SourceError
from datasources.instrumentation.call_stats import RequestStats
from datasources.locations.port import LocalizedName, PlaceRecord, Point
from datasources.photo_key import PhotoKey
from datasources.search.port import Order, Position
from datasources.tables.albums import AlbumKey, SeenAlbum
from datasources.tables.customers import SeenCustomer
from datasources.tables.grants import GrantRecord
from datasources.tables.people import PersonKey, SeenPerson
from datasources.tables.photos import SeenPhoto
from datasources.tables.pictures import SeenPicture
from datasources.translations.port import LocalizedWord
from indexing.index_lag import IndexLag
from resolvers.loading import Loader
from resolvers.search_loader import QueryPart, SearchBatch
from resolvers.viewer_scope import own_scope_of, scope_of

MAX_WRITER_BODY_BYTES = 8 << 20
"""Request size limit for services that may write photos: 200 records with vectors."""
MAX_WRITER_VALUES = 1_000_000
Languages = tuple[str, ...]


class OwnShare(NamedTuple):
    """A share of the viewer's own album. `accepted`: false for an invitation, which gives no access."""

    grant: GrantRecord
    accepted: bool


LocalizedKey = tuple[str, Languages]
"""An id and the languages of the requested name."""
PositionKey = tuple[Scope, Order, PhotoKey]
"""A photo, with the scope and order of the list it is in."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """A source that was stale or failed, the reason, and the affected fields."""

    source: str
    reason: str
    fields: tuple[str, ...]


class Context:
    """One request. Loaders are created on first use; each kind of object has one loader."""

    router = False  # whether the request has a router credential
    remaining_s: float | None = None  # seconds until the caller's token expires

    def __init__(
        self, sources: Sources, index_lag: IndexLag, viewer: Viewer, languages: Languages, *, public_url: str = ""
    ) -> None:
        self.sources = sources
        self.index_lag = index_lag
        self.viewer = viewer
        self.languages = languages
        self.public_url = public_url
        self.withheld: set[DataClass] = set()
        self.access_log = AccessLogBuffer()
        self.request_stats: RequestStats | None = None
        """Statistics of source calls; set when the request asks for a trace and may have it."""
        self.degraded: dict[tuple[str, str], set[str]] = {}
        self._scope: asyncio.Task[Scope] | None = None
        self._photos_of_pictures: dict[PhotoKey, SeenPhoto] = {}

    @property
    def max_body_bytes(self) -> int | None:
        """The maximum request body of this viewer in bytes; None for the general limit."""
        return MAX_WRITER_BODY_BYTES if may_write(self.viewer, "") else None

    @property
    def max_values(self) -> int | None:
        """The maximum number of values in variables and in a list; None for the general limit."""
        return MAX_WRITER_VALUES if may_write(self.viewer, "") else None

    @property
    def denial(self) -> Literal["reject", "null"]:
        """Persons get null for fields that they may never read, so that one document serves owners and guests."""
        return "null" if self.viewer.kind in {ViewerKind.CUSTOMER, ViewerKind.GUEST} else "reject"

    @property
    def principal(self) -> str:
        """The key of the rate limiter: the same for all guests of one link."""
        return self.viewer.key

    async def scope(self) -> Scope:
        """The scope of the viewer; grants are loaded once per request."""
        if self._scope is None:
            self._scope = asyncio.create_task(scope_of(self.sources, self.viewer))
        return await asyncio.shield(self._scope)

    async def scope_for(self, owners: Iterable[str]) -> Scope:
        """The scope to read records of these owners; grants are not loaded if all are the viewer."""
        own = self.viewer.customer
        if own is not None and all(owner == own for owner in owners):
            return own_scope_of(self.sources, self.viewer)
        return await self.scope()

    async def own_scope(self) -> Scope:
        """The scope of the viewer's own library. For a guest it is the album of the link."""
        if self.viewer.kind is ViewerKind.GUEST:
            return await self.scope()
        return own_scope_of(self.sources, self.viewer) if self.viewer.customer else (await self.scope()).own_only()

    async def prefer_customer_languages(self) -> None:
        """Puts the languages of the customer's settings before those of the request header, if they can be loaded."""
        if self.viewer.customer is None:
            return
        with suppress(SourceError):
            seen = await self.customers.one(self.viewer.customer)
            if seen is not None and seen.record.languages:
                self.languages = tuple(dict.fromkeys((*seen.record.languages, *self.languages)))

    def forget_scope(self) -> None:
        """Makes the rest of the request reload the grants, after a mutation changed them."""
        self._scope = None

    def reset(self) -> None:
        """Clears scope and loaders before each event of a subscription, so that revoked access takes effect."""
        self.forget_scope()
        for loader in vars(self).values():
            if isinstance(loader, Loader):
                loader.clear_all()
        self.withheld.clear()
        if self.request_stats is not None:
            self.request_stats.clear()

    def record_withheld(self, visibility: Visibility) -> None:
        """Records the withheld data classes of a returned photo for `extensions`."""
        self.withheld.update(withheld(visibility))

    def degrade(self, source: str, reason: str, field: str) -> None:
        """Records that a field is missing or stale because of a source."""
        self.degraded.setdefault((source, reason), set()).add(field)

    def degradations(self) -> list[Degradation]:
        """The recorded degradations, by source and reason."""
        return [Degradation(s, r, tuple(sorted(f))) for (s, r), f in sorted(self.degraded.items())]

    def failed(self, error: SourceError, field: str) -> None:
        """Records that a source failed for a field."""
        self.degrade(error.source, type(error).__name__, field)

    def extensions(self) -> dict[str, object]:
        """The `extensions` of the response."""
        extensions: dict[str, object] = {"erased": True} if self.viewer.erased else {}
        if self.withheld:
            extensions["withheld"] = [c.value for c in DataClass if c in self.withheld]
        if self.degraded:
            extensions["degraded"] = [{"source": d.source, "reason": d.reason, "fields": d.fields} for d in self.degradations()]
        if self.request_stats is not None:
            extensions["trace"] = self.request_stats.to_list()
        return extensions

    async def aclose(self) -> None:
        """Cancels all running loads of the request."""
        for loader in vars(self).values():
            if isinstance(loader, Loader):
                loader.cancel()
        if self._scope is not None:
            self._scope.cancel()

    @cached_property
    def photos(self) -> Loader[PhotoKey, SeenPhoto]:
        """Photos by key."""
        return Loader(self._photos)

    async def _photos(self, keys: Sequence[PhotoKey]) -> Mapping[PhotoKey, SeenPhoto]:
        return await self.sources.photos.by_ids(await self.scope_for(k.owner for k in keys), keys)

    async def picture(self, photo: SeenPhoto) -> SeenPicture | None:
        """The picture record of a loaded photo; the pictures of one level of the response are one batch."""
        self._photos_of_pictures[photo.key] = photo
        return await self.pictures.one(photo.key)

    @cached_property
    def pictures(self) -> Loader[PhotoKey, SeenPicture]:
        """Picture records by photo; use `picture`, which registers the loaded photo."""
        return Loader(self._pictures)

    async def _pictures(self, keys: Sequence[PhotoKey]) -> Mapping[PhotoKey, SeenPicture]:
        scope = await self.scope_for(k.owner for k in keys)
        return await self.sources.pictures.of_photos(scope, [self._photos_of_pictures[k] for k in keys])

    @cached_property
    def albums(self) -> Loader[AlbumKey, SeenAlbum]:
        """Albums by key."""
        return Loader(self._albums)

    async def _albums(self, keys: Sequence[AlbumKey]) -> Mapping[AlbumKey, SeenAlbum]:
        return await self.sources.albums.by_ids(await self.scope_for(k.owner for k in keys), keys)

    @cached_property
    def people(self) -> Loader[PersonKey, SeenPerson]:
        """People by key."""
        return Loader(self._people)

    async def _people(self, keys: Sequence[PersonKey]) -> Mapping[PersonKey, SeenPerson]:
        return await self.sources.people.by_ids(await self.scope_for(k.owner for k in keys), keys)

    @cached_property
    def customers(self) -> Loader[str, SeenCustomer]:
        """Customers by local id."""
        return Loader(self._customers)

    async def _customers(self, ids: Sequence[str]) -> Mapping[str, SeenCustomer]:
        return await self.sources.customers.by_ids(await self.scope_for(ids), ids)

    @cached_property
    def grantees(self) -> Loader[str, SeenCustomer]:
        """Customers with whom the viewer shares."""
        return Loader(self._grantees)

    async def _grantees(self, ids: Sequence[str]) -> Mapping[str, SeenCustomer]:
        return await self.sources.customers.grantees(await self.own_scope(), ids)

    @cached_property
    def shares(self) -> Loader[AlbumKey, Sequence[OwnShare]]:
        """The shares of the viewer's own albums: two queries for all albums of the request."""
        return Loader(self._shares)

    async def _shares(self, keys: Sequence[AlbumKey]) -> Mapping[AlbumKey, Sequence[OwnShare]]:
        own = self.viewer.customer
        mine = [k for k in keys if k.owner == own]
        if not mine or own is None:
            return {}
        grants, now_ms = self.sources.grants, self.sources.now_ms()
        invited = [i for i in await self.sources.invitations.of_sender(own) if i.expires_at_ms > now_ms]
        granted = await (grants.of_album(own, mine[0].id) if len(mine) == 1 else grants.of_albums(own))
        # A share that was accepted between the two reads is in both.
        by_slot = {i.grant().slot: OwnShare(i.grant(), accepted=False) for i in invited}
        by_slot |= {g.slot: OwnShare(g, accepted=True) for g in granted}
        ordered = sorted(by_slot.values(), key=lambda s: (s.grant.created_at_ms, s.grant.grantee))
        return {k: [s for s in ordered if s.grant.album == k.id] for k in mine}

    @cached_property
    def places(self) -> Loader[str, PlaceRecord]:
        """Places by id."""
        return Loader(self.sources.locations.by_ids)

    @cached_property
    def points(self) -> Loader[Point, str]:
        """The place of each point."""
        return Loader(self._points)

    async def _points(self, points: Sequence[Point]) -> Mapping[Point, str]:
        found = await self.sources.locations.resolve(points)
        return {p: i for p, i in zip(points, found, strict=True) if i is not None}

    @cached_property
    def place_names(self) -> Loader[LocalizedKey, LocalizedName]:
        """Names of places by id and languages."""
        return Loader(partial(_by_languages, self.sources.locations.names))

    @cached_property
    def addresses(self) -> Loader[LocalizedKey, LocalizedName]:
        """Address lines by place and languages."""
        return Loader(partial(_by_languages, self.sources.locations.addresses))

    @cached_property
    def words(self) -> Loader[LocalizedKey, LocalizedWord]:
        """Display words of concepts by id and languages."""
        return Loader(partial(_by_languages, self.sources.translations.words))

    @cached_property
    def searches(self) -> Loader[QueryPart, object]:
        """All search requests: the query parts of one level of the response go in one call."""
        return Loader(SearchBatch(self.sources.index, self.index_lag, self.degrade, self.access_log).fetch)

    @cached_property
    def positions(self) -> Loader[PositionKey, Position]:
        """Positions of photos in an order, by scope and order."""
        return Loader(self._positions)

    async def _positions(self, requests: Sequence[PositionKey]) -> Mapping[PositionKey, Position]:
        found: dict[PositionKey, Position] = {}
        for scope, order in dict.fromkeys((s, o) for s, o, _ in requests):
            keys = [k for s, o, k in requests if (s, o) == (scope, order)]
            at = await self.sources.index.positions(scope, keys, order)
            found.update({(scope, order, k): p for k, p in at.items()})
        return found


async def _by_languages(fetch, keys):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - two ports with the same signature
    """Groups keys by languages. Clients normally use one list of languages, so this is one call."""
    found: dict[LocalizedKey, object] = {}
    for languages in dict.fromkeys(k[1] for k in keys):
        names = await fetch([i for i, chain in keys if chain == languages], languages)
        found.update({(i, languages): name for i, name in names.items()})
    return found
