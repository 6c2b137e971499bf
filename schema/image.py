"""A file of a picture."""

from datetime import datetime

import strawberry

from access.classes import DataClass as C
from resolvers.pictures import SeenImage
from schema.fields import plain


@strawberry.type(description="A file of a picture.")
class Image:
    """A file of a picture."""

    url: str = plain(
        C.PICTURE,
        "Signed; works until `expiresAt`. The same text for the same viewer, photo and size until it is near its end, "
        "so that browsers cache it.",
    )
    width: int = plain(C.PICTURE, "Real pixels across.")
    height: int = plain(C.PICTURE, "Real pixels down.")
    content_type: str = plain(C.PICTURE, "MIME type.")
    expires_at: datetime = plain(C.PICTURE, "When the URL stops working.")

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
