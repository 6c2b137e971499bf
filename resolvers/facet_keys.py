"""What photos can be counted and selected by, and the ids that clients name things by."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from access.ids import BadId, Ids
from datasources.search.conditions import All, Any_, AnyOf, Between, Condition, Field, Nothing
from resolvers.errors import BadInput

MAX_VALUES = 1_000


class FacetBy(Enum):
    """What photos can be counted and selected by, with the field that holds it."""

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
        """The field of the index."""
        return Field[self.name]

    @property
    def node_type(self) -> str | None:
        """The type whose global ids are the keys, if one."""
        return _NODE_TYPES.get(self.name)


_NODE_TYPES = {
    "COUNTRY": "Place",
    "REGION": "Place",
    "CITY": "Place",
    "PERSON": "Person",
    "LABEL": "Label",
    "ALBUM": "Album",
    "OWNER": "Customer",
}


def bounded(values: Sequence[Any]) -> list[Any]:
    """A list of a filter; raises `BadInput` beyond its bound."""
    if len(values) > MAX_VALUES:
        raise BadInput(f"a list in a filter may have {MAX_VALUES} entries", "FILTER_SIZE")
    return list(values)


def local_ids(given: Sequence[str], type_name: str, ids: Ids) -> list[str]:
    """Local ids of global ones; ids of other types and forged ones match nothing, so they are left out."""
    found = []
    for text in given:
        try:
            known = ids.decode(text)
        except BadId:
            continue
        if known.type == type_name:
            found.append(known.local)
    return found


def selected_values(by: FacetBy, keys: Sequence[str], ids: Ids) -> list[str]:
    """Keys of buckets as the index knows them."""
    values = bounded(keys)
    if by.node_type is not None:
        return local_ids(values, by.node_type, ids)
    if by in {FacetBy.YEAR, FacetBy.MONTH, FacetBy.RATING}:
        return [str(int(v)) for v in values if v.isascii() and v.isdigit() and len(v) <= len("9999")]
    return values


def matching(name: Field, values: Sequence[str], *, match_all: bool) -> Condition:
    """Any of the values, or all of them."""
    singles: list[Condition] = [
        Between(name, int(v), int(v)) if name in {Field.YEAR, Field.MONTH, Field.RATING} else AnyOf(name, (v,)) for v in values
    ]
    if match_all:
        return All(tuple(singles)) if singles else Nothing()
    return Any_(tuple(singles))
