"""The grey image that replaces a picture which cannot be rendered."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from pictures.rendering import blank as render_blank
from pictures.size_ladder import Size

_LONGER_SIDE = 64


async def blank(size: Size, encoding: str) -> bytes:
    """An image of at most 64 pixels on the longer side with the aspect ratio of `size`, which the page scales up."""
    longer = max(size)
    small = Size(*(max(round(side * min(_LONGER_SIDE, longer) / longer), 1) for side in size))
    return await asyncio.to_thread(_cached_blank, small, encoding)


_cached_blank = lru_cache(maxsize=256)(render_blank)
