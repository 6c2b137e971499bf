"""How names weigh in search: 20 for ten times as many inhabitants, and these for what kind of name it is.

A primary name beats an alias of a place up to a hundred times as large, and no more than that.
"""

from __future__ import annotations

PRIMARY, FOREIGN, ALIAS = 40, 20, 0
"""The name itself or in English; a name in another language; any other."""

HEAVIEST = 255
