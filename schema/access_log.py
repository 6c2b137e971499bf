"""The access log of a customer: who read the customer's personal data."""

from datetime import datetime

import strawberry

from access.classes import DataClass as C
from resolvers.access_log import AccessLogItem
from resolvers.paging import ListPage
from resolvers.photo_precision import to_datetime
from schema.enums import ViewerKind
from schema.fields import SchemaDataClass, value_field
from schema.node import CURSOR, EDGES, NODES, PAGE_INFO, PageInfo


@strawberry.type(description="An entry of the access log: one read access to personal data of the customer.")
class AccessRecord:
    """An entry of the access log."""

    at: datetime = value_field(C.IDENTITY, "Time of the access.")
    principal: str = value_field(C.IDENTITY, "Who read the data, in words that the customer may see.")
    kind: ViewerKind = value_field(C.IDENTITY, "Kind of the caller who read the data.")
    purpose: str | None = value_field(C.IDENTITY, "Purpose of the access. Null if none was named.")
    classes: list[SchemaDataClass] = value_field(C.IDENTITY, "Classes of personal data that were read.")
    photo_count: int = value_field(C.IDENTITY, "Number of photos whose data was read.")

    @classmethod
    def of(cls, seen: AccessLogItem) -> "AccessRecord":
        """Returns the entry of a record."""
        record = seen.record
        return cls(
            at=to_datetime(record.at_ms),
            principal=seen.principal,
            kind=ViewerKind[record.kind],
            purpose=record.purpose,
            classes=[SchemaDataClass[c] for c in record.classes],
            photo_count=record.photos,
        )


@strawberry.type(description="An entry of the access log in a page, with its cursor.")
class AccessRecordEdge:
    """An entry with its cursor."""

    cursor: str = value_field(C.IDENTITY, CURSOR)
    node: AccessRecord = value_field(C.IDENTITY, "The entry at this position.")


@strawberry.type(description="A page of the access log.")
class AccessRecordConnection:
    """A page of the access log."""

    edges: list[AccessRecordEdge] = value_field(C.IDENTITY, EDGES)
    nodes: list[AccessRecord] = value_field(C.IDENTITY, NODES)
    page_info: PageInfo = value_field(C.IDENTITY, PAGE_INFO)

    @classmethod
    def of(cls, page: ListPage[AccessLogItem]) -> "AccessRecordConnection":
        """Returns the connection of a page, latest entry first."""
        edges = [AccessRecordEdge(cursor=cursor, node=AccessRecord.of(seen)) for cursor, seen in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page))
