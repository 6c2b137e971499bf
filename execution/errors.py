"""The errors that clients receive: a closed list of codes, an id, and no values of the request."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLError

from execution.code_locations import code_locations

CODES: Final = frozenset(
    {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "NOT_FOUND",
        "TOO_COMPLEX",
        "RATE_LIMITED",
        "CONFLICT",
        "STALE_CURSOR",
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "INTERNAL",
    }
)
# HTTP status of a rejected request, for clients that accept application/graphql-response+json.
STATUS: Final[Mapping[str, int]] = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
MAX_MESSAGE: Final = 300
MAX_NAME: Final = 80

_LONG_NAME = re.compile(rf"[^\s'\"]{{{MAX_NAME + 1},}}")
_FOUND = re.compile(r"(?:[;,] found|(?<=value)): .*", re.DOTALL)
_NO_SUCH_VALUE = re.compile(r"(?:^|\s)Value '.*?' does not exist", re.DOTALL)
_INNER_WORDS = re.compile(r",? but encountered error .*$", re.DOTALL)
_log = logging.getLogger("photos.errors")


class GraphQLProblem(Exception):
    """An error whose message, code and extensions are sent to the client.

    Raised by a resolver it makes its field null; raised before execution it rejects the request.
    """

    def __init__(
        self, code: str, message: str, *, reason: str | None = None, extensions: Mapping[str, Any] | None = None
    ) -> None:
        if code not in CODES:
            raise ValueError(f"{code} is not on the closed list of error codes")
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.extensions: dict[str, Any] = dict(extensions or {})


class RequestError(GraphQLProblem):
    """The request is rejected: the response has `errors` and no `data`."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reason: str | None = None,
        extensions: Mapping[str, Any] | None = None,
        located: Sequence[GraphQLError] = (),
    ) -> None:
        super().__init__(code, message, reason=reason, extensions=extensions)
        self.located = tuple(located)

    def copy(self) -> RequestError:
        """Returns a new exception with the same content, because a cached exception would accumulate tracebacks."""
        return RequestError(self.code, self.message, reason=self.reason, extensions=self.extensions, located=self.located)


def clip(message: str) -> str:
    """Shortens a message and the long names in it."""
    short = _LONG_NAME.sub(lambda found: found[0][:MAX_NAME] + "…", message[: 4 * MAX_MESSAGE])
    return short if len(short) <= MAX_MESSAGE else short[:MAX_MESSAGE] + "…"


class ErrorMapper:
    """Maps exceptions to GraphQL errors. An exception that is not a GraphQLProblem becomes INTERNAL with an id."""

    def __init__(self, new_id: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._new_id = new_id

    def request_errors(self, problem: GraphQLProblem) -> list[dict[str, Any]]:
        """Returns the errors of a rejected request; never empty."""
        located = problem.located if isinstance(problem, RequestError) else ()
        if not located:
            return [self._shape(problem.message, problem)]
        return [self._shape(_public_words(error), problem) | _locations(error) for error in located]

    def internal_errors(self, error: BaseException) -> list[dict[str, Any]]:
        """Returns the error of a request that failed unexpectedly."""
        return [self._internal(error)]

    def field_errors(self, errors: Iterable[GraphQLError]) -> list[dict[str, Any]]:
        """Returns the errors of an executed operation, in order; a denial that repeats along lists is reported once."""
        first: dict[object, GraphQLError] = {}
        for number, error in enumerate(errors):
            denied = isinstance(root_cause(error), DeniedPosition)
            key: object = tuple(step for step in error.path or () if isinstance(step, str)) if denied else number
            # The path is that of the first list item, because the order of execution depends on timing.
            known = first.setdefault(key, error)
            if denied and _list_indices(error) < _list_indices(known):
                first[key] = error
        return [self._field_error(error, root_cause(error)) for error in first.values()]

    def _field_error(self, error: GraphQLError, cause: BaseException) -> dict[str, Any]:
        if isinstance(cause, GraphQLProblem):
            shaped = self._shape(cause.message, cause)
        elif isinstance(cause, GraphQLError) and cause.nodes and cause is not error:
            # graphql-core raises these, with a location in the document, for arguments that it cannot coerce.
            shaped = self._shape(_without_values(cause.message), GraphQLProblem("BAD_USER_INPUT", ""))
        else:
            shaped = self._internal(cause)
        return shaped | _locations(error) | ({"path": list(error.path)} if error.path is not None else {})

    def _shape(self, message: str, problem: GraphQLProblem) -> dict[str, Any]:
        extensions = {"code": problem.code, "id": self._new_id(), **problem.extensions}
        if problem.reason is not None:
            extensions["reason"] = problem.reason
        return {"message": clip(message), "extensions": extensions}

    def _internal(self, error: BaseException) -> dict[str, Any]:
        message = "Internal error. Retry later; report `extensions.id` if it persists."
        shaped = self._shape(message, GraphQLProblem("INTERNAL", ""))
        # The message of the exception is not logged, because it may contain personal values.
        cause = root_cause(error)
        places, error_id = code_locations(cause.__traceback__), shaped["extensions"]["id"]
        _log.error("internal error", extra={"error": type(cause).__name__, "places": places, "error_id": error_id})
        return shaped


class DeniedPosition(GraphQLProblem):
    """A field that the caller may not read, in the mode that returns null for it."""

    def __init__(self, coordinate: str) -> None:
        super().__init__("FORBIDDEN", f"You have no permission to read {coordinate}.", extensions={"coordinates": [coordinate]})


def root_cause(error: BaseException) -> BaseException:
    """Returns the exception that a resolver raised, without graphql-core's wrappers."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def _list_indices(error: GraphQLError) -> list[int]:
    return [step for step in error.path or () if isinstance(step, int)]


def _public_words(error: GraphQLError) -> str:
    cause = root_cause(error)
    if isinstance(cause, GraphQLProblem | GraphQLError):
        return _without_values(error.message)
    return _without_values(_INNER_WORDS.sub(".", error.message))


def _without_values(message: str) -> str:
    """Removes the values that graphql-core quotes, because clients and routers store error messages."""
    return _NO_SUCH_VALUE.sub(" The value does not exist", _FOUND.sub(".", message)).strip()


def _locations(error: GraphQLError) -> dict[str, Any]:
    return {"locations": [location.formatted for location in error.locations]} if error.locations else {}
