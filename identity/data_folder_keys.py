"""Opens the data sources next to a running server, and shares the issuers' keys between the servers of an installation."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from datasources import Sources
from datasources.data_folder import EMBEDDED, prepare
from datasources.search.read_only_stub import ReadOnlyIndexStub
from datasources.wiring import embedded, real
from settings import Settings

_SHARED: Final = ("links.key", "support.key")


async def open_sources(settings: Settings) -> Sources:
    """Opens the tables for a command, also while a server runs; the search index is read-only."""
    stack = settings.engines
    folder = prepare(settings.data, EMBEDDED if stack is None else stack.name)
    if stack is None:
        return await embedded(folder, index=ReadOnlyIndexStub())
    sources = await real(stack, folder)
    try:
        await share_keys(sources, folder)
    except BaseException:
        await sources.close()
        raise
    return sources


async def share_keys(sources: Sources, folder: Path) -> None:
    """Copies the keys of the link and support issuers to the data folder.

    On the production engines several servers accept each other's tokens, so these keys are secrets of the installation,
    wrapped by the key service.
    """
    for name in _SHARED:
        temporary = folder / f".{name}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(await sources.keys.installation_secret(name))
        temporary.replace(folder / name)
