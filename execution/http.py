"""GraphQL over HTTP: one operation a request, both media types, POST and (for queries) GET."""

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
from execution.document_cache import DocumentCache, Prepared
from execution.encoding import MOST_BYTES, Encoder
from execution.errors import STATUS, ErrorMapper, GraphQLProblem
from execution.persisted import Persisted
from execution.request_lifetime import ClientDisconnected, cancel_on_disconnect, close, deadline
from execution.requests import Operation, WireError, from_get, from_post
from execution.runner import Denial, Runner

C = TypeVar("C")
# Verifies who asks and makes the request's context; the second argument is a WebSocket's connection_init payload.
# May raise GraphQLProblem. A context with `extensions()` adds to answers, one with `aclose()` is closed at the end.
MakeContext = Callable[[HTTPConnection, Mapping[str, Any] | None], Awaitable[Any]]

HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "Accept"}


@dataclass(frozen=True, slots=True)
class WireSettings:
    """What the server allows at the wire."""

    most_bytes: int = 256 * 1024
    deadline_s: float = 30.0
    get_queries: bool = True
    get_ad_hoc: bool = True  # False: by GET only documents on the safelist
    most_answer_bytes: int = MOST_BYTES
    page: ASGIApp | None = None  # answers GET from a browser


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished operation, or its refusal."""

    content: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] | None = None


class GraphQLEndpoint(Generic[C]):
    """An ASGI application for one path. A client that goes away and a deadline that passes cancel the execution."""

    def __init__(
        self,
        documents: DocumentCache[C],
        runner: Runner[C],
        make_context: MakeContext,
        *,
        persisted: Persisted[C] | None = None,
        errors: ErrorMapper | None = None,
        settings: WireSettings | None = None,
    ) -> None:
        self._persisted = persisted or Persisted(documents)
        self._runner = runner
        self._make_context = make_context
        self._errors = errors or ErrorMapper()
        self._settings = settings or WireSettings()
        self._encoder = Encoder(self._errors, self._settings.most_answer_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
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
        context: Any = None
        streamed = False
        try:
            self._check_request(request, accepted)
            # Who asks is settled before the body is read: strangers cost no parsing.
            context = await self._make_context(request, None)
            operation = await self._operation(request, context)
            if accepted == negotiation.EVENTS:
                streamed = True
                return sse.EventStream(self._stream(request, operation, context), HEADERS, self._encoder.encode)
            work = self._execute(request, operation, context)
            return self._encoded(Answer(await cancel_on_disconnect(request.receive, work)), fallback)
        except GraphQLProblem as problem:
            _note(request, outcome="refused", code=problem.code)
            return self._encoded(self._refusal(problem, fallback), fallback)
        except ClientDisconnected:
            raise
        except Exception as error:  # noqa: BLE001  (the error mapper's door: nothing may reach the client as text)
            return self._encoded(Answer({"errors": self._errors.unexpected(error)}, 500), fallback)
        finally:
            if not streamed:
                await close(context)

    def _check_request(self, request: Request, accepted: str | None) -> None:
        if accepted is None:
            raise WireError(406, f"Accept {negotiation.GRAPHQL} or {negotiation.JSON}.", reason="ACCEPT")
        allowed = ["GET", "POST"] if self._settings.get_queries else ["POST"]
        if request.method not in allowed:
            message = f"The method {request.method} is not for this path."
            raise WireError(405, message, reason="METHOD", headers={"allow": ", ".join(allowed)})

    async def _operation(self, request: Request, context: Any) -> Operation:
        if request.method == "GET":
            return from_get(request)
        # Some callers send much in one request; who they are was settled before a byte of it is read.
        most = getattr(context, "most_bytes", None) or self._settings.most_bytes
        try:
            async with deadline(self._settings.deadline_s):  # a body may come a byte a minute
                return await from_post(request, most)
        except ClientDisconnect:
            raise ClientDisconnected from None

    async def _execute(self, request: Request, operation: Operation, context: Any) -> dict[str, Any]:
        async with deadline(self._settings.deadline_s):
            prepared = await self._persisted.prepare(operation, context)
            _remember(request, prepared)
            _check_kind(request, prepared, get_ad_hoc=self._settings.get_ad_hoc)
            denial = denial_of(request.headers.get("x-denied"))
            answer = await self._runner.execute(prepared, operation.variables, context, denial=denial)
            _note(request, outcome="partial" if "errors" in answer else "whole")
            return answer

    async def _stream(self, request: Request, operation: Operation, context: Any) -> AsyncGenerator[Mapping[str, Any], None]:
        """The answers of one operation, a refusal among them: the stream has begun, its status is sent."""
        try:
            prepared = await self._persisted.prepare(operation, context)
            if prepared.kind is not OperationType.SUBSCRIPTION:
                yield await self._execute(request, operation, context)
                return
            _remember(request, prepared)
            denial = denial_of(request.headers.get("x-denied"))
            answers = self._runner.subscribe(prepared, operation.variables, context, denial=denial)
            async with aclosing(answers):
                async for answer in answers:
                    yield answer
        except GraphQLProblem as problem:
            yield {"errors": self._errors.refusal(problem)}
        except Exception as error:  # noqa: BLE001  (the error mapper's door)
            yield {"errors": self._errors.unexpected(error)}
        finally:
            await close(context)

    def _encoded(self, answer: Answer, media_type: str) -> Response:
        headers = {**HEADERS, **(answer.headers or {}), "content-type": f"{media_type}; charset=utf-8"}
        return Response(self._encoder.encode(answer.content), answer.status, headers)

    def _refusal(self, problem: GraphQLProblem, accepted: str) -> Answer:
        content = {"errors": self._errors.refusal(problem)}
        if isinstance(problem, WireError):
            return Answer(content, problem.status, problem.headers)
        if problem.code == "UNAUTHENTICATED":
            return Answer(content, 401, {"www-authenticate": "Bearer"})
        retry = problem.extensions.get("retryAfterSeconds")
        headers = {} if retry is None else {"retry-after": str(retry)}
        # The older media type cannot tell a proxy's 400 from ours, so there a well-formed request always gets 200.
        return Answer(content, STATUS.get(problem.code, 400) if accepted == negotiation.GRAPHQL else 200, headers)


def denial_of(header: str | None) -> Denial:
    """What `x-denied` asks for; raises WireError."""
    if header in (None, "reject"):
        return "reject"
    if header == "null":
        return "null"
    raise WireError(400, "x-denied is `reject` or `null`.", reason="X_DENIED")


def _remember(request: Request, prepared: Prepared[Any]) -> None:
    """For whoever logs the request: what kind of operation it was, and which document; no name, no value."""
    _note(request, operation=prepared.kind.value, document=prepared.hash[:16], listed=prepared.trusted)


def _note(request: Request, **known: object) -> None:
    request.scope.setdefault("state", {}).update(known)


def _check_kind(request: Request, prepared: Prepared[Any], *, get_ad_hoc: bool) -> None:
    if prepared.kind is OperationType.SUBSCRIPTION:
        message = f"A subscription needs a WebSocket, or {negotiation.EVENTS} first in Accept."
        raise WireError(400, message, reason="SUBSCRIPTION")
    if request.method != "GET":
        return
    if prepared.kind is OperationType.MUTATION:
        raise WireError(405, "A mutation must be sent by POST.", reason="METHOD", headers={"allow": "POST"})
    if not get_ad_hoc and not prepared.trusted:
        raise WireError(405, "Only a document on the safelist may be sent by GET.", reason="METHOD", headers={"allow": "POST"})
