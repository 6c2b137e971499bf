"""Albums, and the rights to them."""

from datetime import datetime
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from access.policy import Visibility
from access.precision import LocationPrecision as Fineness
from access.precision import TimePrecision as Timeliness
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Field
from datasources.tables.albums import SeenAlbum
from datasources.tables.grants import GrantRecord
from resolvers.context import Context
from resolvers.paging import Slice
from resolvers.photo_precision import moment
from resolvers.photo_set import counts_by_value
from resolvers.timeline import in_album
from schema.enums import AlbumAction, LocationPrecision, PhotoOrder, ShareKind, TimePrecision
from schema.fields import argument, field, unset_to_none, value_field
from schema.inputs import PhotoFilter
from schema.node import After, Before, FirstFromStart, Last, Node, PageInfo, Total
from schema.photo import LazyCustomer, Photo, few
from schema.photo_set import PhotoConnection


@strawberry.type(description="Someone's right to an album.")
class Share(Node):
    """A share, as the owner of the album sees it."""

    context: strawberry.Private[Context]
    grant: strawberry.Private[GrantRecord]

    def global_id(self) -> str:
        """Opaque and deterministic."""
        return self.context.sources.ids.encode("Share", self.grant.owner, self.grant.slot)

    @field(C.OPERATIONAL, "How it is shared.")
    def kind(self) -> ShareKind:
        return ShareKind.LINK if self.grant.by_link else ShareKind.CUSTOMER

    @field(C.IDENTITY, "With whom, when it is a customer.")
    async def customer(self) -> LazyCustomer | None:
        from schema.customer import Customer

        seen = None if self.grant.by_link else await self.context.grantees.one(self.grant.grantee)
        return None if seen is None else Customer.of(self.context, seen)

    @field(C.OPERATIONAL, "The link, when by link.")
    async def url(self) -> str | None:
        secret = await self.context.sources.grants.secret_of(self.grant) if self.grant.by_link else None
        return None if secret is None else f"{self.context.public_url}/guest#{secret}"

    @field(C.OPERATIONAL, "How finely locations are told.")
    def location_precision(self) -> LocationPrecision:
        return LocationPrecision[Fineness(self.grant.location).name]

    @field(C.OPERATIONAL, "How finely times are told.")
    def time_precision(self) -> TimePrecision:
        return TimePrecision[Timeliness(self.grant.time).name]

    @field(C.OPERATIONAL, "Whether originals may be fetched.")
    def originals(self) -> bool:
        return self.grant.originals

    @field(C.OPERATIONAL, "When it ends.")
    def expires_at(self) -> datetime | None:
        return moment(self.grant.expires_at_ms)

    @field(C.OPERATIONAL, "When it began.")
    def created_at(self) -> datetime:
        began = moment(self.grant.created_at_ms)
        assert began is not None
        return began


@strawberry.federation.type(keys=["id"], description="Photos put together by someone.")
class Album(Node):
    """An album."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenAlbum]
    sight: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenAlbum) -> "Album":
        """An album that the scope let through."""
        return cls(context=context, seen=seen, sight=seen.sight)

    def about(self) -> tuple[str, str | None]:
        """Whose it is, and which photo, for the audit."""
        return self.seen.record.owner, None

    def global_id(self) -> str:
        """Opaque and deterministic."""
        return self.context.sources.ids.encode("Album", self.seen.record.owner, self.seen.record.id)

    @field(C.CONTENT, "Its title.")
    def title(self) -> str | None:
        return self.seen.title

    @field(C.OPERATIONAL, "Whose it is.")
    async def owner(self) -> LazyCustomer | None:
        from schema.customer import Customer

        return await Customer.load(self.context, self.seen.record.owner)

    @field(C.CONTENT, "The picture on its front.")
    async def cover(self) -> Photo | None:
        chosen = self.seen.record.cover
        seen = await self.context.photos.one(PhotoKey(self.seen.record.owner, chosen)) if chosen else None
        if seen is None or self.seen.record.id not in seen.record.albums:
            counts = await counts_by_value(self.context, Field.ALBUM, owner=self.seen.record.owner)
            newest = counts.get(self.seen.record.id, (0, None, None))[1]
            seen = None if newest is None else await self.context.photos.one(newest)
        return None if seen is None else Photo.of(self.context, seen)

    @field(C.OPERATIONAL, "How many photos the viewer may see in it.")
    async def photo_count(self) -> int | None:
        counts = await counts_by_value(self.context, Field.ALBUM, owner=self.seen.record.owner)
        return counts.get(self.seen.record.id, (0, None, None))[0]

    @field(C.OPERATIONAL, "When it was made.")
    def created_at(self) -> datetime:
        made = moment(self.seen.record.created_at_ms)
        assert made is not None
        return made

    @field(C.OWNER_STATE, "Who may see it and how much; its owner only.")
    async def shares(self, first: Annotated[int | None, argument(C.PUBLIC, "How many.")] = 50) -> list[Share] | None:
        grants = await self.context.shares.one(self.seen.record.key) or ()
        return [Share(context=self.context, grant=g) for g in grants[: few(first, 50)]]

    @field(C.CONTENT, "The photos in it.")
    async def photos(
        self,
        filter: Annotated[PhotoFilter | None, argument(C.PUBLIC, "Which photos.")] = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, "In which order.")] = PhotoOrder.TAKEN_AT_ASC,
        first: FirstFromStart = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> PhotoConnection | None:
        page = {
            "first": unset_to_none(first),
            "after": unset_to_none(after),
            "last": unset_to_none(last),
            "before": unset_to_none(before),
        }
        key = (self.seen.record.owner, self.seen.record.id)
        scope, order_name = await self.context.scope(), (order or PhotoOrder.TAKEN_AT_ASC).name
        return PhotoConnection.of(in_album(self.context, scope, key, unset_to_none(filter), order_name, page))

    @field(C.PUBLIC, "What the viewer may do with it.")
    def viewer_can(self) -> list[AlbumAction]:
        return list(AlbumAction) if self.sight.owner else []


@strawberry.type(description="An album in a page.")
class AlbumEdge:
    """An album in a page."""

    cursor: str = value_field(C.PUBLIC, "To go on from.")
    node: Album = value_field(C.CONTENT, "The album.")


@strawberry.type(description="A page of albums.")
class AlbumConnection:
    """A page of albums."""

    context: strawberry.Private[Context]
    page: strawberry.Private[Slice[SeenAlbum]]

    @field(C.CONTENT, "With cursors.")
    def edges(self) -> list[AlbumEdge]:
        return [AlbumEdge(cursor=c, node=Album.of(self.context, a)) for c, a in self.page.items]

    @field(C.CONTENT, "Without.")
    def nodes(self) -> list[Album]:
        return [Album.of(self.context, a) for _, a in self.page.items]

    @field(C.PUBLIC, "Where the page lies.")
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.CONTENT, "How many in all.")
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=True)
