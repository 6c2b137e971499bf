"""What is shown instead of a picture that cannot be shown: grey, in the size and encoding that was asked for."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from pictures.rendering import blank as rendered
from pictures.size_ladder import Size

_PIXELS = 64


async def blank(size: Size, encoding: str) -> bytes:
    """Small, in the shape of the size: a page scales it as it does what it stands for."""
    longer = max(size)
    small = Size(*(max(round(side * min(_PIXELS, longer) / longer), 1) for side in size))
    return await asyncio.to_thread(_made, small, encoding)


_made = lru_cache(maxsize=256)(rendered)
