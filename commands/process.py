"""One process that serves: the socket first, so that a used port is told before anything is opened."""

from __future__ import annotations

import errno
import logging
import signal
import socket as sockets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from identity.issuer import LocalIssuer
from ingest.load_demo import loaded
from server import DRAIN_S, Running, create_app
from serving.callers import callers, card
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
    """Serves on the socket until a signal; raises what kept the server from starting."""
    settings = settings.model_copy(update={"port": socket.getsockname()[1]})
    configure()
    app = create_app(settings)
    running: Running = app.state.running
    # What kept us from starting is told as a sentence below, not as uvicorn's traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda _: running.refusal is None)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    server = CardServer(config)
    with suppress(SystemExit):  # uvicorn's way of telling that the application did not start
        server.run(sockets=[socket])
    if running.refusal is not None:
        raise running.refusal
    if not server.started:
        raise UnusableSettings("The server could not start; its log above says why.")


class CardServer(uvicorn.Server):
    """uvicorn that prints the card when it really listens, and says "not ready" from the first signal on."""

    async def startup(self, sockets: Any = None) -> None:
        """Starts listening, then tells."""
        await super().startup(sockets=sockets)
        if self.should_exit:
            return
        running: Running = self.config.app.state.running  # type: ignore[union-attr]
        settings = running.settings
        demo = loaded(settings.data)
        issuers = (make(settings.data, settings.audience, time.time) for make in (LocalIssuer.development, LocalIssuer.links))
        sys.stdout.write(card(settings.url, [] if demo is None else callers(demo, *issuers)) + "\n")
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
        """Load balancers look at `/readyz` before connections end."""
        self.config.app.state.running.state = "stopping"  # type: ignore[union-attr]
        super().handle_exit(sig, frame)
