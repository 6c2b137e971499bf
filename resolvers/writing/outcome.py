"""The outcome of a mutation: changed and removed objects, and errors of its input."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

import msgspec

MAX_IDS = 1_000


class Absent(Enum):
    """The type of `ABSENT`: the caller did not give the field. None means that the field is cleared."""

    ABSENT = "ABSENT"


ABSENT: Final = Absent.ABSENT


class ErrorCode(Enum):
    """Codes of user errors."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    LIMIT = "LIMIT"


class Fault(NamedTuple):
    """The reason why one object was not changed. The message contains none of the caller's values."""

    code: ErrorCode
    message: str


class UserError(msgspec.Struct, frozen=True):
    """A fault with its path in the input and the global id of the object."""

    code: ErrorCode
    message: str
    field: tuple[str, ...] | None = None
    node: str | None = None

    @classmethod
    def of(cls, fault: Fault, field: Iterable[str] | None = None, node: str | None = None) -> UserError:
        """A fault at a path of the input."""
        return cls(fault.code, fault.message, None if field is None else tuple(field), node)


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Local ids of the caller's own objects, in the order of the input. Payloads read the values after the write."""

    photos: tuple[str, ...] = ()
    """Changed, or already in the requested state."""
    removed: tuple[str, ...] = msgspec.field(default=(), name="gone")
    """Deleted, removed, merged or ended objects, depending on the mutation."""
    node: str | None = None
    """The album, person, job or customer of the mutation."""
    share: str | None = None
    """The slot of a grant."""
    errors: tuple[UserError, ...] = ()


NOT_FOUND = Fault(ErrorCode.NOT_FOUND, "Not found.")
NOT_OWNER = Fault(ErrorCode.FORBIDDEN, "Only the owner can change it.")
MODIFIED = Fault(ErrorCode.CONFLICT, "The object was modified. Read it again and retry.")
TOO_MANY_IDS = Fault(ErrorCode.LIMIT, f"At most {MAX_IDS} ids are allowed. Split the request.")


def invalid(message: str) -> Fault:
    """The fault of an invalid value."""
    return Fault(ErrorCode.INVALID, message)


def rejected(fault: Fault, *field: str, node: str | None = None) -> Outcome:
    """An outcome with a single error."""
    return Outcome(errors=(UserError.of(fault, field or None, node),))


class FaultError(Exception):
    """Rejects the whole mutation because of one invalid value."""

    def __init__(self, fault: Fault, *field: str, node: str | None = None) -> None:
        super().__init__(fault.message)
        self.error = UserError.of(fault, field or None, node)
