"""Adds the metadata of Takeout's JSON and of XMP sidecars to that of a file."""

from __future__ import annotations

from typing import Any, Final

from ingest.formats import takeout
from ingest.formats.file_references import FileLocation, fetch, opened
from ingest.formats.metadata import SIDEWAYS, ParsedFile, SourceMetadata
from ingest.formats.precedence import MOVED, SIDECAR
from ingest.formats.xmp import read_xmp
from pictures.formats.errors import BadFile

_MAX_SIDECAR: Final = 8 << 20


def add_xmp(xmp: FileLocation, sources: list[SourceMetadata], parsed: ParsedFile) -> int:
    """Adds the sidecar. Returns its orientation if it differs from that of the file, and exchanges the sides; 0 otherwise."""
    sidecar = read_xmp(read_sidecar_bytes(xmp), SIDECAR)
    sources.insert(0, sidecar)
    if sidecar.orientation is None or parsed.orientation in {None, sidecar.orientation}:
        return 0
    fields = parsed.metadata[0].fields
    if (sidecar.orientation in SIDEWAYS) != (parsed.orientation in SIDEWAYS) and "width" in fields:
        fields["width"], fields["height"] = fields["height"], fields["width"]
    return sidecar.orientation


def add_takeout(json: FileLocation, name: str, sources: list[SourceMetadata], remarks: list[str], *, trashed: bool) -> str:
    """Adds Takeout's metadata, and a position that a person moved as a source of its own. Returns the file's original name."""
    found = takeout.read_json(read_sidecar_bytes(json))
    sidecar = takeout.read_sidecar(found) if found is not None else None
    if sidecar is None:
        remarks.append("its JSON file is not Takeout's and was left out")
        return name
    metadata = sidecar.metadata
    if trashed and "trashedAt" not in metadata.fields and (taken := metadata.moments.get("photoTakenTime")) is not None:
        metadata.fields["trashedAt"] = f"{taken.wall}Z"
    if sidecar.is_place_edited:
        position = ("latitude", "longitude", "altitudeMeters")
        place: dict[str, Any] = {name: metadata.fields.pop(name) for name in position if name in metadata.fields}
        sources.append(SourceMetadata(MOVED, fields=place))
    sources.insert(0, metadata)
    stem = name.rpartition(".")[0]
    return sidecar.title if len(stem) > 8 and sidecar.title.startswith(stem) else name  # noqa: PLR2004  (Takeout truncates names)


def read_sidecar_bytes(source: FileLocation) -> bytes:
    """The content of a sidecar; empty if it cannot be read or is too large."""
    try:
        with opened(fetch(source)) as (file, status):
            return file.read(_MAX_SIDECAR) if status.st_size <= _MAX_SIDECAR else b""
    except (OSError, BadFile):
        return b""
