"""Albums and their shares."""

from datetime import datetime
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from access.policy import Visibility
from access.precision import LocationPrecision as StoredLocationPrecision
from access.precision import TimePrecision as StoredTimePrecision
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Field
from datasources.tables.albums import SeenAlbum
from datasources.tables.grants import GrantRecord
from resolvers.context import Context, OwnShare
from resolvers.paging import ListPage
from resolvers.photo_precision import optional_datetime
from resolvers.photo_set import counts_by_value
from resolvers.timeline import album_photos
from schema.enums import AlbumAction, LocationPrecision, PhotoOrder, ShareKind, TimePrecision
from schema.fields import argument, field, unset_to_none, value_field
from schema.inputs import PhotoFilter
from schema.node import CURSOR, EDGES, NODES, ORDER, PAGE_INFO, TOTAL, After, Before, FirstFromStart, Last, Node, PageInfo, Total
from schema.photo import LazyCustomer, Photo, list_size
from schema.photo_set import PhotoConnection


@strawberry.type(description="A permission to see an album, given to a customer or to everyone who has a link.")
class Share(Node):
    """A share, as the owner of the album sees it."""

    context: strawberry.Private[Context]
    grant: strawberry.Private[GrantRecord]
    accepted: strawberry.Private[bool]

    @classmethod
    def of(cls, context: Context, given: OwnShare) -> "Share":
        """Returns the share of a grant or of an invitation."""
        return cls(context=context, grant=given.grant, accepted=given.accepted)

    def global_id(self) -> str:
        """Returns an opaque, deterministic id."""
        return self.context.sources.ids.encode("Share", self.grant.owner, self.grant.slot)

    @field(C.OPERATIONAL, "Whether the album is shared with a customer or by link.")
    def kind(self) -> ShareKind:
        return ShareKind.LINK if self.grant.by_link else ShareKind.CUSTOMER

    @field(C.IDENTITY, "Customer with whom the album is shared. Null for a link, and until the customer has accepted.")
    async def customer(self) -> LazyCustomer | None:
        from schema.customer import Customer

        seen = None if self.grant.by_link or not self.accepted else await self.context.grantees.one(self.grant.grantee)
        return None if seen is None else Customer.of(self.context, seen)

    @field(
        C.OPERATIONAL,
        "Global id of the customer as the owner gave it, also if no customer has this id. Null for a link.",
    )
    def customer_id(self) -> strawberry.ID | None:
        if self.grant.by_link:
            return None
        return strawberry.ID(self.context.sources.ids.encode("Customer", self.grant.grantee, self.grant.grantee))

    @field(
        C.OPERATIONAL,
        "Time at which the customer accepted the share. Null for a link, and while the customer has not accepted: then the "
        "share gives no access and ends after 30 days.",
    )
    def accepted_at(self) -> datetime | None:
        accepted = None if self.grant.by_link or not self.accepted else self.grant.accepted_at_ms or self.grant.created_at_ms
        return optional_datetime(accepted)

    @field(C.OPERATIONAL, "URL of the link, for guests. Null if the album is shared with a customer.")
    async def url(self) -> str | None:
        secret = await self.context.sources.grants.secret_of(self.grant) if self.grant.by_link else None
        return None if secret is None else f"{self.context.public_url}/guest#{secret}"

    @field(C.OPERATIONAL, "Precision at which the share shows locations and places.")
    def location_precision(self) -> LocationPrecision:
        return LocationPrecision[StoredLocationPrecision(self.grant.location).name]

    @field(C.OPERATIONAL, "Precision at which the share shows times.")
    def time_precision(self) -> TimePrecision:
        return TimePrecision[StoredTimePrecision(self.grant.time).name]

    @field(C.OPERATIONAL, "Whether the share allows the download of original files with all their metadata.")
    def originals(self) -> bool:
        return self.grant.originals

    @field(C.OPERATIONAL, "Time at which the share expires. Null if it does not expire.")
    def expires_at(self) -> datetime | None:
        return optional_datetime(self.grant.expires_at_ms)

    @field(C.OPERATIONAL, "Time at which the share was created.")
    def created_at(self) -> datetime:
        created = optional_datetime(self.grant.created_at_ms)
        assert created is not None
        return created


