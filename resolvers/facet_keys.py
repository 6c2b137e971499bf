"""Facets of photo sets, and the conversion between their public keys and index values."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from access.ids import Ids, InvalidId
from datasources.search.conditions import All, Any_, AnyOf, Between, Condition, Field, Nothing
from resolvers.errors import BadInput

MAX_VALUES = 1_000


class FacetBy(Enum):
    """Facets by the names of the GraphQL enum."""

    COUNTRY = "COUNTRY"
    REGION = "REGION"
    CITY = "CITY"
    PERSON = "PERSON"
    LABEL = "LABEL"
    ALBUM = "ALBUM"
    OWNER = "OWNER"
    KEYWORD = "KEYWORD"
    CAMERA = "CAMERA"
    LENS = "LENS"
    MEDIA_TYPE = "MEDIA_TYPE"
    RATING = "RATING"
    FAVORITE = "FAVORITE"
    YEAR = "YEAR"
    MONTH = "MONTH"

    @property
    def field(self) -> Field:
        """The index field of the facet."""
        return Field[self.name]

    @property
    def node_type(self) -> str | None:
        """The GraphQL type whose global ids are the facet's keys; None if the keys are plain values."""
        return _NODE_TYPES.get(self.name)

    @property
    def identifies(self) -> bool:
        """Whether a key identifies a customer, or is an object or a text of one."""
        return self.node_type in {"Customer", "Album", "Person"} or self is FacetBy.KEYWORD


_NODE_TYPES = {
    "COUNTRY": "Place",
    "REGION": "Place",
    "CITY": "Place",
    "PERSON": "Person",
    "LABEL": "Label",
    "ALBUM": "Album",
    "OWNER": "Customer",
}


def checked_list(values: Sequence[Any]) -> list[Any]:
    """A list argument of a filter; raises `BadInput` for more than `MAX_VALUES` entries."""
    if len(values) > MAX_VALUES:
        raise BadInput(f"A list in a filter must have at most {MAX_VALUES} entries.", "FILTER_SIZE")
    return list(values)


def local_ids(given: Sequence[str], type_name: str, ids: Ids) -> list[str]:
    """Local ids of global ids; ids of other types and invalid ones are left out, because they match nothing."""
    found = []
    for text in given:
        try:
            known = ids.decode(text)
        except InvalidId:
            continue
        if known.type == type_name:
            found.append(known.local)
    return found


def selected_values(by: FacetBy, keys: Sequence[str], ids: Ids) -> list[str]:
    """The index values of bucket keys."""
    values = checked_list(keys)
    if by.node_type is not None:
        return local_ids(values, by.node_type, ids)
    if by in {FacetBy.YEAR, FacetBy.MONTH, FacetBy.RATING}:
        return [str(int(v)) for v in values if v.isascii() and v.isdigit() and len(v) <= len("9999")]
    return values


def selection_condition(name: Field, values: Sequence[str], *, match_all: bool) -> Condition:
    """The condition that any or all of the values match."""
    singles: list[Condition] = [
        Between(name, int(v), int(v)) if name in {Field.YEAR, Field.MONTH, Field.RATING} else AnyOf(name, (v,)) for v in values
    ]
    if match_all:
        return All(tuple(singles)) if singles else Nothing()
    return Any_(tuple(singles))
