"""Commands over the places: where their data comes from, importing GeoNames' own dump, resolving a library again."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import INTERRUPTED, Data, app, fail, print_line, settings_of

if TYPE_CHECKING:
    from settings import Settings

places = typer.Typer(help="The gazetteer: its sources, imports, and photos resolved by it.", no_args_is_help=True)
app.add_typer(places, name="places")


@places.command()
def about(data: Data = None) -> None:
    """Print the version of the places and the source, version and licence of each part, as one JSON object."""
    import msgspec

    from datasources.locations.hot_reload import CurrentGazetteer

    gazetteer = CurrentGazetteer(settings_of(data=data).data)
    said = {"version": gazetteer.data_version, "sources": gazetteer.sources}
    print_line(msgspec.json.format(msgspec.json.encode(said)).decode())


@places.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Folder with the unpacked files of GeoNames' dump")],
    data: Data = None,
) -> None:
    """Import GeoNames' official dump: cities500 or allCountries, admin1, admin2, alternateNamesV2, countryInfo, hierarchy.

    Bad lines are reported by file and number and cost only themselves. A running server takes the new places up within
    seconds. Then `photos-gateway places resolve` brings the photos up to them. The last line is one JSON object.
    """
    settings = settings_of(data=data)
    from commands.progress import progress_for
    from datasources.data_folder import EMBEDDED, prepare
    from datasources.locations.hot_reload import shipped_artefact
    from ingest.places.dump.assemble import NoDump
    from ingest.places.dump.swapping import Beside, swap_in

    if not folder.is_dir():
        fail(f"There is no folder {folder}.")
    screen, stack = progress_for(), settings.engines
    try:
        target = prepare(settings.data, EMBEDDED if stack is None else stack.name)
        imported = swap_in(folder, shipped_artefact(), target, screen)
    except (NoDump, Beside) as e:
        fail(str(e))
    except OSError as e:
        fail(f"The import stopped: {e.strerror or e}{f' ({e.filename})' if e.filename else ''}. The places are what they were.")
    except KeyboardInterrupt:
        screen.say("Stopped. The places are what they were.")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        screen.close()
    for example in imported.problems.examples:
        screen.say(example)
    if imported.problems.count > len(imported.problems.examples):
        screen.say(f"... and {imported.problems.count - len(imported.problems.examples):,} more bad lines.")
    print_line(imported.line())


@places.command()
def resolve(
    data: Data = None,
    owner: Annotated[str | None, typer.Option(help="Only this customer's photos (the `sub` of their tokens)")] = None,
) -> None:
    """Find the places of all photos again by the places of today, but never one that its owner corrected.

    Photos that are up to date cost nothing, so a stopped run goes on when it is started again. Beside a running server,
    the server indexes. The last line is one JSON object. Exit code 0, or 130 if stopped by Ctrl-C.
    """
    settings = settings_of(data=data)
    if settings.engines is None and not settings.data.exists():
        fail(f"There is no data folder {settings.data}.")
    raise typer.Exit(asyncio.run(_resolve(settings, owner)))


async def _resolve(settings: Settings, owner: str | None) -> int:
    from commands.progress import progress_for
    from indexing.change_feed_consumer import IndexFollower
    from indexing.open_stores import open_shared
    from ingest.resolving import Resolving

    stop, screen, stack = asyncio.Event(), progress_for(), settings.engines
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    async with open_shared(settings.data, "a resolving of places", stack, settings.vendors) as (sources, ours):
        local = None if owner is None else sources.ids.local_id("customer", owner)
        run = Resolving(sources, screen.moved, stop.is_set)
        try:
            done, whole = await run.run(local)
            if ours:
                await IndexFollower(sources, reads_feed=stack is None or stack.follow).settle()
        finally:
            screen.close()
        version = sources.locations.data_version
    if not whole:
        screen.say("Stopped. The same command goes on from here.")
    print_line(done.line(version, whole=whole))
    return 0 if whole else INTERRUPTED
