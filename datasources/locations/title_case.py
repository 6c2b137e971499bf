"""The index of names holds them folded; which of them the gazetteer writes with capitals takes one bit each."""

from __future__ import annotations

import re

_BEGINNINGS = re.compile(r"(?<![^\s(\"/.-])\w")


def capitalized(folded: str) -> str:
    """Each word with a capital, after spaces, hyphens and the like: how the gazetteer writes most names."""
    return _BEGINNINGS.sub(lambda letter: letter[0].upper(), folded)
