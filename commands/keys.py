"""The command `keys rotate`: new data keys for customers, while everybody reads and writes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datasources import Sources
    from datasources.tables.jobs import JobKey
    from resolvers.jobs.runner import JobRunner
    from settings import Settings

keys = typer.Typer(help="The data keys of customers.", no_args_is_help=True)
app.add_typer(keys, name="keys")
_STARTER = "OPERATOR:rotate"
_LOOK_S = 1.0


@keys.command()
def rotate(
    customer: Annotated[str | None, typer.Option(help="The customer's id (the `sub` of their tokens)")] = None,
    data: Data = None,
    *,
    everyone: Annotated[bool, typer.Option("--all", help="Every customer")] = False,
) -> None:
    """Give customers new data keys and seal their records anew; nobody who reads or writes meanwhile notices.

    It takes some minutes, because every process must know a new key before it seals. Stopped or killed, the same command or
    the server goes on. The last line of standard output is one JSON object; exit code 1 if any could not be ended.
    """
    if (customer is None) is not everyone:
        fail("Name one customer with --customer, or every one with --all.")
    settings = settings_of(data=data)
    settings.check_profile()
    raise typer.Exit(asyncio.run(_rotate(settings, customer)))


async def _rotate(settings: Settings, customer: str | None) -> int:
    import os

    from datasources.tables.jobs import JobKind
    from indexing.open_stores import open_shared
    from resolvers.jobs.kinds import WORKS
    from resolvers.jobs.runner import JobRunner

    async with open_shared(settings.data, "a rotation of keys", settings.engines) as (sources, ours):
        begun = [await _begun(sources, owner) for owner in await _owners(sources, customer)]
        worker = "a rotation" if settings.engines is None else f"a rotation {os.getpid()}"
        runner = JobRunner(sources, {JobKind.ROTATE: WORKS[JobKind.ROTATE]}, worker=worker) if ours else None
        return await _ended(sources, begun, runner)


async def _owners(sources: Sources, customer: str | None) -> list[str]:
    if customer is None:
        return [owner async for owner in sources.customers.everyone()]
    owner = sources.ids.local_id("customer", customer)
    if owner not in await sources.customers.raw([owner]):
        fail("There is no such customer.")
    return [owner]


async def _begun(sources: Sources, owner: str) -> JobKey:
    from datasources.tables.jobs import JobKind
    from resolvers.jobs.start import job_of, start

    return (await start(sources, job_of(sources, _STARTER, owner, JobKind.ROTATE))).key


async def _ended(sources: Sources, jobs: Sequence[JobKey], runner: JobRunner | None) -> int:
    import msgspec

    from datasources.tables.jobs import JobStatus

    while True:
        if runner is not None:
            await runner.drained()
        records = [await sources.jobs.raw(job) for job in jobs]
        if not any(r is not None and r.live for r in records):
            break
        await asyncio.sleep(_LOOK_S)
    whole = [r for r in records if r is not None and r.status is JobStatus.COMPLETED]
    said = {"customers": len(jobs), "rotated": len(whole), "resealed": sum(r.rows for r in whole)}
    print_line(msgspec.json.encode(said).decode())
    return 0 if len(whole) == len(jobs) else 1
