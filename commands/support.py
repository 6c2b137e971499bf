"""The commands `support open` and `support close`. A ticket gives access to one customer's data for 30 minutes."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import Data, Json, app, fail, print_json
from commands.installation import installation_of
from commands.tokens import print_token

support = typer.Typer(help="Open and close support tickets.", no_args_is_help=True)
app.add_typer(support, name="support")

Customer = Annotated[str, typer.Option(help="The customer's id: the claim `sub` of their tokens.")]
Number = Annotated[str, typer.Option(help="The number of the ticket.")]
_MAX_LENGTH = 200


@support.command("open")
def open_(
    customer: Customer,
    number: Number,
    reason: Annotated[str, typer.Option(help="The reason for the access, which the customer can read.")],
    agent: Annotated[str, typer.Option(help="The name of the support agent.")],
    classes: Annotated[
        str, typer.Option(help="The data classes to which the ticket gives access, separated by commas.")
    ] = "operational,time",
    data: Data = None,
    *,
    as_json: Json = False,
) -> None:
    """Open a ticket for 30 minutes and print a bearer token for it."""
    for name, text in (("--number", number), ("--reason", reason), ("--agent", agent)):
        if not 0 < len(text.strip()) <= _MAX_LENGTH or not text.isprintable() or "#" in number:
            fail(f"{name} must have 1 to {_MAX_LENGTH} printable characters, and a number must not contain #.")
    settings = installation_of(data)
    settings.check_profile()
    from identity.support_tickets import TicketRequest, open_ticket

    request = TicketRequest(
        customer, number, reason.strip(), agent, tuple(c.strip().upper() for c in classes.split(",") if c.strip())
    )
    print_token(asyncio.run(open_ticket(settings, request)), as_json=as_json)


@support.command("close")
def close(customer: Customer, number: Number, data: Data = None, *, as_json: Json = False) -> None:
    """Close a ticket, which ends the access of its token."""
    settings = installation_of(data)
    settings.check_profile()
    from identity.support_tickets import close_ticket

    asyncio.run(close_ticket(settings, customer, number))
    if as_json:
        print_json({"closed": number})
