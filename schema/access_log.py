"""Who read a customer's data, for the customer."""

from datetime import datetime

import strawberry

from access.classes import DataClass as C
from resolvers.access_log import SeenReading
from resolvers.paging import Slice
from resolvers.photo_precision import at
from schema.enums import ViewerKind
from schema.fields import SchemaDataClass, value_field
from schema.node import PageInfo


@strawberry.type(description="One reading of personal data.")
class AccessRecord:
    """One reading."""

    at: datetime = value_field(C.IDENTITY, "When.")
    principal: str = value_field(C.IDENTITY, "Who, as the customer may know.")
    kind: ViewerKind = value_field(C.IDENTITY, "What kind of caller.")
    purpose: str | None = value_field(C.IDENTITY, "For what.")
    classes: list[SchemaDataClass] = value_field(C.IDENTITY, "Which classes.")
    photo_count: int = value_field(C.IDENTITY, "How many photos.")

    @classmethod
    def of(cls, seen: SeenReading) -> "AccessRecord":
        """Of a row."""
        record = seen.record
        return cls(
            at=at(record.at_ms),
            principal=seen.principal,
            kind=ViewerKind[record.kind],
            purpose=record.purpose,
            classes=[SchemaDataClass[c] for c in record.classes],
            photo_count=record.photos,
        )


@strawberry.type(description="A reading in a page.")
class AccessRecordEdge:
    """A reading in a page."""

    cursor: str = value_field(C.IDENTITY, "To go on from.")
    node: AccessRecord = value_field(C.IDENTITY, "The reading.")


@strawberry.type(description="A page of readings.")
class AccessRecordConnection:
    """A page of readings."""

    edges: list[AccessRecordEdge] = value_field(C.IDENTITY, "With cursors.")
    nodes: list[AccessRecord] = value_field(C.IDENTITY, "Without.")
    page_info: PageInfo = value_field(C.IDENTITY, "Where the page lies.")

    @classmethod
    def of(cls, page: Slice[SeenReading]) -> "AccessRecordConnection":
        """Of a page, latest first."""
        edges = [AccessRecordEdge(cursor=cursor, node=AccessRecord.of(seen)) for cursor, seen in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page))
