"""Groups the files of one folder: photos with their sidecars, and the two parts of live photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.readers.containers import ContainerEntry
from ingest.readers.takeout_names import SidecarMatcher, folded, is_trash, is_year_folder
from pictures.formats.media_types import ending, kind_of_name, may_be_motion, may_be_still

_RAW = frozenset(".cr2 .cr3 .crw .nef .nrw .arw .sr2 .dng .raf .orf .rw2 .pef .srw".split())
Titles = Callable[[Sequence[ContainerEntry]], Mapping[ContainerEntry, tuple[str | None, str | None]]]
"""Returns for JSON files that match no photo: the title of the album and the title of the photo that each describes."""


@dataclass(frozen=True, slots=True)
class FileGroup:
    """The files of one item: a file with its companions, or an entry that cannot be read."""

    entry: ContainerEntry
    reason: str = ""
    skipped: bool = False
    xmp: ContainerEntry | None = None
    json: ContainerEntry | None = None
    motion: ContainerEntry | None = None
    albums: tuple[str, ...] = ()
    trashed: bool = False

    @property
    def companions(self) -> list[ContainerEntry]:
        """The other files of the group."""
        return [e for e in (self.xmp, self.json, self.motion) if e is not None]


@dataclass
class _FilesByKind:
    unreadable: list[ContainerEntry] = field(default_factory=list)
    photos: list[ContainerEntry] = field(default_factory=list)
    jsons: list[ContainerEntry] = field(default_factory=list)
    xmps: list[ContainerEntry] = field(default_factory=list)


def plan_folder(folder: str, entries: Iterable[ContainerEntry], titles_of: Titles) -> list[FileGroup]:
    """The groups of one folder in the order of their names."""
    found = _by_kind(entries)
    json_of, titles, albums = _takeout(folder, found, titles_of)
    xmp_of = _xmp_of(found.photos, found.xmps)
    video_of = _videos_of_stills(found.photos)
    motions = set(video_of.values())
    trashed = is_trash(folder) and bool(json_of)
    groups = [
        FileGroup(e, "", False, xmp_of.get(e), json_of.get(e), video_of.get(e), albums, trashed)
        for e in found.photos
        if e not in motions
    ]
    groups += [FileGroup(e, e.reason, e.skipped) for e in found.unreadable]
    used = {e.name for e in (*json_of.values(), *xmp_of.values())}  # by name, because several archives may contain the same file
    groups += [_unmatched(e, titles) for e in (*found.jsons, *found.xmps) if e.name not in used]
    return sorted(groups, key=lambda group: group.entry.parts)


def _by_kind(entries: Iterable[ContainerEntry]) -> _FilesByKind:
    found = _FilesByKind()
    for entry in entries:
        sidecars = {".json": found.jsons, ".xmp": found.xmps}
        group = found.unreadable if entry.source is None else sidecars.get(ending(entry.name), found.photos)
        group.append(entry)
    return found


def _takeout(
    folder: str, found: _FilesByKind, titles_of: Titles
) -> tuple[dict[ContainerEntry, ContainerEntry], Mapping[ContainerEntry, tuple[str | None, str | None]], tuple[str, ...]]:
    """The JSON file of each photo, the titles of the JSON files without a photo, and the album of the folder."""
    if not found.jsons:
        return {}, {}, ()
    named = {entry.name: entry for entry in found.jsons}
    matched = _matched_by_name(found.photos, named)
    unmatched = [e for e in found.jsons if e not in set(matched.values())]
    titles = dict(titles_of(unmatched)) if unmatched else {}
    photo_titles = {e.name: photo for e, (_, photo) in titles.items() if photo}
    if photo_titles:
        rest = [e for e in found.photos if e not in matched]
        matched |= _matched(rest, SidecarMatcher((), photo_titles), named)
    album = next((title for title, _ in titles.values() if title is not None), None)
    albums = (f"{folder}\0{album or folder}",) if album is not None and folder and not is_year_folder(album or folder) else ()
    return matched, titles, albums


def _matched_by_name(
    photos: Sequence[ContainerEntry], named: Mapping[str, ContainerEntry]
) -> dict[ContainerEntry, ContainerEntry]:
    """The JSON files by name. Of names that differ only in case, each has its own JSON file."""
    matched = _matched(photos, SidecarMatcher(named, is_exact=True), named)
    owners = {(json.name, folded(photo.name)) for photo, json in matched.items()}
    others = _matched([photo for photo in photos if photo not in matched], SidecarMatcher(named), named)
    return matched | {p: json for p, json in others.items() if (json.name, folded(p.name)) not in owners}


def _matched(
    photos: Sequence[ContainerEntry], sidecars: SidecarMatcher, named: Mapping[str, ContainerEntry]
) -> dict[ContainerEntry, ContainerEntry]:
    return {e: named[json] for e in photos if (json := sidecars.of(e.name)) is not None}


def _unmatched(entry: ContainerEntry, titles: Mapping[ContainerEntry, tuple[str | None, str | None]]) -> FileGroup:
    """The group of a sidecar whose photo or video is missing."""
    album, photo = titles.get(entry, (None, None))
    if photo is not None:
        return FileGroup(entry, "describes a photo that is not in its folder: check that all parts of the export are imported")
    if album is not None:
        return FileGroup(entry, "describes an album", skipped=True)
    reason = "describes no file in its folder" if ending(entry.name) == ".xmp" else "has a format that is not supported"
    return FileGroup(entry, reason, skipped=True)


def _xmp_of(photos: Sequence[ContainerEntry], xmps: Sequence[ContainerEntry]) -> dict[ContainerEntry, ContainerEntry]:
    """The XMP sidecars: `a.jpg.xmp` is for `a.jpg`; `a.xmp` for the raw file `a`, or for each file `a` if none is raw.

    A sidecar whose name is the same in every letter precedes one with another case or another form of Unicode.
    """
    found: dict[ContainerEntry, ContainerEntry] = {}
    raw_stems = {_stem(e.name) for e in photos if ending(e.name) in _RAW}
    by_stem = [e for e in photos if ending(e.name) in _RAW or _stem(e.name) not in raw_stems]
    for files, name_of in ((photos, _whole), (by_stem, _without_ending)):
        for form in (_whole, folded):
            taken = {(xmp.name, folded(name_of(photo.name))) for photo, xmp in found.items()}
            named = {form(xmp.name[: -len(".xmp")]): xmp for xmp in reversed(xmps)}
            for entry in files:
                xmp = named.get(form(name_of(entry.name)))
                if xmp is not None and entry not in found and (xmp.name, folded(name_of(entry.name))) not in taken:
                    found[entry] = xmp
    return found


def _whole(name: str) -> str:
    return name


def _without_ending(name: str) -> str:
    return name.rpartition(".")[0] or name


def _videos_of_stills(photos: Sequence[ContainerEntry]) -> dict[ContainerEntry, ContainerEntry]:
    """Videos by the stills with the same name, HEIC before JPEG. Reading them shows whether they are live photos."""
    videos: dict[str, list[ContainerEntry]] = defaultdict(list)
    stems = {_stem(e.name) for e in photos if may_be_still(e.name)}
    for entry in photos:
        if may_be_motion(entry.name):
            # A Pixel writes PXL_1.MP beside PXL_1.MP.jpg.
            whole = folded(entry.name)
            videos[whole if whole in stems else _stem(entry.name)].append(entry)
    stills = [e for e in photos if may_be_still(e.name) and _stem(e.name) in videos]
    found: dict[ContainerEntry, ContainerEntry] = {}
    for still in sorted(stills, key=lambda e: (not e.name.lower().endswith((".heic", ".heif")), e.parts)):
        candidates = videos[_stem(still.name)]
        if candidates:
            video = next((v for v in candidates if _archive(v) == _archive(still)), candidates[0])
            candidates.remove(video)
            found[still] = video
    return found


def _archive(entry: ContainerEntry) -> bytes:
    return entry.source.path if entry.source is not None and entry.source.in_archive else b""


def _stem(name: str) -> str:
    return folded(_without_ending(name))


def is_photo_name(name: str) -> bool:
    """Whether the name is that of a photo or video, so that a failure is reported."""
    return kind_of_name(name) != "other"
