"""The table of photos: their records, and reads and writes within a scope. Personal values are sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import msgspec

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY, Visibility
from access.scope import Scope
from access.seals import Binding, OwnerKeys, seal
from access.zones import Circle, at_home
from datasources.photo_key import PhotoKey
from datasources.sortkeys import key_text, taken_key
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition
from datasources.tables.sealed_body import Keys, open_group, open_sealed, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Span, Table
from datasources.tables.zones import Zones

PHOTOS = Table(
    "photos",
    indexes=("timeline", "changes"),
    feed=True,
    stored=StoredData(
        name="table photos",
        holds="Photos: times, places, labels, people; sealed: captions, keywords, file names, coordinates, vectors",
        classes=(
            DataClass.OPERATIONAL, DataClass.TIME, DataClass.PLACE, DataClass.LOCATION, DataClass.CONTENT,
            DataClass.FILE_NAME, DataClass.OWNER_STATE, DataClass.BIOMETRIC,
        ),
        erased=by_partition(),
        exported=Export(("photos",)),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/exporting/test_round_trip.py"),
    ),
)  # fmt: skip
EMBEDDING = "EMBEDDING"
"""A separate sealed group of class CONTENT, because pages do not need it."""


class LabelMark(msgspec.Struct, frozen=True, array_like=True):
    """A recognized concept with its confidence, 0 to 1."""

    concept: str
    confidence: float


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts of a photo; sealed as one group. `source_id`, `file_name` and `motion_id` are of class FILE_NAME."""

    source_id: str | None
    caption: str | None = None
    caption_language: str | None = None
    title: str | None = None
    file_name: str | None = None
    keywords: tuple[str, ...] = ()
    recognized_text: str | None = None
    motion_id: str | None = None
    """The video of a live photo: `sha256:` and the hash of its file."""


class Coordinates(msgspec.Struct, frozen=True, array_like=True):
    """Degrees north and east, meters above sea level; sealed as one group."""

    latitude: float
    longitude: float
    altitude_m: float | None = None


class Embedding(msgspec.Struct, frozen=True):
    """An imported embedding vector."""

    model: str
    vector: tuple[float, ...]


class PhotoRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A photo. Local time, offset and origin of the offset are separate fields; `deleted` marks a tombstone."""

    owner: str
    id: str
    version: int
    added_at_ms: int
    changed_at_ms: int
    deleted: bool = False
    media_type: str = "UNKNOWN"
    content_type: str | None = None
    file_size: int | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    taken_local: str | None = None
    offset_minutes: int | None = None
    offset_source: str | None = None
    taken_from_file_name: bool | None = None
    time_zone: str | None = None
    place: str | None = None
    place_pinned: bool = False
    place_data: str | None = None
    has_location: bool = False
    home: bool = False
    """Inside a home zone of its owner, so others see at most the city. Only `Photos.save` sets it."""
    has_caption: bool = False
    labels: tuple[LabelMark, ...] = ()
    people: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    camera_make: str | None = None
    camera_model: str | None = None
    lens: str | None = None
    iso: int | None = None
    aperture: float | None = None
    shutter_s: float | None = None
    focal_length_mm: float | None = None
    favorite: bool = False
    hidden: bool = False
    rating: int | None = None
    trashed_at_ms: int | None = None
    burst: str | None = None
    """Keyed hash of the camera's burst id, comparable within one owner."""
    source_digest: str | None = None
    """Keyed hash of the last imported record: importing an equal record changes nothing."""
    sealed: Mapping[str, bytes] = {}

    @property
    def key(self) -> PhotoKey:
        """The owner and the local id."""
        return PhotoKey(self.owner, self.id)

    @property
    def state(self) -> str:
        """ACTIVE, HIDDEN or TRASHED. A hidden photo in the trash is TRASHED."""
        if self.trashed_at_ms is not None:
            return "TRASHED"
        return "HIDDEN" if self.hidden else "ACTIVE"

    @property
    def instant_s(self) -> int | None:
        """The time it was taken in seconds since 1970; None if the offset is unknown."""
        if self.taken_local is None or self.offset_minutes is None:
            return None
        local = datetime.fromisoformat(self.taken_local) - datetime(1970, 1, 1)  # noqa: DTZ001 - local time without an offset
        return round((local - timedelta(minutes=self.offset_minutes)).total_seconds())

    @property
    def instant(self) -> datetime | None:
        """`instant_s` as a datetime in UTC; None outside the years 1 to 9999."""
        seconds = self.instant_s
        try:
            return None if seconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        except OverflowError:
            return None

    @property
    def camera(self) -> str | None:
        """Make and model as one name, without a make that the model repeats."""
        make, model = self.camera_make, self.camera_model
        if not make or not model:
            return model or make
        return model if model.casefold().startswith(make.casefold().split()[0]) else f"{make} {model}"

    @property
    def binding(self) -> Binding:
        """The binding of its seals."""
        return Binding(PHOTOS.name, self.owner, self.id)


