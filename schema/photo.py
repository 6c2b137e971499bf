"""A photo or video, as finely as its viewer may know it."""

from base64 import b64encode
from datetime import date, datetime
from typing import Annotated

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

LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customer")]  # type: ignore[name-defined]  # noqa: F821
LazyAlbum = Annotated["Album", strawberry.lazy("schema.album")]  # type: ignore[name-defined]  # noqa: F821
LazyPerson = Annotated["Person", strawberry.lazy("schema.person")]  # type: ignore[name-defined]  # noqa: F821
LazyPhoto = Annotated["Photo", strawberry.lazy("schema.photo")]
HowMany = Annotated[int | None, argument(C.PUBLIC, "How many.")]
MOST_IN_PHOTO = 200


@strawberry.type(description="A device.")
class Camera:
    """A device."""

    name: str | None = value_field(C.OPERATIONAL, "Name as facets and filters use it.")
    make: str | None = value_field(C.OPERATIONAL, "Maker.")
    model: str | None = value_field(C.OPERATIONAL, "Model.")
    lens: str | None = value_field(C.OPERATIONAL, "Lens as facets and filters use it.")


@strawberry.type(description="How a photo was exposed.")
class Exposure:
    """How a photo was exposed."""

    iso: int | None = value_field(C.OPERATIONAL, "Sensitivity.")
    aperture: float | None = value_field(C.OPERATIONAL, "F-number.")
    shutter_seconds: float | None = value_field(C.OPERATIONAL, "Seconds open.")
    focal_length_mm: float | None = value_field(C.OPERATIONAL, "Millimetres, as told by the lens.")


@strawberry.type(description="A label on a photo.")
class PhotoLabel:
    """A label on a photo."""

    label: Label = value_field(C.CONTENT, "The label.")
    confidence: float = value_field(C.CONTENT, "0 to 1.")


@strawberry.type(description="The photos on either side.")
class PhotoNeighbors:
    """The photos on either side."""

    previous: LazyPhoto | None = value_field(C.PUBLIC, "The one before.")
    next: LazyPhoto | None = value_field(C.PUBLIC, "The one after.")


def few(first: int | None, default: int, most: int = MOST_IN_PHOTO) -> int:
    """How many of a short list; raises `BadInput` beyond what a photo can hold."""
    size = default if first is None else first
    if not 0 <= size <= most:
        raise BadInput(f"`first` goes from 0 to {most} here", "PAGE_SIZE")
    return size