@strawberry.federation.type(keys=["id"], description="A collection of photos of one owner, which can be shared.")
class Album(Node):
    """A collection of photos of one owner."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenAlbum]
    visibility: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenAlbum) -> "Album":
        """Returns the album with the visibility that its scope granted."""
        return cls(context=context, seen=seen, visibility=seen.visibility)

    def audit_subject(self) -> tuple[str, str | None]:
        """Returns owner and photo id for the access log."""
        return self.seen.record.owner, None

    def global_id(self) -> str:
        """Returns an opaque, deterministic id."""
        return self.context.sources.ids.encode("Album", self.seen.record.owner, self.seen.record.id)

    @field(C.CONTENT, "Title of the album.")
    def title(self) -> str | None:
        return self.seen.title

    @field(C.OPERATIONAL, "Customer who owns the album. Null for a guest.")
    async def owner(self) -> LazyCustomer | None:
        from schema.customer import Customer

        return await Customer.load(self.context, self.seen.record.owner)

    @field(C.CONTENT, "Cover photo of the album: the one chosen by the owner, or else the newest visible photo. Null if empty.")
    async def cover(self) -> Photo | None:
        chosen = self.seen.record.cover
        seen = await self.context.photos.one(PhotoKey(self.seen.record.owner, chosen)) if chosen else None
        if seen is None or self.seen.record.id not in seen.record.albums:
            counts = await counts_by_value(self.context, Field.ALBUM, owner=self.seen.record.owner)
            newest = counts.get(self.seen.record.id, (0, None, None))[1]
            seen = None if newest is None else await self.context.photos.one(newest)
        return None if seen is None else Photo.of(self.context, seen)

    @field(
        C.OPERATIONAL,
        "Number of photos of the album that the viewer may see. Hidden photos and photos in the trash are not counted.",
    )
    async def photo_count(self) -> int | None:
        counts = await counts_by_value(self.context, Field.ALBUM, owner=self.seen.record.owner)
        return counts.get(self.seen.record.id, (0, None, None))[0]

    @field(C.TIME, "Time at which the album was created. Null if the viewer may not see exact times.")
    def created_at(self) -> datetime | None:
        return optional_datetime(self.seen.record.created_at_ms) if self.visibility.clock_time else None

    @field(C.OWNER_STATE, "Shares of the album, also those that are not accepted. Visible to its owner only.")
    async def shares(
        self, first: Annotated[int | None, argument(C.PUBLIC, "Maximum number of shares, 0 to 200.")] = 50
    ) -> list[Share] | None:
        grants = await self.context.shares.one(self.seen.record.key) or ()
        return [Share.of(self.context, g) for g in grants[: list_size(first, 50)]]

    @field(C.CONTENT, "Photos of the album that the viewer may see.")
    async def photos(
        self,
        filter: Annotated[PhotoFilter | None, argument(C.PUBLIC, "Filter of the photos.")] = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, ORDER)] = PhotoOrder.TAKEN_AT_ASC,
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
        scope, order_name = await self.context.scope_for(key[:1]), (order or PhotoOrder.TAKEN_AT_ASC).name
        return PhotoConnection.of(album_photos(self.context, scope, key, unset_to_none(filter), order_name, page))

    @field(C.PUBLIC, "Actions that the viewer may perform on the album. Empty for everyone but its owner.")
    def viewer_can(self) -> list[AlbumAction]:
        return list(AlbumAction) if self.visibility.owner else []


@strawberry.type(description="An album in a page, with its cursor.")
class AlbumEdge:
    """An album with its cursor."""

    cursor: str = value_field(C.PUBLIC, CURSOR)
    node: Album = value_field(C.CONTENT, "The album at this position.")


@strawberry.type(description="A page of albums.")
class AlbumConnection:
    """A page of albums."""

    context: strawberry.Private[Context]
    page: strawberry.Private[ListPage[SeenAlbum]]

    @field(C.CONTENT, EDGES)
    def edges(self) -> list[AlbumEdge]:
        return [AlbumEdge(cursor=c, node=Album.of(self.context, a)) for c, a in self.page.items]

    @field(C.CONTENT, NODES)
    def nodes(self) -> list[Album]:
        return [Album.of(self.context, a) for _, a in self.page.items]

    @field(C.PUBLIC, PAGE_INFO)
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.CONTENT, TOTAL)
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=True)
