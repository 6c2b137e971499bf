"""The command `erase`: one customer, from everything, for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of

if TYPE_CHECKING:
    from datasources import Sources
    from datasources.tables.jobs import JobKey, JobRecord
    from resolvers.jobs.runner import JobRunner
    from settings import Settings

_LOOK_S = 1.0
_HOLDER = "an erasure"


@app.command()
def erase(
    customer: Annotated[str, typer.Option(help="The customer's id (the `sub` of their tokens)")],
    data: Data = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    certificate: Annotated[Path | None, typer.Option(help="Write the certificate here too")] = None,
) -> None:
    """Erase a customer for good: unreadable at once, removed from every store, and never taken in again.

    It takes a little over a minute: what other processes knew is waited for. Stopped or killed, the same command goes on, and
    beside a running server the server does the work. The certificate is printed; exit code 1 if there is none.
    """
    settings = settings_of(data=data)
    settings.check_profile()
    if settings.engines is None and not settings.data.exists():
        fail(f"There is no data folder {settings.data}.")
    if not yes:
        typer.confirm("This cannot be undone. Erase the customer?", abort=True, err=True)
    text = asyncio.run(_erase(settings, customer))
    if certificate is not None:
        certificate.write_text(text)
    print_line(text.rstrip("\n"))


async def _erase(settings: Settings, customer: str) -> str:
    import os

    from datasources.tables.jobs import JobKind, Running
    from indexing.open_stores import open_shared
    from resolvers.erasing.start import OPERATOR, begin_erasure
    from resolvers.jobs.kinds import WORKS
    from resolvers.jobs.runner import JobRunner

    async with open_shared(settings.data, _HOLDER, settings.engines) as (sources, ours):
        owner = sources.ids.local_id("customer", customer)
        if owner not in await sources.customers.raw([owner]) and not await sources.keys.is_destroyed(owner):
            fail("There is no such customer.")
        begun = await begin_erasure(sources, owner, OPERATOR)
        typer.echo("Unreadable from now on. Removing what is left...", err=True)
        job = begun.key if isinstance(begun, Running) else begun
        # On the embedded engines one process at a time has the folder, and an earlier one's lease is ours.
        worker = _HOLDER if settings.engines is None else f"{_HOLDER} {os.getpid()}"
        runner = JobRunner(sources, {JobKind.ERASE: WORKS[JobKind.ERASE]}, worker=worker) if ours else None
        record = await _ended(sources, job, runner)
        return await _certificate(sources, record)


async def _ended(sources: Sources, job: JobKey, runner: JobRunner | None) -> JobRecord:
    """Works, or looks at whoever works, until it has ended."""
    while True:
        if runner is not None:
            await runner.drained()
        record = await sources.jobs.raw(job)
        if record is None:
            fail("The erasure's job is gone.")
        if not record.live:
            return record
        await asyncio.sleep(_LOOK_S)


async def _certificate(sources: Sources, record: JobRecord) -> str:
    from datasources.media.port import MediaKey
    from resolvers.jobs.job_run import folder_of

    if not record.files:
        fail(f"The erasure could not be ended ({record.error_code}): what is left is unreadable. Give the command again.")
    pieces = await sources.results.read(MediaKey(folder_of(sources, record), record.files[0].name))
    if pieces is None:
        fail("The certificate is gone: give the command again for another one.")
    return b"".join([piece async for piece in pieces]).decode()
