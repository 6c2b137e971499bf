"""The command over what the stack needs: `provision`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import app, fail, print_line, settings_of


@app.command()
def provision(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing")] = False
) -> None:
    """Make the tables, buckets, key and index that the stack of the settings needs, or bring them to what is needed now.

    Safe to repeat. What would lose something is refused with a sentence, and then nothing is done: exit code 1.
    """
    from datasources.provisioning.plan import provision as brought

    stack = settings_of().engines
    if stack is None:
        fail("The embedded stack needs nothing made: set PHOTOS_STACK=aws, or local with the servers of `make servers`.")
    if not asyncio.run(brought(stack, print_line, dry=dry_run)):
        raise typer.Exit(1)
