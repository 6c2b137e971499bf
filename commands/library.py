"""Commands for libraries: `import` and `verify`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from commands.app import INTERRUPTED, Data, Json, app, fail, print_line, settings_of
from commands.installation import installation_of
from settings import Settings

_MAX_OWNER_LENGTH: Final = 256


@app.command("import")
def import_(
    path: Annotated[
        list[Path],
        typer.Argument(
            help="A folder of photos and videos, archives of one (zip, tar, parts of a Takeout), or a JSON Lines or Parquet file."
        ),
    ],
    owner: Annotated[str, typer.Option(help="The customer's id: the claim `sub` of their tokens.")],
    data: Data = None,
    *,
    restore: Annotated[bool, typer.Option("--restore", help="Import photos again that were deleted.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Refer to the original files instead of copying them.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every rejected or skipped file and every remark to this file, as JSON Lines.")
    ] = None,
) -> None:
    """Import photos for one customer.

    Importing the same source again changes nothing. If the command is interrupted, the same command continues. Invalid
    records are skipped and reported at the end. While a server runs, the server updates the index. The last line of
    standard output is a JSON object. The exit code is 0 if a record was imported, 1 if none could be, 130 after Ctrl-C.
    """
    if not 0 < len(owner) <= _MAX_OWNER_LENGTH or not owner.isprintable():
        fail("The value of --owner must have 1 to 256 printable characters.")
    raise typer.Exit(
        asyncio.run(_import(path, owner, ImportOptions(restore=restore, link=link, report=report), settings_of(data=data)))
    )


class ImportOptions(NamedTuple):
    """The options of `import`."""

    restore: bool
    link: bool
    report: Path | None


async def _import(paths: list[Path], owner: str, options: ImportOptions, settings: Settings) -> int:
    from commands.progress import progress_for
    from ingest.run import ImportRequest, run_import

    stop, screen = asyncio.Event(), progress_for()
    loop = asyncio.get_running_loop()

    def stopped() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C ends the process; written records are not lost
        screen.print_line("Stopping after the current batch...")
        stop.set()

    loop.add_signal_handler(signal.SIGINT, stopped)
    try:
        order = ImportRequest(paths[0], owner, more=tuple(paths[1:]), **options._asdict())
        ended = await run_import(settings.data, order, screen, stop, stack=settings.engines, vendors=settings.vendors)
    finally:
        screen.close()
    for line in ended.counters.report(ended.unknown_names):
        screen.print_line(line)
    for line in ended.image_stats.report() if ended.image_stats else ():
        screen.print_line(line)
    if not ended.is_complete:
        screen.print_line("Stopped. Run the same command to continue.")
    print_line(ended.counters.json_line(ended.seconds))
    if not ended.is_complete:
        return INTERRUPTED
    return 0 if ended.counters.imported or not ended.counters.records else 1


@app.command()
def verify(
    data: Data = None,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Rebuild the index if it differs from the tables.")] = False,
    as_json: Json = False,
) -> None:
    """Compare the tables with the search index.

    The change feed is compared too, and every record is decrypted. The exit code is 1 if anything differs.
    """
    raise typer.Exit(asyncio.run(_verify(installation_of(data), repair=repair, is_quiet=as_json)))


async def _verify(settings: Settings, *, repair: bool, is_quiet: bool) -> int:
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
            fail(f"The index is damaged ({e.reason}): `photos-gateway verify --repair` rebuilds it from the tables.")
        drop_damaged_index(settings.data)
        async with open_exclusive(settings.data, "a verification") as sources:
            findings = await compare(sources, repair=True)
    if not is_quiet:
        for example in findings.examples:
            screen.print_line(example)
        screen.print_line("The tables and the index agree." if findings.agrees else "The tables and the index differ.")
    print_line(findings.json_line())
    return 0 if findings.agrees else 1
