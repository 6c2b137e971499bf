"""Rules of this gateway in addition to those of graphql-core, and the variables that may not be null."""

from __future__ import annotations

import math
from typing import Any, Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FloatValueNode,
    GraphQLError,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLSchema,
    IntValueNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeInfo,
    ValidationContext,
    ValidationRule,
    get_named_type,
    is_non_null_type,
    specified_rules,
)


class FiniteNumbersRule(ValidationRule):
    """Refuses number literals that a Float cannot represent (GraphQL, September 2025, 3.5.2), instead of infinity."""

    def enter_float_value(self, node: FloatValueNode, *_args: Any) -> None:
        """Checks a literal with a fraction or an exponent."""
        self._check(node, node.value)

    def enter_int_value(self, node: IntValueNode, *_args: Any) -> None:
        """Checks a literal of digits. Ids may have any number of digits, and graphql-core checks those of Int."""
        if get_named_type(self.context.get_input_type()) not in (GraphQLID, GraphQLInt):
            self._check(node, node.value)

    def _check(self, node: FloatValueNode | IntValueNode, text: str) -> None:
        if not math.isfinite(float(text)):
            self.report_error(GraphQLError("Float cannot represent a number beyond the range of double precision.", node))


RULES: Final[tuple[type[ASTValidationRule], ...]] = (*specified_rules, FiniteNumbersRule)


def variables_that_may_not_be_null(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> frozenset[str]:
    """Returns the variables of a nullable type that the operation uses where null is not allowed; their defaults permit that.

    An explicit null for one of them would fail in the middle of the execution, for example after a mutation has written.
    """
    nullable = {v.variable.name.value for v in operation.variable_definitions or () if not isinstance(v.type, NonNullTypeNode)}
    if not nullable:
        return frozenset()
    context = ValidationContext(schema, document, TypeInfo(schema), lambda _error: None)
    usages = context.get_recursive_variable_usages(operation)
    return frozenset(u.node.name.value for u in usages if is_non_null_type(u.type) or _is_one_of(u.parent_type)) & nullable


def _is_one_of(parent: Any) -> bool:
    """Whether a variable is a field of a `@oneOf` input, which must not be null although its type is nullable."""
    named = get_named_type(parent)
    return isinstance(named, GraphQLInputObjectType) and named.is_one_of
