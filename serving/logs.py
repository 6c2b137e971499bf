"""Logs in JSON Lines without personal data, and the middleware that logs requests.

Only the attributes in `ALLOWED` are logged.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from execution.code_locations import code_locations

ALLOWED: Final = (
    "method",
    "route",
    "status",
    "ms",
    "viewer",
    "request",
    "operation",
    "document",
    "error",
    "error_id",
    "places",
    "count",
    "code",
    "path",
    "reason",
)
ROUTES: Final = frozenset({
    "/graphql", "/import", "/guest", "/demo/identities", "/livez", "/readyz", "/metrics",
    "/v1/resolve", "/v1/places", "/v1/names", "/v1/search", "/v1/about",
})  # fmt: skip
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DEBUG_ROUTES: Final = frozenset({"/livez", "/readyz", "/metrics"})
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
_log = logging.getLogger("photos.requests")


class JsonLines(logging.Formatter):
    """Formats a record as a line: time, level, logger, message, allowed attributes, and type and locations of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. It never contains the text of an exception, which may quote values of customers."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": moment, "level": record.levelname, "logger": record.name, "message": _message(record)}
        line.update({name: getattr(record, name) for name in ALLOWED if hasattr(record, name)})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["places"] = code_locations(record.exc_info[2])
        return json.dumps(line, default=str)


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Formats all logs of the process by `JsonLines`, and disables uvicorn's access log, which contains query strings."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)
    for name in ("photos", "uvicorn"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True


def _message(record: logging.LogRecord) -> str:
    """The message without a traceback, which libraries include with values."""
    return (
        record.getMessage().partition("Traceback (most recent call last)")[0].strip()
        or "the message was only a traceback, which is omitted"
    )


Observe = Callable[[str, int, float, Mapping[str, Any]], None]
"""Called with the route, the status, the seconds and the state of a request."""


class RequestLog:
    """Middleware that adds a request id and security headers, and logs the request without its path, query and body."""

    def __init__(self, app: ASGIApp, observe: Observe | None = None) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get("x-request-id", "")
        request_id = sent_id if _REQUEST_ID.fullmatch(sent_id) else uuid.uuid4().hex
        status, start_s = 0, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - start_s
            if self._observe is not None:
                self._observe(_route(scope["path"]), status, seconds, scope.get("state", {}))
            self._write(scope, request_id, status, seconds * 1_000)

    def _write(self, scope: Scope, request_id: str, status: int, ms: float) -> None:
        route = _route(scope["path"])
        level = logging.DEBUG if route in _DEBUG_ROUTES else logging.INFO
        fields: dict[str, Any] = {"method": scope["method"], "route": route, "status": status, "ms": round(ms, 2)}
        state = scope.get("state", {})
        fields |= {"request": request_id, "viewer": state.get("viewer", "none")}
        fields |= {name: state[name] for name in ("operation", "document", "code") if name in state}
        _log.log(level, "request", extra=fields)


def _route(path: str) -> str:
    if path in ROUTES:
        return path
    if path.startswith("/media/"):
        return "/media"  # the rest of the path is a credential
    return next((f"/{name}" for name in ("graphiql", "results") if path.startswith(f"/{name}/")), "other")
