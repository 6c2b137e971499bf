"""The command `photos-gateway`. Every refusal is one sentence on standard error; results alone go to standard output."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from settings import Settings

app = typer.Typer(
    help="Photos Data Gateway: one GraphQL schema over a photo library.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Data = Annotated[Path | None, typer.Option("--data", help="Data folder; else PHOTOS_DATA, else .data", show_default=False)]
_INTERRUPTED: Final = 130
_LONGEST_OWNER: Final = 256


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
        _refuse("The embedded engines are one process: leave --workers out.")
    settings = _settings(data=data, host=host, port=port)
    from serving import listen, serve_until_stopped

    with listen(settings) as socket:
        if demo:
            asyncio.run(_load_demo(settings.data))
        serve_until_stopped(settings, socket)


@app.command()
def demo(data: Data = None) -> None:
    """Load the demo library into the data folder, or what is missing of it."""
    asyncio.run(_load_demo(_settings(data=data).data))


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


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="JSON Lines or Parquet file of photo records, or a folder of JPEG files")],
    owner: Annotated[str, typer.Option(help="The customer's id (the `sub` of their tokens)")],
    data: Data = None,
    *,
    restore: Annotated[bool, typer.Option("--restore", help="Bring back photos that were deleted")] = False,
) -> None:
    """Import photos for one customer.

    Importing again changes nothing; stopped by Ctrl-C or killed, the same command goes on. A bad record is reported at
    the end and costs nothing else. Beside a running server, the server indexes. The last line of standard output is one
    JSON object. Exit code 0 if anything could be taken, 1 if nothing could, 130 if stopped by Ctrl-C.
    """
    if not 0 < len(owner) <= _LONGEST_OWNER or not owner.isprintable():
        _refuse("--owner must be a printable text of at most 256 characters.")
    raise typer.Exit(asyncio.run(_import(path, owner, restore=restore, data=_settings(data=data).data)))


async def _import(path: Path, owner: str, *, restore: bool, data: Path) -> int:
    from ingest.run import Order, run_import
    from ingest.screen import screen_for

    stop, screen = asyncio.Event(), screen_for()
    loop = asyncio.get_running_loop()

    def stopped() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C ends at once: nothing acknowledged is lost
        screen.say("Stopping after the batch in hand...")
        stop.set()

    loop.add_signal_handler(signal.SIGINT, stopped)
    try:
        ended = await run_import(data, Order(path, owner, restore=restore), screen, stop)
    finally:
        screen.close()
    for line in ended.tally.report(ended.unknown):
        screen.say(line)
    if not ended.whole:
        screen.say("Stopped. The same command goes on from here.")
    _print(ended.tally.line(ended.seconds))
    if not ended.whole:
        return _INTERRUPTED
    return 0 if ended.tally.taken or not ended.tally.records else 1


@app.command()
def token(
    data: Data = None,
    customer: Annotated[str | None, typer.Option(help="A customer's id")] = None,
    service: Annotated[str | None, typer.Option(help="A service's name")] = None,
    guest: Annotated[str | None, typer.Option(help="A share: its id, its link, or the link's secret")] = None,
    scopes: Annotated[str, typer.Option(help="A service's scopes, with commas between them")] = "",
    purpose: Annotated[str | None, typer.Option(help="What the service needs it for")] = None,
) -> None:
    """Print a bearer token, good for an hour, and nothing else."""
    if sum(who is not None for who in (customer, service, guest)) != 1:
        _refuse("Say who: one of --customer ID, --service NAME, --guest SHARE.")
    settings = _settings(data=data)
    settings.check_profile()
    from issuing import token_for

    wanted = tuple(s.strip() for s in scopes.split(",") if s.strip())
    _print(asyncio.run(token_for(settings, customer=customer, service=(service, wanted, purpose), guest=guest)))


@app.command()
def schema() -> None:
    """Print the schema as SDL."""
    from schema.build import build

    _print(build().sdl().rstrip("\n"))


@app.command()
def verify(
    data: Data = None, *, repair: Annotated[bool, typer.Option("--repair", help="Rebuild the index where it differs")] = False
) -> None:
    """Compare tables, index and change feed, and open every seal. Exit code 1 where they disagree."""
    folder = _settings(data=data).data
    if not folder.exists():
        _refuse(f"There is no data folder {folder}.")
    raise typer.Exit(asyncio.run(_verify(folder, repair=repair)))


async def _verify(data: Path, *, repair: bool) -> int:
    from datasources.errors import Corrupt
    from ingest.holding import whole
    from ingest.screen import screen_for
    from ingest.verify import drop_damaged_index
    from ingest.verify import verify as compare

    screen = screen_for()
    try:
        async with whole(data, "a verification") as sources:
            findings = await compare(sources, repair=repair)
    except Corrupt as e:
        if e.source != "search":
            raise
        if not repair:
            _refuse(f"The index is damaged ({e.reason}). `photos-gateway verify --repair` rebuilds it from the tables.")
        drop_damaged_index(data)
        async with whole(data, "a verification") as sources:
            findings = await compare(sources, repair=True)
    for example in findings.examples:
        screen.say(example)
    screen.say("Tables and index agree." if findings.agrees else "Tables and index disagree.")
    _print(findings.line())
    return 0 if findings.agrees else 1


def _settings(**given: Any) -> Settings:
    """Settings from the environment, and what the command line says over them."""
    from pydantic import ValidationError

    from settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as e:
        first = e.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        _refuse(f"{name + ': ' if name else ''}{first['msg'].removeprefix('Value error, ')}.")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _refuse(sentence: str) -> NoReturn:
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(1)


def _told(run: Callable[[], None]) -> int:
    from datasources.errors import SourceError
    from datasources.folder import UnusableFolder
    from ingest.readers.reading import Unreadable
    from settings import UnusableSettings

    try:
        run()
    except (UnusableFolder, Unreadable, UnusableSettings) as e:
        sys.stderr.write(f"{e}\n")
    except SourceError as e:
        sys.stderr.write(f"The data folder's {e.source} cannot be used: {e.reason}.\n")
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more at its end
    return 1


def main() -> None:
    """The entry point of the command."""
    sys.exit(_told(app))


if __name__ == "__main__":
    main()
