"""The commands `token` and `schema`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from commands.app import Data, Json, app, fail, print_json, print_line
from commands.installation import installation_of

_MAX_LENGTH: Final = 256


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
    *,
    as_json: Json = False,
) -> None:
    """Print a bearer token that is valid for one hour."""
    if sum(who is not None for who in (customer, service, guest)) != 1:
        fail("Give exactly one of --customer ID, --service NAME and --guest SHARE.")
    for name, text in (("--customer", customer), ("--service", service), ("--guest", guest), ("--purpose", purpose)):
        if text is not None and not (text.strip() and text.isprintable() and len(text) <= _MAX_LENGTH):
            fail(f"{name} must have 1 to {_MAX_LENGTH} printable characters, not only spaces.")
    if service is None and (scopes or purpose is not None):
        fail("--scopes and --purpose are for services: persons have the rights that the access policy gives them.")
    requested = tuple(s.strip() for s in scopes.split(",") if s.strip())
    _check_scopes(requested)
    settings = installation_of(data)
    settings.check_profile()
    from identity.token_commands import token_for

    made = asyncio.run(token_for(settings, customer=customer, service=(service, requested, purpose), guest=guest))
    print_token(made, as_json=as_json)


def _check_scopes(requested: tuple[str, ...]) -> None:
    from access.token_scopes import SERVICE_SCOPES

    unknown = sorted(set(requested) - SERVICE_SCOPES)
    if unknown:
        fail(f"There is no scope {', '.join(unknown)}: the scopes of services are {', '.join(sorted(SERVICE_SCOPES))}.")


def print_token(token: str, *, as_json: bool) -> None:
    """Writes a token, or a JSON object with the token and the time when it expires."""
    if not as_json:
        print_line(token)
        return
    import jwt

    expires = jwt.decode(token, options={"verify_signature": False})["exp"]
    print_json({"token": token, "expiresAt": datetime.fromtimestamp(expires, UTC).isoformat()})


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
