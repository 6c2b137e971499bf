"""The command `erase`, which erases one customer permanently."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, Json, app, fail, print_line
from commands.installation import installation_of

if TYPE_CHECKING:
    from datasources import Sources
    from datasources.tables.jobs import JobKey, JobRecord
    from resolvers.jobs.runner import JobRunner
    from settings import Settings

_POLL_S = 1.0
_HOLDER = "an erasure"


@app.command()
def erase(
    customer: Annotated[str, typer.Option(help="The customer's id: the claim `sub` of their tokens.")],
    data: Data = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    certificate: Annotated[Path | None, typer.Option(help="A file to which the certificate is also written.")] = None,
    as_json: Json = False,
) -> None:
    """Erase a customer permanently. Their data is unreadable immediately, and is then removed from every store.

    The command takes a little over a minute, because it waits until the caches of other processes have expired. If it is
    interrupted, the same command continues. While a server runs, the server does the work. The command prints the erasure
    certificate; the exit code is 1 if there is none. Later imports for the customer are refused.
    """
    settings = installation_of(data)
    settings.check_profile()
    asyncio.run(_check_customer(settings, customer))
    if not yes:
        typer.confirm("An erasure cannot be undone. Erase the customer?", abort=True, err=True)
    text = asyncio.run(_erase(settings, customer, is_quiet=as_json))
    if certificate is not None:
        certificate.write_text(text)
    print_line(text.rstrip("\n"))


async def _check_customer(settings: Settings, customer: str) -> None:
    """Ends the command if no customer has this id; an erased customer counts, so that an erasure can be continued."""
    from identity.data_folder_keys import open_sources

    sources = await open_sources(settings)
    try:
        owner = sources.ids.local_id("customer", customer)
        if owner not in await sources.customers.raw([owner]) and not await sources.keys.is_destroyed(owner):
            fail("No customer has this id: check --customer.")
    finally:
        await sources.close()


async def _erase(settings: Settings, customer: str, *, is_quiet: bool) -> str:
    import os

    from datasources.tables.jobs import JobKind, Running
    from indexing.open_stores import open_shared
    from resolvers.erasing.start import OPERATOR, begin_erasure
    from resolvers.jobs.kinds import JOB_FUNCTIONS
    from resolvers.jobs.runner import JobRunner

    async with open_shared(settings.data, _HOLDER, settings.engines) as (sources, exclusive):
        owner = sources.ids.local_id("customer", customer)
        started = await begin_erasure(sources, owner, OPERATOR)
        if not is_quiet:
            typer.echo("The data is unreadable now. Removing it from the stores...", err=True)
        job = started.key if isinstance(started, Running) else started
        # With embedded engines only one process has the folder, so this one may take over the lease of an earlier one.
        worker = _HOLDER if settings.engines is None else f"{_HOLDER} {os.getpid()}"
        runner = JobRunner(sources, {JobKind.ERASE: JOB_FUNCTIONS[JobKind.ERASE]}, worker=worker) if exclusive else None
        record = await _ended(sources, job, runner)
        return await _certificate(sources, record)


async def _ended(sources: Sources, job: JobKey, runner: JobRunner | None) -> JobRecord:
    """Runs the job, or waits for the process that runs it, until it has ended."""
    while True:
        if runner is not None:
            await runner.run_until_idle()
        record = await sources.jobs.raw(job)
        if record is None:
            fail("The job of the erasure no longer exists: run the command again.")
        if not record.live:
            return record
        await asyncio.sleep(_POLL_S)


async def _certificate(sources: Sources, record: JobRecord) -> str:
    from datasources.media.port import MediaKey
    from resolvers.jobs.job_run import folder_of

    if not record.files:
        fail(f"The erasure failed ({record.error_code}): the remaining data is unreadable. Run the command again.")
    pieces = await sources.results.read(MediaKey(folder_of(sources, record), record.files[0].name))
    if pieces is None:
        fail("The certificate has expired: run the command again for a new one.")
    return b"".join([piece async for piece in pieces]).decode()
