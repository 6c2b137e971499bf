"""Commands for the safelist of persisted documents."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from commands.app import Data, app, fail, print_line, settings_of

documents = typer.Typer(
    help="Manage persisted documents, which clients send by id. In production no other documents are accepted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(documents, name="documents")
Client = Annotated[str | None, typer.Option("--client", help="The name of the client to which the documents belong.")]


@documents.command()
def add(
    manifest: Annotated[
        Path, typer.Argument(help="A JSON file: Relay's map of ids to documents, or Apollo's persisted query manifest.")
    ],
    client: Annotated[
        str, typer.Option("--client", help="The name of the client to which the documents belong, for example ios.")
    ],
    data: Data = None,
) -> None:
    """Add the documents of a manifest to the safelist. If one of them is invalid, none is added."""
    from serving.manifests import add_manifest

    settings = settings_of(data=data)
    settings.check_profile()
    result = asyncio.run(add_manifest(settings, manifest, client))
    print_line(f"{result.added} added, {result.known} already known, {result.added + result.known} in the manifest.")


@documents.command("list")
def list_documents(data: Data = None, client: Client = None) -> None:
    """Print the documents, one on each line: state, day of last use, client, id and name, separated by tabs."""
    from serving.manifests import listed

    for record in asyncio.run(listed(settings_of(data=data), client)):
        state = "in use" if record.retired_at_ms is None else "retired"
        print_line("\t".join((state, _day(record.used_at_ms), record.client, record.id, record.name)))


@documents.command()
def retire(
    data: Data = None,
    client: Client = None,
    document: Annotated[str | None, typer.Option("--id", help="Retire only the document with this id.")] = None,
) -> None:
    """Retire the documents of a client, or one by its id. Servers refuse them within 20 seconds."""
    if client is None and document is None:
        fail("No documents were selected: give --client NAME, --id ID, or both.")
    from serving.manifests import retired

    print_line(f"{asyncio.run(retired(settings_of(data=data), client, document))} retired.")


def _day(ms: int | None) -> str:
    return "never" if ms is None else datetime.fromtimestamp(ms / 1_000, UTC).date().isoformat()
