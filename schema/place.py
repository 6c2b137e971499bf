"""Places and labels: public objects with names in many languages."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from access.ids import public_id
from datasources.locations.port import PlaceRecord
from datasources.search.conditions import Field
from resolvers.context import Context
from resolvers.photo_precision import SeenLocation
from resolvers.photo_set import counts_by_value
from schema.enums import LocationPrecision, PlaceKind
from schema.fields import field, unset_to_none, value_field
from schema.node import Languages, Node


@strawberry.type(description="Coordinates at the precision that the viewer may see.")
class Location:
    """Coordinates. Its fields are public; `Photo.location` checks whether the viewer may see a photo's coordinates."""

    latitude: float = value_field(C.PUBLIC, "Latitude in degrees, -90 to 90, positive to the north.")
    longitude: float = value_field(C.PUBLIC, "Longitude in degrees, -180 to 180, positive to the east.")
    altitude_meters: float | None = value_field(C.PUBLIC, "Altitude in meters above sea level. Null if unknown or not visible.")
    precision: LocationPrecision = value_field(C.PUBLIC, "Precision of the coordinates.")

    @classmethod
    def of(cls, seen: SeenLocation) -> "Location":
        """Returns the coordinates as the viewer may see them."""
        return cls(
            latitude=seen.latitude,
            longitude=seen.longitude,
            altitude_meters=seen.altitude_m,
            precision=LocationPrecision[seen.precision.name],
        )


@strawberry.type(description="A text with its language.")
class LocalizedText:
    """A text with its language."""

    text: str = value_field(C.PUBLIC, "The text in the given language.")
    language: str = value_field(C.PUBLIC, "Language of the text as a BCP 47 tag, `und` if it is unknown.")


@strawberry.type(description="A rectangle on the map. If `west` is greater than `east`, it crosses the 180th meridian.")
class Box:
    """A rectangle on the map."""

    west: float = value_field(C.PUBLIC, "Longitude of the western edge in degrees, -180 to 180.")
    south: float = value_field(C.PUBLIC, "Latitude of the southern edge in degrees, -90 to 90.")
    east: float = value_field(C.PUBLIC, "Longitude of the eastern edge in degrees, -180 to 180.")
    north: float = value_field(C.PUBLIC, "Latitude of the northern edge in degrees, -90 to 90.")


def requested_languages(context: Context, languages: list[str] | None) -> tuple[str, ...]:
    """Returns the first ten of `languages`, or the languages of the request if none are given."""
    requested = unset_to_none(languages)
    return tuple(requested[:10]) if requested else context.languages


@strawberry.federation.type(keys=["id"], description="A country, region, city or locality with names in many languages.")
class Place(Node):
    """A place of the gazetteer."""

    context: strawberry.Private[Context]
    record: strawberry.Private[PlaceRecord]

    def global_id(self) -> str:
        """Returns an id that clients can compute from type and code."""
        return public_id("Place", self.record.id)

    @field(C.PUBLIC, "Global id, computed from the type and the `code`. It is unique over all types and never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    @field(C.PUBLIC, "Stable code of the place outside this API, for example `IT`, `IT.16` or `gn:3176959`.")
    def code(self) -> str:
        return self.record.id

    @field(C.PUBLIC, "Level of the place: country, region, city or locality.")
    def kind(self) -> PlaceKind:
        return PlaceKind[self.record.kind.name]

    @field(C.PUBLIC, "Name of the place in the first requested language that has one.")
    async def name(self, languages: Languages = strawberry.UNSET) -> str:
        return (await self._name(languages)).text

    @field(C.PUBLIC, "Name of the place together with the language of the name.")
    async def localized_name(self, languages: Languages = strawberry.UNSET) -> LocalizedText:
        return await self._name(languages)

    @field(C.PUBLIC, "Name of the place with its region and country in one line and one language.")
    async def address(self, languages: Languages = strawberry.UNSET) -> LocalizedText:
        found = await self.context.addresses.one((self.record.id, requested_languages(self.context, languages)))
        return LocalizedText(text=found.text, language=found.language) if found else await self._name(languages)

    @field(C.PUBLIC, "Country code by ISO 3166-1 alpha-2, for example `IT`.")
    def country_code(self) -> str | None:
        return self.record.country_code

    @field(C.PUBLIC, "Country that contains the place. A country returns itself.")
    async def country(self) -> Annotated["Place", strawberry.lazy("schema.place")] | None:
        if not self.record.ancestors:
            return self
        record = await self.context.places.one(self.record.ancestors[0])
        return None if record is None else Place(context=self.context, record=record)

    @field(C.PUBLIC, "Places that contain this place, country first.")
    async def ancestors(self) -> list[Annotated["Place", strawberry.lazy("schema.place")]]:
        above = await self.context.places.many(self.record.ancestors)
        return [Place(context=self.context, record=r) for r in above]

    @field(C.PUBLIC, "Center of the place.")
    def center(self) -> Location:
        return Location(
            latitude=self.record.latitude,
            longitude=self.record.longitude,
            altitude_meters=None,
            precision=LocationPrecision.EXACT,
        )

    @field(C.PUBLIC, "Bounding box of the place. Null if unknown.")
    def bounds(self) -> Box | None:
        b = self.record.bounds
        return None if b is None else Box(west=b.west, south=b.south, east=b.east, north=b.north)

    @field(C.PUBLIC, "IANA name of the time zone, for example `Europe/Rome`. Null if unknown.")
    def time_zone(self) -> str | None:
        return self.record.time_zone

    @field(C.PLACE, "Number of photos of this place that the viewer may see.")
    async def photo_count(self) -> int | None:
        counts = await counts_by_value(self.context, Field[self.record.kind.name])
        return counts[self.record.id][0] if self.record.id in counts else 0

    async def _name(self, languages: list[str] | None) -> LocalizedText:
        found = await self.context.place_names.one((self.record.id, requested_languages(self.context, languages)))
        text, language = found or (self.record.id, "und")
        return LocalizedText(text=text, language=language)


@strawberry.type(description="A thing, scene or event that photos show, with names in many languages.")
class Label(Node):
    """A label: a concept of the vocabulary."""

    context: strawberry.Private[Context]
    concept: strawberry.Private[str]

    def global_id(self) -> str:
        """Returns an id that clients can compute from type and key."""
        return public_id("Label", self.concept)

    @field(C.PUBLIC, "Global id, computed from the type and the `code`. It is unique over all types and never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    @field(C.PUBLIC, "Stable key of the label, for example `beach`.")
    def key(self) -> str:
        return self.concept

    @field(C.PUBLIC, "Name of the label in the first requested language that has one.")
    async def name(self, languages: Languages = strawberry.UNSET) -> str:
        word = await self.context.words.one((self.concept, requested_languages(self.context, languages)))
        return word.text if word else self.concept

    @field(C.CONTENT, "Number of photos with this label that the viewer may see.")
    async def photo_count(self) -> int | None:
        counts = await counts_by_value(self.context, Field.LABEL)
        return counts[self.concept][0] if self.concept in counts else 0
