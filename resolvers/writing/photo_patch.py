"""Field changes of photos: validated once, then applied to each photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec.structs import replace as changed

from access.classes import DataClass
from datasources.locations.port import PlaceRecord, Point
from datasources.tables.photos import Content, Coordinates, Draft, PhotoRecord, SeenPhoto
from resolvers.errors import BadInput
from resolvers.filters import check_point
from resolvers.writing import text_normalization, times
from resolvers.writing.mutation import MutationContext
from resolvers.writing.outcome import ABSENT, NOT_FOUND, Absent, ErrorCode, Fault, FaultError, invalid
from resolvers.writing.photo_writes import EditResult
from resolvers.writing.targets import decode_id

MAX_RATING = 5
_SET = "set"
_TOO_MANY_KEYWORDS = Fault(
    ErrorCode.LIMIT,
    f"A photo can have at most {text_normalization.MAX_KEYWORDS} keywords"
    f" with {text_normalization.MAX_KEYWORD_BYTES} bytes in UTF-8. Remove keywords first.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoValues:
    """New values: ABSENT keeps the stored value, None clears it. `location` is latitude and longitude in degrees."""

    caption: str | Absent | None = ABSENT
    favorite: bool | Absent | None = ABSENT
    hidden: bool | Absent | None = ABSENT
    rating: int | Absent | None = ABSENT
    taken_at: datetime | Absent | None = ABSENT
    shift_taken_at_seconds: int | Absent | None = ABSENT
    utc_offset_minutes: int | Absent | None = ABSENT
    location: tuple[float, float] | Absent | None = ABSENT
    place_id: str | Absent | None = ABSENT
    keywords: tuple[str, ...] | Absent | None = ABSENT
    add_keywords: tuple[str, ...] | Absent | None = ABSENT
    remove_keywords: tuple[str, ...] | Absent | None = ABSENT


@dataclass(frozen=True, slots=True)
class PhotoPatch:
    """Validated values; an `Edit` of `photo_writes`."""

    mutation: MutationContext
    values: PhotoValues
    place: PlaceRecord | None
    """The place to pin."""
    clock: times.OwnerTimeZone

    async def __call__(self, photos: Sequence[SeenPhoto]) -> Sequence[EditResult]:
        """The next version of each photo; resolves new coordinates to places in one call."""
        resolved = await self._resolved(photos)
        return [self._step(p, place) for p, place in zip(photos, resolved, strict=True)]

    def _step(self, photo: SeenPhoto, resolved: PlaceRecord | None) -> EditResult:
        record = self._flagged(self._placed(photo.record, resolved))
        timed = times.with_new_time(record, self.values, self.clock)
        content = self._content(photo.content)
        if isinstance(timed, Fault):
            return timed
        if isinstance(content, Fault):
            return content
        if content is not None:
            timed = changed(timed, has_caption=content.caption is not None)
        point, drop = self._coordinates(photo)
        new_content = None if content == photo.content else content
        if timed == photo.record and new_content is None and point is None and not drop:
            return None
        return Draft(timed, content=new_content, coordinates=point, drop=drop)

    def _flagged(self, record: PhotoRecord) -> PhotoRecord:
        v = self.values
        return changed(
            record,
            favorite=record.favorite if v.favorite is ABSENT else bool(v.favorite),
            hidden=record.hidden if v.hidden is ABSENT else bool(v.hidden),
            rating=record.rating if v.rating is ABSENT else v.rating,
        )

    def _content(self, old: Content | None) -> Content | Fault | None:
        v = self.values
        if old is None or all(x is ABSENT for x in (v.caption, v.keywords, v.add_keywords, v.remove_keywords)):
            return old
        new = old
        if v.caption is not ABSENT and v.caption != old.caption:
            new = changed(new, caption=v.caption, caption_language=None)
        given = old.keywords if v.keywords is ABSENT else v.keywords or ()
        removed = set(_listed(v.remove_keywords))
        words = tuple(w for w in dict.fromkeys((*given, *_listed(v.add_keywords))) if w not in removed)
        if words != old.keywords and text_normalization.too_many(words):
            return _TOO_MANY_KEYWORDS
        return changed(new, keywords=words)

    def _coordinates(self, photo: SeenPhoto) -> tuple[Coordinates | None, tuple[str, ...]]:
        """The coordinates to encrypt, and the encrypted groups to remove."""
        given, group = self.values.location, DataClass.LOCATION.value
        if given is ABSENT:
            return None, ()
        if given is None:
            return None, (group,) if group in photo.record.sealed else ()
        old = photo.coordinates
        same = old is not None and (old.latitude, old.longitude) == given
        return (None if same else Coordinates(*given)), ()

    def _placed(self, record: PhotoRecord, resolved: PlaceRecord | None) -> PhotoRecord:
        v = self.values
        located = record if v.location is ABSENT else changed(record, has_location=v.location is not None)
        if self.place is not None:
            return _at_place(located, self.place, pinned=True, data=self.mutation.sources.locations.data_version)
        unpinned = v.place_id is None or (v.location is not ABSENT and not record.place_pinned)
        if not unpinned:
            return located
        return _at_place(located, resolved, pinned=False, data=self.mutation.sources.locations.data_version)

    async def _resolved(self, photos: Sequence[SeenPhoto]) -> Sequence[PlaceRecord | None]:
        """The place of each photo's new coordinates; None where the place does not change."""
        unpinned = self.place is None and (self.values.location is not ABSENT or self.values.place_id is None)
        points = [self._point(p) if unpinned else None for p in photos]
        distinct = list(dict.fromkeys(p for p in points if p is not None))
        locations = self.mutation.sources.locations
        found = dict(zip(distinct, await locations.resolve(distinct), strict=True)) if distinct else {}
        places = {i for i in found.values() if i is not None}
        records = await locations.by_ids(list(places)) if places else {}
        return [None if p is None else records.get(found[p] or "") for p in points]

    def _point(self, photo: SeenPhoto) -> Point | None:
        given = self.values.location
        if given is not ABSENT:
            return None if given is None else Point(*given)
        old = photo.coordinates
        return None if old is None else Point(old.latitude, old.longitude)


