"""Commands for the safelist: which documents clients may send in production, and which of them are still used."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of

documents = typer.Typer(
    help="Documents that clients may send by their id: the only ones in production.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(documents, name="documents")
Client = Annotated[str | None, typer.Option("--client", help="Whose documents")]


@documents.command()
def add(
    manifest: Annotated[Path, typer.Argument(help="Relay's map of ids to texts, or Apollo's persisted query manifest")],
    client: Annotated[str, typer.Option("--client", help="Whose documents these are: ios, web, ...")],
    data: Data = None,
) -> None:
    """Register the documents of a manifest; nothing is registered where one of them is not valid."""
    from serving.manifests import add_manifest

    settings = settings_of(data=data)
    settings.check_profile()
    found = asyncio.run(add_manifest(settings, manifest, client))
    print_line(f"{found.added} added, {found.known} known already, {found.added + found.known} in the manifest.")


@documents.command("list")
def list_documents(data: Data = None, client: Client = None) -> None:
    """Print each document: state, day of last use, client, id, name, with tabs between them."""
    from serving.manifests import listed

    for record in asyncio.run(listed(settings_of(data=data), client)):
        state = "in use" if record.retired_at_ms is None else "retired"
        print_line("\t".join((state, _day(record.used_at_ms), record.client, record.id, record.name)))


@documents.command()
def retire(
    data: Data = None,
    client: Client = None,
    document: Annotated[str | None, typer.Option("--id", help="Only the document with this id")] = None,
) -> None:
    """Take documents out of use, of a client or by id; servers notice within twenty seconds."""
    if client is None and document is None:
        fail("Say which: --client NAME, --id ID, or both.")
    from serving.manifests import retired

    print_line(f"{asyncio.run(retired(settings_of(data=data), client, document))} retired.")


def _day(ms: int | None) -> str:
    return "never" if ms is None else datetime.fromtimestamp(ms / 1_000, UTC).date().isoformat()
