"""Bulk operations: work that outlives its request, as whoever started it sees it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.tables.jobs import JobFile, JobRecord
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.jobs.links import Link
from resolvers.jobs.start import global_id
from resolvers.paging import Slice
from resolvers.photo_precision import moment
from schema.enums import BulkStatus
from schema.fields import argument, field, value_field
from schema.node import Node, PageInfo

MOST_FILES = 10_000


@strawberry.type(description="A file of a result.")
class BulkFile:
    """A file of a result. Only whoever started the job is told of it, so its members are of no class of their own."""

    path: str = value_field(C.PUBLIC, "Rows of which position in the document: `photos`, `photos.people`.")
    url: str = value_field(C.PUBLIC, "Signed.")
    expires_at: datetime = value_field(C.PUBLIC, "When the URL stops working.")
    row_count: float = value_field(C.PUBLIC, "Rows.")
    bytes: float = value_field(C.PUBLIC, "Bytes.")
    sha256: str = value_field(C.PUBLIC, "SHA-256, hex.")

    @classmethod
    def of(cls, file: JobFile, link: Link) -> "BulkFile":
        """A file with the URL it can be fetched by."""
        return cls(
            path=file.path,
            url=link.url,
            expires_at=link.expires_at,
            row_count=file.rows,
            bytes=file.size,
            sha256=file.sha256.hex(),
        )


@strawberry.type(description="A query over the lake that runs by itself.")
class BulkOperation(Node):
    """A bulk operation."""

    context: strawberry.Private[Context]
    record: strawberry.Private[JobRecord]

    @field(C.PUBLIC, "The global id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    def global_id(self) -> str:
        """Opaque and deterministic."""
        return global_id(self.context.sources, self.record.key)

    @field(C.PUBLIC, "How far.")
    def status(self) -> BulkStatus:
        return BulkStatus[self.record.status_at(self.context.sources.now_ms()).name]

    @field(C.PUBLIC, "0 to 1.")
    def progress(self) -> float:
        return self.record.progress

    @field(C.PUBLIC, "When asked.")
    def created_at(self) -> datetime:
        began = moment(self.record.created_at_ms)
        assert began is not None
        return began

    @field(C.PUBLIC, "When it ended.")
    def completed_at(self) -> datetime | None:
        return moment(self.record.completed_at_ms)

    @field(C.PUBLIC, "The snapshot it reads.")
    def snapshot_key(self) -> str | None:
        return self.record.snapshot

    @field(C.PUBLIC, "Rows so far.")
    def row_count(self) -> float:
        return self.record.rows

    @field(C.PUBLIC, "What it costs, in cost units.")
    def cost(self) -> float | None:
        return self.record.cost

    @field(C.PUBLIC, "Why it failed.")
    def error_code(self) -> str | None:
        return self.record.error_code

    @field(C.PUBLIC, "The result.")
    def files(self, first: Annotated[int | None, argument(C.PUBLIC, "How many.")] = 1000) -> list[BulkFile] | None:
        size = 1000 if first is None else first
        if not 0 <= size <= MOST_FILES:
            raise BadInput(f"`first` goes from 0 to {MOST_FILES} here", "PAGE_SIZE")
        if self.status_name() != "COMPLETED":
            return None
        link = self._link()
        return [BulkFile.of(f, link(f)) for f in self.record.files[:size]]

    @field(C.PUBLIC, "A list of the files with checksums, as a file.")
    def manifest_url(self) -> str | None:
        manifest = self.record.manifest
        return None if manifest is None or self.status_name() != "COMPLETED" else self._link()(manifest).url

    def status_name(self) -> str:
        """As it is told now."""
        return self.record.status_at(self.context.sources.now_ms()).name

    def _link(self) -> Callable[[JobFile], Link]:
        return lambda file: Link.to(self.context, self.record, file)


@strawberry.type(description="A bulk operation in a page.")
class BulkOperationEdge:
    """A bulk operation in a page."""

    cursor: str = value_field(C.PUBLIC, "To go on from.")
    node: BulkOperation = value_field(C.PUBLIC, "The operation.")


@strawberry.type(description="A page of bulk operations.")
class BulkOperationConnection:
    """A page of bulk operations."""

    context: strawberry.Private[Context]
    page: strawberry.Private[Slice[JobRecord]]

    @field(C.PUBLIC, "With cursors.")
    def edges(self) -> list[BulkOperationEdge]:
        return [BulkOperationEdge(cursor=c, node=BulkOperation(context=self.context, record=r)) for c, r in self.page.items]

    @field(C.PUBLIC, "Without.")
    def nodes(self) -> list[BulkOperation]:
        return [BulkOperation(context=self.context, record=r) for _, r in self.page.items]

    @field(C.PUBLIC, "Where the page lies.")
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)
