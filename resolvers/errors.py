"""Errors caused by the request. Failures of data sources are in `datasources.errors`."""

from __future__ import annotations


class RequestError(Exception):
    """The request cannot be executed. The message is for the caller and contains none of their values."""

    code = "BAD_USER_INPUT"

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class BadInput(RequestError):
    """An argument has an invalid value."""


class Forbidden(RequestError):
    """The caller has no permission."""

    code = "FORBIDDEN"


class CustomerErased(Forbidden):
    """The customer was erased, so nothing is accepted for them."""

    def __init__(self) -> None:
        super().__init__("This customer was erased. No data is stored or accepted for them.", "ERASED")


class NotFound(RequestError):
    """The object does not exist or the caller may not see it; callers cannot tell which."""

    code = "NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Not found.")


class StaleCursor(RequestError):
    """A cursor that has expired or belongs to another query."""

    code = "STALE_CURSOR"

    def __init__(self) -> None:
        super().__init__("The cursor has expired or belongs to another query. Start again without a cursor.")
