"""The scopes of tokens that say which kind of person asks, for routers that look at nothing else of a token.

The gateway itself goes by the verified kind and the policy; a service's scopes are in the policy's table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from access.policy import Relation

OWN: Final = "photos:own"
SHARED: Final = "photos:shared"
SUPPORT: Final = "photos:support"
PERSONS: Final[Mapping[Relation, str]] = {
    Relation.OWNER: OWN,
    Relation.SHARED: SHARED,
    Relation.LINK: SHARED,
    Relation.SUPPORT: SUPPORT,
}
