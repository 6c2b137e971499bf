"""Maps errors of data sources and resolvers to the error codes of the API."""

from __future__ import annotations

from datasources.errors import Conflict, Corrupt, DeadlineExceeded, SourceError, Throttled
from datasources.tables.keys import Destroyed
from execution.errors import GraphQLProblem
from resolvers.errors import CustomerErased, RequestError


def problem_of(error: SourceError | RequestError) -> GraphQLProblem:
    """Returns the error for the client. It contains no text of a data source."""
    if isinstance(error, Destroyed):
        error = CustomerErased()
    if isinstance(error, RequestError):
        return GraphQLProblem(error.code, str(error), reason=error.reason)
    source = {"source": error.source}
    match error:
        case DeadlineExceeded():
            return GraphQLProblem(
                "DEADLINE_EXCEEDED", f"The data source {error.source} did not respond in time. Retry later.", extensions=source
            )
        case Conflict():
            return GraphQLProblem("CONFLICT", "The object was modified. Read it again and retry.", extensions=source)
        case Corrupt():
            message = f"The data source {error.source} contains data that cannot be read. Retrying does not help."
            return GraphQLProblem("UNAVAILABLE", message, reason="CORRUPT", extensions=source)
        case Throttled():
            message = f"The data source {error.source} is overloaded. Retry later."
            return GraphQLProblem("UNAVAILABLE", message, reason="THROTTLED", extensions=source)
        case _:
            message = f"The data source {error.source} is unavailable. Retry later."
            return GraphQLProblem("UNAVAILABLE", message, extensions=source)
