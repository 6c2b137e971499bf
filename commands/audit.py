"""Commands over the audit: `audit verify` and `audit checkpoint`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from datasources import Sources
    from settings import Settings

audit = typer.Typer(help="The audit: who read what, in a chain that shows every change.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command()
def verify(
    data: Data = None,
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="A checkpoint kept elsewhere, as `audit checkpoint` printed it; may be repeated")
    ] = None,
) -> None:
    """Read the whole chain: what was edited, taken out, put in, moved or cut off is found. Exit code 1 if anything was.

    Checkpoints beside the chain show that its end was cut off; one kept elsewhere shows it though both were.
    """
    raise typer.Exit(asyncio.run(_verify(settings_of(data=data), checkpoint or [])))


@audit.command()
def checkpoint(data: Data = None) -> None:
    """Print the latest signed checkpoint, to be kept where nobody who may write the chain can write."""
    asyncio.run(_checkpoint(settings_of(data=data)))


async def _verify(settings: Settings, kept: list[str]) -> int:
    import msgspec

    from datasources.audit.chain import Findings, signing_key
    from datasources.audit.port import Checkpoint

    try:
        elsewhere = [msgspec.json.decode(text, type=Checkpoint) for text in kept]
    except msgspec.MsgspecError:
        fail("--checkpoint is not what `photos-gateway audit checkpoint` printed.")
    findings = Findings()
    async with _opened(settings) as sources:
        async for link in sources.audit.links():
            findings.read(link)
        key = signing_key(await sources.keys.installation_secret("audit")).public_key()
        findings.hold_against([*await sources.audit.checkpoints(), *elsewhere], key)
    for fault in findings.faults[:20]:
        typer.echo(fault, err=True)
    typer.echo("The chain is whole." if findings.whole else "The chain is NOT whole.", err=True)
    said = {"records": findings.records, "checkpoints": findings.checkpoints, "faults": len(findings.faults)}
    print_line(msgspec.json.encode(said).decode())
    return 0 if findings.whole else 1


async def _checkpoint(settings: Settings) -> None:
    import msgspec

    async with _opened(settings) as sources:
        known = await sources.audit.checkpoints()
    if not known:
        fail("Nothing was recorded yet.")
    print_line(msgspec.json.encode(known[-1]).decode())


def _opened(settings: Settings) -> AbstractAsyncContextManager[Sources]:
    from contextlib import asynccontextmanager

    from indexing.open_stores import open_shared

    @asynccontextmanager
    async def opened() -> AsyncIterator[Sources]:
        async with open_shared(settings.data, "the audit's verification", settings.engines) as (sources, _):
            yield sources

    return opened()
