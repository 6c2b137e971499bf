"""Photos and videos, at the precision that the viewer's permissions allow."""

from base64 import b64encode
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from access.classes import DataClass as C
from access.policy import Visibility, withheld
from datasources.tables.albums import AlbumKey
from datasources.tables.people import PersonKey
from datasources.tables.photos import SeenPhoto
from resolvers import photo_precision, pictures
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.neighbors import neighbors_of
from schema.enums import ImageFit, ImageFormat, Library, MediaType, PhotoAction, PhotoOrder, TimePrecision
from schema.fields import SchemaDataClass, argument, field, unset_to_none, value_field
from schema.image import Image
from schema.inputs import PhotoFilter
from schema.node import Node
from schema.place import Label, Location, Place
from schema.scalars import LocalDateTime

if TYPE_CHECKING:
    from schema.album import Album
    from schema.customer import Customer
    from schema.person import Person

LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customer")]
LazyAlbum = Annotated["Album", strawberry.lazy("schema.album")]
LazyPerson = Annotated["Person", strawberry.lazy("schema.person")]
LazyPhoto = Annotated["Photo", strawberry.lazy("schema.photo")]
ListSize = Annotated[int | None, argument(C.PUBLIC, "Maximum number of items, 0 to 200.")]
MAX_LIST_SIZE = 200


@strawberry.type(description="Camera and lens that took a photo.")
class Camera:
    """The camera of a photo."""

    name: str | None = value_field(C.OPERATIONAL, "Name of the camera, as used by the facet `CAMERA` and the filter `cameras`.")
    make: str | None = value_field(C.OPERATIONAL, "Manufacturer of the camera. Null if unknown.")
    model: str | None = value_field(C.OPERATIONAL, "Model of the camera. Null if unknown.")
    lens: str | None = value_field(
        C.OPERATIONAL, "Name of the lens, as used by the facet `LENS` and the filter `lenses`. Null if unknown."
    )


@strawberry.type(description="Exposure settings of a photo.")
class Exposure:
    """The exposure settings of a photo."""

    iso: int | None = value_field(C.OPERATIONAL, "Sensor sensitivity as an ISO value. Null if unknown.")
    aperture: float | None = value_field(C.OPERATIONAL, "F-number of the aperture, for example 2.8. Null if unknown.")
    shutter_seconds: float | None = value_field(C.OPERATIONAL, "Exposure time in seconds. Null if unknown.")
    focal_length_mm: float | None = value_field(
        C.OPERATIONAL, "Focal length of the lens in millimeters, not converted to 35 mm film. Null if unknown."
    )


@strawberry.type(description="A label of a photo with its confidence.")
class PhotoLabel:
    """A label of a photo."""

    label: Label = value_field(C.CONTENT, "The label that describes the photo.")
    confidence: float = value_field(C.CONTENT, "Confidence that the label is correct, 0 to 1.")


@strawberry.type(description="The previous and the next photo in a list.")
class PhotoNeighbors:
    """The previous and the next photo in a list."""

    previous: LazyPhoto | None = value_field(C.PUBLIC, "The previous photo in the list. Null at its start.")
    next: LazyPhoto | None = value_field(C.PUBLIC, "The next photo in the list. Null at its end.")


def list_size(first: int | None, default: int, maximum: int = MAX_LIST_SIZE) -> int:
    """Returns the requested size of a list, or the default; raises `BadInput` outside 0 to `maximum`."""
    size = default if first is None else first
    if not 0 <= size <= maximum:
        raise BadInput(f"`first` must be from 0 to {maximum}.", "PAGE_SIZE")
    return size


