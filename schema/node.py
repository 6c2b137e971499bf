"""Types of the Relay specification: `Node`, `PageInfo` and the arguments of connections."""

from typing import Annotated, Any

import strawberry

from access.classes import DataClass
from resolvers.paging import ListPage
from schema.fields import argument, field, value_field

PUBLIC = DataClass.PUBLIC

CURSOR = "Cursor of this item, to be passed as `after` to read the items that follow it."
EDGES = "The items of this page with their cursors."
NODES = "The items of this page, without cursors."
PAGE_INFO = "Whether more pages exist, and the cursors of this page."
TOTAL = "Number of items over all pages."
ORDER = "Sort order of the items."

First = Annotated[int | None, argument(PUBLIC, "Maximum number of items, 0 to 200. Default: 50.")]
FirstFromStart = Annotated[
    int | None, argument(PUBLIC, "Maximum number of items from the start of the list, 0 to 200. Default: 50.")
]
After = Annotated[str | None, argument(PUBLIC, "Return only items after this cursor.")]
Last = Annotated[
    int | None, argument(PUBLIC, "Maximum number of items from the end of the list, 0 to 200. Cannot be combined with `first`.")
]
Before = Annotated[str | None, argument(PUBLIC, "Return only items before this cursor.")]
Languages = Annotated[
    list[str] | None,
    argument(
        PUBLIC, "Preferred languages as BCP 47 tags, most preferred first, at most 10. Default: the languages of the request."
    ),
]


@strawberry.interface(
    description="An object with a global id. The id is unique over all types and never changes, so caches can use it as the key."
)
class Node:
    """An object with a global id."""

    @field(DataClass.OPERATIONAL, "Global id of the object. It is unique over all types and never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    def global_id(self) -> str:
        """Returns the global id; every type implements it."""
        raise NotImplementedError


@strawberry.federation.type(shareable=True, description="Position of a page in its list, as defined by the Relay specification.")
class PageInfo:
    """The page info of the Relay specification."""

    has_next_page: bool = value_field(PUBLIC, "Whether items follow after this page.")
    has_previous_page: bool = value_field(PUBLIC, "Whether items precede this page.")
    start_cursor: str | None = value_field(PUBLIC, "Cursor of the first item of the page. Null if the page is empty.")
    end_cursor: str | None = value_field(PUBLIC, "Cursor of the last item of the page. Null if the page is empty.")

    @classmethod
    def of(cls, page: ListPage[Any]) -> "PageInfo":
        """Returns the page info of a page of a list in memory."""
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.items[0][0] if page.items else None,
            end_cursor=page.items[-1][0] if page.items else None,
        )


@strawberry.type(description="A number of items.")
class Total:
    """A number of items."""

    count: int = value_field(PUBLIC, "Number of items.")
    exact: bool = value_field(PUBLIC, "Whether `count` is exact. If false, there are at least `count` items.")
