"""Parses JSON or a mapping to an `ImportRecord` in normal form, and writes it back. Pure: no I/O, no clock."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from resolvers.importing.moments import format_moment, parse_instant, parse_moment
from resolvers.importing.records import (
    AlbumRecord,
    BadRecord,
    CameraRecord,
    EmbeddingRecord,
    ExposureRecord,
    ImportRecord,
    LabelRecord,
    OffsetSource,
    PersonRecord,
)

# Tab, line feed and carriage return are allowed in texts. Other control characters, including NUL, and unpaired
# surrogates break indexes, terminals or UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PATH = re.compile(r"(?P<what>.*) - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`", re.DOTALL)

_INNER: Mapping[str, type[msgspec.Struct]] = {
    "camera": CameraRecord,
    "exposure": ExposureRecord,
    "labels": LabelRecord,
    "people": PersonRecord,
    "albums": AlbumRecord,
    "embedding": EmbeddingRecord,
}
_NAMED_BY = {"people": "name", "albums": "title"}  # a plain string in these lists is the key and this field
# Not accepted in JSON: the first three come from `takenAt`, the others from metadata of files.
_INTERNAL = frozenset(
    {"takenLocal", "utcOffsetMinutes", "offsetSource", "motionId", "burstId", "takenInUtc", "ofBytesOnly", "kept"}
)
_KNOWN = frozenset(msgspec.structs.fields(ImportRecord)[i].encode_name for i in range(len(ImportRecord.__struct_fields__)))
WIRE_NAMES = (_KNOWN - _INTERNAL) | {"takenAt"}
_INNER_WIRE = {name: frozenset(f.encode_name for f in msgspec.structs.fields(of)) for name, of in _INNER.items()}
_PROSE = frozenset({"caption", "recognizedText"})


class UnknownKeys:
    """Collects distinct unknown field names; at most 100, shortened to 80 characters."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self.more = False

    def add(self, name: str) -> None:
        """Adds a name; sets `more` if the limit is reached."""
        short = name[:80].encode("utf-8", "replace").decode()
        if len(self._names) < 100:  # noqa: PLR2004 - documented above
            self._names.add(short)
        elif short not in self._names:
            self.more = True

    @property
    def names(self) -> list[str]:
        """The names in alphabetical order."""
        return sorted(self._names)


def read_record(raw: Mapping[str, Any] | bytes, unknown: UnknownKeys | None = None) -> ImportRecord:
    """Parses a record to normal form; adds unknown field names to `unknown`. Raises only `BadRecord`."""
    try:
        given = msgspec.json.decode(raw) if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        raise BadRecord("is not UTF-8") from None
    except RecursionError:
        raise BadRecord("is nested too deeply") from None
    except msgspec.DecodeError as error:
        raise BadRecord(f"is not valid JSON: {_sentence(str(error))}") from None
    if not isinstance(given, Mapping):
        raise BadRecord("must be a JSON object")
    plain = _normalized(given, unknown)
    try:
        return msgspec.convert(plain, ImportRecord)
    except msgspec.ValidationError as error:
        raise _to_bad_record(str(error)) from None
    except RecursionError:
        raise BadRecord("is nested too deeply") from None


def to_wire(record: ImportRecord) -> dict[str, Any]:
    """The record in the JSON form of the import contract. `read_record(to_wire(r))` equals `r` except `offset_source`."""
    wire: dict[str, Any] = msgspec.to_builtins(record)
    for name in _INTERNAL:
        wire.pop(name, None)
    if record.taken_local is not None:
        wire["takenAt"] = format_moment(record.taken_local, record.utc_offset_minutes)
    return wire


def to_line(record: ImportRecord) -> bytes:
    """One line of JSON Lines, without the line feed."""
    return msgspec.json.encode(to_wire(record))


def _normalized(given: Mapping[str, Any], unknown: UnknownKeys | None) -> dict[str, Any]:
    """The known fields that are not null, with those rules of the normal form that types do not check."""
    plain: dict[str, Any] = {}
    for name, value in given.items():
        if name not in WIRE_NAMES:
            if unknown is not None:
                unknown.add(str(name))
        elif value is None:
            continue
        elif name in _INNER:
            plain[name] = _inner(name, value, unknown)
        elif isinstance(value, str):
            text = _text(value, name, prose=name in _PROSE)
            if text or name == "sourceId":
                plain[name] = text
        elif name == "keywords" and isinstance(value, list | tuple):
            plain[name] = _distinct(_texts(value, name))
        else:
            plain[name] = _finite(value, name)
    _normalize_times(plain)
    _normalize_location(plain)
    return plain


