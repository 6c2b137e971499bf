"""One process that serves: the socket first, so that a used port is told before anything is opened."""

from __future__ import annotations

import errno
import logging
import signal
import socket as sockets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from demo.identities import callers, card
from demo.load import loaded
from identity.issuer import LocalIssuer
from server import DRAIN_S, Running, create_app
from serving.logs import configure
from settings import Settings, UnusableSettings


@contextmanager
def listen(settings: Settings) -> Iterator[sockets.socket]:
    """The bound socket; raises `UnusableSettings` where the address cannot be had."""
    settings.check_profile()
    try:
        family, kind, _, _, address = sockets.getaddrinfo(settings.host, settings.port, type=sockets.SOCK_STREAM)[0]
    except OSError as e:
        raise UnusableSettings(f"The host {settings.host} is not known: {e.strerror}.") from e
    socket = sockets.socket(family, kind)
    try:
        socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        try:
            socket.bind(address)
            socket.listen(2_048)
        except OSError as e:
            raise UnusableSettings(_sentence(settings, e)) from e
        yield socket
    finally:
        socket.close()


def _sentence(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is in use: stop what uses it, or take another one (make run PORT=..., or serve --port ...)."
    return f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}."


def serve_until_stopped(settings: Settings, socket: sockets.socket) -> None:
    """Serves the gateway on the socket until a signal; raises what kept the server from starting."""
    settings = settings.model_copy(update={"port": socket.getsockname()[1]})
    app = create_app(settings)
    running: Running = app.state.running
    # What kept us from starting is told as a sentence below, not as uvicorn's traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda _: running.refusal is None)

    def stopping() -> None:
        """Load balancers look at `/readyz` before connections end."""
        running.state = "stopping"

    try:
        serve_app(app, socket, lambda: _card(running.settings), most_bytes=settings.max_body_bytes, stopping=stopping)
    except UnusableSettings:
        if running.refusal is not None:
            raise running.refusal from None
        raise


def _card(settings: Settings) -> str:
    demo = loaded(settings.data)
    issuers = (make(settings.data, settings.audience, time.time) for make in (LocalIssuer.development, LocalIssuer.links))
    return card(settings.url, [] if demo is None else callers(demo, *issuers))


def serve_app(
    app: ASGIApp,
    socket: sockets.socket,
    announce: Callable[[], str],
    *,
    most_bytes: int = 262_144,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serves an application on the socket until a signal; says on standard output when it really listens."""
    configure()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=most_bytes,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    server = AnnouncedServer(config, announce, stopping)
    with suppress(SystemExit):  # uvicorn's way of telling that the application did not start
        server.run(sockets=[socket])
    if not server.started:
        raise UnusableSettings("The server could not start; its log above says why.")


class AnnouncedServer(uvicorn.Server):
    """uvicorn that says when it really listens, and tells of the first signal before connections end."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], str], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce
        self._stopping = stopping

    async def startup(self, sockets: Any = None) -> None:
        """Starts listening, then tells."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            sys.stdout.write(self._announce() + "\n")
            sys.stdout.flush()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles Ctrl-C and SIGTERM as the end that was asked for; uvicorn would raise them again after a clean stop."""
        before = {sign: signal.signal(sign, self.handle_exit) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """The end begins."""
        self._stopping()
        super().handle_exit(sig, frame)
