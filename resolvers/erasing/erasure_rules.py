"""How a customer is erased from each store, derived from the declarations of the stores.

A store that declares an erasure step without one here, and a step here that no store declares, fail at import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from datasources import STORES, TABLES
from datasources.stored_data import RowsOf
from datasources.tables.store import ItemStore, Key, Remove, Table

STEPS: Final = frozenset({"jobs", "results", "originals", "caches", "index", "feed"})
"""The steps of the erasure job for stores that are not erased row by row (`erase`)."""


@dataclass(frozen=True, slots=True)
class ErasureRule:
    """The rows about a customer in one table. Rows that are removed meanwhile do no harm."""

    table: Table
    rows: RowsOf | None

    async def remove(self, store: ItemStore, owner: str) -> int:
        """Removes the rows and returns their number."""
        removed = 0
        if self.rows is not None:
            async for keys in self.rows(self.table, store, owner):
                await store.write_each([Remove(self.table, key, None) for key in keys])
                removed += len(keys)
        return removed

    async def remaining(self, store: ItemStore, owner: str) -> list[Key]:
        """The keys of rows that are still there."""
        return [] if self.rows is None else [key async for keys in self.rows(self.table, store, owner) for key in keys]


def _in_order() -> tuple[Table, ...]:
    """The customer's record goes last, so that an interrupted erasure still finds it."""
    return tuple(sorted(TABLES, key=lambda table: table.name in {"customers", "keys"}))


ERASURE_RULES: Final[Mapping[str, ErasureRule]] = MappingProxyType(
    {table.name: ErasureRule(table, table.erased.rows) for table in _in_order()}
)
_DECLARED: Final = {store.erased.step for store in STORES if store.erased.step is not None}
if _DECLARED != STEPS:
    raise TypeError(f"steps of the erasure without an implementation or a store: {', '.join(sorted(_DECLARED ^ STEPS))}")
