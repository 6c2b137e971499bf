"""What a mutation did: which things it changed or took away, and which of the caller's choices it could not follow."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

import msgspec

MAX_IDS = 1_000


class Absent(Enum):
    """The value of a field that the caller did not give; null is another thing, it clears."""

    ABSENT = "ABSENT"


ABSENT: Final = Absent.ABSENT


class ErrorCode(Enum):
    """Kinds of wrong choices."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    LIMIT = "LIMIT"


class Fault(NamedTuple):
    """Why one thing was not done; the text is for people and repeats no value of theirs."""

    code: ErrorCode
    message: str


class UserError(msgspec.Struct, frozen=True):
    """A fault, where in the input it lies, and the global id of the thing it is about."""

    code: ErrorCode
    message: str
    field: tuple[str, ...] | None = None
    node: str | None = None

    @classmethod
    def of(cls, fault: Fault, field: Iterable[str] | None = None, node: str | None = None) -> UserError:
        """A fault at a place."""
        return cls(fault.code, fault.message, None if field is None else tuple(field), node)


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Local ids of the caller's own things, in the order asked. Values are not kept: payloads read them after the write."""

    photos: tuple[str, ...] = ()
    """Changed, or as wanted already."""
    gone: tuple[str, ...] = ()
    """Deleted, taken out, or ended, as the mutation says."""
    node: str | None = None
    """The one album or person that it was about."""
    share: str | None = None
    """The slot of a grant."""
    errors: tuple[UserError, ...] = ()


NOT_THERE = Fault(ErrorCode.NOT_FOUND, "it is not there, or not to be seen")
NOT_YOURS = Fault(ErrorCode.FORBIDDEN, "only its owner may change it")
CHANGED = Fault(ErrorCode.CONFLICT, "it changed meanwhile: read it again")
TOO_MANY_IDS = Fault(ErrorCode.LIMIT, f"at most {MAX_IDS} ids at a time")


def invalid(message: str) -> Fault:
    """A value that is not possible."""
    return Fault(ErrorCode.INVALID, message)


def refused(fault: Fault, *field: str, node: str | None = None) -> Outcome:
    """Nothing was done, for one reason."""
    return Outcome(errors=(UserError.of(fault, field or None, node),))


class FaultFound(Exception):
    """Ends the reading of an input at its first impossible value."""

    def __init__(self, fault: Fault, *field: str, node: str | None = None) -> None:
        super().__init__(fault.message)
        self.error = UserError.of(fault, field or None, node)