@dataclass(frozen=True)
class SeenPhoto:
    """A photo with the visibility of one viewer. Sealed values are decrypted when they are read, if the viewer may see them."""

    record: PhotoRecord
    visibility: Visibility
    keys: OwnerKeys

    @property
    def key(self) -> PhotoKey:
        """The owner and the local id."""
        return self.record.key

    def _open(self, data_class: DataClass) -> bytes | None:
        return open_group(self.visibility, data_class, self.keys, self.record.binding, self.record.sealed)

    @cached_property
    def content(self) -> Content | None:
        """The texts, None if the viewer may not see them; without those of class FILE_NAME if the viewer may not see these."""
        plain = self._open(DataClass.CONTENT)
        if plain is None:
            return None
        content = _CONTENT.decode(plain)
        if self.visibility.may(DataClass.FILE_NAME):
            return content
        return msgspec.structs.replace(content, source_id=None, file_name=None, motion_id=None)

    @cached_property
    def coordinates(self) -> Coordinates | None:
        """The exact coordinates, None if there are none or the viewer may not see any. The caller reduces their precision."""
        plain = self._open(DataClass.LOCATION)
        return None if plain is None else _COORDINATES.decode(plain)

    @cached_property
    def embedding(self) -> Embedding | None:
        """The imported vector, of class CONTENT."""
        sealed = self.record.sealed.get(EMBEDDING) if self.visibility.may(DataClass.CONTENT) else None
        plain = None if sealed is None else open_sealed(EMBEDDING, self.keys, self.record.binding, sealed)
        return None if plain is None else _EMBEDDING.decode(plain)


@dataclass(frozen=True, slots=True)
class Draft:
    """A photo to write: the record with its stored version, and the parts to seal again. Other parts keep their seals."""

    record: PhotoRecord
    content: Content | None = None
    coordinates: Coordinates | None = None
    embedding: Embedding | None = None
    drop: tuple[str, ...] = ()
    """Sealed groups to remove."""


_RECORD = msgspec.msgpack.Decoder(PhotoRecord)
_CONTENT = msgspec.msgpack.Decoder(Content)
_EMBEDDING = msgspec.msgpack.Decoder(Embedding)
_COORDINATES = msgspec.msgpack.Decoder(Coordinates)
_ENCODE = msgspec.msgpack.Encoder().encode


def read_record(item: Item) -> PhotoRecord:
    """Decodes the record of an item; raises `Corrupt`."""
    return read_body(_RECORD, item, PHOTOS)


def _item(record: PhotoRecord) -> Item:
    indexes = {"changes": Key(record.owner, f"{record.changed_at_ms:014d}{record.id}")}
    if record.state == "ACTIVE" and not record.deleted:
        indexes["timeline"] = Key(record.owner, key_text(taken_key(record.taken_local, record.id), record.id))
    return Item(Key(record.owner, record.id), record.version, _ENCODE(record), indexes)


