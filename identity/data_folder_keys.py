"""The sources beside a running server, and the keys by which every server of an installation knows its own tokens."""

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


async def open_beside(settings: Settings) -> Sources:
    """For commands that need the tables only."""
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
    """On real engines there are many servers: guests' and support's tokens of one are good at every other.

    So their keys are secrets of the installation, wrapped by the key service, and the folder has a copy.
    """
    for name in _SHARED:
        fresh = folder / f".{name}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(await sources.keys.installation_secret(name))
        fresh.replace(folder / name)
