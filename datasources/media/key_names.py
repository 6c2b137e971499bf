"""What owners and files may be called, on every engine."""

from __future__ import annotations

import re

from datasources.media.port import MediaKey

_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)


def checked_owner(owner: str) -> str:
    """The owner; raises `ValueError`."""
    if not _PART.fullmatch(owner):
        raise ValueError("no owner of files is called so")
    return owner


def checked_key(key: MediaKey) -> MediaKey:
    """The key; raises `ValueError`."""
    checked_owner(key.owner)
    if not _PART.fullmatch(key.name):
        raise ValueError("no file is called so")
    return key
