"""Commands for the audit log: `audit verify` and `audit checkpoint`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, Json, app, fail, print_json, print_line
from commands.installation import installation_of

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
    *,
    as_json: Json = False,
) -> None:
    """Verify that no record of the audit log was changed, removed, inserted or moved. Exit code 1 if one was.

    A removed checkpoint is a fault too. If the end of the log and its checkpoints were removed together, only a checkpoint
    that is stored elsewhere and given by --checkpoint detects it.
    """
    raise typer.Exit(asyncio.run(_verify(installation_of(data), checkpoint or [], as_json=as_json)))


@audit.command()
def checkpoint(data: Data = None) -> None:
    """Print the latest signed checkpoint. Store it where writers of the audit log have no write access."""
    asyncio.run(_checkpoint(installation_of(data)))


async def _verify(settings: Settings, checkpoints: list[str], *, as_json: bool) -> int:
    import msgspec

    from datasources.audit.chain import AuditKeys
    from datasources.audit.port import Checkpoint
    from datasources.audit.verification import verify_log

    try:
        external = [msgspec.json.decode(text, type=Checkpoint) for text in checkpoints]
    except msgspec.MsgspecError:
        fail("The value of --checkpoint is not a checkpoint: give a line that `photos-gateway audit checkpoint` printed.")
    async with _opened(settings) as sources:
        keys = AuditKeys.of(await sources.keys.installation_secret("audit"))
        findings = await verify_log(sources.audit, keys, external)
    if not as_json:
        for fault in findings.faults[:20]:
            typer.echo(fault, err=True)
        typer.echo("The audit log is intact." if findings.intact else "The audit log is NOT intact.", err=True)
    result = {
        "records": findings.records,
        "checkpoints": findings.checkpoints,
        "faults": len(findings.faults),
        "unkeyed": findings.unkeyed,
        "unsigned": findings.unsigned,
    }
    print_json(result)
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
