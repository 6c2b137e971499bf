"""From what went wrong beneath to the closed list of codes that clients know."""

from __future__ import annotations

from datasources.errors import Conflict, Corrupt, DeadlineExceeded, SourceError, Throttled
from datasources.tables.keys import Destroyed
from execution.errors import GraphQLProblem
from resolvers.errors import Erased, Refused


def problem_of(error: SourceError | Refused) -> GraphQLProblem:
    """What a client is told; nothing of a source's own words."""
    if isinstance(error, Destroyed):
        error = Erased()
    if isinstance(error, Refused):
        return GraphQLProblem(error.code, str(error), reason=error.reason)
    source = {"source": error.source}
    match error:
        case DeadlineExceeded():
            return GraphQLProblem("DEADLINE_EXCEEDED", f"{error.source} did not answer in time", extensions=source)
        case Conflict():
            return GraphQLProblem("CONFLICT", "it changed meanwhile: read it again", extensions=source)
        case Corrupt():
            return GraphQLProblem("UNAVAILABLE", f"{error.source} holds what cannot be read", reason="CORRUPT", extensions=source)
        case Throttled():
            return GraphQLProblem("UNAVAILABLE", f"{error.source} is busy: try again", reason="THROTTLED", extensions=source)
        case _:
            return GraphQLProblem("UNAVAILABLE", f"{error.source} does not answer: try again", extensions=source)
