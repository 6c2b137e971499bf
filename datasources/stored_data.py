"""How each store of customers' data is erased, exported, backed up and tested: declared next to the store's definition.

`Table` and each field of `Sources` require such a declaration, so a store without one cannot be imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from access.classes import DataClass

if TYPE_CHECKING:
    from datasources.tables.store import ItemStore, Key, Table

RowsOf = Callable[["Table", "ItemStore", str], AsyncIterator[Sequence["Key"]]]
"""The keys of a customer's rows in a table, in batches."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """How a customer is erased from a store: `rows` of a table, or a `step` of the erasure job; neither: `text` says why."""

    text: str
    rows: RowsOf | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """The sections of an export that hold the data; none: `text` says why."""

    sections: tuple[str, ...] = ()
    text: str = ""


class Backup(Enum):
    """What a backup of a store is; the value is the sentence of the documentation."""

    INCLUDED = "Point-in-time recovery on DynamoDB, versions on S3; the copy of a data folder includes it."
    NEVER = "Never: a backup would keep a destroyed key alive."
    DERIVED = "Not needed: it is rebuilt from other stores."
    SHORT_LIVED = "Not needed: it is only valid for a few days."
    IS_BACKUP = "It is a backup itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredData:
    """The declaration of one store. `proven` lists the tests that show it; `entries` are its names in a data folder."""

    name: str
    holds: str
    classes: tuple[DataClass, ...]
    erased: Erasure
    exported: Export
    backed_up: Backup
    proven: tuple[str, ...]
    entries: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises `TypeError` for a declaration that leaves something open."""
        if not (self.erased.rows or self.erased.step or self.erased.text):
            raise TypeError(f"{self.name}: declare how a customer is erased, or why not")
        if not (self.exported.sections or self.exported.text):
            raise TypeError(f"{self.name}: declare the sections of an export, or why it is not exported")
        if not self.proven:
            raise TypeError(f"{self.name}: declare the tests that prove the erasure")


@dataclass(frozen=True, slots=True)
class NoCustomerData:
    """The declaration of something that stores nothing about customers, and the reason."""

    reason: str


_STORES: Final = "stores"


def stores(*declared: StoredData | NoCustomerData) -> Mapping[str, Any]:
    """The metadata of a field of `Sources` that reads or writes these stores."""
    return {_STORES: declared}


def no_stores(reason: str) -> Mapping[str, Any]:
    """The metadata of a field of `Sources` that stores nothing about customers."""
    return {_STORES: (NoCustomerData(reason),)}


def declared_stores(fields: Iterable[Field[Any]], others: Iterable[StoredData] = ()) -> tuple[StoredData, ...]:
    """The stores of dataclass fields and others, each once, in order; raises `TypeError` for a field that declares none."""
    found: dict[str, StoredData] = {}
    declared = [store for field in fields for store in _of(field)]
    for store in (*declared, *others):
        if isinstance(store, StoredData) and found.setdefault(store.name, store) is not store:
            raise TypeError(f"two stores of customers' data are named {store.name}")
    return tuple(found.values())


def _of(field: Field[Any]) -> tuple[StoredData | NoCustomerData, ...]:
    declared: tuple[StoredData | NoCustomerData, ...] = field.metadata.get(_STORES, ())
    if not declared:
        raise TypeError(
            f"`{field.name}` must declare the customers' data behind it: field(metadata=stores(...)) or no_stores(...)"
        )
    return declared
