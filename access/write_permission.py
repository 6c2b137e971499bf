"""Who may write photo records into a customer's library."""

from __future__ import annotations

from typing import Final

from access.viewer import Viewer, ViewerKind

WRITE_SCOPE: Final = "photos:write"


def may_write(viewer: Viewer, customer: str) -> bool:
    """Whether a caller may write records of this customer: the customer, or a service with the scope `photos:write`."""
    if viewer.kind is ViewerKind.SERVICE:
        return WRITE_SCOPE in viewer.scopes
    return viewer.kind is ViewerKind.CUSTOMER and viewer.customer == customer
