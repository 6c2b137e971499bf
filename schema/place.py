"""Places and labels: public things with names in many languages."""

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


@strawberry.type(description="Coordinates, as finely as the viewer may know.")
class Location:
    """A point. Anyone may know where a place is; a photo's is decided at the field that leads here."""

    latitude: float = value_field(C.PUBLIC, "Degrees north.")
    longitude: float = value_field(C.PUBLIC, "Degrees east.")
    altitude_meters: float | None = value_field(C.PUBLIC, "Metres above the sea.")
    precision: LocationPrecision = value_field(C.PUBLIC, "How finely.")

    @classmethod
    def of(cls, seen: SeenLocation) -> "Location":
        """As a viewer sees it."""
        return cls(
            latitude=seen.latitude,
            longitude=seen.longitude,
            altitude_meters=seen.altitude_m,
            precision=LocationPrecision[seen.precision.name],
        )


@strawberry.type(description="A text and the language it is in.")
class LocalizedText:
    """A text and its language."""

    text: str = value_field(C.PUBLIC, "The text.")
    language: str = value_field(C.PUBLIC, "BCP 47.")


@strawberry.type(description="A part of the globe; west > east crosses the date line.")
class Box:
    """A part of the globe."""

    west: float = value_field(C.PUBLIC, "Degrees east.")
    south: float = value_field(C.PUBLIC, "Degrees north.")
    east: float = value_field(C.PUBLIC, "Degrees east.")
    north: float = value_field(C.PUBLIC, "Degrees north.")


def chain(context: Context, languages: list[str] | None) -> tuple[str, ...]:
    """The languages asked for, else the request's; at most ten."""
    asked = unset_to_none(languages)
    return tuple(asked[:10]) if asked else context.languages


@strawberry.federation.type(keys=["id"], description="Somewhere with a name.")
class Place(Node):
    """A place."""

    context: strawberry.Private[Context]
    record: strawberry.Private[PlaceRecord]

    def global_id(self) -> str:
        """Computable: the code, by type."""
        return public_id("Place", self.record.id)

    @field(C.PUBLIC, "The global id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    @field(C.PUBLIC, "The stable code outside this graph: `IT`, `IT.16`, `gn:3176959`.")
    def code(self) -> str:
        return self.record.id

    @field(C.PUBLIC, "Country, region, city or locality.")
    def kind(self) -> PlaceKind:
        return PlaceKind[self.record.kind.name]

    @field(C.PUBLIC, "The name in the first of the languages that has one.")
    async def name(self, languages: Languages = strawberry.UNSET) -> str:
        return (await self._name(languages)).text

    @field(C.PUBLIC, "The name and its language.")
    async def localized_name(self, languages: Languages = strawberry.UNSET) -> LocalizedText:
        return await self._name(languages)

    @field(C.PUBLIC, "City, region, country in one line and one language.")
    async def address(self, languages: Languages = strawberry.UNSET) -> LocalizedText:
        found = await self.context.addresses.one((self.record.id, chain(self.context, languages)))
        return LocalizedText(text=found.text, language=found.language) if found else await self._name(languages)

    @field(C.PUBLIC, "ISO 3166-1 alpha-2.")
    def country_code(self) -> str | None:
        return self.record.country_code

    @field(C.PUBLIC, "The country; itself for a country.")
    async def country(self) -> Annotated["Place", strawberry.lazy("schema.place")] | None:
        if not self.record.ancestors:
            return self
        record = await self.context.places.one(self.record.ancestors[0])
        return None if record is None else Place(context=self.context, record=record)

    @field(C.PUBLIC, "What it lies in, country first.")
    async def ancestors(self) -> list[Annotated["Place", strawberry.lazy("schema.place")]]:
        above = await self.context.places.many(self.record.ancestors)
        return [Place(context=self.context, record=r) for r in above]

    @field(C.PUBLIC, "Its middle.")
    def center(self) -> Location:
        return Location(
            latitude=self.record.latitude,
            longitude=self.record.longitude,
            altitude_meters=None,
            precision=LocationPrecision.EXACT,
        )

    @field(C.PUBLIC, "Its extent.")
    def bounds(self) -> Box | None:
        b = self.record.bounds
        return None if b is None else Box(west=b.west, south=b.south, east=b.east, north=b.north)

    @field(C.PUBLIC, "IANA name.")
    def time_zone(self) -> str | None:
        return self.record.time_zone

    @field(C.PLACE, "How many of the viewer's photos.")
    async def photo_count(self) -> int | None:
        counts = await counts_by_value(self.context, Field[self.record.kind.name])
        return counts[self.record.id][0] if self.record.id in counts else 0

    async def _name(self, languages: list[str] | None) -> LocalizedText:
        found = await self.context.place_names.one((self.record.id, chain(self.context, languages)))
        text, language = found or (self.record.id, "und")
        return LocalizedText(text=text, language=language)


@strawberry.type(description="A thing, scene or event that photos show.")
class Label(Node):
    """A concept."""

    context: strawberry.Private[Context]
    concept: strawberry.Private[str]

    def global_id(self) -> str:
        """Computable: the key, by type."""
        return public_id("Label", self.concept)

    @field(C.PUBLIC, "The global id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    @field(C.PUBLIC, "The stable concept: `beach`.")
    def key(self) -> str:
        return self.concept

    @field(C.PUBLIC, "The display word.")
    async def name(self, languages: Languages = strawberry.UNSET) -> str:
        word = await self.context.words.one((self.concept, chain(self.context, languages)))
        return word.text if word else self.concept

    @field(C.CONTENT, "How many of the viewer's photos.")
    async def photo_count(self) -> int | None:
        counts = await counts_by_value(self.context, Field.LABEL)
        return counts[self.concept][0] if self.concept in counts else 0
