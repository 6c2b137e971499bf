"""Commands for the audit log: `audit verify` and `audit checkpoint`."""

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

audit = typer.Typer(help="Verify the hash-chained audit log.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command()
def verify(
    data: Data = None,
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="A checkpoint that `audit checkpoint` printed earlier. May be repeated.")
    ] = None,
) -> None:
    """Verify that no record of the audit log was changed, removed, inserted, moved or truncated. Exit code 1 if one was.

    The checkpoints that are stored with the log detect a truncated end. A checkpoint that is stored elsewhere and given by
    --checkpoint detects it even if the stored checkpoints were truncated too.
    """
    raise typer.Exit(asyncio.run(_verify(settings_of(data=data), checkpoint or [])))


@audit.command()
def checkpoint(data: Data = None) -> None:
    """Print the latest signed checkpoint. Store it where writers of the audit log have no write access."""
    asyncio.run(_checkpoint(settings_of(data=data)))


async def _verify(settings: Settings, checkpoints: list[str]) -> int:
    import msgspec

    from datasources.audit.chain import VerificationResult, signing_key
    from datasources.audit.port import Checkpoint

    try:
        external = [msgspec.json.decode(text, type=Checkpoint) for text in checkpoints]
    except msgspec.MsgspecError:
        fail("The value of --checkpoint is not a checkpoint: give a line that `photos-gateway audit checkpoint` printed.")
    findings = VerificationResult()
    async with _opened(settings) as sources:
        async for link in sources.audit.links():
            findings.add_line(link)
        key = signing_key(await sources.keys.installation_secret("audit")).public_key()
        findings.check_checkpoints([*await sources.audit.checkpoints(), *external], key)
    for fault in findings.faults[:20]:
        typer.echo(fault, err=True)
    typer.echo("The audit log is intact." if findings.intact else "The audit log is NOT intact.", err=True)
    result = {"records": findings.records, "checkpoints": findings.checkpoints, "faults": len(findings.faults)}
    print_line(msgspec.json.encode(result).decode())
    return 0 if findings.intact else 1


async def _checkpoint(settings: Settings) -> None:
    import msgspec

    async with _opened(settings) as sources:
        known = await sources.audit.checkpoints()
    if not known:
        fail("The audit log has no checkpoint yet.")
    print_line(msgspec.json.encode(known[-1]).decode())


def _opened(settings: Settings) -> AbstractAsyncContextManager[Sources]:
    from contextlib import asynccontextmanager

    from indexing.open_stores import open_shared

    @asynccontextmanager
    async def opened() -> AsyncIterator[Sources]:
        async with open_shared(settings.data, "the verification of the audit log", settings.engines) as (sources, _):
            yield sources

    return opened()
