"""Inputs: filters, ranges and points. No field of `PhotoFilter` has a default, because it would apply at every nested level."""

from datetime import date, datetime

import strawberry

from access.classes import DataClass as C
from resolvers import facet_keys
from schema.enums import FacetBy, FacetMatch, MediaType, Orientation, PhotoState, Weekday
from schema.fields import Input, input_field, required_field
from schema.scalars import MonthDay


@strawberry.input(description="A range of instants.")
class TimeRange(Input):
    """A range of instants."""

    start: datetime | None = input_field(C.PUBLIC, "Start of the range, included. Null: no lower bound.")
    end: datetime | None = input_field(C.PUBLIC, "End of the range, excluded. Null: no upper bound.")


@strawberry.input(description="A range of days.")
class DateRange(Input):
    """A range of days."""

    start: date | None = input_field(C.PUBLIC, "First day of the range. Null: no lower bound.")
    end: date | None = input_field(C.PUBLIC, "First day after the range. Null: no upper bound.")


@strawberry.input(
    description="A range of days in every year. If `last` is before `start`, the range includes the end of the year."
)
class MonthDayRange(Input):
    """A range of days in every year."""

    start: MonthDay = required_field(C.PUBLIC, "First day of the range, included.")
    last: MonthDay = required_field(C.PUBLIC, "Last day of the range, included.")


@strawberry.input(description="A range of whole numbers. Both ends are included.")
class IntRange(Input):
    """A range of whole numbers."""

    min: int | None = input_field(C.PUBLIC, "Minimum, included. Null: no lower bound.")
    max: int | None = input_field(C.PUBLIC, "Maximum, included. Null: no upper bound.")


@strawberry.input(description="A range of numbers. Both ends are included.")
class FloatRange(Input):
    """A range of numbers."""

    min: float | None = input_field(C.PUBLIC, "Minimum, included. Null: no lower bound.")
    max: float | None = input_field(C.PUBLIC, "Maximum, included. Null: no upper bound.")


@strawberry.input(description="Conditions on the related objects of a photo, by global id. All given conditions must hold.")
class IdsFilter(Input):
    """Conditions on the related objects of a photo."""

    any: list[strawberry.ID] | None = input_field(C.PUBLIC, "The photo must have at least one of these objects.")
    all: list[strawberry.ID] | None = input_field(C.PUBLIC, "The photo must have all of these objects.")
    none: list[strawberry.ID] | None = input_field(C.PUBLIC, "The photo must have none of these objects.")


@strawberry.input(description="A rectangle on the map. If `west` is greater than `east`, it crosses the 180th meridian.")
class BoxInput(Input):
    """A rectangle on the map."""

    west: float = required_field(C.PUBLIC, "Longitude of the western edge in degrees, -180 to 180.")
    south: float = required_field(C.PUBLIC, "Latitude of the southern edge in degrees, -90 to 90.")
    east: float = required_field(C.PUBLIC, "Longitude of the eastern edge in degrees, -180 to 180.")
    north: float = required_field(C.PUBLIC, "Latitude of the northern edge in degrees, -90 to 90.")


@strawberry.input(description="A circle on the map.")
class CircleInput(Input):
    """A circle on the map."""

    latitude: float = required_field(C.PUBLIC, "Latitude in degrees, -90 to 90, positive to the north.")
    longitude: float = required_field(C.PUBLIC, "Longitude in degrees, -180 to 180, positive to the east.")
    radius_meters: float = required_field(C.PUBLIC, "Radius in meters.")


@strawberry.input(description="A point given by latitude and longitude.")
class PointInput(Input):
    """A point given by latitude and longitude."""

    latitude: float = required_field(C.PUBLIC, "Latitude in degrees, -90 to 90, positive to the north.")
    longitude: float = required_field(C.PUBLIC, "Longitude in degrees, -180 to 180, positive to the east.")


@strawberry.input(description="Selected buckets of one facet.")
class FacetSelection(Input):
    """Selected buckets of one facet."""

    by: FacetBy = required_field(C.PUBLIC, "Property of the facet.")
    keys: list[str] = required_field(C.PUBLIC, "Keys of the selected buckets, as returned by `FacetBucket.key`.")
    match: FacetMatch | None = input_field(
        C.PUBLIC,
        "Whether a photo must match any key or all keys. `ALL` is for people, labels, albums and keywords.",
        default=FacetMatch.ANY,
    )

    def __post_init__(self) -> None:
        """Applies the default of `match` and converts `by` to the enum of the resolvers."""
        self.match = self.match or FacetMatch.ANY
        self.by = facet_keys.FacetBy[self.by.name]  # type: ignore[assignment]


