"""The conditions of granted albums: their number of clauses is bounded, however many customers share albums."""

from __future__ import annotations

from typing import Final

from access.grants import Grants
from access.scope import Scope
from datasources.search.boolean_conditions import or_
from datasources.search.conditions import All, AnyOf, Condition, Field

_SINGLE_OWNERS: Final = 16
"""Up to this number of owners, each owner's albums are a condition of their own, exact also if two owners have one album id.

Ids of albums are random or keyed hashes of 128 bits, so for more owners a condition on all owners and one on all albums is the
same.
"""


def of_others(scope: Scope) -> Grants:
    """Returns the grants of other customers' albums."""
    if scope.own is None or scope.own not in scope.indexed.by_owner:
        return scope.indexed
    return Grants(g for g in scope.grants if g.owner != scope.own)


def owners_and_albums(grants: Grants) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Returns owners and albums whose combinations are the granted albums."""
    if len(grants.by_owner) > _SINGLE_OWNERS:
        return [(tuple(grants.by_owner), tuple(dict.fromkeys(g.album for g in grants)))]
    return [((owner,), tuple(dict.fromkeys(g.album for g in of))) for owner, of in grants.by_owner.items()]


def in_granted_albums(grants: Grants) -> Condition:
    """Returns the condition that a row is in a granted album."""
    pairs = owners_and_albums(grants)
    return or_(*(All((AnyOf(Field.OWNER, owners), AnyOf(Field.ALBUM, albums))) for owners, albums in pairs))
