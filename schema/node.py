"""What Relay asks of a graph: nodes, pages, cursors."""

from typing import Annotated, Any

import strawberry

from access.classes import DataClass
from resolvers.paging import Slice
from schema.fields import argument, field, value_field

PUBLIC = DataClass.PUBLIC

First = Annotated[int | None, argument(PUBLIC, "How many; 50 unless told, at most 200.")]
FirstFromStart = Annotated[int | None, argument(PUBLIC, "How many from the start; 50 unless told, at most 200.")]
After = Annotated[str | None, argument(PUBLIC, "Only those after this cursor.")]
Last = Annotated[int | None, argument(PUBLIC, "How many from the end.")]
Before = Annotated[str | None, argument(PUBLIC, "Only those before this cursor.")]
Languages = Annotated[list[str] | None, argument(PUBLIC, "BCP 47, best first; the request's unless told.")]


@strawberry.interface(
    description="Anything with a global id. A null argument is the same as an absent one. Every field called `id` of type "
    "`ID!` is such an id, unique over all types and stable for ever; a pointer to another object is called `…Id`."
)
class Node:
    """Every type with an id."""

    @field(DataClass.OPERATIONAL, "The global id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    def global_id(self) -> str:
        """Each type says its own."""
        raise NotImplementedError


@strawberry.federation.type(shareable=True, description="Where a page lies in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = value_field(PUBLIC, "Whether more follow.")
    has_previous_page: bool = value_field(PUBLIC, "Whether more precede.")
    start_cursor: str | None = value_field(PUBLIC, "The first edge's cursor; null on an empty page.")
    end_cursor: str | None = value_field(
        PUBLIC, "The last edge's cursor; null on an empty page. Of a change feed: never null, the token to go on from."
    )

    @classmethod
    def of(cls, page: Slice[Any]) -> "PageInfo":
        """Of a page cut out of a list in memory."""
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.items[0][0] if page.items else None,
            end_cursor=page.items[-1][0] if page.items else None,
        )


@strawberry.type(description="How many.")
class Total:
    """A count."""

    count: int = value_field(PUBLIC, "The number.")
    exact: bool = value_field(PUBLIC, "False: at least so many.")
