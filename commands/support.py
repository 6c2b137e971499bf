"""Commands of support: a ticket opens one customer's data for half an hour, and the customer sees it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of

support = typer.Typer(help="Open and close support's leave to look at one customer's data.", no_args_is_help=True)
app.add_typer(support, name="support")

Customer = Annotated[str, typer.Option(help="The customer's id")]
Number = Annotated[str, typer.Option(help="The ticket's number")]
_LONGEST = 200


@support.command("open")
def open_(
    customer: Customer,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; the customer reads it")],
    agent: Annotated[str, typer.Option(help="Who looks")],
    classes: Annotated[str, typer.Option(help="Which classes of data, with commas between them")] = "operational,time",
    data: Data = None,
) -> None:
    """Open a ticket for 30 minutes and print a bearer token for it, and nothing else."""
    for name, text in (("--number", number), ("--reason", reason), ("--agent", agent)):
        if not 0 < len(text.strip()) <= _LONGEST or not text.isprintable() or "#" in number:
            fail(f"{name} must be a printable text of at most {_LONGEST} characters, and a number has no #.")
    settings = settings_of(data=data)
    settings.check_profile()
    from identity.support_tickets import Wanted, open_ticket

    wanted = Wanted(customer, number, reason.strip(), agent, tuple(c.strip().upper() for c in classes.split(",") if c.strip()))
    print_line(asyncio.run(open_ticket(settings, wanted)))


@support.command("close")
def close(customer: Customer, number: Number, data: Data = None) -> None:
    """Close a ticket: its token opens nothing from then on."""
    settings = settings_of(data=data)
    settings.check_profile()
    from identity.support_tickets import close_ticket

    asyncio.run(close_ticket(settings, customer, number))
