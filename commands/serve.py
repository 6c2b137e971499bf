"""Commands that serve: `serve`, and `demo`, which loads what it shows."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import Data, app, fail, settings_of
from settings import Settings


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
    settings = settings_of(data=data, host=host, port=port)
    if workers != 1:
        several = "start several servers behind one address" if settings.engines else "the embedded engines are one process"
        fail(f"A server is one process: leave --workers out ({several}).")
    from commands.process import listen, serve_until_stopped

    with listen(settings) as socket:
        asyncio.run(_prepare(settings))
        if demo:
            asyncio.run(_load_demo(settings))
        serve_until_stopped(settings, socket)


@app.command()
def demo(data: Data = None) -> None:
    """Load the demo library into the data folder, or what is missing of it."""
    settings = settings_of(data=data)
    asyncio.run(_prepare(settings))
    asyncio.run(_load_demo(settings))


async def _prepare(settings: Settings) -> None:
    """Local servers get what they miss; what a folder says of data that are no more is forgotten."""
    stack = settings.engines
    if stack is None or not stack.local:
        return
    from commands.progress import progress_for
    from datasources.data_folder import prepare
    from datasources.wiring import make_local
    from demo.load import forget
    from indexing.open_stores import open_exclusive
    from indexing.rebuild import rebuild

    prepare(settings.data, stack.name)
    made = await make_local(stack)
    if made.forgotten:
        progress_for().say(
            "The stand-in for KMS has forgotten its keys (it keeps them in memory), so nothing stored on the local servers "
            "can be opened any more: all of it was dropped, and everything begins anew."
        )
    if made.tables:
        forget(settings.data)
    if made.only_index:
        async with open_exclusive(settings.data, "the filling of the index", stack) as sources:
            await rebuild(sources)


async def _load_demo(settings: Settings) -> None:
    from commands.progress import progress_for
    from demo.load import load_demo, loaded
    from indexing.open_stores import open_exclusive

    if loaded(settings.data) is not None:
        return
    screen = progress_for()
    async with open_exclusive(settings.data, "the loading of the demo", settings.engines, settings.vendors) as sources:
        screen.say("Loading the demo library (about 6,000 photos)...")
        await load_demo(sources, settings.data, screen)
