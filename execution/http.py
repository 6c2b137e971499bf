"""GraphQL over HTTP: one operation per request, both media types, POST, and GET for queries."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from graphql import OperationType
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from execution import negotiation, sse
from execution.context import DenialMode, RequestContext
from execution.document_cache import DocumentCache, Prepared
from execution.encoding import MAX_RESPONSE_BYTES, ResponseEncoder
from execution.errors import STATUS, ErrorMapper, GraphQLProblem
from execution.persisted import PersistedDocuments
from execution.request_lifetime import ClientDisconnected, TokenLifetime, cancel_on_disconnect, deadline
from execution.requests import HttpRequestError, Operation, from_get, from_post
from execution.runner import Runner

C = TypeVar("C")
MakeContext = Callable[[HTTPConnection, Mapping[str, Any] | None], Awaitable[RequestContext]]
"""Authenticates the caller and makes the request's context; raises GraphQLProblem.

The second argument is the payload of a WebSocket's `connection_init`.
"""

HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "Accept"}


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Limits and features of the HTTP endpoint."""

    max_body_bytes: int = 256 * 1024
    deadline_s: float = 30.0
    get_queries: bool = True
    get_ad_hoc: bool = True  # False: only documents on the safelist may be sent by GET
    max_response_bytes: int = MAX_RESPONSE_BYTES
    page: ASGIApp | None = None  # serves GET requests of browsers


@dataclass(frozen=True, slots=True)
class GraphQLResponse:
    """The response to an operation, or to a rejected request."""

    content: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] | None = None


