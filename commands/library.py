"""Commands over a library: `import` and `verify`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from commands.app import INTERRUPTED, Data, app, fail, print_line, settings_of
from settings import Settings

_LONGEST_OWNER: Final = 256


@app.command("import")
def import_(
    path: Annotated[
        list[Path],
        typer.Argument(
            help="A folder of photos and videos, archives of one (zip, tar, Takeout's parts), or JSON Lines or Parquet"
        ),
    ],
    owner: Annotated[str, typer.Option(help="The customer's id (the `sub` of their tokens)")],
    data: Data = None,
    *,
    restore: Annotated[bool, typer.Option("--restore", help="Bring back photos that were deleted")] = False,
    link: Annotated[bool, typer.Option("--link", help="Read originals where they lie instead of copying them")] = False,
) -> None:
    """Import photos for one customer.

    Importing again changes nothing; stopped by Ctrl-C or killed, the same command goes on. A bad record is reported at
    the end and costs nothing else. Beside a running server, the server indexes. The last line of standard output is one
    JSON object. Exit code 0 if anything could be taken, 1 if nothing could, 130 if stopped by Ctrl-C.
    """
    if not 0 < len(owner) <= _LONGEST_OWNER or not owner.isprintable():
        fail("--owner must be a printable text of at most 256 characters.")
    raise typer.Exit(asyncio.run(_import(path, owner, Choices(restore=restore, link=link), settings_of(data=data))))


class Choices(NamedTuple):
    """What the command line chose."""

    restore: bool
    link: bool


async def _import(paths: list[Path], owner: str, choices: Choices, settings: Settings) -> int:
    from commands.progress import progress_for
    from ingest.run import Order, run_import

    stop, screen = asyncio.Event(), progress_for()
    loop = asyncio.get_running_loop()

    def stopped() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C ends at once: nothing acknowledged is lost
        screen.say("Stopping after the batch in hand...")
        stop.set()

    loop.add_signal_handler(signal.SIGINT, stopped)
    try:
        order = Order(paths[0], owner, more=tuple(paths[1:]), **choices._asdict())
        ended = await run_import(settings.data, order, screen, stop, stack=settings.engines, vendors=settings.vendors)
    finally:
        screen.close()
    for line in ended.tally.report(ended.unknown):
        screen.say(line)
    for line in ended.looked.report() if ended.looked else ():
        screen.say(line)
    if not ended.whole:
        screen.say("Stopped. The same command goes on from here.")
    print_line(ended.tally.line(ended.seconds))
    if not ended.whole:
        return INTERRUPTED
    return 0 if ended.tally.taken or not ended.tally.records else 1


@app.command()
def verify(
    data: Data = None, *, repair: Annotated[bool, typer.Option("--repair", help="Rebuild the index where it differs")] = False
) -> None:
    """Compare tables, index and change feed, and open every seal. Exit code 1 where they disagree."""
    settings = settings_of(data=data)
    if settings.engines is None and not settings.data.exists():
        fail(f"There is no data folder {settings.data}.")
    raise typer.Exit(asyncio.run(_verify(settings, repair=repair)))


async def _verify(settings: Settings, *, repair: bool) -> int:
    from commands.progress import progress_for
    from datasources.errors import Corrupt
    from indexing.open_stores import open_exclusive
    from indexing.verify import drop_damaged_index
    from indexing.verify import verify as compare

    screen = progress_for()
    try:
        async with open_exclusive(settings.data, "a verification", settings.engines) as sources:
            findings = await compare(sources, repair=repair)
    except Corrupt as e:
        if e.source != "search" or settings.engines is not None:
            raise
        if not repair:
            fail(f"The index is damaged ({e.reason}). `photos-gateway verify --repair` rebuilds it from the tables.")
        drop_damaged_index(settings.data)
        async with open_exclusive(settings.data, "a verification") as sources:
            findings = await compare(sources, repair=True)
    for example in findings.examples:
        screen.say(example)
    screen.say("Tables and index agree." if findings.agrees else "Tables and index disagree.")
    print_line(findings.line())
    return 0 if findings.agrees else 1
