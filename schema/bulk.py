"""Bulk operations: work that continues after its request. Only the caller who started one can see it."""

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
from resolvers.paging import ListPage
from resolvers.photo_precision import optional_datetime
from schema.enums import BulkStatus
from schema.fields import argument, field, value_field
from schema.node import CURSOR, EDGES, NODES, PAGE_INFO, Node, PageInfo

MAX_FILES = 10_000


@strawberry.type(description="A file of the result of a bulk operation.")
class BulkFile:
    """A file of a result. Its fields are PUBLIC because only the caller who started the operation can reach it."""

    path: str = value_field(C.PUBLIC, "Kind of content of the file, for example `photos`, `albums` or `files`.")
    url: str = value_field(C.PUBLIC, "Signed URL of the file, valid until `expiresAt`.")
    expires_at: datetime = value_field(C.PUBLIC, "Time at which the URL expires.")
    row_count: float = value_field(C.PUBLIC, "Number of rows in the file.")
    bytes: float = value_field(C.PUBLIC, "Size of the file in bytes.")
    sha256: str = value_field(C.PUBLIC, "SHA-256 digest of the file in hexadecimal.")

    @classmethod
    def of(cls, file: JobFile, link: Link) -> "BulkFile":
        """Returns a file with its download URL."""
        return cls(
            path=file.path,
            url=link.url,
            expires_at=link.expires_at,
            row_count=file.rows,
            bytes=file.size,
            sha256=file.sha256.hex(),
        )


@strawberry.type(
    description="A long-running operation such as an export or an erasure. It continues after the request that started it."
)
class BulkOperation(Node):
    """A bulk operation of the viewer."""

    context: strawberry.Private[Context]
    record: strawberry.Private[JobRecord]

    @field(C.PUBLIC, "Global id of the object. It is unique over all types and never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    def global_id(self) -> str:
        """Returns an opaque, deterministic id."""
        return global_id(self.context.sources, self.record.key)

    @field(C.PUBLIC, "Current status of the operation.")
    def status(self) -> BulkStatus:
        return BulkStatus[self.record.status_at(self.context.sources.now_ms()).name]

    @field(C.PUBLIC, "Progress of the operation, 0 to 1.")
    def progress(self) -> float:
        return self.record.progress

    @field(C.PUBLIC, "Time at which the operation was created.")
    def created_at(self) -> datetime:
        created = optional_datetime(self.record.created_at_ms)
        assert created is not None
        return created

    @field(C.PUBLIC, "Time at which the operation ended. Null while it runs.")
    def completed_at(self) -> datetime | None:
        return optional_datetime(self.record.completed_at_ms)

    @field(C.PUBLIC, "Key of the data snapshot that the operation reads. Null if it reads none.")
    def snapshot_key(self) -> str | None:
        return self.record.snapshot

    @field(C.PUBLIC, "Number of rows written so far.")
    def row_count(self) -> float:
        return self.record.rows

    @field(C.PUBLIC, "Cost of the operation in cost units. Null if unknown.")
    def cost(self) -> float | None:
        return self.record.cost

    @field(C.PUBLIC, "Code of the error that made the operation fail. Null if it did not fail.")
    def error_code(self) -> str | None:
        return self.record.error_code

    @field(C.PUBLIC, "Files of the result. Null until the operation is `COMPLETED`.")
    def files(
        self, first: Annotated[int | None, argument(C.PUBLIC, "Maximum number of files, 0 to 10,000.")] = 1000
    ) -> list[BulkFile] | None:
        size = 1000 if first is None else first
        if not 0 <= size <= MAX_FILES:
            raise BadInput(f"`first` must be from 0 to {MAX_FILES}.", "PAGE_SIZE")
        if self.status_name() != "COMPLETED":
            return None
        link = self._link()
        return [BulkFile.of(f, link(f)) for f in self.record.files[:size]]

    @field(C.PUBLIC, "Signed URL of the manifest, a JSON file that lists all files with their digests. Null until `COMPLETED`.")
    def manifest_url(self) -> str | None:
        manifest = self.record.manifest
        return None if manifest is None or self.status_name() != "COMPLETED" else self._link()(manifest).url

    def status_name(self) -> str:
        """Returns the name of the current status."""
        return self.record.status_at(self.context.sources.now_ms()).name

    def _link(self) -> Callable[[JobFile], Link]:
        return lambda file: Link.to(self.context, self.record, file)


@strawberry.type(description="A bulk operation in a page, with its cursor.")
class BulkOperationEdge:
    """A bulk operation with its cursor."""

    cursor: str = value_field(C.PUBLIC, CURSOR)
    node: BulkOperation = value_field(C.PUBLIC, "The operation at this position.")


@strawberry.type(description="A page of bulk operations.")
class BulkOperationConnection:
    """A page of bulk operations."""

    context: strawberry.Private[Context]
    page: strawberry.Private[ListPage[JobRecord]]

    @field(C.PUBLIC, EDGES)
    def edges(self) -> list[BulkOperationEdge]:
        return [BulkOperationEdge(cursor=c, node=BulkOperation(context=self.context, record=r)) for c, r in self.page.items]

    @field(C.PUBLIC, NODES)
    def nodes(self) -> list[BulkOperation]:
        return [BulkOperation(context=self.context, record=r) for _, r in self.page.items]

    @field(C.PUBLIC, PAGE_INFO)
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)
