"""Executes prepared operations: coerce variables, authorise, execute, build the response. Nothing is fetched before that."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLResolveInfo,
    GraphQLSchema,
    MiddlewareManager,
    OperationType,
)
from graphql.execution import create_source_event_stream, map_source_to_response_event

from execution.context import DenialMode, RequestContext
from execution.document_cache import Classes, Prepared, round_cost
from execution.errors import DeniedPosition, ErrorMapper, RequestError
from execution.rate_limit import BASE_COST, MIN_CHARGED_FRACTION, RateLimiter
from execution.values import check_variables

C = TypeVar("C")
# Returns the coordinates that the context may not use. Pure: no I/O. The context is the application's own class.
Decide = Callable[[Any, Classes[C]], Collection[str]]
# Called after execution, before the response is returned. If it raises RequestError, no data is returned.
AfterExecution = Callable[[Any, Prepared[C]], Awaitable[None]]
# Raises RequestError if the context may not run such an operation. Pure: no I/O.
Admit = Callable[[Any, Prepared[C]], None]
MOST_COERCION_ERRORS = 10


def allow_all(_context: RequestContext, _prepared: Prepared[Any]) -> None:
    """Allows every operation."""


class Runner(Generic[C]):
    """Executes operations of one schema; has no state of requests."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        decide: Decide[C],
        admit: Admit[C] = allow_all,
        after_execution: AfterExecution[C] | None = None,
        rate_limiter: RateLimiter | None = None,
        errors: ErrorMapper | None = None,
        hide_suggestions: bool = False,
    ) -> None:
        self._schema = schema
        self._decide = decide
        self._admit = admit
        self._after_execution = after_execution
        self._rate_limiter = rate_limiter or RateLimiter()
        self._errors = errors or ErrorMapper()
        self._hide_suggestions = hide_suggestions

    async def execute(
        self, prepared: Prepared[C], variables: Mapping[str, Any], context: RequestContext, *, denial: DenialMode | None = None
    ) -> dict[str, Any]:
        """Returns the response to a query or a mutation; raises RequestError if nothing was executed.

        `denial`: the caller's choice; None: the default of the context.
        """
        executor = self._executor(prepared, variables, context, denial)
        cost = self._charge(prepared, executor, context)
        result = executor.execute_operation()
        finished = await result if inspect.isawaitable(result) else result
        await self._call_after_execution(context, prepared)
        return self._response(prepared, finished, context, cost)

    async def subscribe(
        self, prepared: Prepared[C], variables: Mapping[str, Any], context: RequestContext, *, denial: DenialMode | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yields the responses to a subscription, one for each event; raises RequestError if it cannot start.

        Closing this iterator closes the source of events.
        """
        executor = self._executor(prepared, variables, context, denial)
        cost = self._charge(prepared, executor, context)
        begun = create_source_event_stream(executor)
        source = await begun if inspect.isawaitable(begun) else begun
        if isinstance(source, ExecutionResult):
            yield self._response(prepared, source, context, cost)
            return
        responses = map_source_to_response_event(executor, _reset_before_each(source, context))
        try:
            async for result in responses:
                await self._call_after_execution(context, prepared)
                yield self._response(prepared, result, context, cost)
                cost = self._charge(prepared, executor, context)
        finally:
            await responses.aclose()

    async def _call_after_execution(self, context: RequestContext, prepared: Prepared[C]) -> None:
        if self._after_execution is not None:
            await self._after_execution(context, prepared)

    def _executor(
        self, prepared: Prepared[C], variables: Mapping[str, Any], context: RequestContext, denial: DenialMode | None
    ) -> Executor[Any]:
        self._admit(context, prepared)
        most = context.max_values
        check_variables(variables, replace(prepared.limits, values=most, list_items=most) if most else prepared.limits)
        executor = self._build(prepared, variables, context, None)
        _check_nulls(prepared, executor)
        needed = prepared.uses_of(variables)
        denied = frozenset(self._decide(context, needed))
        if not denied:
            return executor
        readable = frozenset().union(*(found for (_, use), found in needed.items() if use == "read"))
        # The source of a subscription starts before any field is resolved, so its root field cannot be returned as null.
        is_root = prepared.kind is OperationType.SUBSCRIPTION and any(c.startswith("Subscription.") for c in denied)
        reject = (denial or context.denial) == "reject" or is_root
        if reject or not denied <= readable:
            refused = sorted(denied if reject else denied - readable)
            message = "You have no permission for some fields or arguments. Remove those listed in `coordinates`."
            raise RequestError("FORBIDDEN", message, extensions={"coordinates": refused})
        return self._build(prepared, variables, context, MiddlewareManager(self._denial_middleware(denied)))

    def _build(
        self,
        prepared: Prepared[C],
        variables: Mapping[str, Any],
        context: RequestContext,
        middleware: MiddlewareManager | None,
    ) -> Executor[Any]:
        built = Executor.build(
            self._schema,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(variables),
            operation_name=prepared.name,
            max_coercion_errors=MOST_COERCION_ERRORS,
            middleware=middleware,
            hide_suggestions=self._hide_suggestions,
        )
        if isinstance(built, list):
            raise RequestError("BAD_USER_INPUT", built[0].message, reason="VARIABLES", located=built)
        return built

    def _denial_middleware(self, denied: frozenset[str]) -> Callable[..., Any]:
        """Returns a middleware that raises DeniedPosition for denied fields; only operations with such fields use it."""
        concrete = set(denied)
        for coordinate in denied:
            owner, _, name = coordinate.partition(".")
            interface = self._schema.get_type(owner)
            if isinstance(interface, GraphQLInterfaceType):
                concrete |= {f"{possible.name}.{name}" for possible in self._schema.get_possible_types(interface)}

        def resolve(next_resolver: Callable[..., Any], source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            coordinate = f"{info.parent_type.name}.{info.field_name}"
            if coordinate in concrete:
                raise DeniedPosition(coordinate)
            return next_resolver(source, info, **arguments)

        return resolve

    def _charge(self, prepared: Prepared[C], executor: Executor[Any], context: RequestContext) -> float:
        """Charges the estimated cost to the caller and returns it; raises RequestError."""
        cost = prepared.cost(executor.variable_values.coerced)
        self._rate_limiter.charge(context, cost + BASE_COST)
        return cost

    def _response(self, prepared: Prepared[C], result: Any, context: RequestContext, cost: float) -> dict[str, Any]:
        response: dict[str, Any] = {"data": result.data}
        errors: list[GraphQLError] | None = result.errors
        if errors:
            response["errors"] = self._errors.field_errors(errors)
        actual = prepared.cost_of(result.data)
        self._rate_limiter.refund(context, cost - max(actual, MIN_CHARGED_FRACTION * cost))
        costs = {"requested": round_cost(cost), "actual": round_cost(actual)}
        response["extensions"] = {"cost": costs, **context.extensions()}
        return response


def _check_nulls(prepared: Prepared[Any], executor: Executor[Any]) -> None:
    """Raises RequestError before anything is executed if a variable is null that is used where null is not allowed."""
    values = executor.variable_values.coerced
    for name in sorted(prepared.never_null):
        if name in values and values[name] is None:
            message = f"The variable ${name} must not be null, because an argument that it is used for must not be null."
            raise RequestError("BAD_USER_INPUT", message, reason="VARIABLES")


async def _reset_before_each(source: AsyncIterable[Any], context: RequestContext) -> AsyncGenerator[Any, None]:
    """Yields the events; resets the context before each, so that permissions are checked for every event."""
    try:
        async for event in source:
            context.reset()
            yield event
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()
