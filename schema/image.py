"""Image and original files with signed URLs."""

from datetime import datetime

import strawberry

from access.classes import DataClass as C
from resolvers.pictures import SeenImage
from schema.fields import value_field


@strawberry.type(description="An image or original file with a signed URL.")
class Image:
    """An image or original file."""

    url: str = value_field(
        C.PICTURE,
        "Signed URL, valid until `expiresAt`. It stays the same for the same viewer, photo and size for up to 15 minutes, "
        "so that browsers can cache the file.",
    )
    width: int = value_field(C.PICTURE, "Actual width of the image in pixels.")
    height: int = value_field(C.PICTURE, "Actual height of the image in pixels.")
    content_type: str = value_field(C.PICTURE, "MIME type of the file.")
    expires_at: datetime = value_field(C.PICTURE, "Time at which the URL expires.")

    @classmethod
    def of(cls, seen: SeenImage | None) -> "Image | None":
        """Returns the file, or None if the viewer may not fetch one."""
        if seen is None:
            return None
        return cls(
            url=seen.url,
            width=seen.size.width,
            height=seen.size.height,
            content_type=seen.content_type,
            expires_at=seen.expires_at,
        )
