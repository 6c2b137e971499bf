"""The command `provision`, which creates the resources of the production engines."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import app, fail, print_line, settings_of


@app.command()
def provision(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the changes without making them.")] = False
) -> None:
    """Create or update the production resources.

    On local servers these are the tables, buckets, key and index of the settings. On AWS, CloudFormation creates tables, buckets
    and key; the command checks them and creates the OpenSearch user and the index. It may be repeated. If a resource is
    missing or a change would lose data, nothing is changed and the exit code is 1.
    """
    from datasources.provisioning.plan import provision as apply

    stack = settings_of().engines
    if stack is None:
        fail("The embedded engines need no provisioning: set PHOTOS_STACK to aws, or to local after `make servers`.")
    if not asyncio.run(apply(stack, print_line, dry=dry_run)):
        raise typer.Exit(1)
