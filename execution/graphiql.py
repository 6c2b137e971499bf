"""Serves GraphiQL (built from `web/`) with a Content-Security-Policy that allows no other origin."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE: Final = Path(__file__).with_name("page")
_SOURCES = (
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",  # the editor sets sizes as style attributes
    "font-src 'self' data:",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
POLICY: Final = "; ".join(_SOURCES)
GUARDS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
A_YEAR: Final = "public, max-age=31536000, immutable"


def page(folder: Path = HERE) -> ASGIApp:
    """Returns the application that serves the page to a browser's GET of the GraphQL path (`HttpSettings.page`)."""
    # Vary: the same path also serves operations.
    return _guarded_file(folder / "index.html", {"cache-control": "no-store", "vary": "Accept"})


def routes(folder: Path = HERE, *, examples: Path | None = None) -> list[Route | Mount]:
    """Returns the routes of the page's files: hashed assets that may be cached for a year, and the example queries."""
    # The system's table may have another type for .js, and `nosniff` would then block the script.
    mimetypes.add_type("text/javascript", ".js")
    checked = {"cache-control": "no-cache"}
    assets = _Guarded(StaticFiles(directory=folder / "assets"), cache=A_YEAR)
    return [
        Mount("/graphiql/assets", app=assets),
        Route("/graphiql/examples.json", _guarded_file(examples or folder / "examples.json", checked)),
        Route("/graphiql/LICENSES.txt", _guarded_file(folder / "LICENSES.txt", checked)),
    ]


def _guarded_file(path: Path, headers: Mapping[str, str]) -> ASGIApp:
    async def send_file(scope: Scope, receive: Receive, send: Send) -> None:
        await FileResponse(path, headers=headers)(scope, receive, send)

    return _Guarded(send_file)


class _Guarded:
    """Adds the security headers to an application's responses, and the cache header to successful ones."""

    def __init__(self, app: ASGIApp, *, cache: str | None = None) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(GUARDS)
                if self._cache is not None and message["status"] in (200, 304):
                    headers["cache-control"] = self._cache
            await send(message)

        await self._app(scope, receive, guarded)
