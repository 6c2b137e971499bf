"""Parses a document and selects the operation to execute."""

from __future__ import annotations

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse

from execution.analysis import QueryLimits
from execution.errors import RequestError


def parse_document(text: str, limits: QueryLimits) -> DocumentNode:
    """Returns the document; raises RequestError."""
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        if "tokens. Parsing aborted" in error.message:  # graphql-core has no class of its own for it
            raise RequestError("TOO_COMPLEX", f"The document has more than {limits.tokens:,} tokens.", reason="TOKENS") from error
        raise RequestError("GRAPHQL_PARSE_FAILED", error.message, located=[error]) from error
    except (GraphQLError, RecursionError) as error:
        raise RequestError("GRAPHQL_PARSE_FAILED", "The document is nested too deeply.") from error


def select_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Returns the named operation, or the only one; raises RequestError."""
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        message = "The document does not have exactly one operation. Name one in `operationName`."
        raise RequestError("BAD_USER_INPUT", message, reason="OPERATION_NAME")
    for operation in operations:
        if operation.name is not None and operation.name.value == name:
            return operation
    raise RequestError("BAD_USER_INPUT", f"The document has no operation named {name}.", reason="OPERATION_NAME")