@strawberry.federation.type(
    keys=["id"],
    description="A photo or video. Fields are null if the value is unknown or hidden; `withheld` lists the hidden classes.",
)
class Photo(Node):
    """A photo. Every field is checked against its class and the viewer's visibility of this record."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenPhoto]
    visibility: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenPhoto) -> "Photo":
        """Returns the photo with the visibility that its scope granted. Photos that are only loaded reveal nothing."""
        context.record_withheld(seen.visibility)
        return cls(context=context, seen=seen, visibility=seen.visibility)

    def audit_subject(self) -> tuple[str, str | None]:
        """Returns owner and photo id for the access log."""
        return self.seen.key

    def global_id(self) -> str:
        """Returns an opaque, deterministic id."""
        return self.context.sources.ids.encode("Photo", *self.seen.key)

    @field(C.OPERATIONAL, "Version of the photo. It increases with every change and can be passed as `ifVersion`.")
    def version(self) -> int:
        return self.seen.record.version

    @field(C.FILE_NAME, "Key of the photo in the system it was imported from. Null if the import had none.")
    def source_id(self) -> str | None:
        return self.seen.content.source_id if self.seen.content else None

    @field(C.OPERATIONAL, "Whether this is a photo or a video.")
    def media_type(self) -> MediaType:
        return MediaType[self.seen.record.media_type]

    @field(C.OPERATIONAL, "MIME type of the original file. Null if unknown.")
    def content_type(self) -> str | None:
        return self.seen.record.content_type

    @field(C.OPERATIONAL, "Size of the original file in bytes. Null if unknown.")
    def file_size(self) -> float | None:
        return self.seen.record.file_size

    @field(C.OPERATIONAL, "Width in pixels after rotation to the correct orientation. Null if unknown.")
    def width(self) -> int | None:
        return self.seen.record.width

    @field(C.OPERATIONAL, "Height in pixels after rotation to the correct orientation. Null if unknown.")
    def height(self) -> int | None:
        return self.seen.record.height

    @field(C.OPERATIONAL, "Duration of a video in seconds. Null for photos.")
    def duration_seconds(self) -> float | None:
        return self.seen.record.duration_s

    @field(C.OPERATIONAL, "The customer who owns the photo. Null for a guest, for whom the class `IDENTITY` is withheld.")
    async def owner(self) -> LazyCustomer | None:
        from schema.customer import Customer

        return await Customer.load(self.context, self.seen.record.owner)

    @field(C.TIME, "Instant at which the photo was taken. Null if the UTC offset is unknown or the viewer may see only the day.")
    def taken_at(self) -> datetime | None:
        return photo_precision.taken_at(self.seen)

    @field(C.TIME, "Local time at the place where the photo was taken. Null if unknown or the viewer may see only the day.")
    def taken_at_local(self) -> LocalDateTime | None:
        local = photo_precision.taken_local(self.seen)
        return None if local is None else LocalDateTime(local)

    @field(C.TIME, "Local date on which the photo was taken. Some shares give this date but no time. Null if unknown.")
    def taken_on(self) -> date | None:
        day = photo_precision.taken_on(self.seen)
        return None if day is None else date.fromisoformat(day)

    @field(C.TIME, "Precision at which the viewer may see the time of this photo.")
    def taken_at_precision(self) -> TimePrecision | None:
        return TimePrecision[self.visibility.time.name]

    @field(C.TIME, "Whether the time was read from the name of the file, because the file states none. Null if not visible.")
    def taken_at_is_from_file_name(self) -> bool | None:
        return photo_precision.is_from_file_name(self.seen)

    @field(C.PLACE, "Offset of the local time from UTC in minutes, positive to the east. Null if unknown.")
    def utc_offset_minutes(self) -> int | None:
        return self.seen.record.offset_minutes if self.visibility.offset else None

    @field(C.PLACE, "IANA name of the time zone where the photo was taken, for example `Europe/Rome`. Null if unknown.")
    def time_zone(self) -> str | None:
        return self.seen.record.time_zone if self.visibility.offset else None

    @field(C.TIME, "Time at which the photo was added to the library.")
    def added_at(self) -> datetime | None:
        return photo_precision.added_at(self.seen)

    @field(C.LOCATION, "Coordinates at the precision that the viewer may see. Null if unknown or not visible.")
    async def location(self) -> Location | None:
        seen = await photo_precision.location(self.context, self.seen)
        return None if seen is None else Location.of(seen)

    @field(C.PLACE, "The most specific known place of the photo that the viewer may see. Null if unknown or not visible.")
    async def place(self) -> Place | None:
        record = await photo_precision.visible_place(self.context, self.seen)
        return None if record is None else Place(context=self.context, record=record)

    @field(C.OWNER_STATE, "Whether the owner set the place by hand, so that new coordinates do not change it.")
    def place_pinned(self) -> bool | None:
        return self.seen.record.place_pinned

    @field(C.CONTENT, "Caption written by the owner. Null if there is none.")
    def caption(self) -> str | None:
        return self.seen.content.caption if self.seen.content else None

    @field(
        C.CONTENT, "Short title of the photo, imported beside its caption. Null if there is none, or if the caption is the title."
    )
    def title(self) -> str | None:
        return self.seen.content.title if self.seen.content else None

    @field(C.FILE_NAME, "Name of the original file. Null if unknown.")
    def file_name(self) -> str | None:
        return self.seen.content.file_name if self.seen.content else None

    @field(C.CONTENT, "Text in the image, recognized before the import. Null if the import had none.")
    def recognized_text(self) -> str | None:
        return self.seen.content.recognized_text if self.seen.content else None

    @field(C.CONTENT, "Keywords assigned by the owner.")
    def keywords(self) -> list[str] | None:
        return list(self.seen.content.keywords) if self.seen.content else None

    @field(C.CONTENT, "Labels of the picture, highest confidence first.")
    def labels(
        self,
        min_confidence: Annotated[float | None, argument(C.PUBLIC, "Minimum confidence, 0 to 1.")] = 0.5,
        first: ListSize = 20,
    ) -> list[PhotoLabel] | None:
        least = 0.5 if min_confidence is None else min_confidence
        marks = sorted((m for m in self.seen.record.labels if m.confidence >= least), key=lambda m: -m.confidence)
        shown = marks[: list_size(first, 20)]
        return [PhotoLabel(label=Label(context=self.context, concept=m.concept), confidence=m.confidence) for m in shown]

    @field(C.BIOMETRIC, "People recognized in the photo.")
    async def people(self, first: ListSize = 20) -> list[LazyPerson] | None:
        from schema.person import Person

        keys = [PersonKey(self.seen.record.owner, p) for p in self.seen.record.people]
        found = await self.context.people.many(keys)
        return [Person.of(self.context, p) for p in found[: list_size(first, 20)]]

    @field(C.CONTENT, "Albums that contain the photo and that the viewer may see.")
    async def albums(self, first: ListSize = 20) -> list[LazyAlbum] | None:
        from schema.album import Album

        keys = [AlbumKey(self.seen.record.owner, a) for a in self.seen.record.albums]
        found = await self.context.albums.many(keys)
        return [Album.of(self.context, a) for a in found[: list_size(first, 20)]]

    @field(C.OPERATIONAL, "Camera and lens. Null if both are unknown.")
    def camera(self) -> Camera | None:
        r = self.seen.record
        if not (r.camera_make or r.camera_model or r.lens):
            return None
        return Camera(name=r.camera, make=r.camera_make, model=r.camera_model, lens=r.lens)

    @field(C.OPERATIONAL, "Exposure settings. Null if none is known.")
    def exposure(self) -> Exposure | None:
        r = self.seen.record
        if r.iso is None and r.aperture is None and r.shutter_s is None and r.focal_length_mm is None:
            return None
        return Exposure(iso=r.iso, aperture=r.aperture, shutter_seconds=r.shutter_s, focal_length_mm=r.focal_length_mm)

    @field(C.OWNER_STATE, "Whether the owner marked the photo as a favorite.")
    def favorite(self) -> bool | None:
        return self.seen.record.favorite

    @field(C.OWNER_STATE, "Whether the owner hid the photo from the timeline.")
    def hidden(self) -> bool | None:
        return self.seen.record.hidden

    @field(C.OWNER_STATE, "Rating by the owner, 1 to 5. Null if not rated.")
    def rating(self) -> int | None:
        return self.seen.record.rating

    @field(C.OWNER_STATE, "Time at which the photo was moved to the trash. Null if it is not in the trash.")
    def trashed_at(self) -> datetime | None:
        return photo_precision.optional_datetime(self.seen.record.trashed_at_ms)

    @field(C.PICTURE, "A resized image with a signed URL. It is never larger than the original. Null if there is no image.")
    async def image(
        self,
        width: Annotated[
            int | None,
            argument(C.PUBLIC, "Requested width in pixels. It is rounded up to the next size of 256, 640, 1280 and 2560."),
        ] = strawberry.UNSET,
        height: Annotated[
            int | None,
            argument(C.PUBLIC, "Requested height in pixels. It is rounded up to the next size of 256, 640, 1280 and 2560."),
        ] = strawberry.UNSET,
        fit: Annotated[
            ImageFit | None, argument(C.PUBLIC, "How the image fits the requested size. Default: `INSIDE`.")
        ] = ImageFit.INSIDE,
        format: Annotated[
            ImageFormat | None, argument(C.PUBLIC, "File format of the image. Default: `JPEG`.")
        ] = ImageFormat.JPEG,
    ) -> Image | None:
        request = pictures.ImageRequest(
            unset_to_none(width), unset_to_none(height), fit is ImageFit.COVER, (format or ImageFormat.JPEG).name
        )
        return Image.of(await pictures.image(self.context, self.seen, request))

    @field(C.PICTURE, "The original file with all its metadata. Null if there is none or the viewer may not download it.")
    async def original(self) -> Image | None:
        return Image.of(await pictures.original(self.context, self.seen))

    @field(
        C.PICTURE,
        "The film of a live photo with all its metadata, in the size of the picture. Null if there is none or the viewer may "
        "not download originals.",
    )
    async def motion(self) -> Image | None:
        return Image.of(await pictures.motion(self.context, self.seen))

    @field(C.PICTURE, "A ThumbHash in base64, to be shown until the image is loaded. Null if there is no image.")
    async def placeholder(self) -> str | None:
        found = await pictures.placeholder(self.context, self.seen)
        return None if found is None else b64encode(found).decode()

    @field(C.PICTURE, "Other photos of the same owner with the same picture. Photos in the trash are not included.")
    async def duplicates(self, first: ListSize = 20) -> list[LazyPhoto] | None:
        found = await pictures.duplicates(self.context, self.seen, list_size(first, 20))
        return [Photo.of(self.context, p) for p in found]

    @field(C.OPERATIONAL, "The previous and the next photo in a list. Null if this photo has no position in the list.")
    async def neighbors(
        self,
        filter: Annotated[PhotoFilter | None, argument(C.PUBLIC, "Filter of the list.")] = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, "Sort order of the list.")] = PhotoOrder.TAKEN_AT_DESC,
        library: Annotated[
            Library | None, argument(C.PUBLIC, "Library of the list. Default: the photos of the viewer.")
        ] = Library.MINE,
    ) -> PhotoNeighbors | None:
        order_name = (order or PhotoOrder.TAKEN_AT_DESC).name
        found = await neighbors_of(self.context, self.seen.key, unset_to_none(filter), order_name, (library or Library.MINE).name)
        if found is None:
            return None
        before, after = (None if p is None else Photo.of(self.context, p) for p in found)
        return PhotoNeighbors(previous=before, next=after)

    @field(C.PUBLIC, "Actions that the viewer may perform on the photo.")
    def viewer_can(self) -> list[PhotoAction]:
        if self.visibility.owner:
            return list(PhotoAction)
        return [PhotoAction.DOWNLOAD_ORIGINAL] if pictures.may_have_original(self.seen) else []

    @field(
        C.PUBLIC,
        "Classes of data of this photo that the viewer may not see. Fields of these classes are null. For a guest `TIME` "
        "is also included if they may see the day or the local time, but not the instant: then `takenAt` is null.",
    )
    def withheld(self) -> list[SchemaDataClass]:
        return [SchemaDataClass[c.name] for c in withheld(self.visibility)]
