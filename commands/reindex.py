"""The command `reindex`, which rebuilds the search index."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, app, fail, print_line
from commands.installation import installation_of

if TYPE_CHECKING:
    from settings import Settings


@app.command()
def reindex(
    data: Data = None,
    *,
    back: Annotated[bool, typer.Option("--back", help="Switch back to the previous index.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Delete the previous index; --back is impossible afterwards.")] = False,
) -> None:
    """Build a new search index from the tables and switch to it.

    On OpenSearch the gateway serves meanwhile: changes are written to both indexes, all readers switch at the same time, and
    the previous index is updated until `reindex --finish`. The index of a data folder is rebuilt while no server runs. If
    the command is interrupted, the same command continues. The last line of standard output is a JSON object. The exit code
    is 1 if the new index differs from the tables.
    """
    from indexing.reindex import IndexMismatch

    settings = installation_of(data)
    if back and finish:
        fail("--back and --finish exclude each other: give only one of them.")
    if settings.engines is None and (back or finish):
        fail("The index of a data folder has no previous version: run reindex without --back and --finish.")
    try:
        print_line(asyncio.run(_reindex(settings, "back" if back else "finish" if finish else "new")))
    except IndexMismatch as e:
        fail(str(e))


async def _reindex(settings: Settings, action: str) -> str:
    from commands.progress import progress_for
    from datasources.wiring import indices_of
    from indexing.index_switch import build_and_switch, drop_old, rebuild_folder, roll_back
    from indexing.open_stores import open_exclusive

    stack, screen = settings.engines, progress_for()
    try:
        if stack is None:
            return await rebuild_folder(settings.data, screen)
        indices = indices_of(stack)
        try:
            async with open_exclusive(settings.data, "a reindex", stack) as sources:
                return await {"new": build_and_switch, "back": roll_back, "finish": drop_old}[action](sources, indices, screen)
        finally:
            await indices.close()
    finally:
        screen.close()