async def photo_patch(mutation: MutationContext, values: PhotoValues) -> PhotoPatch:
    """Validates new values; raises `FaultError` for the first invalid one."""
    _check_numbers(values)
    place = await _place(mutation, values.place_id)
    clean = replace(
        values,
        caption=text_normalization.caption(values.caption, _SET, "caption")
        if isinstance(values.caption, str)
        else values.caption,
        keywords=_words(values.keywords, "keywords"),
        add_keywords=_words(values.add_keywords, "addKeywords"),
        remove_keywords=_words(values.remove_keywords, "removeKeywords"),
    )
    return PhotoPatch(mutation, clean, place, await times.owner_time_zone(mutation, values))


def _check_numbers(values: PhotoValues) -> None:
    rating, point = values.rating, values.location
    if isinstance(rating, int) and not 1 <= rating <= MAX_RATING:
        raise FaultError(invalid(f"must be between 1 and {MAX_RATING}"), _SET, "rating")
    if isinstance(point, tuple):
        try:
            check_point(*point)
        except BadInput as e:
            raise FaultError(invalid(str(e)), _SET, "location") from e


async def _place(mutation: MutationContext, given: str | Absent | None) -> PlaceRecord | None:
    if not isinstance(given, str):
        return None
    known = decode_id(mutation, given, "Place")
    found = {} if known is None else await mutation.sources.locations.by_ids([known.local])
    if known is None or known.local not in found:
        raise FaultError(NOT_FOUND, _SET, "placeId", node=given)
    return found[known.local]


def _words(given: tuple[str, ...] | Absent | None, name: str) -> tuple[str, ...] | Absent | None:
    return text_normalization.keywords(list(given), _SET, name) if isinstance(given, tuple) else given


def _listed(given: tuple[str, ...] | Absent | None) -> tuple[str, ...]:
    return given if isinstance(given, tuple) else ()


def _at_place(record: PhotoRecord, place: PlaceRecord | None, *, pinned: bool, data: str) -> PhotoRecord:
    if place is None:
        return changed(record, place=None, place_pinned=False, place_data=None, time_zone=None)
    return changed(record, place=place.id, place_pinned=pinned, place_data=data, time_zone=place.time_zone)
