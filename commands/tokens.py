"""Commands that print: `token`, who one may be, and `schema`, what can be asked."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of


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
        fail("Say who: one of --customer ID, --service NAME, --guest SHARE.")
    settings = settings_of(data=data)
    settings.check_profile()
    from identity.token_commands import token_for

    wanted = tuple(s.strip() for s in scopes.split(",") if s.strip())
    print_line(asyncio.run(token_for(settings, customer=customer, service=(service, wanted, purpose), guest=guest)))


@app.command()
def schema(
    *,
    auth: Annotated[
        bool, typer.Option("--auth", help="With @authenticated, @requiresScopes and @policy, for routers that enforce them")
    ] = False,
    node: Annotated[bool, typer.Option(help="With Query.node and Query.nodes")] = True,
) -> None:
    """Print the schema as SDL, as a router composes it."""
    from schema.build import build

    print_line(build().sdl(auth=auth, refetch=node).rstrip("\n"))
