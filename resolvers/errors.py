"""How an answer can be refused because of what was asked. What a source could not do is `datasources.errors`."""

from __future__ import annotations


class Refused(Exception):
    """What was asked cannot be answered; the text is for the caller and repeats no value of theirs."""

    code = "BAD_USER_INPUT"

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class BadInput(Refused):
    """A value that is not possible."""


class Forbidden(Refused):
    """Not for this caller."""

    code = "FORBIDDEN"


class Erased(Forbidden):
    """The customer was erased; nothing is taken for them any more."""

    def __init__(self) -> None:
        super().__init__("this customer was erased: nothing of theirs is kept, and nothing is taken for them", "ERASED")


class NotThere(Refused):
    """Not there, or not to be seen: the same."""

    code = "NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("it is not there, or not to be seen")


class StaleCursor(Refused):
    """A cursor that is too old, or was made for another question."""

    code = "STALE_CURSOR"

    def __init__(self) -> None:
        super().__init__("this cursor is too old or belongs to another question: begin again without it")
