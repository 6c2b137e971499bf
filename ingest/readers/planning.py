"""What belongs together in one folder: photos, what lies beside them to tell of them, the two halves of a live photo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.formats.media_types import ending, kind_of_name, may_be_motion, may_be_still
from ingest.readers.containers import Entry
from ingest.readers.takeout_names import Sidecars, is_of_a_year, is_trash

_RAW = frozenset(".cr2 .cr3 .crw .nef .nrw .arw .sr2 .dng .raf .orf .rw2 .pef .srw".split())
Titles = Callable[[Sequence[Entry]], Mapping[Entry, tuple[str | None, str | None]]]
"""Of JSON files that match no photo: the title of the album, or of the photo, that each tells of."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What becomes one item: a file with its companions, or an entry that cannot be read."""

    entry: Entry
    reason: str = ""
    skipped: bool = False
    xmp: Entry | None = None
    json: Entry | None = None
    motion: Entry | None = None
    albums: tuple[str, ...] = ()
    trashed: bool = False

    @property
    def companions(self) -> list[Entry]:
        """The files beside it."""
        return [e for e in (self.xmp, self.json, self.motion) if e is not None]


@dataclass
class _Sorted:
    refused: list[Entry] = field(default_factory=list)
    photos: list[Entry] = field(default_factory=list)
    jsons: list[Entry] = field(default_factory=list)
    xmps: list[Entry] = field(default_factory=list)


def plan(folder: str, entries: Iterable[Entry], titles_of: Titles) -> list[Unit]:
    """The units of one folder, in the order of their names."""
    found = _sorted(entries)
    json_of, told_by, albums = _takeout(folder, found, titles_of)
    xmp_of = _xmp_of(found.photos, found.xmps)
    film_of = _films(found.photos)
    taken = set(film_of.values())
    trashed = is_trash(folder) and bool(json_of)
    units = [
        Unit(e, "", False, xmp_of.get(e), json_of.get(e), film_of.get(e), albums, trashed) for e in found.photos if e not in taken
    ]
    units += [Unit(e, e.reason, e.skipped) for e in found.refused]
    used = {e.name for e in (*json_of.values(), *xmp_of.values())}  # by name: another part may have the same once more
    units += [_alone(e, told_by) for e in (*found.jsons, *found.xmps) if e.name not in used]
    return sorted(units, key=lambda unit: unit.entry.parts)


def _sorted(entries: Iterable[Entry]) -> _Sorted:
    found = _Sorted()
    for entry in entries:
        end = ending(entry.name)
        rooms = {".json": found.jsons, ".xmp": found.xmps}
        (found.refused if entry.source is None else rooms.get(end, found.photos)).append(entry)
    return found


def _takeout(
    folder: str, found: _Sorted, titles_of: Titles
) -> tuple[dict[Entry, Entry], Mapping[Entry, tuple[str | None, str | None]], tuple[str, ...]]:
    """Each photo's JSON, what the JSON without a photo tell of, and the album that the folder is."""
    if not found.jsons:
        return {}, {}, ()
    named = {entry.name: entry for entry in found.jsons}
    matched = _matched(found.photos, Sidecars(named), named)
    left = [e for e in found.jsons if e not in set(matched.values())]
    titles = dict(titles_of(left)) if left else {}
    lost = {e.name: photo for e, (_, photo) in titles.items() if photo}
    if lost:
        rest = [e for e in found.photos if e not in matched]
        matched |= _matched(rest, Sidecars((), lost), named)
    album = next((title for title, _ in titles.values() if title is not None), None)
    albums = (f"{folder}\0{album or folder}",) if album is not None and folder and not is_of_a_year(album or folder) else ()
    return matched, titles, albums


def _matched(photos: Sequence[Entry], sidecars: Sidecars, named: Mapping[str, Entry]) -> dict[Entry, Entry]:
    return {e: named[json] for e in photos if (json := sidecars.of(e.name)) is not None}


def _alone(entry: Entry, told_by: Mapping[Entry, tuple[str | None, str | None]]) -> Unit:
    """Something that tells of a photo, without the photo."""
    album, photo = told_by.get(entry, (None, None))
    if photo is not None:
        return Unit(entry, "tells of a photo that is not beside it: is a part of the export missing?")
    if album is not None:
        return Unit(entry, "tells of an album", skipped=True)
    what = "tells of no file beside it" if ending(entry.name) == ".xmp" else "is of a kind that is not read"
    return Unit(entry, what, skipped=True)


def _xmp_of(photos: Sequence[Entry], xmps: Sequence[Entry]) -> dict[Entry, Entry]:
    """`a.jpg.xmp` is for `a.jpg`; `a.xmp` is for the raw file `a`, or where there is none, for every file `a`."""
    if not xmps:
        return {}
    by_base = {e.name[: -len(".xmp")].lower(): e for e in xmps}
    stems: dict[str, list[Entry]] = defaultdict(list)
    for entry in photos:
        stems[_stem(entry.name)].append(entry)
    found: dict[Entry, Entry] = {}
    for stem, same in stems.items():
        raws = [e for e in same if ending(e.name) in _RAW]
        for entry in same:
            whole = by_base.get(entry.name.lower())
            by_stem = by_base.get(stem) if entry in raws or not raws else None
            if (xmp := whole or by_stem) is not None:
                found[entry] = xmp
    return found


def _films(photos: Sequence[Entry]) -> dict[Entry, Entry]:
    """Still and film of one name: whether they are one live photo, reading them decides. HEIC goes before JPEG."""
    films: dict[str, list[Entry]] = defaultdict(list)
    for entry in photos:
        if may_be_motion(entry.name):
            films[_stem(entry.name)].append(entry)
    stills = [e for e in photos if may_be_still(e.name) and _stem(e.name) in films]
    found: dict[Entry, Entry] = {}
    for still in sorted(stills, key=lambda e: (not e.name.lower().endswith((".heic", ".heif")), e.parts)):
        free = films[_stem(still.name)]
        if free:
            film = next((f for f in free if _archive(f) == _archive(still)), free[0])
            free.remove(film)
            found[still] = film
    return found


def _archive(entry: Entry) -> bytes:
    return entry.source.path if entry.source is not None and entry.source.packed else b""


def _stem(name: str) -> str:
    return (name.rpartition(".")[0] or name).lower()


def worth_a_rejection(name: str) -> bool:
    """Whether a photo library would miss a file of this name."""
    return kind_of_name(name) != "other"