def _inner(name: str, value: object, unknown: UnknownKeys | None) -> object:
    if isinstance(value, Mapping):
        return _inner_object(name, value, unknown)
    if not isinstance(value, list | tuple):
        return value
    members: dict[object, object] = {}
    for place, member in enumerate(value):
        at = f"{name}[{place}]"
        if isinstance(member, str) and name in _NAMED_BY:
            text = _text(member, at)
            found: object = {"key": text, _NAMED_BY[name]: text}
        elif isinstance(member, Mapping):
            found = _inner_object(name, member, unknown)
        else:
            found = member
        key = found.get("key") if isinstance(found, dict) else None
        members.setdefault(key if isinstance(key, str) else place, found)
    return list(members.values())


def _inner_object(name: str, value: Mapping[str, Any], unknown: UnknownKeys | None) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, member in value.items():
        if key not in _INNER_WIRE[name]:
            if unknown is not None:
                unknown.add(f"{name}.{key}")
        elif isinstance(member, str):
            text = _text(member, f"{name}.{key}")
            if text or key == "key":
                plain[key] = text
        elif key == "vector" and isinstance(member, list | tuple):
            plain[key] = _vector(member)
        elif member is not None:
            plain[key] = _finite(member, f"{name}.{key}")
    return plain


def _finite(value: object, field: str) -> object:
    """Parquet and Python callers can pass NaN, which would pass the range checks of msgspec."""
    if isinstance(value, float) and not math.isfinite(value):
        raise BadRecord("must be finite", field)
    return value


def _text(value: str, field: str, *, prose: bool = False) -> str:
    if value.isascii() and value.isprintable():
        return value.strip()
    if (_FORBIDDEN if prose else _FORBIDDEN_IN_LINE).search(value):
        raise BadRecord("must not contain control characters or unpaired surrogates", field)
    return unicodedata.normalize("NFC", value).strip()


def _texts(values: Iterable[object], field: str) -> list[object]:
    return [_text(v, field) if isinstance(v, str) else v for v in values if v is not None and v != ""]


def _distinct(values: list[object]) -> list[object]:
    return list(dict.fromkeys(values)) if all(isinstance(v, str) for v in values) else values


def _vector(values: list[Any] | tuple[Any, ...]) -> list[Any] | tuple[Any, ...]:
    try:
        usable = math.isfinite(length := sum(v * v for v in values)) and length > 0
    except (TypeError, OverflowError):
        return values  # not numbers: `msgspec.convert` reports them with their position
    if not usable:
        raise BadRecord("must be finite and not all zero", "embedding.vector")
    return values


def _normalize_times(plain: dict[str, Any]) -> None:
    for name, parse in (("takenAt", parse_moment), ("trashedAt", parse_instant)):
        text = plain.get(name)
        if text is None:
            continue
        if not isinstance(text, str):
            raise BadRecord("must be a string", name)
        try:
            plain[name] = parse(text)
        except ValueError as error:
            raise BadRecord(str(error), name) from None
    if "takenAt" in plain:
        plain["takenLocal"], offset = plain.pop("takenAt")
        if offset is not None:
            plain.update(utcOffsetMinutes=offset, offsetSource=OffsetSource.RECORD)


def _normalize_location(plain: dict[str, Any]) -> None:
    latitude, longitude = plain.get("latitude"), plain.get("longitude")
    if latitude is None and longitude is None:
        return
    if latitude is None or longitude is None:
        raise BadRecord("is missing: give both `latitude` and `longitude`", "longitude" if latitude is None else "latitude")
    if latitude == 0 and longitude == 0 and not isinstance(latitude, bool):
        for name in ("latitude", "longitude", "altitudeMeters"):
            plain.pop(name, None)


def _to_bad_record(message: str) -> BadRecord:
    match = _PATH.fullmatch(message)
    if match is None:
        field = re.search(r"missing required field `(\w+)`", message)
        return BadRecord("is missing" if field else _sentence(message), field[1] if field else None)
    what = "must be one of the allowed values" if match["what"].startswith("Invalid enum") else _sentence(match["what"])
    missing = re.search(r"missing required field `(\w+)`", what)
    return BadRecord(f"lacks `{missing[1]}`" if missing else what, match["path"].removeprefix("."))


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:].replace("`", "")
