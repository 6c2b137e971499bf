"""Runs a prepared operation: coerce, judge, execute, shape the answer. Nothing is fetched before access is decided."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Generic, Literal, TypeVar

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

from execution.document_cache import Classes, Prepared, round_cost
from execution.errors import DeniedPosition, ErrorMapper, RequestError
from execution.rate_limit import BASE_COST, LEAST_PART, RateLimiter
from execution.values import check_variables

C = TypeVar("C")
Denial = Literal["reject", "null"]
# What the context may not do of what the operation needs: the denied coordinates. Pure: no I/O.
Decide = Callable[[Any, Classes[C]], Collection[str]]
# At the end of an execution, before anything of it is told; may raise RequestError, and then nothing is.
Finish = Callable[[Any, Prepared[C]], Awaitable[None]]
# Whether the context may ask such an operation at all; raises RequestError. Pure: no I/O.
Admit = Callable[[Any, Prepared[C]], None]
MOST_COERCION_ERRORS = 10


def allow_all(_context: Any, _prepared: Prepared[Any]) -> None:
    """Admits everything."""


class Runner(Generic[C]):
    """Executes operations over one schema; holds nothing of a request."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        decide: Decide[C],
        admit: Admit[C] = allow_all,
        finish: Finish[C] | None = None,
        toll: RateLimiter | None = None,
        errors: ErrorMapper | None = None,
        hide_suggestions: bool = False,
    ) -> None:
        self._schema = schema
        self._decide = decide
        self._admit = admit
        self._finish = finish
        self._toll = toll or RateLimiter()
        self._errors = errors or ErrorMapper()
        self._hide_suggestions = hide_suggestions

    async def execute(
        self, prepared: Prepared[C], variables: Mapping[str, Any], context: Any, *, denial: Denial = "reject"
    ) -> dict[str, Any]:
        """The answer to a query or a mutation; raises RequestError where nothing was executed."""
        executor = self._executor(prepared, variables, context, denial)
        cost = self._charged(prepared, executor, context)
        result = executor.execute_operation()
        finished = await result if inspect.isawaitable(result) else result
        await self._finished(context, prepared)
        return self._answer(prepared, finished, context, cost)

    async def subscribe(
        self, prepared: Prepared[C], variables: Mapping[str, Any], context: Any, *, denial: Denial = "reject"
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The answers to a subscription, one for each event; raises RequestError where it could not begin.

        The source is closed with this iterator.
        """
        executor = self._executor(prepared, variables, context, denial)
        cost = self._charged(prepared, executor, context)
        begun = create_source_event_stream(executor)
        source = await begun if inspect.isawaitable(begun) else begun
        if isinstance(source, ExecutionResult):
            yield self._answer(prepared, source, context, cost)
            return
        answers = map_source_to_response_event(executor, _renewed(source, context))
        try:
            async for result in answers:
                await self._finished(context, prepared)
                yield self._answer(prepared, result, context, cost)
                cost = self._charged(prepared, executor, context)
        finally:
            await answers.aclose()

    async def _finished(self, context: Any, prepared: Prepared[C]) -> None:
        if self._finish is not None:
            await self._finish(context, prepared)

    def _executor(self, prepared: Prepared[C], variables: Mapping[str, Any], context: Any, denial: Denial) -> Executor[Any]:
        self._admit(context, prepared)
        # Some callers send much in one request, as large as their bodies may be.
        much = getattr(context, "most_values", None)
        check_variables(variables, replace(prepared.bounds, values=much, list_items=much) if much else prepared.bounds)
        executor = self._build(prepared, variables, context, None)
        needed = prepared.uses_of(variables)
        denied = frozenset(self._decide(context, needed))
        if not denied:
            return executor
        readable = frozenset().union(*(found for (_, use), found in needed.items() if use == "read"))
        # A subscription's source opens before any field is resolved, so it cannot begin with a hole in it.
        whole = denial == "reject" or prepared.kind is OperationType.SUBSCRIPTION
        if whole or not denied <= readable:
            refused = sorted(denied if whole else denied - readable)
            message = "The operation needs more than may be read or used here."
            raise RequestError("FORBIDDEN", message, extensions={"coordinates": refused})
        return self._build(prepared, variables, context, MiddlewareManager(self._denial_of(denied)))

    def _build(
        self,
        prepared: Prepared[C],
        variables: Mapping[str, Any],
        context: Any,
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

    def _denial_of(self, denied: frozenset[str]) -> Callable[..., Any]:
        """A resolver's wrapper that answers for denied positions; only operations that have some pay for it."""
        concrete = set(denied)
        for coordinate in denied:
            owner, _, name = coordinate.partition(".")
            interface = self._schema.get_type(owner)
            if isinstance(interface, GraphQLInterfaceType):
                concrete |= {f"{possible.name}.{name}" for possible in self._schema.get_possible_types(interface)}

        def resolve(following: Callable[..., Any], source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            coordinate = f"{info.parent_type.name}.{info.field_name}"
            if coordinate in concrete:
                raise DeniedPosition(coordinate)
            return following(source, info, **arguments)

        return resolve

    def _charged(self, prepared: Prepared[C], executor: Executor[Any], context: Any) -> float:
        """What the operation may cost, taken from whoever asks; raises RequestError."""
        cost = prepared.cost(executor.variable_values.coerced)
        self._toll.charge(context, cost + BASE_COST)
        return cost

    def _answer(self, prepared: Prepared[C], result: Any, context: Any, cost: float) -> dict[str, Any]:
        answer: dict[str, Any] = {"data": result.data}
        errors: list[GraphQLError] | None = result.errors
        if errors:
            answer["errors"] = self._errors.field_errors(errors)
        spent = prepared.cost_of(result.data)
        self._toll.settle(context, cost - max(spent, LEAST_PART * cost))
        extensions = getattr(context, "extensions", None)
        told = dict(extensions() or {}) if callable(extensions) else {}
        answer["extensions"] = {"cost": {"requested": round_cost(cost), "actual": round_cost(spent)}, **told}
        return answer


async def _renewed(source: AsyncIterable[Any], context: Any) -> AsyncGenerator[Any, None]:
    """Events, before each of which the context forgets what it had loaded: rights are looked at anew for every event."""
    renew = getattr(context, "renew", None)
    try:
        async for event in source:
            if callable(renew):
                renew()
            yield event
    finally:
        close = getattr(source, "aclose", None)
        if callable(close):
            await close()
