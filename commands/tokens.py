"""The commands `token` and `schema`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of


@app.command()
def token(
    data: Data = None,
    customer: Annotated[str | None, typer.Option(help="The id of the customer for whom the token is.")] = None,
    service: Annotated[str | None, typer.Option(help="The name of the service for which the token is.")] = None,
    guest: Annotated[
        str | None, typer.Option(help="The share for whose guest the token is: its id, its link, or the secret of the link.")
    ] = None,
    scopes: Annotated[str, typer.Option(help="The scopes of the service, separated by commas.")] = "",
    purpose: Annotated[str | None, typer.Option(help="The purpose for which the service uses the token.")] = None,
) -> None:
    """Print a bearer token that is valid for one hour."""
    if sum(who is not None for who in (customer, service, guest)) != 1:
        fail("Give exactly one of --customer ID, --service NAME and --guest SHARE.")
    settings = settings_of(data=data)
    settings.check_profile()
    from identity.token_commands import token_for

    requested = tuple(s.strip() for s in scopes.split(",") if s.strip())
    print_line(asyncio.run(token_for(settings, customer=customer, service=(service, requested, purpose), guest=guest)))


@app.command()
def schema(
    *,
    auth: Annotated[
        bool, typer.Option("--auth", help="Include @authenticated, @requiresScopes and @policy, for routers that enforce them")
    ] = False,
    node: Annotated[bool, typer.Option(help="Include Query.node and Query.nodes")] = True,
    plain: Annotated[
        bool, typer.Option("--plain", help="Without directives of federation and data classes, for code generators and clients")
    ] = False,
) -> None:
    """Print the schema as SDL with federation directives, the input of a router's composition."""
    if plain and auth:
        fail("Give either --plain or --auth: a plain schema has no authorization directives.")
    from schema.build import build
    from schema.plain_sdl import plain_sdl

    sdl = build().sdl(auth=auth, refetch=node)
    print_line((plain_sdl(sdl) if plain else sdl).rstrip("\n"))
