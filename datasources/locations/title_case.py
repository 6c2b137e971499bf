"""Restores capitals: the name index stores folded names and one bit that says whether they are in title case."""

from __future__ import annotations

import re

_BEGINNINGS = re.compile(r"(?<![^\s(\"/.-])\w")


def capitalized(folded: str) -> str:
    """Capitalize each word, also after hyphens and similar characters, as in most names of the gazetteer."""
    return _BEGINNINGS.sub(lambda letter: letter[0].upper(), folded)
