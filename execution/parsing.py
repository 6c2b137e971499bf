"""From text to a document, and from a document to the operation that is meant."""

from __future__ import annotations

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse

from execution.analysis import QueryLimits
from execution.errors import RequestError


def parsed(text: str, bounds: QueryLimits) -> DocumentNode:
    """The document; raises RequestError."""
    try:
        return parse(text, max_tokens=bounds.tokens)
    except GraphQLSyntaxError as error:
        if "tokens. Parsing aborted" in error.message:  # graphql-core has no class of its own for it
            raise RequestError("TOO_COMPLEX", "The document has too many tokens.", reason="TOKENS") from error
        raise RequestError("GRAPHQL_PARSE_FAILED", error.message, located=[error]) from error
    except (GraphQLError, RecursionError) as error:
        raise RequestError("GRAPHQL_PARSE_FAILED", "The document is nested too deeply.") from error


def chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation of that name, or the only one; raises RequestError."""
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        message = "Which operation? The document has several, so `operationName` is needed."
        raise RequestError("BAD_USER_INPUT", message, reason="OPERATION_NAME")
    for operation in operations:
        if operation.name is not None and operation.name.value == name:
            return operation
    raise RequestError("BAD_USER_INPUT", f"The document has no operation {name}.", reason="OPERATION_NAME")
