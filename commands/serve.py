"""The commands `serve` and `demo`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import Data, app, fail, settings_of
from settings import Settings


@app.command()
def serve(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on. Only loopback is allowed unless PHOTOS_EXPOSE=true.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on. Default: PHOTOS_PORT, or 8000.")] = None,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo library first, unless it is loaded.")] = False,
    workers: Annotated[int, typer.Option(help="The number of processes, which must be 1.")] = 1,
) -> None:
    """Serve the GraphQL API until Ctrl-C.

    In the development profile GraphiQL is served too.
    """
    settings = settings_of(data=data, host=host, port=port)
    if workers != 1:
        advice = "start several servers behind a load balancer" if settings.engines else "the embedded engines allow only one"
        fail(f"A server has one process: omit --workers ({advice}).")
    from commands.installation import announced
    from commands.process import listen, serve_until_stopped

    with listen(settings) as socket:
        asyncio.run(_prepare(settings))
        if demo:
            asyncio.run(_load_demo(settings))
        with announced(settings.data):
            serve_until_stopped(settings, socket)


@app.command()
def demo(data: Data = None) -> None:
    """Load the demo library into the data folder.

    An incomplete load is continued.
    """
    settings = settings_of(data=data)
    asyncio.run(_prepare(settings))
    asyncio.run(_load_demo(settings))


async def _prepare(settings: Settings) -> None:
    """Creates missing tables, buckets and indexes of local servers; after a loss of data, resets the data folder."""
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
        progress_for().print_line(
            "The local KMS has lost its keys, which it has only in memory, so the data on the local servers could not be "
            "decrypted any more: it was deleted, and the demo is loaded again."
        )
    if made.tables:
        forget(settings.data)
    if made.only_index:
        async with open_exclusive(settings.data, "an index rebuild", stack) as sources:
            await rebuild(sources)


async def _load_demo(settings: Settings) -> None:
    from commands.progress import progress_for
    from demo.load import load_demo, loaded
    from indexing.open_stores import open_exclusive

    if loaded(settings.data) is not None:
        return
    screen = progress_for()
    async with open_exclusive(settings.data, "a load of the demo", settings.engines, settings.vendors) as sources:
        screen.print_line("Loading the demo library (about 6,000 photos)...")
        await load_demo(sources, settings.data, screen)
