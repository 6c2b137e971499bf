"""A file of a picture."""

from datetime import datetime

import strawberry

from access.classes import DataClass as C
from resolvers.pictures import SeenImage
from schema.fields import value_field


@strawberry.type(description="A file of a picture.")
class Image:
    """A file of a picture."""

    url: str = value_field(
        C.PICTURE,
        "Signed; works until `expiresAt`. The same text for the same viewer, photo and size until it is near its end, "
        "so that browsers cache it.",
    )
    width: int = value_field(C.PICTURE, "Real pixels across.")
    height: int = value_field(C.PICTURE, "Real pixels down.")
    content_type: str = value_field(C.PICTURE, "MIME type.")
    expires_at: datetime = value_field(C.PICTURE, "When the URL stops working.")

    @classmethod
    def of(cls, seen: SeenImage | None) -> "Image | None":
        """A file that the viewer may fetch."""
        if seen is None:
            return None
        return cls(
            url=seen.url,
            width=seen.size.width,
            height=seen.size.height,
            content_type=seen.content_type,
            expires_at=seen.expires_at,
        )
