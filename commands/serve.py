"""Commands that serve: `serve`, and `demo`, which loads what it shows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from commands.app import Data, app, refuse, settings_of


@app.command()
def serve(
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address; loopback unless PHOTOS_EXPOSE=true")] = None,
    port: Annotated[int | None, typer.Option(help="Port; else PHOTOS_PORT, else 8000")] = None,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo library first, if it is not there")] = False,
    workers: Annotated[int, typer.Option(help="Only 1: the embedded index has one writer")] = 1,
) -> None:
    """Serve GraphQL, GraphiQL and health checks until Ctrl-C."""
    if workers != 1:
        refuse("The embedded engines are one process: leave --workers out.")
    settings = settings_of(data=data, host=host, port=port)
    from commands.process import listen, serve_until_stopped

    with listen(settings) as socket:
        if demo:
            asyncio.run(_load_demo(settings.data))
        serve_until_stopped(settings, socket)


@app.command()
def demo(data: Data = None) -> None:
    """Load the demo library into the data folder, or what is missing of it."""
    asyncio.run(_load_demo(settings_of(data=data).data))


async def _load_demo(data: Path) -> None:
    from ingest.holding import whole
    from ingest.load_demo import load_demo, loaded
    from ingest.screen import screen_for

    if loaded(data) is not None:
        return
    screen = screen_for()
    async with whole(data, "the loading of the demo") as sources:
        screen.say("Loading the demo library (about 6,000 photos)...")
        await load_demo(sources, data, screen)
