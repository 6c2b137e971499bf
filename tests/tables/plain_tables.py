"""Tables of tests, which hold no data of customers."""

from __future__ import annotations

from datasources.stored_data import NoCustomerData
from datasources.tables.store import Table

NO_CUSTOMERS = NoCustomerData("rows of a test")


def plain_table(name: str, indexes: tuple[str, ...] = (), *, feed: bool = False, expires: bool = False) -> Table:
    """A table without data of customers."""
    return Table(name, indexes, feed, expires, stored=NO_CUSTOMERS)
