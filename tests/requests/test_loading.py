from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from resolvers.loading import Loader


async def test_a_cancelled_field_does_not_cancel_the_load_of_other_fields() -> None:
    """One field of a level fails and its siblings are cancelled while another level waits for the same key."""
    go = asyncio.Event()

    async def fetch(keys: Sequence[str]) -> Mapping[str, str]:
        await go.wait()
        return {key: key.upper() for key in keys}

    loader: Loader[str, str] = Loader(fetch)
    given_up, other = asyncio.create_task(loader.one("a")), asyncio.create_task(loader.one("a"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait({given_up})
    go.set()
    assert await other == "A"
