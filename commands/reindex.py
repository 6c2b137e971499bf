"""Commands over the index of photos: `reindex`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of

if TYPE_CHECKING:
    from settings import Settings


@app.command()
def reindex(
    data: Data = None,
    *,
    back: Annotated[bool, typer.Option("--back", help="Put the index of before in its place again")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Delete the index of before: there is no way back then")] = False,
) -> None:
    """Make the search index anew from the tables, beside the one that serves, and put it in its place.

    On OpenSearch nobody notices: writers write to both, readers change over at once, and the old index is kept up until
    `--finish`. Stopped anywhere, the same command goes on. The index of a data folder is rebuilt while no server runs.
    The last line of standard output is one JSON object. Exit code 1 where index and tables do not come to agree.
    """
    from indexing.reindex import Differs

    settings = settings_of(data=data)
    if not settings.data.exists():
        fail(f"There is no data folder {settings.data}.")
    if back and finish:
        fail("--back and --finish exclude each other.")
    if settings.engines is None and (back or finish):
        fail("The index of a data folder is replaced by the new one at once: there is nothing to go back to or to finish.")
    try:
        print_line(asyncio.run(_reindex(settings, "back" if back else "finish" if finish else "new")))
    except Differs as e:
        fail(str(e))


async def _reindex(settings: Settings, what: str) -> str:
    from commands.progress import progress_for
    from datasources.wiring import indices_of
    from indexing.index_switch import build_and_switch, drop_old, renew_folder, roll_back
    from indexing.open_stores import open_exclusive

    stack, screen = settings.engines, progress_for()
    try:
        if stack is None:
            return await renew_folder(settings.data, screen)
        indices = indices_of(stack)
        try:
            async with open_exclusive(settings.data, "a reindex", stack) as sources:
                return await {"new": build_and_switch, "back": roll_back, "finish": drop_old}[what](sources, indices, screen)
        finally:
            await indices.close()
    finally:
        screen.close()
