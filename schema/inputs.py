"""What clients hand in: filters, ranges, points. No field has a default (it would fire at every level of a filter)."""

from datetime import date, datetime

import strawberry

from access.classes import DataClass as C
from resolvers import facet_keys
from schema.enums import FacetBy, FacetMatch, MediaType, Orientation, PhotoState, Weekday
from schema.fields import Input, input_field, required_field
from schema.scalars import MonthDay


@strawberry.input(description="A span of time.")
class TimeRange(Input):
    """A span of time."""

    start: datetime | None = input_field(C.PUBLIC, "From here, included.")
    end: datetime | None = input_field(C.PUBLIC, "To here, excluded.")


@strawberry.input(description="A span of days.")
class DateRange(Input):
    """A span of days."""

    start: date | None = input_field(C.PUBLIC, "The first day.")
    end: date | None = input_field(C.PUBLIC, "The first day after it.")


@strawberry.input(description="A span of days in any year; may cross New Year.")
class MonthDayRange(Input):
    """A span of days in any year."""

    start: MonthDay = required_field(C.PUBLIC, "The first day.")
    last: MonthDay = required_field(C.PUBLIC, "The last day, included.")


@strawberry.input(description="Both ends included.")
class IntRange(Input):
    """Whole numbers."""

    min: int | None = input_field(C.PUBLIC, "At least.")
    max: int | None = input_field(C.PUBLIC, "At most.")


@strawberry.input(description="Both ends included.")
class FloatRange(Input):
    """Numbers."""

    min: float | None = input_field(C.PUBLIC, "At least.")
    max: float | None = input_field(C.PUBLIC, "At most.")


@strawberry.input(description="Conditions on a set of objects.")
class IdsFilter(Input):
    """Conditions on a set of objects."""

    any: list[strawberry.ID] | None = input_field(C.PUBLIC, "At least one of these.")
    all: list[strawberry.ID] | None = input_field(C.PUBLIC, "Every one of these.")
    none: list[strawberry.ID] | None = input_field(C.PUBLIC, "Not one of these.")


@strawberry.input(description="A part of the globe; west > east crosses the date line.")
class BoxInput(Input):
    """A part of the globe."""

    west: float = required_field(C.PUBLIC, "Degrees east.")
    south: float = required_field(C.PUBLIC, "Degrees north.")
    east: float = required_field(C.PUBLIC, "Degrees east.")
    north: float = required_field(C.PUBLIC, "Degrees north.")


@strawberry.input(description="A circle.")
class CircleInput(Input):
    """A circle."""

    latitude: float = required_field(C.PUBLIC, "Degrees north.")
    longitude: float = required_field(C.PUBLIC, "Degrees east.")
    radius_meters: float = required_field(C.PUBLIC, "Metres.")


@strawberry.input(description="A point.")
class PointInput(Input):
    """A point."""

    latitude: float = required_field(C.PUBLIC, "Degrees north.")
    longitude: float = required_field(C.PUBLIC, "Degrees east.")


@strawberry.input(description="A selection in a facet.")
class FacetSelection(Input):
    """A selection in a facet."""

    by: FacetBy = required_field(C.PUBLIC, "The property.")
    keys: list[str] = required_field(C.PUBLIC, "Keys of buckets.")
    match: FacetMatch | None = input_field(
        C.PUBLIC, "Any of them, or all of them (people, labels, albums, keywords).", default=FacetMatch.ANY
    )

    def __post_init__(self) -> None:
        """The contract's one default of an input, and the enum as the resolvers know it."""
        self.match = self.match or FacetMatch.ANY
        self.by = facet_keys.FacetBy[self.by.name]  # type: ignore[assignment]


@strawberry.input(
    description="Which photos. Fields join by AND, lists mean any of, an empty list matches nothing, "
    "null or absent is no condition."
)
class PhotoFilter(Input):
    """Which photos."""

    taken_at: TimeRange | None = input_field(C.TIME, "When, as instants.")
    taken_on: DateRange | None = input_field(C.TIME, "When, as days where they were taken.")
    month_day: MonthDayRange | None = input_field(C.TIME, "Days of any year.")
    weekdays: list[Weekday] | None = input_field(C.TIME, "Days of the week where they were taken.")
    added_at: TimeRange | None = input_field(C.TIME, "When they came into the library.")
    media_types: list[MediaType] | None = input_field(C.OPERATIONAL, "Still, moving.")
    people: IdsFilter | None = input_field(C.BIOMETRIC, "Who is to be seen.")
    labels: IdsFilter | None = input_field(C.CONTENT, "What is to be seen.")
    albums: IdsFilter | None = input_field(C.CONTENT, "In which albums.")
    places: IdsFilter | None = input_field(C.PLACE, "In which places, of any level.")
    owners: IdsFilter | None = input_field(C.OPERATIONAL, "Whose, of those in the library asked.")
    country_codes: list[str] | None = input_field(C.PLACE, "In which countries, ISO 3166-1 alpha-2.")
    facets: list[FacetSelection] | None = input_field(
        C.PUBLIC, "Selections made in facets: each is left out of its own facet's counts. Outermost filter only."
    )
    within: BoxInput | None = input_field(C.LOCATION, "In a box.")
    near: CircleInput | None = input_field(C.LOCATION, "In a circle.")
    has_location: bool | None = input_field(C.LOCATION, "With or without coordinates.")
    has_caption: bool | None = input_field(C.CONTENT, "With or without a caption.")
    has_taken_at: bool | None = input_field(C.TIME, "With or without a time.")
    has_people: bool | None = input_field(C.BIOMETRIC, "With or without people.")
    keywords: list[str] | None = input_field(C.CONTENT, "With any of these words.")
    cameras: list[str] | None = input_field(C.OPERATIONAL, "`Camera.name`.")
    lenses: list[str] | None = input_field(C.OPERATIONAL, "`Camera.lens`.")
    iso: IntRange | None = input_field(C.OPERATIONAL, "Sensitivity.")
    focal_length_mm: FloatRange | None = input_field(C.OPERATIONAL, "Focal length.")
    aperture: FloatRange | None = input_field(C.OPERATIONAL, "F-number.")
    rating: IntRange | None = input_field(C.OWNER_STATE, "Stars.")
    favorite: bool | None = input_field(C.OWNER_STATE, "Liked or not.")
    states: list[PhotoState] | None = input_field(
        C.OPERATIONAL,
        "Which states. In the outermost filter `[ACTIVE]` unless told; inside `all`, `any`, `not` no condition unless told.",
    )
    file_name: str | None = input_field(C.CONTENT, "Part of the file's name.")
    width: IntRange | None = input_field(C.OPERATIONAL, "Pixels across.")
    height: IntRange | None = input_field(C.OPERATIONAL, "Pixels down.")
    duration_seconds: FloatRange | None = input_field(C.OPERATIONAL, "Length of a video.")
    orientations: list[Orientation] | None = input_field(C.OPERATIONAL, "Shape.")
    all: list["PhotoFilter"] | None = input_field(C.PUBLIC, "All of these.")
    any: list["PhotoFilter"] | None = input_field(C.PUBLIC, "Any of these.")
    not_: "PhotoFilter | None" = input_field(C.PUBLIC, "None of this.", name="not")