@strawberry.input(
    description="Conditions on photos. All given fields must match. A list matches if any of its values does; "
    "an empty list matches no photo. Null or absent means no condition."
)
class PhotoFilter(Input):
    """Conditions on photos."""

    taken_at: TimeRange | None = input_field(
        C.TIME, "Instant at which the photo was taken. Photos without a known UTC offset do not match."
    )
    taken_on: DateRange | None = input_field(C.TIME, "Local date on which the photo was taken.")
    month_day: MonthDayRange | None = input_field(C.TIME, "Local day of the year on which the photo was taken, in any year.")
    weekdays: list[Weekday] | None = input_field(C.TIME, "Local day of the week on which the photo was taken.")
    added_at: TimeRange | None = input_field(C.TIME, "Time at which the photo was added to the library.")
    media_types: list[MediaType] | None = input_field(C.OPERATIONAL, "Photo or video.")
    people: IdsFilter | None = input_field(C.BIOMETRIC, "People recognized in the photo, by id.")
    labels: IdsFilter | None = input_field(C.CONTENT, "Labels of the photo, by id.")
    albums: IdsFilter | None = input_field(C.CONTENT, "Albums that contain the photo, by id.")
    places: IdsFilter | None = input_field(C.PLACE, "Places that contain the photo, of any level, by id.")
    owners: IdsFilter | None = input_field(C.OPERATIONAL, "Owners of the photos within the requested library, by customer id.")
    country_codes: list[str] | None = input_field(
        C.PLACE, "Countries in which the photo was taken, as codes by ISO 3166-1 alpha-2."
    )
    facets: list[FacetSelection] | None = input_field(
        C.PUBLIC,
        "Selected facet buckets. A selection does not reduce its own facet's counts. Outermost filter only.",
    )
    within: BoxInput | None = input_field(C.LOCATION, "Photos with coordinates in this rectangle.")
    near: CircleInput | None = input_field(C.LOCATION, "Photos with coordinates in this circle.")
    has_location: bool | None = input_field(C.LOCATION, "Whether the photo has coordinates.")
    has_caption: bool | None = input_field(C.CONTENT, "Whether the photo has a caption.")
    has_taken_at: bool | None = input_field(C.TIME, "Whether the time of the photo is known.")
    has_people: bool | None = input_field(C.BIOMETRIC, "Whether people were recognized in the photo.")
    keywords: list[str] | None = input_field(C.CONTENT, "Keywords of the photo.")
    cameras: list[str] | None = input_field(C.OPERATIONAL, "Names of cameras, as returned by `Camera.name`.")
    lenses: list[str] | None = input_field(C.OPERATIONAL, "Names of lenses, as returned by `Camera.lens`.")
    iso: IntRange | None = input_field(C.OPERATIONAL, "Sensor sensitivity as an ISO value.")
    focal_length_mm: FloatRange | None = input_field(C.OPERATIONAL, "Focal length in millimeters.")
    aperture: FloatRange | None = input_field(C.OPERATIONAL, "F-number of the aperture.")
    rating: IntRange | None = input_field(C.OWNER_STATE, "Rating by the owner, 1 to 5.")
    favorite: bool | None = input_field(C.OWNER_STATE, "Whether the owner marked the photo as a favorite.")
    states: list[PhotoState] | None = input_field(
        C.OPERATIONAL,
        "States of the photo. Default: `ACTIVE` in the outermost filter, none inside `all`, `any` and `not`.",
    )
    file_name: str | None = input_field(C.FILE_NAME, "Part of the file name.")
    width: IntRange | None = input_field(C.OPERATIONAL, "Width in pixels.")
    height: IntRange | None = input_field(C.OPERATIONAL, "Height in pixels.")
    duration_seconds: FloatRange | None = input_field(C.OPERATIONAL, "Duration of a video in seconds.")
    orientations: list[Orientation] | None = input_field(
        C.OPERATIONAL, "Orientation of the picture: landscape, portrait or square."
    )
    all: list["PhotoFilter"] | None = input_field(C.PUBLIC, "All of these filters must match.")
    any: list["PhotoFilter"] | None = input_field(C.PUBLIC, "At least one of these filters must match.")
    not_: "PhotoFilter | None" = input_field(C.PUBLIC, "This filter must not match.", name="not")