class Photos:
    """Reads photos of a scope by id and in order, and writes photos."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._zones = Zones(store, keys)

    async def by_ids(self, scope: Scope, ids: Sequence[PhotoKey]) -> Mapping[PhotoKey, SeenPhoto]:
        """The photos that exist and are visible in the scope; one batch."""
        wanted = [Key(*k) for k in dict.fromkeys(ids) if scope.reaches(k.owner)]
        items = await self._store.get_many(PHOTOS, wanted) if wanted else {}
        records = [r for r in map(read_record, items.values()) if not r.deleted]
        visibilities = [(r, scope.visibility(r.owner, r.albums, active=r.state == "ACTIVE", home=r.home)) for r in records]
        seen = [(r, s) for r, s in visibilities if s is not None]
        keys = await self._keys.keys_of({r.owner for r, _ in seen}) if seen else {}
        return {r.key: SeenPhoto(r, s, keys[r.owner]) for r, s in seen if r.owner in keys}

    async def timeline(
        self, scope: Scope, *, descending: bool, limit: int, after: tuple[int, str] | None
    ) -> tuple[Sequence[tuple[int, PhotoKey]], bool]:
        """Keys and sort keys of the viewer's own active photos in order of the time taken, and whether more follow."""
        if scope.own is None:
            return (), False
        edge = None if after is None else key_text(*after)
        span = Span(end=edge, descending=True) if descending else Span(start=None if edge is None else edge + "0")
        found: list[tuple[int, PhotoKey]] = []
        token: str | None = None
        while True:
            page = await self._store.query_index(PHOTOS, "timeline", scope.own, span, limit=limit + 1 - len(found), after=token)
            found += [(int(e.sort[:16], 16), PhotoKey(e.key.partition, e.key.sort)) for e in page.entries]
            token = page.after
            if token is None or len(found) > limit:
                return found[:limit], len(found) > limit

    async def raw(self, ids: Sequence[PhotoKey]) -> Mapping[PhotoKey, PhotoRecord]:
        """Records as stored, also tombstones; for writers and the indexer."""
        items = await self._store.get_many(PHOTOS, [Key(*k) for k in ids])
        return {r.key: r for r in map(read_record, items.values())}

    async def opened(self, records: Sequence[PhotoRecord], visibility: Visibility) -> Mapping[PhotoKey, SeenPhoto]:
        """Records with their keys, for writers and the indexer. Records of owners without a key are absent."""
        keys = await self._keys.keys_of({r.owner for r in records})
        return {r.key: SeenPhoto(r, visibility, keys[r.owner]) for r in records if r.owner in keys}

    async def save(self, drafts: Sequence[Draft], *, now_ms: int) -> Sequence[PhotoRecord | None]:
        """Writes each draft as its next version; None where the stored version differs from the draft's.

        Seals, versions, index keys and the change feed are made here and nowhere else.
        """
        owners = {d.record.owner for d in drafts}
        zones = await self._zones.of(owners)
        saved = await self._write(drafts, zones, now_ms)
        if await self._zones.of(owners) == zones:
            return saved
        # The zones changed in between, and the job that applies them may have passed these photos before they were written.
        rezoned = {r.key: r for r in await self.rezoned([r for r in saved if r is not None], now_ms=now_ms)}
        return [r and rezoned.get(r.key, r) for r in saved]

    async def rezoned(self, records: Sequence[PhotoRecord], *, now_ms: int) -> Sequence[PhotoRecord]:
        """Writes the records whose flag `home` does not match the zones of their owner, and returns them."""
        zones = await self._zones.of({r.owner for r in records})
        keys = await self._keys.keys_of({r.owner for r in records})
        live = [r for r in records if not r.deleted and r.owner in keys]
        stale = [r for r in live if r.home != _home(Draft(r), keys[r.owner], zones.get(r.owner, ()))]
        return [r for r in await self._write([Draft(r) for r in stale], zones, now_ms) if r is not None]

    async def _write(
        self, drafts: Sequence[Draft], zones: Mapping[str, Sequence[Circle]], now_ms: int
    ) -> Sequence[PhotoRecord | None]:
        keys = {owner: await self._keys.ensure(owner) for owner in {d.record.owner for d in drafts}}
        at_home = [_home(d, keys[d.record.owner], zones.get(d.record.owner, ())) for d in drafts]
        written = [
            msgspec.structs.replace(_next(d, keys[d.record.owner], now_ms), home=home)
            for d, home in zip(drafts, at_home, strict=True)
        ]
        puts = [Put(PHOTOS, _item(r), d.record.version) for r, d in zip(written, drafts, strict=True)]
        done = await self._store.write_each(puts)
        return [r if ok else None for r, ok in zip(written, done, strict=True)]

    async def of_owner(
        self, owner: str, *, after: str | None = None, limit: int = 500
    ) -> tuple[Sequence[PhotoRecord], str | None]:
        """A page of the records of an owner in order of id, also tombstones; for rebuilding and verifying the index."""
        page = await self._store.query(PHOTOS, owner, Span(), limit=limit, after=after)
        return [read_record(i) for i in page.items], page.after


def tombstone(record: PhotoRecord) -> PhotoRecord:
    """The tombstone of a photo: ids, versions and the hash of its source, without seals."""
    return PhotoRecord(
        owner=record.owner,
        id=record.id,
        version=record.version,
        added_at_ms=record.added_at_ms,
        changed_at_ms=record.changed_at_ms,
        deleted=True,
        source_digest=record.source_digest,
    )


def _home(draft: Draft, keys: OwnerKeys, zones: Sequence[Circle]) -> bool:
    """Whether it is in a home zone. A photo without coordinates counts as inside if the owner has zones."""
    if not zones or draft.record.deleted:
        return False
    point = draft.coordinates
    if point is None and DataClass.LOCATION.value not in draft.drop:
        point = SeenPhoto(draft.record, OWNER_VISIBILITY, keys).coordinates
    return point is None or at_home(zones, point.latitude, point.longitude)


def _next(draft: Draft, keys: OwnerKeys, now_ms: int) -> PhotoRecord:
    record = draft.record
    plain = {
        DataClass.CONTENT.value: draft.content,
        DataClass.LOCATION.value: draft.coordinates,
        EMBEDDING: draft.embedding,
    }
    fresh = {g: seal(keys, record.binding, g, _ENCODE(v)) for g, v in plain.items() if v is not None}
    kept = {g: s for g, s in record.sealed.items() if g not in draft.drop}
    return msgspec.structs.replace(record, version=record.version + 1, changed_at_ms=now_ms, sealed={**kept, **fresh})
