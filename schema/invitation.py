"""Invitations: shares of other customers' albums that the viewer has not accepted."""

from datetime import datetime

import strawberry

from access.classes import DataClass as C
from access.precision import LocationPrecision as StoredLocationPrecision
from access.precision import TimePrecision as StoredTimePrecision
from resolvers.context import Context
from resolvers.invitations import SeenInvitation
from resolvers.paging import ListPage
from resolvers.photo_precision import optional_datetime, to_datetime
from schema.enums import LocationPrecision, TimePrecision
from schema.fields import value_field
from schema.node import CURSOR, EDGES, NODES, PAGE_INFO, PageInfo


@strawberry.type(
    description="An invitation to see an album of another customer. It gives no access until the mutation `acceptShare`. "
    "Reading it is not reported to its sender."
)
class Invitation:
    """An invitation as its recipient sees it."""

    id: strawberry.ID = value_field(C.OPERATIONAL, "Global id of the invitation, for `acceptShare` and `declineShare`.")
    sender_name: str | None = value_field(
        C.IDENTITY, "Name that the customer who shares the album chose to display to others. Null if they chose none."
    )
    album_title: str | None = value_field(C.CONTENT, "Title of the album. Null if the album was deleted.")
    location_precision: LocationPrecision = value_field(
        C.OPERATIONAL, "Precision at which the share will show locations and places."
    )
    time_precision: TimePrecision = value_field(C.OPERATIONAL, "Precision at which the share will show times.")
    originals: bool = value_field(C.OPERATIONAL, "Whether the share will allow the download of original files.")
    created_at: datetime = value_field(C.OPERATIONAL, "Time at which the invitation was sent.")
    expires_at: datetime = value_field(C.OPERATIONAL, "Time after which the invitation can no longer be accepted.")
    share_expires_at: datetime | None = value_field(
        C.OPERATIONAL, "Time at which the share will expire after it is accepted. Null if it will not expire."
    )

    @classmethod
    def of(cls, context: Context, seen: SeenInvitation) -> "Invitation":
        """Returns the invitation of a record."""
        record = seen.record
        identity = seen.sender.identity if seen.sender else None
        return cls(
            id=strawberry.ID(context.sources.ids.encode("Invitation", record.owner, f"{record.recipient}#{record.album}")),
            sender_name=identity.display_name if identity else None,
            album_title=seen.album.title if seen.album else None,
            location_precision=LocationPrecision[StoredLocationPrecision(record.location).name],
            time_precision=TimePrecision[StoredTimePrecision(record.time).name],
            originals=record.originals,
            created_at=to_datetime(record.created_at_ms),
            expires_at=to_datetime(record.expires_at_ms),
            share_expires_at=optional_datetime(record.share_expires_at_ms),
        )


@strawberry.type(description="An invitation in a page, with its cursor.")
class InvitationEdge:
    """An invitation with its cursor."""

    cursor: str = value_field(C.OPERATIONAL, CURSOR)
    node: Invitation = value_field(C.OPERATIONAL, "The invitation at this position.")


@strawberry.type(description="A page of invitations.")
class InvitationConnection:
    """A page of invitations."""

    edges: list[InvitationEdge] = value_field(C.OPERATIONAL, EDGES)
    nodes: list[Invitation] = value_field(C.OPERATIONAL, NODES)
    page_info: PageInfo = value_field(C.OPERATIONAL, PAGE_INFO)

    @classmethod
    def of(cls, context: Context, page: ListPage[SeenInvitation]) -> "InvitationConnection":
        """Returns the connection of a page, latest invitation first."""
        edges = [InvitationEdge(cursor=cursor, node=Invitation.of(context, seen)) for cursor, seen in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page))
