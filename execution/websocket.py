"""GraphQL over WebSocket, protocol `graphql-transport-ws` and no other: the legacy one begins without asking who."""

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

from execution.document_cache import DocumentCache
from execution.encoding import MOST_BYTES, Encoder
from execution.errors import ErrorMapper, GraphQLProblem
from execution.http import MakeContext
from execution.persisted import Persisted
from execution.request_lifetime import close, deadline
from execution.requests import Operation, operation_of
from execution.runner import Runner

C = TypeVar("C")
PROTOCOL: Final = "graphql-transport-ws"
LONGEST_ID: Final = 200
LONGEST_REASON: Final = 123  # bytes that a close frame can hold


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """What one connection may do."""

    origins: Collection[str] = ()  # allowed besides the server's own
    init_s: float = 3.0
    deadline_s: float = 30.0  # of a query or a mutation
    most_operations: int = 50
    most_characters: int = 256 * 1024  # of a message; cap the frame in the server too, it reads before we do
    most_answer_bytes: int = MOST_BYTES


class Closed(Exception):
    """The connection must end: a close code of the protocol and its reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GraphQLSocket(Generic[C]):
    """An ASGI application for WebSocket connections to one path.

    The identity is verified when the connection begins and again for every operation,
    so that a connection cannot outlive its token.
    """

    def __init__(
        self,
        documents: DocumentCache[C],
        runner: Runner[C],
        make_context: MakeContext,
        *,
        persisted: Persisted[C] | None = None,
        errors: ErrorMapper | None = None,
        settings: SocketSettings | None = None,
    ) -> None:
        self.persisted = persisted or Persisted(documents)
        self.runner = runner
        self.make_context = make_context
        self.errors = errors or ErrorMapper()
        self.settings = settings or SocketSettings()
        self.encoder = Encoder(self.errors, self.settings.most_answer_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side ends it."""
        socket = WebSocket(scope, receive, send)
        if not self._same_or_allowed_origin(socket):
            await socket.close(1008, "Origin not allowed")  # before accept: the handshake gets 403
            return
        known = PROTOCOL in socket.scope.get("subprotocols", ())
        await socket.accept(subprotocol=PROTOCOL if known else None)
        await (Connection(self, socket).serve() if known else socket.close(4406, "Subprotocol not acceptable"))

    def _same_or_allowed_origin(self, socket: WebSocket) -> bool:
        """Browsers always tell the origin and never ask before opening; other clients have none."""
        origin = socket.headers.get("origin")
        if origin is None or origin in self.settings.origins:
            return True
        parts = urlsplit(origin)
        expected = "https" if socket.url.scheme == "wss" else "http"
        return parts.scheme == expected and parts.netloc == socket.headers.get("host")


class Connection(Generic[C]):
    """One connection: its identity and its running operations."""

    def __init__(self, server: GraphQLSocket[C], socket: WebSocket) -> None:
        self._server = server
        self._socket = socket
        self._payload: Mapping[str, Any] | None = None
        self._initialised = False
        self._token = asyncio.timeout(None)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Read messages until the end; whatever runs then is cancelled."""
        try:
            await self._converse()
        except Closed as end:
            if self._socket.application_state is WebSocketState.CONNECTED:
                await self._socket.close(end.code, end.reason.encode()[:LONGEST_REASON].decode(errors="ignore"))
        except WebSocketDisconnect:
            pass
        finally:
            running = list(self._running.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _converse(self) -> None:
        """Until the client leaves, or the token ends under which it came: subscriptions must not outlive that."""
        try:
            async with self._token:
                await self._begin()
                while True:
                    await self._handle(await self._message())
        except TimeoutError:
            if not self._token.expired():
                raise
            raise Closed(4403, "The token has ended") from None

    async def _begin(self) -> None:
        """The client has to say who it is in time; until then it may only ping."""
        try:
            async with asyncio.timeout(self._server.settings.init_s):
                while not self._initialised:
                    await self._handle(await self._message())
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None

    async def _message(self) -> dict[str, Any]:
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1000))
        text = event.get("text")
        if text is None or len(text) > self._server.settings.most_characters:
            raise Closed(4400, "Invalid message")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Closed(4400, "Invalid message") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "Invalid message")
        return message

    async def _handle(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "connection_init":
            await self._initialise(message)
        elif kind == "ping":
            await self._send({"type": "pong"})
        elif kind == "subscribe":
            self._subscribe(message)
        elif kind == "complete":
            self._stop(_id_of(message))
        elif kind != "pong":
            raise Closed(4400, "Invalid message")

    async def _initialise(self, message: dict[str, Any]) -> None:
        if self._initialised:
            raise Closed(4429, "Too many initialisation requests")
        payload = message.get("payload")
        if payload is not None and not isinstance(payload, dict):
            raise Closed(4400, "Invalid message")
        self._payload = payload
        try:
            context = await self._server.make_context(self._socket, payload)
        except GraphQLProblem:
            raise Closed(4403, "Forbidden") from None
        remaining = getattr(context, "remaining_s", None)
        if remaining is not None:
            self._token.reschedule(asyncio.get_running_loop().time() + max(remaining, 0.0))
        await close(context)
        self._initialised = True
        await self._send({"type": "connection_ack"})

    def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._initialised:
            raise Closed(4401, "Unauthorized")
        key = _id_of(message)
        if key in self._running:
            raise Closed(4409, f"Subscriber for {key} already exists")
        if len(self._running) >= self._server.settings.most_operations:
            raise Closed(4429, "Too many operations")
        if not isinstance(message.get("payload"), dict):
            raise Closed(4400, "Invalid message")
        self._running[key] = asyncio.create_task(self._run(key, message["payload"]))

    def _stop(self, key: str) -> None:
        task = self._running.pop(key, None)
        if task is not None:
            task.cancel()

    async def _run(self, key: str, payload: dict[str, Any]) -> None:
        """One operation to its end; a refusal is an `error`, which ends it too."""
        context: Any = None
        final: dict[str, Any] = {"id": key, "type": "complete"}
        try:
            context = await self._server.make_context(self._socket, self._payload)
            await self._answers(key, operation_of(payload), context)
        except GraphQLProblem as problem:
            final = {"id": key, "type": "error", "payload": self._server.errors.refusal(problem)}
        except Exception as error:  # noqa: BLE001  (the error mapper's door)
            final = {"id": key, "type": "error", "payload": self._server.errors.unexpected(error)}
        finally:
            await close(context)
        # Only now may the client use the id again.
        if self._running.pop(key, None) is not None:
            await self._send(final)

    async def _answers(self, key: str, operation: Operation, context: Any) -> None:
        server = self._server
        prepared = await server.persisted.prepare(operation, context)
        if prepared.kind is not OperationType.SUBSCRIPTION:
            async with deadline(server.settings.deadline_s):
                answer = await server.runner.execute(prepared, operation.variables, context)
            await self._next(key, answer)
            return
        async with aclosing(server.runner.subscribe(prepared, operation.variables, context)) as answers:
            async for answer in answers:
                await self._next(key, answer)

    async def _next(self, key: str, answer: Mapping[str, Any]) -> None:
        payload = orjson.Fragment(self._server.encoder.encode(answer))
        await self._send({"id": key, "type": "next", "payload": payload})

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            await self._socket.send_text(orjson.dumps(message).decode())


def _id_of(message: dict[str, Any]) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not key or len(key) > LONGEST_ID:
        raise Closed(4400, "Invalid message")
    return key
