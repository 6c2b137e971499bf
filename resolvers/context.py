"""What one request carries: who asks, in which languages, the sources, and its loaders. It dies with the request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial

from access.access_log import AccessLogBuffer
from access.classes import DataClass
from access.policy import Visibility, withheld
from access.scope import Scope
from access.viewer import Viewer
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
from resolvers.importing.upsert import may_write
from resolvers.loading import Loader
from resolvers.placeholders import DrawnOf, drawn_placeholders
from resolvers.search_loader import Part, SearchBatch
from resolvers.viewer_scope import scope_of

WRITERS_BYTES = 8 << 20
"""Of a service that may write photos: 200 records with vectors."""
WRITERS_VALUES = 1_000_000
Languages = tuple[str, ...]
Named = tuple[str, Languages]
"""An id, and the languages its name is wanted in."""
Placed = tuple[Scope, Order, PhotoKey]
"""A photo in an order of a scope."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """A source that was late or off, and which fields that cost."""

    source: str
    reason: str
    fields: tuple[str, ...]


class Context:
    """One request. Loaders are made when first used; everything from one source goes through one loader."""

    router = False  # whether a router's credential came with the request
    remaining_s: float | None = None  # until the caller's token ends

    def __init__(
        self, sources: Sources, freshness: IndexLag, viewer: Viewer, languages: Languages, *, public_url: str = ""
    ) -> None:
        self.sources = sources
        self.freshness = freshness
        self.viewer = viewer
        self.languages = languages
        self.public_url = public_url
        self.withheld: set[DataClass] = set()
        self.readings = AccessLogBuffer()
        self.ledger: RequestStats | None = None
        """What the request costs each source, where somebody may know and asks."""
        self.degraded: dict[tuple[str, str], set[str]] = {}
        self._scope: asyncio.Task[Scope] | None = None
        self._pictured: dict[PhotoKey, SeenPhoto] = {}

    @property
    def most_bytes(self) -> int | None:
        """How large a body this caller may send; None: as large as any."""
        return WRITERS_BYTES if may_write(self.viewer, "") else None

    @property
    def most_values(self) -> int | None:
        """How many values its variables may hold, and a list of them; None: as many as any caller's."""
        return WRITERS_VALUES if may_write(self.viewer, "") else None

    @property
    def principal(self) -> str:
        """Who pays for the request: the same for every guest of one link."""
        return self.viewer.key

    async def scope(self) -> Scope:
        """What this request may touch; grants are loaded once."""
        if self._scope is None:
            self._scope = asyncio.create_task(scope_of(self.sources, self.viewer))
        return await asyncio.shield(self._scope)

    async def speak_own_languages(self) -> None:
        """Before those that the request's header names: the languages of the customer's settings, if they can be had."""
        if self.viewer.customer is None:
            return
        with suppress(SourceError):
            seen = await self.customers.one(self.viewer.customer)
            if seen is not None and seen.record.languages:
                self.languages = tuple(dict.fromkeys((*seen.record.languages, *self.languages)))

    def forget_scope(self) -> None:
        """A mutation changed grants: the rest of the request reads them anew."""
        self._scope = None

    def renew(self) -> None:
        """Before each event of a subscription: what was withdrawn meanwhile is not told, whatever was loaded before."""
        self.forget_scope()
        for loader in vars(self).values():
            if isinstance(loader, Loader):
                loader.clear_all()
        self.withheld.clear()
        if self.ledger is not None:
            self.ledger.clear()

    def told(self, sight: Visibility) -> None:
        """Remembers what was kept back, for `extensions`."""
        self.withheld.update(withheld(sight))

    def degrade(self, source: str, reason: str, field: str) -> None:
        """Remembers that a source cost a field."""
        self.degraded.setdefault((source, reason), set()).add(field)

    def degradations(self) -> list[Degradation]:
        """Which sources cost which fields so far."""
        return [Degradation(s, r, tuple(sorted(f))) for (s, r), f in sorted(self.degraded.items())]

    def failed(self, error: SourceError, field: str) -> None:
        """Remembers a failure of a source."""
        self.degrade(error.source, type(error).__name__, field)

    def extensions(self) -> dict[str, object]:
        """What the answer says besides its data."""
        said: dict[str, object] = {"erased": True} if self.viewer.erased else {}
        if self.withheld:
            said["withheld"] = [c.value for c in DataClass if c in self.withheld]
        if self.degraded:
            said["degraded"] = [{"source": d.source, "reason": d.reason, "fields": d.fields} for d in self.degradations()]
        if self.ledger is not None:
            said["trace"] = self.ledger.told()
        return said

    async def aclose(self) -> None:
        """The request has ended: nothing of it goes on."""
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
        found = await self.sources.photos.by_ids(await self.scope(), keys)
        for photo in found.values():
            self.told(photo.sight)
        return found

    async def picture(self, photo: SeenPhoto) -> SeenPicture | None:
        """The picture of a photo that was seen; those of a level of the answer are one batch."""
        self._pictured[photo.key] = photo
        return await self.pictures.one(photo.key)

    @cached_property
    def pictures(self) -> Loader[PhotoKey, SeenPicture]:
        """Pictures of photos; ask by `picture`, which knows what was seen."""
        return Loader(self._pictures)

    async def _pictures(self, keys: Sequence[PhotoKey]) -> Mapping[PhotoKey, SeenPicture]:
        return await self.sources.pictures.of_photos(await self.scope(), [self._pictured[k] for k in keys])

    @cached_property
    def drawn_placeholders(self) -> Loader[DrawnOf, bytes]:
        """ThumbHashes of the demo's drawings."""
        return Loader(drawn_placeholders)

    @cached_property
    def albums(self) -> Loader[AlbumKey, SeenAlbum]:
        """Albums by key."""
        return Loader(self._albums)

    async def _albums(self, keys: Sequence[AlbumKey]) -> Mapping[AlbumKey, SeenAlbum]:
        return await self.sources.albums.by_ids(await self.scope(), keys)

    @cached_property
    def people(self) -> Loader[PersonKey, SeenPerson]:
        """People by key."""
        return Loader(self._people)

    async def _people(self, keys: Sequence[PersonKey]) -> Mapping[PersonKey, SeenPerson]:
        return await self.sources.people.by_ids(await self.scope(), keys)

    @cached_property
    def customers(self) -> Loader[str, SeenCustomer]:
        """Customers by local id."""
        return Loader(self._customers)

    async def _customers(self, ids: Sequence[str]) -> Mapping[str, SeenCustomer]:
        return await self.sources.customers.by_ids(await self.scope(), ids)

    @cached_property
    def grantees(self) -> Loader[str, SeenCustomer]:
        """Customers with whom the viewer shares."""
        return Loader(self._grantees)

    async def _grantees(self, ids: Sequence[str]) -> Mapping[str, SeenCustomer]:
        return await self.sources.customers.grantees(await self.scope(), ids)

    @cached_property
    def shares(self) -> Loader[AlbumKey, Sequence[GrantRecord]]:
        """The grants of the viewer's own albums: one query for all albums of the request."""
        return Loader(self._shares)

    async def _shares(self, keys: Sequence[AlbumKey]) -> Mapping[AlbumKey, Sequence[GrantRecord]]:
        own = (await self.scope()).own
        mine = [k for k in keys if k.owner == own]
        if not mine or own is None:
            return {}
        grants = await (self.sources.grants.of_album(own, mine[0].id) if len(mine) == 1 else self.sources.grants.of_albums(own))
        ordered = sorted(grants, key=lambda g: (g.created_at_ms, g.grantee))
        return {k: [g for g in ordered if g.album == k.id] for k in mine}

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
    def place_names(self) -> Loader[Named, LocalizedName]:
        """Names of places by id and languages."""
        return Loader(partial(_by_languages, self.sources.locations.names))

    @cached_property
    def addresses(self) -> Loader[Named, LocalizedName]:
        """Address lines by place and languages."""
        return Loader(partial(_by_languages, self.sources.locations.addresses))

    @cached_property
    def words(self) -> Loader[Named, LocalizedWord]:
        """Display words of concepts by id and languages."""
        return Loader(partial(_by_languages, self.sources.translations.words))

    @cached_property
    def questions(self) -> Loader[Part, object]:
        """Everything asked of the index: all parts of a level go in one call."""
        return Loader(SearchBatch(self.sources.index, self.freshness, self.degrade, self.readings).fetch)

    @cached_property
    def positions(self) -> Loader[Placed, Position]:
        """Where photos stand in an order, by scope and order."""
        return Loader(self._positions)

    async def _positions(self, wanted: Sequence[Placed]) -> Mapping[Placed, Position]:
        found: dict[Placed, Position] = {}
        for scope, order in dict.fromkeys((s, o) for s, o, _ in wanted):
            keys = [k for s, o, k in wanted if (s, o) == (scope, order)]
            at = await self.sources.index.positions(scope, keys, order)
            found.update({(scope, order, k): p for k, p in at.items()})
        return found


async def _by_languages(fetch, keys):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - two ports, one shape
    """Groups (id, languages) by languages: clients ask in one chain of languages, so this is one call."""
    found: dict[Named, object] = {}
    for languages in dict.fromkeys(k[1] for k in keys):
        names = await fetch([i for i, chain in keys if chain == languages], languages)
        found.update({(i, languages): name for i, name in names.items()})
    return found
