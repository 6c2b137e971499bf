"""GraphQL over WebSocket, only `graphql-transport-ws`: the legacy protocol runs operations without authentication."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

import orjson
from graphql import OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from execution.context import RequestContext
from execution.document_cache import DocumentCache
from execution.encoding import MAX_RESPONSE_BYTES, ResponseEncoder
from execution.errors import ErrorMapper, GraphQLProblem, RequestError
from execution.http import MakeContext
from execution.persisted import PersistedDocuments
from execution.request_lifetime import TokenExpired, TokenLifetime, deadline
from execution.requests import Operation, operation_of
from execution.runner import Runner

C = TypeVar("C")
PROTOCOL: Final = "graphql-transport-ws"
MAX_ID: Final = 200
MAX_REASON: Final = 123  # bytes that a close frame can hold
_BUSY: Final = RequestError("RATE_LIMITED", "Too many operations run on this connection.", reason="OPERATIONS")


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """Limits of one connection."""

    origins: Collection[str] = ()  # allowed in addition to the server's own
    init_timeout_s: float = 3.0
    deadline_s: float = 30.0  # of a query or a mutation
    max_operations: int = 50
    max_message_characters: int = 256 * 1024  # set the ASGI server's limit too: it reads the whole message first
    max_response_bytes: int = MAX_RESPONSE_BYTES


class ConnectionClosed(Exception):
    """Ends the connection with a close code of the protocol and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GraphQLSocket(Generic[C]):
    """An ASGI application for WebSocket connections to one path.

    The caller is authenticated when the connection starts and again for every operation,
    so that a connection ends with its token.
    """

    def __init__(
        self,
        documents: DocumentCache[C],
        runner: Runner[C],
        make_context: MakeContext,
        *,
        persisted: PersistedDocuments[C] | None = None,
        errors: ErrorMapper | None = None,
        settings: SocketSettings | None = None,
    ) -> None:
        self.persisted = persisted or PersistedDocuments(documents)
        self.runner = runner
        self.make_context = make_context
        self.errors = errors or ErrorMapper()
        self.settings = settings or SocketSettings()
        self.encoder = ResponseEncoder(self.errors, self.settings.max_response_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection until either side closes it."""
        socket = WebSocket(scope, receive, send)
        if not self._same_or_allowed_origin(socket):
            await socket.close(1008, "Origin not allowed")  # before accept: the handshake gets 403
            return
        supported = PROTOCOL in socket.scope.get("subprotocols", ())
        await socket.accept(subprotocol=PROTOCOL if supported else None)
        await (Connection(self, socket).serve() if supported else socket.close(4406, "Subprotocol not acceptable"))

    def _same_or_allowed_origin(self, socket: WebSocket) -> bool:
        """Checks the origin, because browsers open WebSockets across origins without a preflight; other clients send none."""
        origin = socket.headers.get("origin")
        if origin is None or origin in self.settings.origins:
            return True
        parts = urlsplit(origin)
        expected = "https" if socket.url.scheme == "wss" else "http"
        return parts.scheme == expected and parts.netloc == socket.headers.get("host")


class Connection(Generic[C]):
    """One connection: its authentication and its running operations."""

    def __init__(self, server: GraphQLSocket[C], socket: WebSocket) -> None:
        self._server = server
        self._socket = socket
        self._payload: Mapping[str, Any] | None = None
        self._initialised = False
        self._lifetime = TokenLifetime()
        self._running: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Reads messages until the connection ends, then cancels the running operations."""
        try:
            await self._converse()
        except ConnectionClosed as end:
            if self._socket.application_state is WebSocketState.CONNECTED:
                await self._socket.close(end.code, end.reason.encode()[:MAX_REASON].decode(errors="ignore"))
        except WebSocketDisconnect:
            pass
        finally:
            running = list(self._running.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _converse(self) -> None:
        """Handles messages until the client disconnects or its token expires, which ends subscriptions too."""
        try:
            async with self._lifetime:
                await self._begin()
                while True:
                    await self._handle(await self._message())
        except TokenExpired:
            raise ConnectionClosed(4403, "Token expired") from None

    async def _begin(self) -> None:
        """Waits for `connection_init`; until then the client may only ping."""
        try:
            async with asyncio.timeout(self._server.settings.init_timeout_s):
                while not self._initialised:
                    await self._handle(await self._message())
        except TimeoutError:
            raise ConnectionClosed(4408, "Connection initialisation timeout") from None

    async def _message(self) -> dict[str, Any]:
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1000))
        text = event.get("text")
        if text is None or len(text) > self._server.settings.max_message_characters:
            raise ConnectionClosed(4400, "Invalid message")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise ConnectionClosed(4400, "Invalid message") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ConnectionClosed(4400, "Invalid message")
        return message

    async def _handle(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "connection_init":
            await self._initialise(message)
        elif kind == "ping":
            await self._send({"type": "pong"})
        elif kind == "subscribe":
            await self._subscribe(message)
        elif kind == "complete":
            self._stop(_id_of(message))
        elif kind != "pong":
            raise ConnectionClosed(4400, "Invalid message")

    async def _initialise(self, message: dict[str, Any]) -> None:
        if self._initialised:
            raise ConnectionClosed(4429, "Too many initialisation requests")
        payload = message.get("payload")
        if payload is not None and not isinstance(payload, dict):
            raise ConnectionClosed(4400, "Invalid message")
        self._payload = payload
        try:
            context = await self._server.make_context(self._socket, payload)
        except GraphQLProblem:
            raise ConnectionClosed(4403, "Forbidden") from None
        self._lifetime.begin(context.remaining_s)
        await context.aclose()
        self._initialised = True
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._initialised:
            raise ConnectionClosed(4401, "Unauthorized")
        key = _id_of(message)
        if key in self._running:
            raise ConnectionClosed(4409, f"Subscriber for {key} already exists")
        if not isinstance(message.get("payload"), dict):
            raise ConnectionClosed(4400, "Invalid message")
        if len(self._running) >= self._server.settings.max_operations:
            await self._send({"id": key, "type": "error", "payload": self._server.errors.request_errors(_BUSY)})
            return
        self._running[key] = asyncio.create_task(self._run(key, message["payload"]))

    def _stop(self, key: str) -> None:
        task = self._running.pop(key, None)
        if task is not None:
            task.cancel()

    async def _run(self, key: str, payload: dict[str, Any]) -> None:
        """Runs one operation until it ends with `complete` or `error`."""
        context: RequestContext | None = None
        final: dict[str, Any] = {"id": key, "type": "complete"}
        try:
            context = await self._server.make_context(self._socket, self._payload)
            await self._run_operation(key, operation_of(payload), context)
        except GraphQLProblem as problem:
            final = {"id": key, "type": "error", "payload": self._server.errors.request_errors(problem)}
        except Exception as error:  # noqa: BLE001  (mapped to INTERNAL)
            final = {"id": key, "type": "error", "payload": self._server.errors.internal_errors(error)}
        finally:
            if context is not None:
                await context.aclose()
        # The client may reuse the id after this.
        if self._running.pop(key, None) is not None:
            await self._send(final)

    async def _run_operation(self, key: str, operation: Operation, context: RequestContext) -> None:
        server = self._server
        prepared = await server.persisted.prepare(operation, context)
        if prepared.kind is not OperationType.SUBSCRIPTION:
            async with deadline(server.settings.deadline_s):
                response = await server.runner.execute(prepared, operation.variables, context)
            await self._next(key, response)
            return
        async with aclosing(server.runner.subscribe(prepared, operation.variables, context)) as responses:
            async for response in responses:
                await self._next(key, response)

    async def _next(self, key: str, response: Mapping[str, Any]) -> None:
        payload = orjson.Fragment(self._server.encoder.encode(response))
        await self._send({"id": key, "type": "next", "payload": payload})

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            await self._socket.send_text(orjson.dumps(message).decode())


def _id_of(message: dict[str, Any]) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not key or len(key) > MAX_ID:
        raise ConnectionClosed(4400, "Invalid message")
    return key
