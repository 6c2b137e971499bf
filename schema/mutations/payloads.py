"""What all mutations share: one argument `input`, wrong choices told beside the result, and repeats that do nothing."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import strawberry

from access.classes import DataClass as C
from datasources.photo_key import PhotoKey
from datasources.tables.albums import AlbumKey
from resolvers.context import Context
from resolvers.writing import outcome as told
from schema.album import Album
from schema.fields import input_field, labelled, value, value_field
from schema.photo import Photo

Info = strawberry.Info[Context, None]


@strawberry.enum(description="Kinds of wrong choices.")
class UserErrorCode(Enum):
    """Kinds of wrong choices."""

    NOT_FOUND = value(C.PUBLIC, "NOT_FOUND", "Not there, or not to be seen.")
    FORBIDDEN = value(C.PUBLIC, "FORBIDDEN", "Not allowed.")
    INVALID = value(C.PUBLIC, "INVALID", "Not a possible value.")
    CONFLICT = value(C.PUBLIC, "CONFLICT", "Changed meanwhile.")
    LIMIT = value(C.PUBLIC, "LIMIT", "Too many.")


@strawberry.type(description="What went wrong with a choice.")
class UserError:
    """What went wrong with a choice."""

    code: UserErrorCode = value_field(C.PUBLIC, "Which kind.")
    message: str = value_field(C.PUBLIC, "For people.")
    field: list[str] | None = value_field(C.PUBLIC, "The path in `input`.")
    node_id: strawberry.ID | None = value_field(C.PUBLIC, "The object it is about.")

    @classmethod
    def of(cls, error: told.UserError) -> "UserError":
        """As the resolvers tell it."""
        return cls(
            code=UserErrorCode[error.code.name],
            message=error.message,
            field=None if error.field is None else list(error.field),
            node_id=None if error.node is None else strawberry.ID(error.node),
        )


def patch_field(data_class: C, description: str) -> Any:
    """A field of a `set`: absent stays, null clears."""
    return strawberry.field(description=description, directives=labelled(data_class))


def client_mutation_id_argument() -> Any:
    """The field by which a client names its try."""
    return input_field(C.PUBLIC, "See `updatePhotos`.")


def client_mutation_id_field() -> Any:
    """The same in a payload."""
    return value_field(C.PUBLIC, "As given.")


def user_errors_field() -> Any:
    """Wrong choices of a mutation about one thing."""
    return value_field(C.PUBLIC, "What failed.")


def user_errors_of() -> Any:
    """Wrong choices of a mutation about many things."""
    return value_field(C.PUBLIC, "Those not, and why.")


def given_or(maybe_given: Any) -> Any:
    """What a `set` says of a field (`Maybe`), as the resolvers know it."""
    return told.ABSENT if maybe_given is None else maybe_given.value


def errors(outcome: told.Outcome) -> list[UserError]:
    """Every wrong choice."""
    return [UserError.of(e) for e in outcome.errors]


def own_ids(context: Context, type_name: str, locals_: Iterable[str]) -> list[strawberry.ID]:
    """Global ids of the caller's own things."""
    owner = context.viewer.customer or ""
    return [strawberry.ID(context.sources.ids.encode(type_name, owner, i)) for i in locals_]


async def photos_of(context: Context, outcome: told.Outcome) -> list[Photo]:
    """The changed photos as they are now, in the order asked."""
    owner = context.viewer.customer or ""
    return [Photo.of(context, p) for p in await context.photos.many([PhotoKey(owner, i) for i in outcome.photos])]


async def album_of(context: Context, outcome: told.Outcome) -> Album | None:
    """The album as it is now."""
    if outcome.node is None:
        return None
    seen = await context.albums.one(AlbumKey(context.viewer.customer or "", outcome.node))
    return None if seen is None else Album.of(context, seen)
