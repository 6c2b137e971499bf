"""Validation of owners and file names, the same for every engine."""

from __future__ import annotations

import re

from datasources.media.port import MediaKey

_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)


def checked_owner(owner: str) -> str:
    """The owner if it is valid; raises `ValueError`."""
    if not _PART.fullmatch(owner):
        raise ValueError("invalid owner of a media file")
    return owner


def checked_key(key: MediaKey) -> MediaKey:
    """The key if it is valid; raises `ValueError`."""
    checked_owner(key.owner)
    if not _PART.fullmatch(key.name):
        raise ValueError("invalid name of a media file")
    return key