class GraphQLEndpoint(Generic[C]):
    """An ASGI application for one path. A client's disconnect and the deadline cancel the execution."""

    def __init__(
        self,
        documents: DocumentCache[C],
        runner: Runner[C],
        make_context: MakeContext,
        *,
        persisted: PersistedDocuments[C] | None = None,
        errors: ErrorMapper | None = None,
        settings: HttpSettings | None = None,
    ) -> None:
        self._persisted = persisted or PersistedDocuments(documents)
        self._runner = runner
        self._make_context = make_context
        self._errors = errors or ErrorMapper()
        self._settings = settings or HttpSettings()
        self._encoder = ResponseEncoder(self._errors, self._settings.max_response_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        request = Request(scope, receive)
        page = self._settings.page
        if page is not None and request.method == "GET" and negotiation.prefers_page(request.headers):
            await page(scope, receive, send)
            return
        accepted = negotiation.response_type(request.headers)
        try:
            response = await self._response(request, accepted)
        except ClientDisconnected:
            return
        await response(scope, receive, send)

    async def _response(self, request: Request, accepted: str | None) -> ASGIApp:
        fallback = negotiation.GRAPHQL if accepted == negotiation.GRAPHQL else negotiation.JSON
        context: RequestContext | None = None
        streamed = False
        try:
            self._check_request(request, accepted)
            # The caller is authenticated before the body is read, so unauthenticated requests cost no parsing.
            context = await self._make_context(request, None)
            lifetime = TokenLifetime(context.remaining_s)
            operation = await self._operation(request, context)
            if accepted == negotiation.EVENTS:
                streamed = True
                responses, encode = self._stream(request, operation, context), self._encoder.encode
                return sse.EventStream(responses, HEADERS, encode, lifetime=lifetime, close=context.aclose)
            work = self._execute(request, operation, context)
            return self._encoded(GraphQLResponse(await cancel_on_disconnect(request.receive, work)), fallback)
        except GraphQLProblem as problem:
            _note(request, outcome="refused", code=problem.code)
            return self._encoded(self._refusal(problem, fallback), fallback)
        except ClientDisconnected:
            raise
        except Exception as error:  # noqa: BLE001  (mapped to INTERNAL: no exception text may reach the client)
            return self._encoded(GraphQLResponse({"errors": self._errors.internal_errors(error)}, 500), fallback)
        finally:
            if not streamed and context is not None:
                await context.aclose()

    def _check_request(self, request: Request, accepted: str | None) -> None:
        if accepted is None:
            raise HttpRequestError(406, f"Accept {negotiation.GRAPHQL} or {negotiation.JSON}.", reason="ACCEPT")
        allowed = ["GET", "POST"] if self._settings.get_queries else ["POST"]
        if request.method not in allowed:
            message = f"Method {request.method} is not allowed. Use {' or '.join(allowed)}."
            raise HttpRequestError(405, message, reason="METHOD", headers={"allow": ", ".join(allowed)})

    async def _operation(self, request: Request, context: RequestContext) -> Operation:
        if request.method == "GET":
            return from_get(request)
        # The caller was authenticated before the body is read, so the limit may depend on the caller.
        limit = context.max_body_bytes or self._settings.max_body_bytes
        try:
            async with deadline(self._settings.deadline_s):  # a client may send its body slowly
                return await from_post(request, limit)
        except ClientDisconnect:
            raise ClientDisconnected from None

    async def _execute(self, request: Request, operation: Operation, context: RequestContext) -> dict[str, Any]:
        async with deadline(self._settings.deadline_s):
            prepared = await self._persisted.prepare(operation, context)
            _remember(request, prepared)
            _check_kind(request, prepared, get_ad_hoc=self._settings.get_ad_hoc)
            denial = denial_mode(request.headers.get("x-denied"))
            response = await self._runner.execute(prepared, operation.variables, context, denial=denial)
            _note(request, outcome="partial" if "errors" in response else "whole")
            return response

    async def _stream(
        self, request: Request, operation: Operation, context: RequestContext
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yields the responses of one operation. Errors are yielded too, because the HTTP status has been sent."""
        try:
            prepared = await self._persisted.prepare(operation, context)
            if prepared.kind is not OperationType.SUBSCRIPTION:
                yield await self._execute(request, operation, context)
                return
            _remember(request, prepared)
            denial = denial_mode(request.headers.get("x-denied"))
            responses = self._runner.subscribe(prepared, operation.variables, context, denial=denial)
            async with aclosing(responses):
                async for response in responses:
                    yield response
        except GraphQLProblem as problem:
            yield {"errors": self._errors.request_errors(problem)}
        except Exception as error:  # noqa: BLE001  (mapped to INTERNAL)
            yield {"errors": self._errors.internal_errors(error)}

    def _encoded(self, response: GraphQLResponse, media_type: str) -> Response:
        headers = {**HEADERS, **(response.headers or {}), "content-type": f"{media_type}; charset=utf-8"}
        return Response(self._encoder.encode(response.content), response.status, headers)

    def _refusal(self, problem: GraphQLProblem, accepted: str) -> GraphQLResponse:
        content = {"errors": self._errors.request_errors(problem)}
        if isinstance(problem, HttpRequestError):
            return GraphQLResponse(content, problem.status, problem.headers)
        if problem.code == "UNAUTHENTICATED":
            return GraphQLResponse(content, 401, {"www-authenticate": "Bearer"})
        retry = problem.extensions.get("retryAfterSeconds")
        headers = {} if retry is None else {"retry-after": str(retry)}
        # GraphQL over HTTP, 6.4.1: with application/json a well-formed request gets status 200, because a client
        # cannot distinguish a GraphQL response from a proxy's error page.
        return GraphQLResponse(content, STATUS.get(problem.code, 400) if accepted == negotiation.GRAPHQL else 200, headers)


def denial_mode(header: str | None) -> DenialMode | None:
    """Parses the header `x-denied`; None without it; raises HttpRequestError."""
    if header is None:
        return None
    if header == "reject":
        return "reject"
    if header == "null":
        return "null"
    raise HttpRequestError(400, "The header x-denied must be `reject` or `null`.", reason="X_DENIED")


def _remember(request: Request, prepared: Prepared[Any]) -> None:
    """Adds the kind of the operation and the document's hash to the request's state, for the log; no names, no values."""
    _note(request, operation=prepared.kind.value, document=prepared.hash[:16], listed=prepared.trusted)


def _note(request: Request, **fields: object) -> None:
    request.scope.setdefault("state", {}).update(fields)


def _check_kind(request: Request, prepared: Prepared[Any], *, get_ad_hoc: bool) -> None:
    if prepared.kind is OperationType.SUBSCRIPTION:
        message = f"A subscription needs a WebSocket, or {negotiation.EVENTS} as the preferred type in Accept."
        raise HttpRequestError(400, message, reason="SUBSCRIPTION")
    if request.method != "GET":
        return
    if prepared.kind is OperationType.MUTATION:
        raise HttpRequestError(405, "A mutation must be sent by POST.", reason="METHOD", headers={"allow": "POST"})
    if not get_ad_hoc and not prepared.trusted:
        raise HttpRequestError(
            405, "Only documents on the safelist may be sent by GET. Use POST.", reason="METHOD", headers={"allow": "POST"}
        )
