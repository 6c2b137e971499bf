"""Each gate, and how to switch it off: what a careless change could do in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import PropertyMock, patch

from access.classes import DataClass
from access.policy import Use, Visibility
from access.scope import Scope
from access.seals import Binding, OwnerKeys, Seals, unseal
from datasources.search.columns import SortKey
from datasources.search.conditions import Condition, Everything, Field
from datasources.search.port import Order
from datasources.search.row_security import RowSecurityRewriter, SortPartition
from datasources.search.tantivy.index import TantivyIndex
from datasources.search.tantivy.query import Compiler
from datasources.tables import sealed_body
from resolvers import photo_precision
from schema import build, fields

Switch = Callable[[], ExitStack]


def _patched(*changes: tuple[object, str, object]) -> ExitStack:
    stack = ExitStack()
    for owner, name, instead in changes:
        stack.enter_context(patch.object(owner, name, instead))
    return stack


def _exact_order(self: RowSecurityRewriter, order: Order) -> tuple[SortPartition, ...]:
    key = SortKey.ADDED if order in {Order.ADDED_ASC, Order.ADDED_DESC} else SortKey.TAKEN
    return (SortPartition(Everything(), key),)


def _counted_over_all(self: TantivyIndex, scope: Scope, conditions: list[Condition]) -> tuple[int, list[int]]:
    searcher = self._index.searcher()
    compiler = Compiler(self._schema, searcher, Everything())
    total, *counts = (searcher.search(compiler.inside(c), limit=1).count for c in [Everything(), *conditions])
    return total, counts


def _opened_for_all(_: Visibility, data_class: DataClass, keys: OwnerKeys, binding: Binding, sealed: Seals) -> bytes | None:
    value = sealed.get(data_class.value)
    return None if value is None else unseal(keys, binding, data_class.value, value)


def _file_name_as_content(self: Visibility, data_class: DataClass, use: Use = Use.READ) -> bool:
    return _may(self, DataClass.CONTENT if data_class is DataClass.FILE_NAME else data_class, use)


_may = Visibility.may


def _values() -> ExitStack:
    return _patched((sealed_body, "open_group", _opened_for_all), (fields, "_denied", lambda *_: False))


SWITCHES: dict[str, Switch] = {
    "rows of the tables": lambda: _patched((Scope, "_others", lambda *_: Visibility(Scope.relation.fget(_[0])))),  # type: ignore[attr-defined]
    "conditions": lambda: _patched((RowSecurityRewriter, "rewrite", lambda _self, condition, _use=None: condition)),
    "orders": lambda: _patched((RowSecurityRewriter, "parts", _exact_order)),
    "facets": lambda: _patched((RowSecurityRewriter, "readable", lambda *_: Everything())),
    "values": _values,
    "precision of times": lambda: _patched(
        (Visibility, "clock_time", PropertyMock(return_value=True)), (Visibility, "offset", PropertyMock(return_value=True))
    ),
    "file names": lambda: _patched((Visibility, "may", _file_name_as_content)),
    "precision of places": lambda: _patched((photo_precision, "_at_most", _as_it_is)),
    "home zones": lambda: _patched((Visibility, "at_home", lambda self: self)),
    "ranking": lambda: _patched((TantivyIndex, "_document_frequencies", _counted_over_all)),
    "albums of a share": lambda: _patched((RowSecurityRewriter, "_in_albums", lambda _self, values: _in(values))),
}
"""Switched off, two worlds can be told apart."""

FIRST_GATE: Switch = lambda: _patched((build, "denied_coordinates", lambda *_: ()))  # noqa: E731 - a switch like the others


async def _as_it_is(_context: object, place: object, _finest: object) -> object:
    return place


def _in(values: tuple[str, ...]) -> object:
    from datasources.search.conditions import AnyOf

    return AnyOf(Field.ALBUM, values)


@contextmanager
def switched_off(name: str) -> Iterator[None]:
    """Without one gate."""
    with SWITCHES[name]():
        yield
