"""Token scopes by kind of person, for routers that check scopes only, and the scopes that a class of data needs.

The gateway uses the verified kind of the caller and the policy; the scopes of services are in the policy's table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from access.classes import DataClass
from access.policy import MATRIX, Precision, Relation
from access.write_permission import WRITE_SCOPE

OWN: Final = "photos:own"
SHARED: Final = "photos:shared"
SUPPORT: Final = "photos:support"
PERSON_SCOPES: Final[Mapping[Relation, str]] = {
    Relation.OWNER: OWN,
    Relation.SHARED: SHARED,
    Relation.LINK: SHARED,
    Relation.SUPPORT: SUPPORT,
}
SERVICE_SCOPES: Final = frozenset(
    {rule.scope for row in MATRIX.values() if (rule := row.service) is not None and rule.scope is not None}
    | {WRITE_SCOPE, "photos:develop", "federation:resolve", "locations:resolve"}
)
"""Every scope that a service's token may have. The last three belong to the schema and to the location service."""


def service_scopes(data_class: DataClass) -> tuple[str, ...]:
    """Returns the scopes that a service's token needs for the class, all of them; empty if no scope gives access to it."""
    rule = MATRIX[data_class].service
    if rule is None or rule.scope is None:
        return ()
    if rule.precision is not Precision.WHOLE:
        return (rule.scope,)
    return (rule.scope, *service_scopes(DataClass.TIME), *service_scopes(DataClass.LOCATION))
