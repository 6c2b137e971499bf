"""Weights of names in search: 20 per factor of ten in population, plus a weight for the type of the name.

A primary name ranks before an alias of a place up to a hundred times as large.
"""

from __future__ import annotations

PRIMARY, FOREIGN, ALIAS = 40, 20, 0
"""The own or English name; a name in another language; any other name."""

MAX_WEIGHT = 255
