"""Commands for the safelist of persisted documents."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.app import Data, Json, app, fail, print_json, print_line
from commands.installation import installation_of

if TYPE_CHECKING:
    from datasources.tables.documents import DocumentRecord

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
    *,
    as_json: Json = False,
) -> None:
    """Add the documents of a manifest to the safelist. If one of them is invalid, none is added."""
    from serving.manifests import add_manifest

    settings = installation_of(data)
    settings.check_profile()
    result = asyncio.run(add_manifest(settings, manifest, client))
    if as_json:
        print_json({"added": result.added, "known": result.known})
        return
    print_line(f"{result.added} added, {result.known} already known, {result.added + result.known} in the manifest.")


@documents.command("list")
def list_documents(data: Data = None, client: Client = None, *, as_json: Json = False) -> None:
    """Print the documents, one on each line: state, day of last use, client, id and name, separated by tabs."""
    from serving.manifests import listed

    records = asyncio.run(listed(installation_of(data), client))
    if as_json:
        print_json({"documents": [_as_json(record) for record in records]})
        return
    for record in records:
        state = "in use" if record.retired_at_ms is None else "retired"
        print_line("\t".join((state, _day(record.used_at_ms), record.client, record.id, record.name)))


@documents.command()
def retire(
    data: Data = None,
    client: Client = None,
    document: Annotated[str | None, typer.Option("--id", help="Retire only the document with this id.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Retire the documents of a client, or one by its id. Servers refuse them within 20 seconds."""
    if client is None and document is None:
        fail("No documents were selected: give --client NAME, --id ID, or both.")
    from serving.manifests import retired

    count = asyncio.run(retired(installation_of(data), client, document))
    if as_json:
        print_json({"retired": count})
    else:
        print_line(f"{count} retired.")


def _as_json(record: DocumentRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "client": record.client,
        "name": record.name,
        "retired": record.retired_at_ms is not None,
        "lastUsed": None if record.used_at_ms is None else _day(record.used_at_ms),
    }


def _day(ms: int | None) -> str:
    return "never" if ms is None else datetime.fromtimestamp(ms / 1_000, UTC).date().isoformat()
