"""The command `keys rotate`, which replaces the data keys of customers while the gateway serves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, app, fail, print_line
from commands.installation import installation_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datasources import Sources
    from datasources.tables.jobs import JobKey
    from resolvers.jobs.runner import JobRunner
    from settings import Settings

keys = typer.Typer(help="Manage the data keys of customers.", no_args_is_help=True)
app.add_typer(keys, name="keys")
_STARTER = "OPERATOR:rotate"
_POLL_S = 1.0


@keys.command()
def rotate(
    customer: Annotated[str | None, typer.Option(help="The customer's id: the claim `sub` of their tokens.")] = None,
    data: Data = None,
    *,
    everyone: Annotated[bool, typer.Option("--all", help="Rotate the keys of every customer.")] = False,
) -> None:
    """Give customers new data keys and encrypt their records with them. Reads and writes continue meanwhile.

    The command takes some minutes, because every process must load a new key before it is used. If it is interrupted, the
    same command or the server continues. The last line of standard output is a JSON object; the exit code is 1 if the
    rotation failed for any customer.
    """
    if (customer is None) is not everyone:
        fail("Select one customer by --customer ID, or all customers by --all.")
    settings = installation_of(data)
    settings.check_profile()
    raise typer.Exit(asyncio.run(_rotate(settings, customer)))


async def _rotate(settings: Settings, customer: str | None) -> int:
    import os

    from datasources.tables.jobs import JobKind
    from indexing.open_stores import open_shared
    from resolvers.jobs.kinds import JOB_FUNCTIONS
    from resolvers.jobs.runner import JobRunner

    async with open_shared(settings.data, "a key rotation", settings.engines) as (sources, exclusive):
        started = [await _start(sources, owner) for owner in await _owners(sources, customer)]
        worker = "a rotation" if settings.engines is None else f"a rotation {os.getpid()}"
        runner = JobRunner(sources, {JobKind.ROTATE: JOB_FUNCTIONS[JobKind.ROTATE]}, worker=worker) if exclusive else None
        return await _ended(sources, started, runner)


async def _owners(sources: Sources, customer: str | None) -> list[str]:
    if customer is None:
        return [owner async for owner in sources.customers.everyone()]
    owner = sources.ids.local_id("customer", customer)
    if owner not in await sources.customers.raw([owner]):
        fail("No customer has this id: check --customer.")
    return [owner]


async def _start(sources: Sources, owner: str) -> JobKey:
    from datasources.tables.jobs import JobKind
    from resolvers.jobs.start import new_job_of, start

    return (await start(sources, new_job_of(sources, _STARTER, owner, JobKind.ROTATE))).key


async def _ended(sources: Sources, jobs: Sequence[JobKey], runner: JobRunner | None) -> int:
    import msgspec

    from datasources.tables.jobs import JobStatus

    while True:
        if runner is not None:
            await runner.run_until_idle()
        records = [await sources.jobs.raw(job) for job in jobs]
        if not any(r is not None and r.live for r in records):
            break
        await asyncio.sleep(_POLL_S)
    completed = [r for r in records if r is not None and r.status is JobStatus.COMPLETED]
    result = {"customers": len(jobs), "rotated": len(completed), "resealed": sum(r.rows for r in completed)}
    print_line(msgspec.json.encode(result).decode())
    return 0 if len(completed) == len(jobs) else 1
