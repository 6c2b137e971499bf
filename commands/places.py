"""Commands for the gazetteer: its sources, the import of a GeoNames dump, and the places of photos."""

from __future__ import annotations

import asyncio
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import INTERRUPTED, Data, app, fail, print_line, settings_of
from commands.installation import installation_of

if TYPE_CHECKING:
    from settings import Settings

places = typer.Typer(help="Manage the gazetteer and the places of photos.", no_args_is_help=True)
app.add_typer(places, name="places")


@places.command()
def about(data: Data = None) -> None:
    """Print the version of the gazetteer and the source, version and licence of each part, as a JSON object."""
    import msgspec

    from datasources.locations.hot_reload import ReloadingGazetteer

    gazetteer = ReloadingGazetteer(settings_of(data=data).data)
    result = {"version": gazetteer.data_version, "sources": gazetteer.sources}
    print_line(msgspec.json.format(msgspec.json.encode(result)).decode())


@places.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="The folder of the unpacked files of a GeoNames dump.")],
    data: Data = None,
) -> None:
    """Import a dump of GeoNames: cities500 or allCountries, admin1, admin2, alternateNamesV2, countryInfo, hierarchy.

    Invalid lines are skipped and reported by file and line number. A running server loads the new places within seconds.
    Afterwards `photos-gateway places resolve` updates the places of photos. The last line of standard output is a JSON object.
    """
    settings = settings_of(data=data)
    if find_spec("scipy") is None:
        lock = Path(__file__).parents[1] / "requirements-geonames.lock"
        fail(f"An import of places needs scipy. Install it: {sys.executable} -m pip install --require-hashes -r {lock}")
    from commands.progress import progress_for
    from datasources.data_folder import EMBEDDED, prepare
    from datasources.locations.hot_reload import packaged_artefact
    from ingest.places.dump.assemble import NoDump
    from ingest.places.dump.swapping import ImportRunning, swap_in

    if not folder.is_dir():
        fail(f"The folder {folder} does not exist: give the folder of an unpacked GeoNames dump.")
    screen, stack = progress_for(), settings.engines
    try:
        target = prepare(settings.data, EMBEDDED if stack is None else stack.name)
        imported = swap_in(folder, packaged_artefact(), target, screen)
    except (NoDump, ImportRunning) as e:
        fail(str(e))
    except OSError as e:
        fail(f"The import failed: {e.strerror or e}{f' ({e.filename})' if e.filename else ''}. The places are unchanged.")
    except KeyboardInterrupt:
        screen.print_line("Stopped. The places are unchanged.")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        screen.close()
    for example in imported.problems.examples:
        screen.print_line(example)
    if imported.problems.count > len(imported.problems.examples):
        screen.print_line(f"... and {imported.problems.count - len(imported.problems.examples):,} more invalid lines.")
    print_line(imported.line())


@places.command()
def resolve(
    data: Data = None,
    owner: Annotated[
        str | None, typer.Option(help="Only the photos of the customer with this id: the claim `sub` of their tokens.")
    ] = None,
) -> None:
    """Update the places of photos from the current gazetteer. Places that their owner corrected are not changed.

    Photos that are up to date are skipped, so the same command continues an interrupted one. While a server runs, the
    server updates the index. The last line of standard output is a JSON object. The exit code is 130 after Ctrl-C.
    """
    raise typer.Exit(asyncio.run(_resolve(installation_of(data), owner)))


async def _resolve(settings: Settings, owner: str | None) -> int:
    from commands.progress import progress_for
    from indexing.change_feed_consumer import IndexFollower
    from indexing.open_stores import open_shared
    from ingest.resolving import PlaceResolution

    stop, screen, stack = asyncio.Event(), progress_for(), settings.engines
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    async with open_shared(settings.data, "an update of places", stack, settings.vendors) as (sources, exclusive):
        local = None if owner is None else sources.ids.local_id("customer", owner)
        run = PlaceResolution(sources, screen.update, stop.is_set)
        try:
            done, complete = await run.run(local)
            if exclusive:
                await IndexFollower(sources, reads_feed=stack is None or stack.follow).catch_up()
        finally:
            screen.close()
        version = sources.locations.data_version
    if not complete:
        screen.print_line("Stopped. Run the same command to continue.")
    print_line(done.json_line(version, is_complete=complete))
    return 0 if complete else INTERRUPTED