@strawberry.federation.type(keys=["id"], description="One photo or video.")
class Photo(Node):
    """One photo. Every field is gated by its class and the viewer's sight of this record."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenPhoto]
    sight: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenPhoto) -> "Photo":
        """A photo that the scope let through."""
        return cls(context=context, seen=seen, sight=seen.sight)

    def about(self) -> tuple[str, str | None]:
        """Whose it is, and which photo, for the audit."""
        return self.seen.key

    def global_id(self) -> str:
        """Opaque and deterministic."""
        return self.context.sources.ids.encode("Photo", *self.seen.key)

    @field(C.OPERATIONAL, "Grows with every change.")
    def version(self) -> int:
        return self.seen.record.version

    @field(C.CONTENT, "The owner's own key from import.")
    def source_id(self) -> str | None:
        return self.seen.content.source_id if self.seen.content else None

    @field(C.OPERATIONAL, "Still or moving.")
    def media_type(self) -> MediaType:
        return MediaType[self.seen.record.media_type]

    @field(C.OPERATIONAL, "MIME type of the original.")
    def content_type(self) -> str | None:
        return self.seen.record.content_type

    @field(C.OPERATIONAL, "Size of the original in bytes.")
    def file_size(self) -> float | None:
        return self.seen.record.file_size

    @field(C.OPERATIONAL, "Pixels across, after orientation.")
    def width(self) -> int | None:
        return self.seen.record.width

    @field(C.OPERATIONAL, "Pixels down, after orientation.")
    def height(self) -> int | None:
        return self.seen.record.height

    @field(C.OPERATIONAL, "Length of a video.")
    def duration_seconds(self) -> float | None:
        return self.seen.record.duration_s

    @field(C.OPERATIONAL, "Whose it is.")
    async def owner(self) -> LazyCustomer | None:
        from schema.customer import Customer

        return await Customer.load(self.context, self.seen.record.owner)

    @field(C.TIME, "The instant; null where the offset is unknown or only the day may be seen.")
    def taken_at(self) -> datetime | None:
        return photo_precision.taken_at(self.seen)

    @field(C.TIME, "The wall clock at the place.")
    def taken_at_local(self) -> LocalDateTime | None:
        local = photo_precision.taken_local(self.seen)
        return None if local is None else LocalDateTime(local)

    @field(C.TIME, "The day at the place; the most that some shares tell.")
    def taken_on(self) -> date | None:
        day = photo_precision.taken_on(self.seen)
        return None if day is None else date.fromisoformat(day)

    @field(C.TIME, "How finely the time is told.")
    def taken_at_precision(self) -> TimePrecision | None:
        return TimePrecision[self.sight.time.name]

    @field(C.PLACE, "Offset of the wall clock from UTC.")
    def utc_offset_minutes(self) -> int | None:
        return self.seen.record.offset_minutes if self.sight.offset else None

    @field(C.PLACE, "IANA name of the time zone.")
    def time_zone(self) -> str | None:
        return self.seen.record.time_zone if self.sight.offset else None

    @field(C.TIME, "When it came into the library.")
    def added_at(self) -> datetime | None:
        return photo_precision.added_at(self.seen)

    @field(C.LOCATION, "The coordinates, as finely as the viewer may know.")
    async def location(self) -> Location | None:
        seen = await photo_precision.location(self.context, self.seen)
        return None if seen is None else Location.of(seen)

    @field(C.PLACE, "The finest place known.")
    async def place(self) -> Place | None:
        record = await photo_precision.seen_place(self.context, self.seen)
        return None if record is None else Place(context=self.context, record=record)

    @field(C.OWNER_STATE, "Whether the owner chose the place.")
    def place_pinned(self) -> bool | None:
        return self.seen.record.place_pinned

    @field(C.CONTENT, "What its owner wrote.")
    def caption(self) -> str | None:
        return self.seen.content.caption if self.seen.content else None

    @field(C.CONTENT, "The file's name.")
    def file_name(self) -> str | None:
        return self.seen.content.file_name if self.seen.content else None

    @field(C.CONTENT, "Text recognised in the picture, where the record brought it.")
    def recognized_text(self) -> str | None:
        return self.seen.content.recognized_text if self.seen.content else None

    @field(C.CONTENT, "Words its owner gave.")
    def keywords(self) -> list[str] | None:
        return list(self.seen.content.keywords) if self.seen.content else None

    @field(C.CONTENT, "What is to be seen, surest first.")
    def labels(
        self,
        min_confidence: Annotated[float | None, argument(C.PUBLIC, "Only at least so sure.")] = 0.5,
        first: HowMany = 20,
    ) -> list[PhotoLabel] | None:
        least = 0.5 if min_confidence is None else min_confidence
        marks = sorted((m for m in self.seen.record.labels if m.confidence >= least), key=lambda m: -m.confidence)
        shown = marks[: few(first, 20)]
        return [PhotoLabel(label=Label(context=self.context, concept=m.concept), confidence=m.confidence) for m in shown]

    @field(C.BIOMETRIC, "Who is to be seen.")
    async def people(self, first: HowMany = 20) -> list[LazyPerson] | None:
        from schema.person import Person

        keys = [PersonKey(self.seen.record.owner, p) for p in self.seen.record.people]
        found = await self.context.people.many(keys)
        return [Person.of(self.context, p) for p in found[: few(first, 20)]]

    @field(C.CONTENT, "The albums it is in, of those the viewer may see.")
    async def albums(self, first: HowMany = 20) -> list[LazyAlbum] | None:
        from schema.album import Album

        keys = [AlbumKey(self.seen.record.owner, a) for a in self.seen.record.albums]
        found = await self.context.albums.many(keys)
        return [Album.of(self.context, a) for a in found[: few(first, 20)]]

    @field(C.OPERATIONAL, "The device.")
    def camera(self) -> Camera | None:
        r = self.seen.record
        if not (r.camera_make or r.camera_model or r.lens):
            return None
        return Camera(name=r.camera, make=r.camera_make, model=r.camera_model, lens=r.lens)

    @field(C.OPERATIONAL, "How it was exposed.")
    def exposure(self) -> Exposure | None:
        r = self.seen.record
        if r.iso is None and r.aperture is None and r.shutter_s is None and r.focal_length_mm is None:
            return None
        return Exposure(iso=r.iso, aperture=r.aperture, shutter_seconds=r.shutter_s, focal_length_mm=r.focal_length_mm)

    @field(C.OWNER_STATE, "Whether its owner likes it.")
    def favorite(self) -> bool | None:
        return self.seen.record.favorite

    @field(C.OWNER_STATE, "Whether it stays out of the timeline.")
    def hidden(self) -> bool | None:
        return self.seen.record.hidden

    @field(C.OWNER_STATE, "One to five.")
    def rating(self) -> int | None:
        return self.seen.record.rating

    @field(C.OWNER_STATE, "When it went to the trash; null when it is not there.")
    def trashed_at(self) -> datetime | None:
        return photo_precision.moment(self.seen.record.trashed_at_ms)

    @field(C.PICTURE, "A rendition by a signed URL, never enlarged.")
    async def image(
        self,
        width: Annotated[
            int | None, argument(C.PUBLIC, "Wanted width: the next rung of 256, 640, 1280, 2560 is given, never enlarged.")
        ] = strawberry.UNSET,
        height: Annotated[int | None, argument(C.PUBLIC, "Wanted height, likewise.")] = strawberry.UNSET,
        fit: Annotated[ImageFit | None, argument(C.PUBLIC, "How it fits.")] = ImageFit.INSIDE,
        format: Annotated[ImageFormat | None, argument(C.PUBLIC, "Encoding.")] = ImageFormat.JPEG,
    ) -> Image | None:
        wish = pictures.Wish(
            unset_to_none(width), unset_to_none(height), fit is ImageFit.COVER, (format or ImageFormat.JPEG).name
        )
        return Image.of(await pictures.image(self.context, self.seen, wish))

    @field(C.PICTURE, "The original file, where the viewer may have it.")
    async def original(self) -> Image | None:
        return Image.of(await pictures.original(self.context, self.seen))

    @field(C.PICTURE, "A ThumbHash to show at once, base64.")
    async def placeholder(self) -> str | None:
        found = await pictures.placeholder(self.context, self.seen)
        return None if found is None else b64encode(found).decode()

    @field(C.PICTURE, "The same picture again.")
    async def duplicates(self, first: HowMany = 20) -> list[LazyPhoto] | None:
        found = await pictures.duplicates(self.context, self.seen, few(first, 20))
        return [Photo.of(self.context, p) for p in found]

    @field(C.OPERATIONAL, "Its neighbours in a list, for a page opened by its address.")
    async def neighbors(
        self,
        filter: Annotated[PhotoFilter | None, argument(C.PUBLIC, "Which photos.")] = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, "In which order.")] = PhotoOrder.TAKEN_AT_DESC,
        library: Annotated[Library | None, argument(C.PUBLIC, "Whose photos.")] = Library.MINE,
    ) -> PhotoNeighbors | None:
        order_name = (order or PhotoOrder.TAKEN_AT_DESC).name
        found = await neighbors_of(self.context, self.seen.key, unset_to_none(filter), order_name, (library or Library.MINE).name)
        if found is None:
            return None
        before, after = (None if p is None else Photo.of(self.context, p) for p in found)
        return PhotoNeighbors(previous=before, next=after)

    @field(C.PUBLIC, "What the viewer may do with it.")
    def viewer_can(self) -> list[PhotoAction]:
        if self.sight.owner:
            return list(PhotoAction)
        return [PhotoAction.DOWNLOAD_ORIGINAL] if pictures.may_have_original(self.seen) else []

    @field(C.PUBLIC, "Classes of this photo's data that are kept from the viewer: why a field is null.")
    def withheld(self) -> list[SchemaDataClass]:
        return [SchemaDataClass[c.name] for c in withheld(self.sight)]
