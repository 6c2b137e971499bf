"""Token scopes for the kinds of persons, for routers that check scopes only.

The gateway uses the verified kind of the caller and the policy; the scopes of services are in the policy's table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from access.policy import Relation

OWN: Final = "photos:own"
SHARED: Final = "photos:shared"
SUPPORT: Final = "photos:support"
PERSON_SCOPES: Final[Mapping[Relation, str]] = {
    Relation.OWNER: OWN,
    Relation.SHARED: SHARED,
    Relation.LINK: SHARED,
    Relation.SUPPORT: SUPPORT,
}
