"""Logs as JSON lines that hold no values, and the middleware that writes one for each request.

What may be logged is a list here; anything else that somebody hands over is left out.
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

ALLOWED: Final = (
    "method",
    "route",
    "status",
    "ms",
    "viewer",
    "request",
    "operation",
    "document",
    "error_id",
    "code",
    "path",
    "lag",
    "reason",
)
ROUTES: Final = frozenset({
    "/graphql", "/import", "/guest", "/demo/identities", "/livez", "/readyz", "/metrics",
    "/v1/resolve", "/v1/places", "/v1/names", "/v1/search", "/v1/about",
})  # fmt: skip
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_QUIET: Final = frozenset({"/livez", "/readyz", "/metrics"})
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
_log = logging.getLogger("photos.requests")


class JsonLines(logging.Formatter):
    """One record, one line: time, level, logger, message, what is allowed of `extra`, and an exception's type and places."""

    def format(self, record: logging.LogRecord) -> str:
        """Never the text of an exception: it may quote what a customer wrote."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": moment, "level": record.levelname, "logger": record.name, "message": _message(record)}
        line.update({name: getattr(record, name) for name in ALLOWED if hasattr(record, name)})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["places"] = _places(record.exc_info[2])
        return json.dumps(line, default=str)


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Sends every logger of the process through `JsonLines`. uvicorn's own access log, which quotes query strings, is off."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)
    for name in ("photos", "uvicorn"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True


def _message(record: logging.LogRecord) -> str:
    """Libraries put whole tracebacks into their messages, and values with them."""
    return record.getMessage().partition("Traceback (most recent call last)")[0].strip() or "a traceback was left out"


def _places(trace: Any) -> list[str]:
    """Where it happened: files and lines of the innermost frames."""
    found: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return found[-8:]


Observe = Callable[[str, int, float, Mapping[str, Any]], None]
"""Route, status, seconds, and what is known of the request."""


class RequestLog:
    """Gives each request an id, guards its answer with headers, and logs it: never a path of the caller's, query or body."""

    def __init__(self, app: ASGIApp, observe: Observe | None = None) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        status, begun = 0, time.perf_counter()

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        finally:
            took = time.perf_counter() - begun
            if self._observe is not None:
                self._observe(_route(scope["path"]), status, took, scope.get("state", {}))
            self._write(scope, request_id, status, took * 1_000)

    def _write(self, scope: Scope, request_id: str, status: int, ms: float) -> None:
        route = _route(scope["path"])
        level = logging.DEBUG if route in _QUIET else logging.INFO
        told: dict[str, Any] = {"method": scope["method"], "route": route, "status": status, "ms": round(ms, 2)}
        known = scope.get("state", {})
        told |= {"request": request_id, "viewer": known.get("viewer", "none")}
        told |= {name: known[name] for name in ("operation", "document") if name in known}
        _log.log(level, "request", extra=told)


def _route(path: str) -> str:
    if path in ROUTES:
        return path
    if path.startswith("/media/"):
        return "/media"  # the rest is a credential
    return next((f"/{room}" for room in ("graphiql", "results") if path.startswith(f"/{room}/")), "other")
