"""What a photo is called on every floor below the schema."""

from __future__ import annotations

from typing import NamedTuple


class PhotoKey(NamedTuple):
    """A photo's owner and local id."""

    owner: str
    id: str
