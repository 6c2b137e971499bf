"""Shared parts of mutation inputs and payloads: idempotency keys, user errors and the changed objects."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import strawberry

from access.classes import DataClass as C
from datasources.photo_key import PhotoKey
from datasources.tables.albums import AlbumKey
from resolvers.context import Context
from resolvers.writing import outcome as outcomes
from schema.album import Album
from schema.fields import class_directives, enum_value, input_field, value_field
from schema.photo import Photo

Info = strawberry.Info[Context, None]


@strawberry.enum(description="Reason why a mutation could not change an item.")
class UserErrorCode(Enum):
    """The reason of a user error."""

    NOT_FOUND = enum_value(C.PUBLIC, "NOT_FOUND", "The object does not exist, or the viewer may not see it.")
    FORBIDDEN = enum_value(C.PUBLIC, "FORBIDDEN", "The viewer may not change the object.")
    INVALID = enum_value(C.PUBLIC, "INVALID", "The value is not valid.")
    CONFLICT = enum_value(C.PUBLIC, "CONFLICT", "The object was modified by another request. Read it again and retry.")
    LIMIT = enum_value(C.PUBLIC, "LIMIT", "A limit would be exceeded.")


@strawberry.type(description="An input value or item that a mutation could not process, with the reason.")
class UserError:
    """An input value or item that could not be processed."""

    code: UserErrorCode = value_field(C.PUBLIC, "Code of the reason, for programs.")
    message: str = value_field(C.PUBLIC, "Explanation in English, for people.")
    field: list[str] | None = value_field(
        C.PUBLIC, "Path of the invalid value inside `input`. Null if no single value is the cause."
    )
    node_id: strawberry.ID | None = value_field(
        C.PUBLIC, "Global id of the object that was not changed. Null if the error is not about one object."
    )

    @classmethod
    def of(cls, error: outcomes.UserError) -> "UserError":
        """Converts a user error of the resolvers."""
        return cls(
            code=UserErrorCode[error.code.name],
            message=error.message,
            field=None if error.field is None else list(error.field),
            node_id=None if error.node is None else strawberry.ID(error.node),
        )


def patch_field(data_class: C, description: str) -> Any:
    """Declares a field of a `set` input: an absent field keeps its value, null clears it."""
    return strawberry.field(description=description, directives=class_directives(data_class))


def client_mutation_id_input() -> Any:
    """Declares the idempotency key of an input."""
    return input_field(C.PUBLIC, "Idempotency key, 1 to 200 characters: a repeat within 24 hours returns the first result.")


def client_mutation_id_field() -> Any:
    """Declares the idempotency key of a payload."""
    return value_field(C.PUBLIC, "The idempotency key of the input, unchanged.")


def user_errors_field() -> Any:
    """Declares the user errors of a mutation of one object."""
    return value_field(C.PUBLIC, "Errors in the input. Empty if the mutation succeeded.")


def item_errors_field() -> Any:
    """Declares the user errors of a mutation of many objects."""
    return value_field(C.PUBLIC, "Items that were not changed, each with the reason. The other items were changed.")


def maybe_value(maybe: Any) -> Any:
    """Returns the value of a `set` field (`Maybe`), or `ABSENT`."""
    return outcomes.ABSENT if maybe is None else maybe.value


def user_errors(outcome: outcomes.Outcome) -> list[UserError]:
    """Returns the user errors of an outcome."""
    return [UserError.of(e) for e in outcome.errors]


def own_ids(context: Context, type_name: str, locals_: Iterable[str]) -> list[strawberry.ID]:
    """Returns global ids of objects that the caller owns."""
    owner = context.viewer.customer or ""
    return [strawberry.ID(context.sources.ids.encode(type_name, owner, i)) for i in locals_]


async def photos_of(context: Context, outcome: outcomes.Outcome) -> list[Photo]:
    """Loads the changed photos in the order of the input."""
    owner = context.viewer.customer or ""
    return [Photo.of(context, p) for p in await context.photos.many([PhotoKey(owner, i) for i in outcome.photos])]


async def album_of(context: Context, outcome: outcomes.Outcome) -> Album | None:
    """Loads the album of an outcome in its current state."""
    if outcome.node is None:
        return None
    seen = await context.albums.one(AlbumKey(context.viewer.customer or "", outcome.node))
    return None if seen is None else Album.of(context, seen)
