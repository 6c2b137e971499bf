"""Renders the declarations of stores as the Markdown table of docs/erase.md."""

from __future__ import annotations

from typing import Final

from datasources import STORES, TABLES
from datasources.stored_data import NoCustomerData, StoredData

BEGIN, END = "<!-- made from the declarations of the stores: begin -->", "<!-- end -->"
_HEAD: Final = ("store", "holds", "erased", "exported in", "backup", "shown by")


def store_table() -> str:
    """The section between the marks, which are included."""
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(store) for store in STORES)]
    others = [f"`{table.name}`: {table.stored.reason}" for table in TABLES if isinstance(table.stored, NoCustomerData)]
    lines = [BEGIN, *(f"| {' | '.join(cells)} |" for cells in rows), "", "Tables without data of customers:", ""]
    return "\n".join([*lines, *(f"- {other}" for other in others), END])


def _row(store: StoredData) -> tuple[str, ...]:
    exported = ", ".join(f"`{section}`" for section in store.exported.sections) or f"Not exported: {store.exported.text}"
    proven = ", ".join(f"`{test.removeprefix('tests/')}`" for test in store.proven)
    return store.name, store.holds, store.erased.text, exported, store.backed_up.value, proven
