"""What may be said to a client when something goes wrong: a closed list of codes, an id, never a value."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLError

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
# Of a refused request, for clients that asked for application/graphql-response+json.
STATUS: Final[Mapping[str, int]] = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
LONGEST_MESSAGE: Final = 300
LONGEST_NAME: Final = 80

_LONG_NAME = re.compile(rf"[^\s'\"]{{{LONGEST_NAME + 1},}}")
_FOUND = re.compile(r"(?:[;,] found|(?<=value)): .*", re.DOTALL)
_NO_SUCH_VALUE = re.compile(r"(?:^|\s)Value '.*?' does not exist", re.DOTALL)
_INNER_WORDS = re.compile(r",? but encountered error .*$", re.DOTALL)
_log = logging.getLogger("photos.errors")


class GraphQLProblem(Exception):
    """An error whose words, code and extensions are meant for the client.

    Raised by a resolver it costs its field; raised before execution it refuses the request.
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
    """The request is refused as a whole: the answer has `errors` and no `data`."""

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

    def again(self) -> RequestError:
        """The same refusal as a fresh exception: a cached one would gather tracebacks for ever."""
        return RequestError(self.code, self.message, reason=self.reason, extensions=self.extensions, located=self.located)


def clip(message: str) -> str:
    """The message with endless names and an endless tail cut off."""
    short = _LONG_NAME.sub(lambda found: found[0][:LONGEST_NAME] + "…", message[: 4 * LONGEST_MESSAGE])
    return short if len(short) <= LONGEST_MESSAGE else short[:LONGEST_MESSAGE] + "…"


class ErrorMapper:
    """Turns whatever was raised into the public shape; what nobody meant to be public becomes INTERNAL with an id."""

    def __init__(self, new_id: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._new_id = new_id

    def refusal(self, problem: GraphQLProblem) -> list[dict[str, Any]]:
        """The errors of a refused request; never empty."""
        located = problem.located if isinstance(problem, RequestError) else ()
        if not located:
            return [self._shape(problem.message, problem)]
        return [self._shape(_public_words(error), problem) | _locations(error) for error in located]

    def unexpected(self, error: BaseException) -> list[dict[str, Any]]:
        """The errors of a request that broke in a way nobody foresaw."""
        return [self._internal(error)]

    def field_errors(self, errors: Iterable[GraphQLError]) -> list[dict[str, Any]]:
        """The errors of an executed operation, in order; denials repeated along a list are told once."""
        told: set[tuple[str, ...]] = set()
        shaped = []
        for error in errors:
            cause = root_cause(error)
            if isinstance(cause, DeniedPosition):
                pattern = tuple(str(step) for step in error.path or () if not isinstance(step, int))
                if pattern in told:
                    continue
                told.add(pattern)
            shaped.append(self._field_error(error, cause))
        return shaped

    def _field_error(self, error: GraphQLError, cause: BaseException) -> dict[str, Any]:
        if isinstance(cause, GraphQLProblem):
            shaped = self._shape(cause.message, cause)
        elif isinstance(cause, GraphQLError) and cause.nodes and cause is not error:
            # graphql-core raises these, with a place in the document, for arguments that it cannot coerce.
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
        shaped = self._shape("Something went wrong here.", GraphQLProblem("INTERNAL", ""))
        # The class and the id find the fault; the text of a foreign exception may hold anything, values too.
        _log.error("internal error", extra={"error": type(error).__name__, "error_id": shaped["extensions"]["id"]})
        return shaped


class DeniedPosition(GraphQLProblem):
    """An output position that the viewer may not read, in the mode that answers null."""

    def __init__(self, coordinate: str) -> None:
        super().__init__("FORBIDDEN", f"{coordinate} may not be read.", extensions={"coordinates": [coordinate]})


def root_cause(error: BaseException) -> BaseException:
    """What a resolver really raised, beneath graphql-core's wrappings."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def _public_words(error: GraphQLError) -> str:
    cause = root_cause(error)
    if isinstance(cause, GraphQLProblem | GraphQLError):
        return _without_values(error.message)
    return _without_values(_INNER_WORDS.sub(".", error.message))


def _without_values(message: str) -> str:
    """graphql-core quotes what was sent; errors are kept by clients and routers, so they say where it was wrong only."""
    return _NO_SUCH_VALUE.sub(" The value does not exist", _FOUND.sub(".", message)).strip()


def _locations(error: GraphQLError) -> dict[str, Any]:
    return {"locations": [place.formatted for place in error.locations]} if error.locations else {}
