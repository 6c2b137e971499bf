"""Idle connections are kept longer than load balancers keep them, and closed after the configured time."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

from commands import process
from commands.process import server_config
from settings import Settings

BALANCER_IDLE_S = 60
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def hello(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def test_the_default_is_longer_than_the_idle_timeout_of_load_balancers_and_reaches_the_server(
    monkeypatch: Any, tmp_path: Any
) -> None:
    served: list[uvicorn.Config] = []
    monkeypatch.setattr(process.AnnouncedServer, "run", lambda server, sockets: served.append(server.config))
    monkeypatch.setattr(process.AnnouncedServer, "started", True, raising=False)
    monkeypatch.setattr(process, "configure", lambda: None)
    monkeypatch.setattr(uvicorn.Server, "__init__", lambda server, config: setattr(server, "config", config))
    for settings in (Settings(data=tmp_path / "data"), Settings(data=tmp_path / "data", keep_alive_s=130)):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            process.serve_until_stopped(settings, listening)
    assert [config.timeout_keep_alive for config in served] == [Settings.model_fields["keep_alive_s"].default, 130]
    assert served[0].timeout_keep_alive > BALANCER_IDLE_S


async def test_an_idle_connection_is_used_again_and_closed_later() -> None:
    server = uvicorn.Server(server_config(hello, max_body_bytes=1_000, keep_alive_s=2))
    server.config.lifespan = "off"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server._serve([listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        for pause_s in (0.4, 0.0):
            writer.write(REQUEST)
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(pause_s)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        server.should_exit = True
        await serving
