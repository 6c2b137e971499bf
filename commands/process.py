"""A serving process. The socket is bound first, so that a used port is reported before anything is opened."""

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

from demo.identities import callers, start_message
from demo.load import loaded
from identity.issuer import LocalIssuer
from server import DRAIN_S, ServerState, create_app
from serving.logs import configure
from settings import Settings, UnusableSettings


@contextmanager
def listen(settings: Settings) -> Iterator[sockets.socket]:
    """The listening socket; raises `UnusableSettings` if the address cannot be bound."""
    settings.check_profile()
    try:
        family, kind, _, _, address = sockets.getaddrinfo(settings.host, settings.port, type=sockets.SOCK_STREAM)[0]
    except OSError as e:
        raise UnusableSettings(f"The host {settings.host} cannot be resolved ({e.strerror}): check --host.") from e
    socket = sockets.socket(family, kind)
    try:
        socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        try:
            socket.bind(address)
            socket.listen(2_048)
        except OSError as e:
            raise UnusableSettings(_bind_error(settings, e)) from e
        yield socket
    finally:
        socket.close()


def _bind_error(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is in use: stop its process, or choose another (make run PORT=..., or serve --port ...)."
    return f"The server cannot listen on {settings.host} port {settings.port} ({error.strerror}): choose another address."


def serve_until_stopped(settings: Settings, socket: sockets.socket) -> None:
    """Serves the gateway on the socket until a signal; raises the error that prevented the start."""
    settings = settings.model_copy(update={"port": socket.getsockname()[1]})
    app = create_app(settings)
    running: ServerState = app.state.running
    # An error that prevents the start is printed as a sentence; without this filter uvicorn logs its traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda _: running.start_error is None)

    def stopping() -> None:
        """Makes `/readyz` fail, so that load balancers stop sending requests before connections end."""
        running.state = "stopping"

    try:
        serve_app(
            app,
            socket,
            lambda: _start_message(running.settings),
            max_body_bytes=settings.max_body_bytes,
            keep_alive_s=settings.keep_alive_s,
            stopping=stopping,
        )
    except UnusableSettings:
        if running.start_error is not None:
            raise running.start_error from None
        raise


def _start_message(settings: Settings) -> str:
    demo = loaded(settings.data)
    issuers = (make(settings.data, settings.audience, time.time) for make in (LocalIssuer.development, LocalIssuer.links))
    return start_message(settings.url, [] if demo is None else callers(demo, *issuers))


def serve_app(
    app: ASGIApp,
    socket: sockets.socket,
    announce: Callable[[], str],
    *,
    max_body_bytes: int = 262_144,
    keep_alive_s: int = 75,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serves an application on the socket until a signal; prints the announcement when it accepts connections."""
    configure()
    config = server_config(app, max_body_bytes=max_body_bytes, keep_alive_s=keep_alive_s)
    server = AnnouncedServer(config, announce, stopping)
    # A start that is refused is one sentence, without log lines before it.
    logging.getLogger("uvicorn.error").addFilter(lambda record: server.started or record.levelno > logging.INFO)
    with suppress(SystemExit):  # uvicorn raises it if the application did not start
        server.run(sockets=[socket])
    if not server.started:
        raise UnusableSettings("The server could not start: the reason is in the log above.")


def server_config(app: ASGIApp, *, max_body_bytes: int, keep_alive_s: int) -> uvicorn.Config:
    """The configuration of uvicorn. A connection that is idle for `keep_alive_s` is closed."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=max_body_bytes,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=DRAIN_S,
    )


class AnnouncedServer(uvicorn.Server):
    """A uvicorn server that announces when it accepts connections, and calls `stopping` at the first signal."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], str], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce
        self._stopping = stopping

    async def startup(self, sockets: Any = None) -> None:
        """Starts listening, then prints the announcement."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            sys.stdout.write(self._announce() + "\n")
            sys.stdout.flush()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles Ctrl-C and SIGTERM as a requested stop; uvicorn would raise them again after it has stopped."""
        before = {sign: signal.signal(sign, self.handle_exit) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Calls `stopping`, then stops the server."""
        self._stopping()
        super().handle_exit(sig, frame)
