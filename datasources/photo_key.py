"""The key of a photo in all packages below the schema."""

from __future__ import annotations

from typing import NamedTuple


class PhotoKey(NamedTuple):
    """The owner of a photo and its id, which is unique per owner."""

    owner: str
    id: str
